//! How a person names a device, and a sound system, in the configuration.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Which device to open.
///
/// ```
/// use sotto_audio::DeviceSpec;
///
/// let spec: DeviceSpec = "file:/tmp/speech.wav?loop".parse()?;
/// assert_eq!(spec, DeviceSpec::File { path: "/tmp/speech.wav".into(), looped: true });
/// assert_eq!(spec.to_string(), "file:/tmp/speech.wav?loop");
/// # Ok::<(), sotto_audio::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DeviceSpec {
    /// `default`: what the system uses by default.
    #[default]
    Default,
    /// A device by its identifier or name.
    Named(String),
    /// `file:PATH`: a WAV file. As a microphone it is spoken in real time from the moment of opening, once
    /// (`?once`, the default) or again and again (`?loop`); as a speaker it is written.
    File {
        /// Where the file is.
        path: PathBuf,
        /// Whether it begins anew at its end.
        looped: bool,
    },
    /// `tone:HZ`: a sine, as a microphone.
    Tone {
        /// Its frequency.
        hertz: u32,
    },
    /// `null`: silence as a microphone, nowhere as a speaker.
    Null,
}

impl DeviceSpec {
    /// Whether the device reads or writes a file that it names.
    ///
    /// Such devices may be set in the configuration file alone: no program that talks to the daemon may
    /// choose files that it reads and writes.
    #[must_use]
    pub fn names_a_file(&self) -> bool {
        matches!(self, Self::File { .. })
    }
}

/// The highest frequency that a tone may have: what 48 kHz can carry.
const HIGHEST_TONE: u32 = 20_000;

/// The longest name that a device may be asked for by.
const LONGEST_NAME: usize = 1024;

impl FromStr for DeviceSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        if text.is_empty() || text.len() > LONGEST_NAME || text.contains('\0') {
            return Err(SpecError::Empty);
        }
        if let Some(rest) = text.strip_prefix("file:") {
            let (path, looped) = match rest.rsplit_once('?') {
                Some((path, "loop")) => (path, true),
                Some((path, "once")) => (path, false),
                Some((path, option)) if !option.contains('/') && !option.contains('.') => {
                    let _ = path;
                    return Err(SpecError::FileOption(option.to_owned()));
                }
                _ => (rest, false),
            };
            if path.is_empty() {
                return Err(SpecError::NoPath);
            }
            return Ok(Self::File {
                path: path.into(),
                looped,
            });
        }
        if let Some(hertz) = text.strip_prefix("tone:") {
            return match hertz.parse() {
                Ok(hertz) if (1..=HIGHEST_TONE).contains(&hertz) => Ok(Self::Tone { hertz }),
                _ => Err(SpecError::Tone(hertz.to_owned())),
            };
        }
        Ok(match text {
            "default" => Self::Default,
            "null" => Self::Null,
            name => Self::Named(name.to_owned()),
        })
    }
}

impl fmt::Display for DeviceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Named(name) => f.write_str(name),
            Self::File { path, looped: true } => write!(f, "file:{}?loop", path.display()),
            Self::File {
                path,
                looped: false,
            } if path.to_string_lossy().contains('?') => {
                write!(f, "file:{}?once", path.display())
            }
            Self::File {
                path,
                looped: false,
            } => write!(f, "file:{}", path.display()),
            Self::Tone { hertz } => write!(f, "tone:{hertz}"),
            Self::Null => f.write_str("null"),
        }
    }
}

/// Through which sound system devices are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Backend {
    /// The first that answers: PipeWire where it is built in, PulseAudio, then the platform's own.
    #[default]
    Auto,
    /// PulseAudio, or PipeWire's stand-in for it.
    PulseAudio,
    /// PipeWire itself.
    PipeWire,
    /// ALSA.
    Alsa,
    /// No sound system: every device is silent.
    Null,
}

impl Backend {
    /// Its name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::PulseAudio => "pulseaudio",
            Self::PipeWire => "pipewire",
            Self::Alsa => "alsa",
            Self::Null => "null",
        }
    }
}

impl FromStr for Backend {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        [
            Self::Auto,
            Self::PulseAudio,
            Self::PipeWire,
            Self::Alsa,
            Self::Null,
        ]
        .into_iter()
        .find(|backend| backend.name() == text)
        .ok_or_else(|| SpecError::Backend(text.to_owned()))
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A device or backend that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// Nothing, or something that no device is called.
    #[error(
        "a device is \"default\", a name from 'sotto devices', \"file:PATH\", \"tone:HZ\" or \"null\""
    )]
    Empty,
    /// A file without a path.
    #[error("\"file:\" needs the path of a WAV file, as in \"file:/home/anna/speech.wav\"")]
    NoPath,
    /// An unknown option after a file's path.
    #[error("a file can be played \"?once\" or \"?loop\", not \"?{0}\"")]
    FileOption(String),
    /// A tone without a usable frequency.
    #[error("\"tone:\" needs a frequency from 1 to 20000, as in \"tone:440\", not \"{0}\"")]
    Tone(String),
    /// An unknown backend.
    #[error(
        "the backend is \"auto\", \"pulseaudio\", \"pipewire\", \"alsa\" or \"null\", not \"{0}\""
    )]
    Backend(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_shown_as_it_was_written() {
        for text in [
            "default",
            "null",
            "tone:440",
            "file:/tmp/a.wav",
            "file:/tmp/a.wav?loop",
            "file:/tmp/a?b/c.wav?once",
            "USB Headset",
            "pulseaudio:alsa_input.usb",
        ] {
            let spec: DeviceSpec = text.parse().unwrap();
            assert_eq!(spec.to_string(), text);
            assert_eq!(spec.to_string().parse::<DeviceSpec>().unwrap(), spec);
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for text in [
            "",
            "file:",
            "file:?loop",
            "file:/a.wav?twice",
            "tone:",
            "tone:0",
            "tone:96000",
            "tone:a",
        ] {
            assert!(text.parse::<DeviceSpec>().is_err(), "{text}");
        }
        assert!("jack".parse::<Backend>().is_err());
    }

    #[test]
    fn a_question_mark_inside_a_path_belongs_to_the_path() {
        let spec: DeviceSpec = "file:/tmp/why?/a.wav".parse().unwrap();
        assert_eq!(
            spec,
            DeviceSpec::File {
                path: "/tmp/why?/a.wav".into(),
                looped: false
            }
        );
    }
}
