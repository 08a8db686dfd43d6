//! WAV files as microphones and as speakers.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

use crate::SAMPLE_RATE;
use crate::error::DeviceError;
use crate::resampling::resample_whole;

/// A file read as a microphone lies in memory whole, so its length is bounded.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// How often the header of a file being written is brought up to date.
const FLUSH_EVERY: Duration = Duration::from_millis(500);

/// A WAV file's size has 32 bits; recordings stop well before, at about six hours.
const LONGEST_RECORDING: u32 = 1 << 30;

/// How many numbered files are tried before creating one is given up.
const NUMBERS: u32 = 9_999;

fn failure(path: &Path, detail: impl ToString) -> DeviceError {
    DeviceError::File {
        path: path.display().to_string(),
        detail: detail.to_string(),
    }
}

/// Reads a whole WAV file as 48 kHz mono: its loudest channel.
pub(crate) fn load(path: &Path) -> Result<Vec<f32>, DeviceError> {
    // Opening a pipe or a terminal would wait for somebody at its other end.
    let metadata = std::fs::metadata(path).map_err(|error| failure(path, error))?;
    if !metadata.is_file() {
        return Err(failure(path, "it is not a regular file"));
    }
    let file = File::open(path).map_err(|error| failure(path, error))?;
    let mut reader = WavReader::new(BufReader::new(file)).map_err(|error| failure(path, error))?;
    let spec = reader.spec();
    let channels = usize::from(spec.channels.max(1));
    let frames = u64::from(reader.duration());
    if frames > LONGEST.as_secs() * u64::from(spec.sample_rate.max(1)) {
        return Err(failure(
            path,
            format!("it is longer than {} minutes", LONGEST.as_secs() / 60),
        ));
    }
    let samples: Result<Vec<f32>, _> = match spec.sample_format {
        SampleFormat::Float => reader.samples::<f32>().collect(),
        SampleFormat::Int => {
            let full = (1_u64 << (spec.bits_per_sample.clamp(1, 32) - 1)) as f32;
            reader
                .samples::<i32>()
                .map(|sample| sample.map(|sample| sample as f32 / full))
                .collect()
        }
    };
    let samples = samples.map_err(|error| failure(path, error))?;
    let energy = |channel: usize| -> f64 {
        samples
            .iter()
            .skip(channel)
            .step_by(channels)
            .map(|sample| f64::from(sample * sample))
            .sum()
    };
    let loudest = (0..channels)
        .max_by(|a, b| energy(*a).total_cmp(&energy(*b)))
        .unwrap_or(0);
    let mono: Vec<f32> = samples
        .chunks_exact(channels)
        .map(|frame| {
            if frame[loudest].is_finite() {
                frame[loudest].clamp(-1.0, 1.0)
            } else {
                0.0
            }
        })
        .collect();
    if mono.is_empty() {
        return Err(failure(path, "it holds no sound"));
    }
    resample_whole(&mono, spec.sample_rate, SAMPLE_RATE).map_err(|error| failure(path, error))
}

/// A WAV file being written: 48 kHz, mono, 16 bits.
///
/// Its header is true at any moment for all but the last half second, also when the process is killed.
pub(crate) struct Recording {
    writer: WavWriter<BufWriter<File>>,
    path: PathBuf,
    flushed: Instant,
}

