//! When the user counts as away without having said so.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// `[presence]`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Presence {
    /// `idle_after`: how long without input makes the user Away.
    pub idle_after: IdleAfter,
}

/// The time without input after which the user is Away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdleAfter {
    /// After this long.
    Time(Duration),
    /// `never`: however long it is. A locked screen still does.
    Never,
}

impl IdleAfter {
    /// The shortest time.
    pub const LEAST: Duration = Duration::from_secs(10);
    /// The longest time: a day.
    pub const MOST: Duration = Duration::from_secs(24 * 3600);

    /// Returns the time, unless it is never.
    #[must_use]
    pub const fn time(self) -> Option<Duration> {
        match self {
            Self::Time(time) => Some(time),
            Self::Never => None,
        }
    }
}

impl Default for IdleAfter {
    /// Ten minutes.
    fn default() -> Self {
        Self::Time(Duration::from_secs(600))
    }
}

impl FromStr for IdleAfter {
    /// What the text must be, to be read after the name of its setting.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "never" {
            return Ok(Self::Never);
        }
        let number = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let unit = match &text[number.len()..] {
            "s" => Some(1),
            "m" | "min" => Some(60),
            "h" => Some(3600),
            _ => None,
        };
        unit.zip(number.trim().parse::<u64>().ok())
            .and_then(|(unit, number)| number.checked_mul(unit))
            .map(Duration::from_secs)
            .filter(|time| (Self::LEAST..=Self::MOST).contains(time))
            .map(Self::Time)
            .ok_or_else(|| "must be \"never\", or a time from 10s to 24h, as in \"10m\"".into())
    }
}

impl fmt::Display for IdleAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::Time(time) => match time.as_secs() {
                seconds if seconds % 3600 == 0 => write!(f, "{}h", seconds / 3600),
                seconds if seconds % 60 == 0 => write!(f, "{}m", seconds / 60),
                seconds => write!(f, "{seconds}s"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written_alike() {
        for text in ["never", "10s", "90s", "10m", "2h", "24h"] {
            assert_eq!(text.parse::<IdleAfter>().unwrap().to_string(), text);
        }
        let hour = IdleAfter::Time(Duration::from_secs(3600));
        assert_eq!("60m".parse(), Ok(hour));
        for wrong in [
            "",
            "9s",
            "25h",
            "10",
            "m",
            "-1m",
            "1d",
            "99999999999999999999h",
        ] {
            assert!(wrong.parse::<IdleAfter>().is_err(), "{wrong}");
        }
    }
}
