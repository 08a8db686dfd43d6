//! A stopwatch between two devices of a sound server.
//!
//! Speech goes into one null sink, whose monitor is somebody's microphone; another null sink is somebody's speaker.
//! Both monitors are recorded at the same time by two recorders whose blocks are stamped on arrival. Both recorders
//! are late by the same, so that what is left is the way from mouth to ear.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sotto_tests::hearing::{heard_in, loudest_stretch};
use sotto_tests::signal::{NARROW, RATE, find, narrow};
use sotto_tests::sound_server::monitor;
use sotto_tests::speech::{SENTENCES, write};
use sotto_tests::{Clip, Script, SoundServer};

/// What recorders ask the server for: small blocks, so that their stamps are sharp.
const BLOCKS: &str = "--latency-msec=5";

/// What became of a sentence.
pub(crate) struct Passed {
    /// From mouth to ear, in seconds.
    pub(crate) delay: f64,
    /// PESQ-WB, 1 where nothing was heard.
    pub(crate) pesq: f64,
}

/// Speaks into one sink and says when and how it comes out of the other.
pub(crate) async fn speak(server: &SoundServer, mouth: &str, ear: &str) -> Result<Passed> {
    let clip = Clip::prompts(SENTENCES[0])?;
    let mut script = Script::new();
    // The first sentence makes the link known, the second is judged.
    script.say(&clip);
    script.pause(1.0);
    let judged = Clip::prompts(SENTENCES[1])?;
    script.say(&judged);
    let path = server.directory().join("said.wav");
    script.write(&path)?;
    let said = Recorder::start(server, mouth)?;
    let heard = Recorder::start(server, ear)?;
    let mut player = server
        .client("paplay")
        .arg(format!("--device={mouth}"))
        .arg("--latency-msec=20")
        .arg(&path)
        .spawn()
        .context("cannot start paplay")?;
    tokio::task::spawn_blocking(move || player.wait())
        .await?
        .context("cannot wait for paplay")?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let moments = said
        .moment_of(&judged)
        .context("said")
        .and_then(|said| Ok((said, heard.moment_of(&judged).context("heard")?)));
    if moments.is_err() {
        said.keep(&server.directory().join("mouth.wav"))?;
        heard.keep(&server.directory().join("ear.wav"))?;
    }
    let (spoken, arrived) =
        moments.with_context(|| format!("recordings are in {}", server.directory().display()))?;
    Ok(Passed {
        delay: arrived - spoken,
        pesq: heard.pesq(&judged),
    })
}

/// What a recorder got so far: samples, and when the block that ends with each count of them came.
#[derive(Default)]
struct Recorded {
    samples: Vec<f32>,
    blocks: Vec<(usize, Instant)>,
}

/// A recording of a monitor, stamped on arrival.
struct Recorder {
    process: Child,
    recorded: Arc<Mutex<Recorded>>,
    origin: Instant,
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// One beginning for all clocks.
fn origin() -> Instant {
    static ORIGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    *ORIGIN.get_or_init(Instant::now)
}

impl Recorder {
    fn start(server: &SoundServer, sink: &str) -> Result<Self> {
        let mut process = server
            .client("parec")
            .args([
                &format!("--device={}", monitor(sink)),
                "--rate=48000",
                "--channels=1",
                "--format=s16le",
                "--raw",
                BLOCKS,
            ])
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start parec")?;
        let mut output = process.stdout.take().context("parec has no output")?;
        let recorded = Arc::new(Mutex::new(Recorded::default()));
        let inside = Arc::clone(&recorded);
        std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            let mut odd = None;
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                let at = Instant::now();
                let mut recorded = inside.lock().unwrap_or_else(PoisonError::into_inner);
                let bytes = odd
                    .take()
                    .into_iter()
                    .chain(buffer[..count].iter().copied());
                let bytes: Vec<u8> = bytes.collect();
                let (pairs, rest) = bytes.as_chunks::<2>();
                odd = rest.first().copied();
                recorded.samples.extend(
                    pairs
                        .iter()
                        .map(|pair| f32::from(i16::from_le_bytes(*pair)) / 32_768.0),
                );
                let end = recorded.samples.len();
                recorded.blocks.push((end, at));
            }
        });
        Ok(Self {
            process,
            recorded,
            origin: origin(),
        })
    }

    fn pesq(&self, clip: &Clip) -> f64 {
        let recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        heard_in(&recorded.samples, clip).map_or(1.0, |heard| heard.pesq)
    }

    /// When a clip was recorded, in seconds on a clock that all recorders share.
    fn moment_of(&self, clip: &Clip) -> Result<f64> {
        let recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        // Half a second of it: where playback was stretched, the rest lies elsewhere.
        let said = narrow(clip.sound());
        let half = NARROW / 4;
        let middle = loudest_stretch(&said, 2 * half);
        let (at, likeness) = find(
            &said[middle..(middle + 2 * half).min(said.len())],
            &narrow(&recorded.samples),
        )
        .context("nothing was recorded")?;
        ensure!(
            likeness > 0.4,
            "the sentence was not found: likeness {likeness:.2}"
        );
        // A block may come late but never early: the earliest, relative to its samples, tells when sample 0 came.
        let begin = recorded
            .blocks
            .iter()
            .map(|(end, at)| (*at - self.origin).as_secs_f64() - *end as f64 / RATE as f64)
            .fold(f64::MAX, f64::min);
        Ok(begin + at as f64 / NARROW as f64)
    }

    fn keep(&self, path: &Path) -> Result<()> {
        let recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        write(path, &recorded.samples)
    }
}
