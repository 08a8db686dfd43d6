//! Files as speakers: a WAV file for each opening, or a device like `/dev/null`.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hound::{SampleFormat, WavSpec, WavWriter};

use crate::SAMPLE_RATE;
use crate::error::DeviceError;

/// How often the header of a file being written is brought up to date.
const FLUSH_EVERY: Duration = Duration::from_millis(500);

/// A WAV file's size has 32 bits; recordings stop well before, at about six hours.
const LONGEST_RECORDING: u32 = 1 << 30;

/// How many numbered files are tried before creating one is given up.
const NUMBERS: u32 = 9_999;

/// A file is only begun where there is room for so many bytes: ten seconds. On a disk that is nearly full, a recording
/// that is tried again and again would leave one stump after the other.
const ROOM: usize = 1 << 20;

/// A recording: 48 kHz, mono, 16 bits.
pub(crate) struct Recording {
    target: Target,
    path: PathBuf,
}

enum Target {
    /// A file, whose header is true at any moment for all but the last half second, also when the process is killed.
    File {
        writer: WavWriter<BufWriter<File>>,
        flushed: Instant,
    },
    /// A device, which has neither a header nor a length.
    Device { device: File, bytes: Vec<u8> },
}

impl Recording {
    /// Creates a new file: `path`, or the first of `path-2`, `path-3` … that does not exist yet.
    ///
    /// Never follows a link to a file and never overwrites one. A device, like `/dev/null`, is written as it is.
    pub(crate) fn create(path: &Path) -> Result<Self, DeviceError> {
        if let Some(device) = device(path)? {
            let bytes = Vec::new();
            return Ok(Self {
                target: Target::Device { device, bytes },
                path: path.to_owned(),
            });
        }
        let (file, path) = create_new(path)?;
        let target = begin(file).map_err(|error| {
            // Nothing is in it, and the next attempt would leave another.
            let _ = std::fs::remove_file(&path);
            failure(&path, &error)
        })?;
        Ok(Self { target, path })
    }

    /// The file that is really written.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends samples in −1…1.
    pub(crate) fn write(&mut self, samples: &[f32]) -> Result<(), DeviceError> {
        self.target
            .write(samples)
            .map_err(|error| failure(&self.path, &error))
    }
}

impl Target {
    fn write(&mut self, samples: &[f32]) -> io::Result<()> {
        let whole = |sample: &f32| (sample * 32_767.0).round().clamp(-32_768.0, 32_767.0) as i16;
        match self {
            Self::File { writer, flushed } => {
                if writer.duration() >= LONGEST_RECORDING {
                    return Err(io::Error::other("it has reached its longest length"));
                }
                for sample in samples {
                    writer.write_sample(whole(sample)).map_err(of_hound)?;
                }
                if flushed.elapsed() >= FLUSH_EVERY {
                    writer.flush().map_err(of_hound)?;
                    *flushed = Instant::now();
                }
                Ok(())
            }
            Self::Device { device, bytes } => {
                bytes.clear();
                bytes.extend(samples.iter().flat_map(|it| whole(it).to_le_bytes()));
                match device.write_all(bytes) {
                    // It takes no more now, and nobody waits for it.
                    Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
                    written => written,
                }
            }
        }
    }
}

/// Opens what is at `path`, if that is a device. A new file is to be created if it is `None`.
fn device(path: &Path) -> Result<Option<File>, DeviceError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let Ok(metadata) = std::fs::metadata(path) else {
            return Ok(None);
        };
        let kind = metadata.file_type();
        let refuse = |what: &str| Err(DeviceError::file(path, &what));
        if kind.is_dir() {
            return refuse("it is a directory: give the name of a file in it");
        }
        if kind.is_fifo() || kind.is_socket() || kind.is_block_device() {
            return refuse("it is neither a file nor a device that takes sound");
        }
        if kind.is_char_device() {
            let mut options = OpenOptions::new();
            options.write(true);
            // A terminal that was stopped would hold up the sound.
            #[cfg(target_os = "linux")]
            {
                use std::os::unix::fs::OpenOptionsExt;
                options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
            }
            let device = options.open(path).map_err(|error| failure(path, &error))?;
            return Ok(Some(device));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(None)
}

/// Begins a WAV file in `file`, if there is room for more than its header.
fn begin(mut file: File) -> io::Result<Target> {
    file.write_all(&vec![0; ROOM])?;
    file.set_len(0)?;
    io::Seek::rewind(&mut file)?;
    let spec = WavSpec {
        channels: 1,
        sample_rate: SAMPLE_RATE,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut writer = WavWriter::new(BufWriter::new(file), spec).map_err(of_hound)?;
    writer.flush().map_err(of_hound)?;
    let flushed = Instant::now();
    Ok(Target::File { writer, flushed })
}

fn of_hound(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        error => io::Error::other(error.to_string()),
    }
}

fn failure(path: &Path, error: &io::Error) -> DeviceError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            DeviceError::NoRoom {
                path: path.display().to_string(),
                detail: error.to_string(),
            }
        }
        _ => DeviceError::file(path, error),
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
            Err(error) => return Err(failure(&candidate, &error)),
        }
    }
    let last = last.map_or_else(String::new, |error| error.to_string());
    Err(DeviceError::file(path, &last))
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
    use hound::WavReader;

    use super::*;

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
        let Target::File { flushed, .. } = &mut recording.target else {
            panic!("no file")
        };
        *flushed -= FLUSH_EVERY;
        recording.write(&[0.5; 480]).unwrap();
        recording.write(&[0.25; 480]).unwrap(); // not flushed yet
        let readable = WavReader::open(&path).unwrap();
        assert_eq!(readable.spec().sample_rate, 48_000);
        assert_eq!(readable.duration(), 480);
    }

    #[test]
    fn a_device_is_written_as_it_is() {
        let mut recording = Recording::create(Path::new("/dev/null")).unwrap();
        recording.write(&[0.5; 480]).unwrap();
        assert_eq!(recording.path(), Path::new("/dev/null"));
        assert!(!Path::new("/dev/null-2").exists());
        let mut recording = Recording::create(Path::new("/dev/full")).unwrap();
        let error = recording.write(&[0.5; 480]).unwrap_err();
        assert!(matches!(error, DeviceError::NoRoom { .. }), "{error}");
        assert!(!Path::new("/dev/full-2").exists());
    }

    #[test]
    fn what_is_neither_a_file_nor_a_device_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("heard");
        std::fs::create_dir(&path).unwrap();
        let socket = directory.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for path in [&path, &socket] {
            assert!(matches!(
                Recording::create(path),
                Err(DeviceError::File { .. })
            ));
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
    }
}
