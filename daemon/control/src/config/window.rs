//! `[window]`: the meeting window.

use std::fmt;
use std::str::FromStr;

/// `[window]`: read by the meeting window alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// `on_close`: what closing the meeting window, or its strip, does to the meeting.
    pub on_close: OnClose,
}

/// The effect of closing the meeting window on the meeting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnClose {
    /// `"keep"`: the meeting runs on, and the tray shows it.
    #[default]
    Keep,
    /// `"leave"`: the user leaves it.
    Leave,
}

impl FromStr for OnClose {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "keep" => Ok(Self::Keep),
            "leave" => Ok(Self::Leave),
            _ => Err("must be \"keep\" or \"leave\"".into()),
        }
    }
}

impl fmt::Display for OnClose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keep => "keep",
            Self::Leave => "leave",
        })
    }
}