impl Recording {
    /// Creates a new file: `path`, or the first of `path-2`, `path-3` … that does not exist yet.
    ///
    /// Never follows a link and never overwrites anything.
    pub(crate) fn create(path: &Path) -> Result<Self, DeviceError> {
        let (file, path) = create_new(path)?;
        let spec = WavSpec {
            channels: 1,
            sample_rate: SAMPLE_RATE,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let mut writer =
            WavWriter::new(BufWriter::new(file), spec).map_err(|error| failure(&path, error))?;
        writer.flush().map_err(|error| failure(&path, error))?;
        Ok(Self {
            writer,
            path,
            flushed: Instant::now(),
        })
    }

    /// The file that is really written.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends samples in −1…1.
    pub(crate) fn write(&mut self, samples: &[f32]) -> Result<(), String> {
        if self.writer.duration() >= LONGEST_RECORDING {
            return Err("the recording has reached its longest length".to_owned());
        }
        for sample in samples {
            let sample = (sample * 32_767.0).round().clamp(-32_768.0, 32_767.0) as i16;
            self.writer
                .write_sample(sample)
                .map_err(|error| error.to_string())?;
        }
        if self.flushed.elapsed() >= FLUSH_EVERY {
            self.writer.flush().map_err(|error| error.to_string())?;
            self.flushed = Instant::now();
        }
        Ok(())
    }
}

fn create_new(path: &Path) -> Result<(File, PathBuf), DeviceError> {
    let mut last = None;
    for number in 1..=NUMBERS {
        let candidate = numbered(path, number);
        // O_EXCL: fails on anything that is there already, a dangling link included.
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&candidate)
        {
            Ok(file) => return Ok((file, candidate)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => last = Some(error),
            Err(error) => return Err(failure(&candidate, error)),
        }
    }
    Err(failure(
        path,
        last.map_or_else(String::new, |error| error.to_string()),
    ))
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return path.to_owned();
    }
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{number}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, spec: WavSpec, frames: impl Iterator<Item = Vec<i32>>) {
        let mut writer = WavWriter::create(path, spec).unwrap();
        for frame in frames {
            for sample in frame {
                writer.write_sample(sample).unwrap();
            }
        }
        writer.finalize().unwrap();
    }

    #[test]
    fn any_rate_width_and_number_of_channels_is_understood() {
        let directory = tempfile::tempdir().unwrap();
        for (rate, bits, channels) in [
            (8_000, 8, 1),
            (16_000, 16, 2),
            (44_100, 24, 2),
            (96_000, 32, 6),
        ] {
            let path = directory.path().join(format!("{rate}.wav"));
            let spec = WavSpec {
                channels,
                sample_rate: rate,
                bits_per_sample: bits,
                sample_format: SampleFormat::Int,
            };
            let half = (1_i64 << (bits - 2)) as f64;
            write(
                &path,
                spec,
                (0..rate).map(|n| {
                    let sample = (half
                        * (std::f64::consts::TAU * 500.0 * f64::from(n) / f64::from(rate)).sin())
                        as i32;
                    (0..channels)
                        .map(|channel| if channel + 1 == channels { sample } else { 0 })
                        .collect()
                }),
            );
            let sound = load(&path).unwrap();
            assert!(
                (47_900..=48_100).contains(&sound.len()),
                "{rate}: {}",
                sound.len()
            );
            let peak = sound[5_000..40_000]
                .iter()
                .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
            assert!((0.47..0.53).contains(&peak), "{rate}: {peak}");
        }
    }

    #[test]
    fn what_is_no_wav_file_is_refused_with_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let text = directory.path().join("text.wav");
        std::fs::write(&text, "not a WAV file").unwrap();
        for path in [
            directory.path(),
            &text,
            &directory.path().join("missing.wav"),
            Path::new("/dev/zero"),
        ] {
            let error = load(path).unwrap_err().to_string();
            assert!(error.contains(&path.display().to_string()), "{error}");
        }
    }

    #[test]
    fn a_recording_overwrites_nothing_and_follows_no_link() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("heard.wav");
        std::fs::write(&path, "mine").unwrap();
        let elsewhere = directory.path().join("elsewhere");
        std::os::unix::fs::symlink(&elsewhere, directory.path().join("heard-2.wav")).unwrap();
        let recording = Recording::create(&path).unwrap();
        assert_eq!(recording.path(), directory.path().join("heard-3.wav"));
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
        assert!(!elsewhere.exists());
    }

    #[test]
    fn a_recording_is_readable_while_it_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("heard.wav");
        let mut recording = Recording::create(&path).unwrap();
        assert_eq!(WavReader::open(&path).unwrap().duration(), 0);
        recording.flushed -= FLUSH_EVERY;
        recording.write(&[0.5; 480]).unwrap();
        recording.write(&[0.25; 480]).unwrap(); // not flushed yet
        let readable = WavReader::open(&path).unwrap();
        assert_eq!(readable.spec().sample_rate, 48_000);
        assert_eq!(readable.duration(), 480);
    }
}
