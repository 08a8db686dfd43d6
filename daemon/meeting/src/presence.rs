//! A participant's state in one meeting.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a participant is Away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AwayCause {
    /// The user said so, and only the user ends it.
    ByHand,
    /// The session was idle or locked; activity ends it.
    Automatic,
}

/// Why a participant is Offline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OfflineReason {
    /// On the roster, but has not joined yet.
    NotJoined,
    /// The program, or the user's login, ended, or the machine was suspended.
    Closed,
    /// The user took a phone call.
    Phone,
    /// Switched to another meeting; nobody is told to which.
    Elsewhere,
    /// Left the meeting.
    Left,
    /// Crashed or was cut off. A view of the one who looks: never signed, stored or merged.
    Lost,
}

/// A participant's state in one meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Presence {
    /// Hears, and speaks unless muted.
    Online,
    /// Hears; the microphone is closed.
    Away(AwayCause),
    /// Neither hears nor speaks.
    Offline(OfflineReason),
}

impl Presence {
    /// Online or Away: in the meeting, with its audio.
    pub fn is_present(self) -> bool {
        !matches!(self, Self::Offline(_))
    }

    /// Whether the peer has joined at some time and not left since.
    ///
    /// A meeting ends when this holds of nobody who ever joined.
    pub fn keeps_meeting(self) -> bool {
        !matches!(
            self,
            Self::Offline(OfflineReason::Left | OfflineReason::NotJoined)
        )
    }
}

impl fmt::Display for OfflineReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotJoined => "not joined",
            Self::Closed => "closed",
            Self::Phone => "phone",
            Self::Elsewhere => "elsewhere",
            Self::Left => "left",
            Self::Lost => "lost",
        })
    }
}

impl fmt::Display for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Online => f.write_str("Online"),
            Self::Away(_) => f.write_str("Away"),
            Self::Offline(reason) => write!(f, "Offline ({reason})"),
        }
    }
}

/// What a participant says about its own microphone and loudspeaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Flags {
    /// Open voice is closed.
    pub muted: bool,
    /// Nothing is played; implies `muted`.
    pub deafened: bool,
}
