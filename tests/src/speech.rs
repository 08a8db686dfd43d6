//! What is said: synthesised sentences and recorded prompts, laid out on a time line as somebody's microphone.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

use crate::signal::{RATE, level, noise};

pub use sotto_judge::SENTENCES;

/// The usual level of speech for measurements, in dBFS.
const LEVEL: f64 = -26.0;

/// Somebody's voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// A woman from Britain.
    Anna,
    /// A man from America.
    Bao,
    /// A man from Scotland.
    Chen,
    /// A woman from America.
    Dara,
}

impl Voice {
    fn name(self) -> &'static str {
        match self {
            Self::Anna => "en-gb+f2",
            Self::Bao => "en-us+m3",
            Self::Chen => "en-gb-scotland+m1",
            Self::Dara => "en-us+f4",
        }
    }
}

/// Something to say: 48 kHz mono at a level of −26 dBFS, without silence at either end.
#[derive(Debug, Clone)]
pub struct Clip {
    /// Its words.
    pub text: String,
    sound: Arc<[f32]>,
}

impl Clip {
    /// A sentence, by speech synthesis.
    ///
    /// # Errors
    ///
    /// When espeak-ng or sox is missing.
    pub fn spoken(text: &str, voice: Voice) -> Result<Self> {
        let mut speaking = Command::new("espeak-ng")
            .args(["--stdout", "-v", voice.name(), "-s", "150", text])
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start espeak-ng; 'cargo xtask setup' installs it")?;
        let spoken = speaking.stdout.take().context("espeak-ng has no output")?;
        let output = Command::new("sox")
            .args(["-q", "-V1", "--ignore-length", "-t", "wav", "-"])
            .args(["-t", "f32", "-c", "1", "-r", "48000", "-"])
            .stdin(spoken)
            .output()
            .context("cannot start sox; 'cargo xtask setup' installs it")?;
        if !speaking.wait()?.success() || !output.status.success() {
            bail!(
                "cannot speak {text:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        let sound = output
            .stdout
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect();
        Ok(Self::new(text, sound))
    }

    /// Prompts that come with the system's sound tools, spoken by a person: `Front_Left`, `Rear_Center` and so on,
    /// one after the other.
    ///
    /// # Errors
    ///
    /// When alsa-utils is missing.
    pub fn prompts(names: &[&str]) -> Result<Self> {
        let mut sound = Vec::new();
        for name in names {
            let path = Path::new("/usr/share/sounds/alsa").join(format!("{name}.wav"));
            sound.extend(read(&path)?);
        }
        Ok(Self::new(&names.join(" "), sound))
    }

    /// A rustle: noise without a pause, shaped like speech, of which any few milliseconds are like no others.
    #[must_use]
    pub fn rustle(length: Duration) -> Self {
        let samples = (length.as_secs_f64() * RATE as f64) as usize;
        // Falls by 6 dB an octave from 2.7 kHz on: brighter than voices, so that signs do not cover it.
        let mut last = 0.0;
        let sound = noise(1, samples)
            .into_iter()
            .map(|sample| {
                last += 0.3 * (sample - last);
                last
            })
            .collect();
        Self::new("(a rustle)", sound)
    }

    fn new(text: &str, sound: Vec<f32>) -> Self {
        let audible = |sample: &f32| sample.abs() > 0.003;
        let first = sound.iter().position(audible).unwrap_or(0);
        let last = sound
            .iter()
            .rposition(audible)
            .map_or(sound.len(), |last| last + 1);
        let sound = &sound[first..last];
        // Pauses do not count for the level of speech.
        let loud: Vec<f32> = sound
            .chunks(960)
            .filter(|chunk| level(chunk) > level(sound) - 15.0)
            .flatten()
            .copied()
            .collect();
        let gain = 10_f64.powf((LEVEL - level(&loud)) / 20.0) as f32;
        Self {
            text: text.to_owned(),
            sound: sound
                .iter()
                .map(|sample| (sample * gain).clamp(-1.0, 1.0))
                .collect(),
        }
    }

    /// Its samples.
    #[must_use]
    pub fn sound(&self) -> &[f32] {
        &self.sound
    }

    /// How long it takes.
    #[must_use]
    pub fn length(&self) -> Duration {
        Duration::from_secs_f64(self.sound.len() as f64 / RATE as f64)
    }
}

/// A clip at its place in a script.
#[derive(Debug, Clone)]
pub struct Line {
    /// When it begins, from the opening of the microphone.
    pub start: Duration,
    /// What is said.
    pub clip: Clip,
}

impl Line {
    /// When it is over, from the opening of the microphone.
    #[must_use]
    pub fn end(&self) -> Duration {
        self.start + self.clip.length()
    }
}

/// Everything that somebody says, from the moment at which the microphone opens.
#[derive(Debug, Clone, Default)]
pub struct Script {
    sound: Vec<f32>,
}

impl Script {
    /// An empty script.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says nothing until `seconds` after the opening of the microphone.
    pub fn wait_until(&mut self, seconds: f64) {
        let samples = (seconds * RATE as f64) as usize;
        if samples > self.sound.len() {
            self.sound.resize(samples, 0.0);
        }
    }

    /// Says nothing for `seconds`.
    pub fn pause(&mut self, seconds: f64) {
        let samples = (seconds * RATE as f64) as usize;
        self.sound.resize(self.sound.len() + samples, 0.0);
    }

    /// Says a clip next, and returns when.
    pub fn say(&mut self, clip: &Clip) -> Line {
        let start = Duration::from_secs_f64(self.sound.len() as f64 / RATE as f64);
        self.sound.extend_from_slice(clip.sound());
        Line {
            start,
            clip: clip.clone(),
        }
    }

    /// Its samples, 48 kHz.
    #[must_use]
    pub fn sound(&self) -> &[f32] {
        &self.sound
    }

    /// How long it takes.
    #[must_use]
    pub fn length(&self) -> Duration {
        Duration::from_secs_f64(self.sound.len() as f64 / RATE as f64)
    }

    /// Writes it as a WAV file.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        // An empty file is no microphone.
        let mut sound = self.sound.clone();
        sound.extend([0.0; 480]);
        write(path, &sound)
    }
}

/// Writes a WAV file of 48 kHz, mono.
///
/// # Errors
///
/// When it cannot be written.
pub fn write(path: &Path, sound: &[f32]) -> Result<()> {
    let spec = WavSpec {
        channels: 1,
        sample_rate: RATE as u32,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut writer = WavWriter::create(path, spec)
        .with_context(|| format!("cannot write {}", path.display()))?;
    for sample in sound {
        writer.write_sample((sample * 32_767.0) as i16)?;
    }
    writer
        .finalize()
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Reads a WAV file of 48 kHz, mono.
///
/// # Errors
///
/// When it cannot be read, or is of another kind.
pub fn read(path: &Path) -> Result<Vec<f32>> {
    let mut reader =
        WavReader::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let spec = reader.spec();
    if spec.sample_rate as usize != RATE || spec.channels != 1 || spec.bits_per_sample != 16 {
        bail!("{} is not 48 kHz, mono, 16 bits", path.display());
    }
    reader
        .samples::<i16>()
        .map(|sample| Ok(f32::from(sample?) / 32_768.0))
        .collect::<Result<_>>()
        .with_context(|| format!("cannot read {}", path.display()))
}
