//! A stopwatch between two devices of a sound server.
//!
//! Speech goes into one null sink, whose monitor is somebody's microphone; another null sink is somebody's speaker.
//! Both monitors are recorded at the same time by two recorders whose blocks are stamped on arrival. Both recorders
//! are late by the same, so that what is left is the way from mouth to ear.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sotto_tests::hearing::{heard_in, understood};
use sotto_tests::signal::{NARROW, RATE, find, narrow};
use sotto_tests::sound_server::monitor;
use sotto_tests::speech::{SENTENCES, write};
use sotto_tests::{Clip, PATIENCE, Script, SoundServer};

/// What recorders ask the server for: small blocks, so that their stamps are sharp.
const BLOCKS: &str = "--latency-msec=5";

/// How much longer than without any delay a sentence is looked for, in seconds.
const LATEST: f64 = 1.2;

/// What became of a sentence.
pub(crate) struct Passed {
    /// From mouth to ear, in seconds.
    pub(crate) delay: f64,
    /// PESQ-WB.
    pub(crate) pesq: f64,
    /// STOI.
    pub(crate) stoi: f64,
}

/// Speaks into one sink and says when and how each of so many sentences comes out of the other.
pub(crate) async fn speak(
    server: &SoundServer,
    mouth: &str,
    ear: &str,
    sentences: usize,
) -> Result<Vec<Result<Passed>>> {
    let mut script = Script::new();
    // The first sentence makes the link known, the others are judged.
    script.say(&Clip::prompts(SENTENCES[0])?);
    let mut judged = Vec::new();
    for sentence in 1..=sentences {
        script.pause(1.0);
        judged.push(script.say(&Clip::prompts(SENTENCES[sentence % SENTENCES.len()])?));
    }
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
    let passed = said.beginning_of(script.sound()).map(|begin| {
        let passed = judged.iter().map(|line| {
            let about = begin + line.start.as_secs_f64();
            // The player may have stumbled.
            let spoken = about + said.passed(about, &line.clip).context("not said")?.delay;
            let passed = heard.passed(spoken, &line.clip);
            passed.context("a sentence was not heard")
        });
        passed.collect::<Vec<_>>()
    });
    if !passed
        .as_ref()
        .is_ok_and(|passed| passed.iter().all(Result::is_ok))
    {
        let directory = server.directory();
        said.keep(&directory.join("mouth.wav"))?;
        heard.keep(&directory.join("ear.wav"))?;
        eprintln!("(recordings are in {})", directory.display());
    }
    passed
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
    /// Returns once it records.
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
        let (running, runs) = mpsc::channel();
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
                let _ = running.send(());
            }
        });
        let recorder = Self {
            process,
            recorded,
            origin: origin(),
        };
        runs.recv_timeout(PATIENCE)
            .with_context(|| format!("nothing comes from {sink}"))?;
        Ok(recorder)
    }

    /// When sample 0 was recorded, in seconds on a clock that all recorders share: a block may come late but never early,
    /// so the earliest, relative to its samples, tells.
    fn begun(&self, recorded: &Recorded) -> f64 {
        recorded
            .blocks
            .iter()
            .map(|(end, at)| (*at - self.origin).as_secs_f64() - *end as f64 / RATE as f64)
            .fold(f64::MAX, f64::min)
    }

    /// When `sound`, all of it, begins.
    fn beginning_of(&self, sound: &[f32]) -> Result<f64> {
        let recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, likeness) = find(&narrow(sound), &narrow(&recorded.samples))
            .context("nothing was recorded of what was said")?;
        ensure!(
            likeness > 0.4,
            "what was said was not recorded: likeness {likeness:.2}"
        );
        Ok(self.begun(&recorded) + at as f64 / NARROW as f64)
    }

    /// What became of what was said at a moment.
    fn passed(&self, spoken: f64, clip: &Clip) -> Option<Passed> {
        let recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = self.begun(&recorded);
        let place = |moment: f64| {
            let samples = ((moment - begun).max(0.0) * RATE as f64) as usize;
            samples.min(recorded.samples.len())
        };
        let from = place(spoken - 0.2);
        let to = place(spoken + clip.length().as_secs_f64() + LATEST);
        let sound = &recorded.samples[from..to];
        let heard = heard_in(sound, clip)?;
        Some(Passed {
            delay: begun + from as f64 / RATE as f64 + heard.at - spoken,
            pesq: heard.pesq,
            stoi: understood(sound, clip, &heard),
        })
    }

    fn keep(&self, path: &Path) -> Result<()> {
        let recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        write(path, &recorded.samples)
    }
}
