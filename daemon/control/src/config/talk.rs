//! When the microphone is open while the user is unmuted.

use std::fmt;
use std::str::FromStr;

/// `[talk]`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Talk {
    /// `mode`: when the microphone is open.
    pub mode: TalkMode,
}

/// The times at which an unmuted microphone is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TalkMode {
    /// `open`: always, so that nobody on the network sees who speaks.
    #[default]
    Open,
    /// `voice`: while there is speech.
    Voice,
    /// `push`: while it is pressed.
    Push,
}

impl TalkMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Open, Self::Voice, Self::Push];

    /// Its name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Voice => "voice",
            Self::Push => "push",
        }
    }
}

impl FromStr for TalkMode {
    /// What the text must be, to be read after the name of its setting.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|mode| mode.name() == text)
            .ok_or_else(|| "must be \"open\", \"voice\" or \"push\"".into())
    }
}

impl fmt::Display for TalkMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
