//! How delay is weighed against safety.

use std::fmt;
use std::str::FromStr;

/// How delay is weighed against bandwidth, sound processing and safety from interruptions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Profile {
    /// `default`: frames of 10 ms, and small periods where the sound system bears them.
    #[default]
    Default,
    /// `latency`: frames of 5 ms, the smallest periods, no sound processing; for wires, headsets and music.
    Latency,
    /// `safe`: periods of 20 ms and wide margins, for machines and links that are often late.
    Safe,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 3] = [Self::Default, Self::Latency, Self::Safe];

    /// Its name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Latency => "latency",
            Self::Safe => "safe",
        }
    }
}

impl FromStr for Profile {
    /// What the text must be, to be read after the name of its setting.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.name() == text)
            .ok_or_else(|| "must be \"default\", \"latency\" or \"safe\"".into())
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
