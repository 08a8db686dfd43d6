//! Why a device cannot be used, in words for the person whose device it is.

use std::fmt;
use std::path::Path;

/// Which way sound goes through a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the microphone.
    Capture,
    /// To the speaker.
    Playback,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Capture => "microphone",
            Self::Playback => "speaker",
        })
    }
}

/// A device could not be opened, or stopped working.
///
/// `Display` is a sentence without a full stop; [`DeviceError::hint`] says what helps.
///
/// Values are cheap to clone and to compare, so that a supervisor reports a lasting failure once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// No sound system answered.
    #[error("no sound system answers ({tried})")]
    NoSoundSystem {
        /// What was tried, and what each said.
        tried: String,
    },
    /// The chosen backend is not part of this build.
    #[error("this build of Sotto has no support for {backend}")]
    NotBuilt {
        /// The backend's name.
        backend: &'static str,
    },
    /// The system has no device for this direction.
    #[error("the system offers no {0}")]
    NoDefault(Direction),
    /// No device has this name.
    #[error("cannot find the {direction} \"{name}\"")]
    NotFound {
        /// The direction.
        direction: Direction,
        /// The name as it was given.
        name: String,
    },
    /// Several devices have a name like this.
    #[error(
        "\"{name}\" may mean {}",
        candidates.join(" or ")
    )]
    Ambiguous {
        /// The name as it was given.
        name: String,
        /// The devices that it fits.
        candidates: Vec<String>,
    },
    /// The system's default microphone belongs to a Bluetooth headset.
    #[error(
        "the default microphone \"{name}\" belongs to a Bluetooth headset, whose sound drops to telephone quality while its microphone is open"
    )]
    BluetoothMicrophone {
        /// The device.
        name: String,
        /// Its identifier.
        id: String,
    },
    /// The microphone that was in use has gone, and the system offers another in its place.
    #[error("the microphone \"{gone}\" is gone, and nothing was sent through another")]
    Replaced {
        /// What was in use.
        gone: String,
        /// What the system offers now.
        offered: String,
    },
    /// Another program holds the device.
    #[error("cannot open the {direction} \"{name}\": it is in use by another program")]
    Busy {
        /// The direction.
        direction: Direction,
        /// The device.
        name: String,
    },
    /// The system does not let this user open the device.
    #[error("cannot open the {direction} \"{name}\": permission denied")]
    Denied {
        /// The direction.
        direction: Direction,
        /// The device.
        name: String,
    },
    /// The device cannot be opened in any form that Sotto can use.
    #[error("cannot open the {direction} \"{name}\": {detail}")]
    Unusable {
        /// The direction.
        direction: Direction,
        /// The device.
        name: String,
        /// What the sound system said.
        detail: String,
    },
    /// The device went away, or its sound system did, while in use.
    #[error("the {direction} \"{name}\" stopped working: {detail}")]
    Lost {
        /// The direction.
        direction: Direction,
        /// The device.
        name: String,
        /// What the sound system said.
        detail: String,
    },
    /// The sound system did not answer in time.
    #[error("the sound system did not answer within {seconds} s")]
    TimedOut {
        /// How long was waited.
        seconds: u64,
    },
    /// A device that only makes sound was given as a speaker.
    #[error("\"{device}\" is a microphone only")]
    CaptureOnly {
        /// The device as it was given.
        device: String,
    },
    /// The device has fewer channels than the number of the one to use.
    #[error(
        "the microphone \"{name}\" has {}, and channel {channel} is to be used",
        counted(*channels)
    )]
    NoChannel {
        /// The device.
        name: String,
        /// The channel that was asked for, counted from 1.
        channel: usize,
        /// How many it has.
        channels: usize,
    },
    /// The disk has no room for a recording.
    #[error("cannot record into {path}: {detail}")]
    NoRoom {
        /// The file.
        path: String,
        /// What the system said.
        detail: String,
    },
    /// A file has a form that cannot be read.
    #[error("cannot use the sound file {path}: {detail}")]
    Unreadable {
        /// The file.
        path: String,
        /// What is wrong with its form.
        detail: String,
    },
    /// A sound file cannot be read or written.
    #[error("cannot use the sound file {path}: {detail}")]
    File {
        /// The file.
        path: String,
        /// What went wrong with it.
        detail: String,
    },
}

