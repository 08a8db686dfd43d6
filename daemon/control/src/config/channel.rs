//! Which channel of a microphone is sent.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

/// The channel of a microphone or an interface that has several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Channel {
    /// `"auto"`: the one that is spoken into.
    #[default]
    Auto,
    /// The one of this number, counted from 1.
    Number(NonZeroU16),
}

impl Channel {
    /// The highest number.
    pub const MOST: u16 = 64;

    /// Returns the number, unless the channel is found by itself.
    #[must_use]
    pub const fn number(self) -> Option<NonZeroU16> {
        match self {
            Self::Auto => None,
            Self::Number(number) => Some(number),
        }
    }
}

impl FromStr for Channel {
    /// What the text must be, to be read after the name of its setting.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        text.parse()
            .ok()
            .filter(|number: &NonZeroU16| number.get() <= Self::MOST)
            .map(Self::Number)
            .ok_or_else(|| {
                format!(
                    "must be \"auto\" or the number of a channel, from 1 to {}",
                    Self::MOST
                )
            })
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, get, set};

    #[test]
    fn a_channel_is_written_as_a_number_or_auto() {
        for (text, shown) in [
            ("", "auto"),
            ("[audio]\nchannel = \"auto\"", "auto"),
            ("[audio]\nchannel = 2", "2"),
            ("[audio]\nchannel = \"2\"", "2"),
        ] {
            assert_eq!(get(text, "audio.channel").unwrap(), shown, "{text}");
        }
        for wrong in ["0", "65", "-1", "1.5", "\"left\"", "true", "[1]"] {
            let error = Config::parse(&format!("[audio]\nchannel = {wrong}")).unwrap_err();
            let error = error.to_string();
            assert!(
                error.contains("\"audio.channel\" must be \"auto\" or the number"),
                "{error}"
            );
        }
        assert_eq!(
            set("", "audio.channel", "2").unwrap().trim(),
            "[audio]\nchannel = 2"
        );
    }
}
