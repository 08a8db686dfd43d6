//! What is done to captured sound.

use std::fmt;
use std::str::FromStr;

/// Whether captured sound is treated in one way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Treatment {
    /// `auto`: where it helps. A microphone that is a file, a tone or nothing is never treated, and echo is cancelled
    /// only with a loudspeaker that a microphone can hear.
    #[default]
    Auto,
    /// `on`
    On,
    /// `off`
    Off,
}

impl Treatment {
    /// Its name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

impl FromStr for Treatment {
    /// What the text must be, to be read after the name of its setting.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Auto, Self::On, Self::Off]
            .into_iter()
            .find(|treatment| treatment.name() == text)
            .ok_or_else(|| "must be \"auto\", \"on\" or \"off\"".into())
    }
}

impl fmt::Display for Treatment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