impl DeviceError {
    /// The file at `path` cannot be read or written.
    pub(crate) fn file(path: &Path, detail: &dyn fmt::Display) -> Self {
        Self::File {
            path: path.display().to_string(),
            detail: detail.to_string(),
        }
    }

    /// The file at `path` has a form that cannot be read.
    pub(crate) fn unreadable(path: &Path, detail: &dyn fmt::Display) -> Self {
        Self::Unreadable {
            path: path.display().to_string(),
            detail: detail.to_string(),
        }
    }

    /// Returns what the user can do about it, if there is something.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoSoundSystem { .. } => {
                "start PulseAudio or PipeWire, or choose another with 'sotto config set audio.backend'"
            }
            Self::NotBuilt { .. } => "choose another with 'sotto config set audio.backend'",
            Self::NoDefault(_) => "connect one, or choose a device that 'sotto devices' lists",
            Self::NotFound { .. } => "connect it, or choose another with 'sotto devices use'",
            Self::Ambiguous { .. } => {
                "give the whole name or the identifier that 'sotto devices' shows"
            }
            Self::BluetoothMicrophone { id, .. } => {
                return Some(format!(
                    "choose another with 'sotto devices use', or this one all the same with 'sotto devices use {id}'"
                ));
            }
            Self::Replaced { offered, .. } => {
                return Some(format!(
                    "plug it in again, or go on through \"{offered}\" with 'sotto unmute'"
                ));
            }
            Self::Busy { .. } => "close it there, or choose another with 'sotto devices use'",
            Self::Denied { .. } => "allow microphone access for this user",
            Self::TimedOut { .. } => "restart it if this lasts",
            Self::CaptureOnly { .. } => "use a device name, file:PATH or null for 'audio.output'",
            Self::NoChannel { .. } => {
                "choose another with 'sotto config set audio.channel', or 'auto' for the one that you speak into"
            }
            Self::NoRoom { .. } => "make room there; recording then goes on by itself",
            Self::Unreadable { path, .. } => return Some(conversion(path)),
            Self::Unusable { .. } | Self::Lost { .. } | Self::File { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

fn counted(channels: usize) -> String {
    match channels {
        1 => "1 channel".to_owned(),
        more => format!("{more} channels"),
    }
}

/// Returns how a sound file becomes one that can be read.
fn conversion(path: &str) -> String {
    let from = Path::new(path);
    let ending = match from.extension() {
        Some(extension) if extension.eq_ignore_ascii_case("wav") => "converted.wav",
        _ => "wav",
    };
    let into = from.with_extension(ending);
    format!(
        "convert it with 'ffmpeg -i {} {}'",
        word(path),
        word(&into.display().to_string())
    )
}

/// Returns a path as a shell takes it.
fn word(path: &str) -> String {
    let plain = |it: char| it.is_alphanumeric() || "/._-+,@%:=".contains(it);
    if path.chars().all(plain) {
        path.to_owned()
    } else {
        format!("\"{}\"", path.replace(['\\', '"', '$', '`'], "?"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_form_is_told_how_to_be_converted() {
        for (path, told) in [
            ("/tmp/a.m4a", "'ffmpeg -i /tmp/a.m4a /tmp/a.wav'"),
            ("/tmp/a.wav", "'ffmpeg -i /tmp/a.wav /tmp/a.converted.wav'"),
            (
                "/tmp/my song.wma",
                "'ffmpeg -i \"/tmp/my song.wma\" \"/tmp/my song.wav\"'",
            ),
        ] {
            let hint = DeviceError::unreadable(Path::new(path), &"no")
                .hint()
                .unwrap();
            assert!(hint.contains(told), "{hint}");
        }
    }
}
