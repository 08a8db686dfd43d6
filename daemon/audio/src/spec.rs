//! Which device to open, and through which sound system. How a person writes that is the configuration's matter.

use std::fmt;
use std::path::PathBuf;

/// Which device to open. It is shown as it is written in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DeviceSpec {
    /// `default`: what the system uses by default.
    #[default]
    Default,
    /// A device by its identifier or name.
    Named(String),
    /// `file:PATH`: a sound file. As a microphone it is spoken in real time from the moment of opening, once
    /// (`?once`, the default) or again and again (`?loop`); as a speaker it is written, as WAV.
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

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
