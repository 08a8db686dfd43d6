//! Where somebody is, in one meeting.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A participant's presence in one meeting.
///
/// On the wire it is flat: `{"state":"offline","reason":"phone"}`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Online, Away, or Offline with its reason.
    #[serde(flatten)]
    pub state: PresenceState,
    /// Whether the daemon set this by itself (idle, locked screen, a call that the system noticed), so that it
    /// also ends by itself.
    #[serde(default, skip_serializing_if = "is_false")]
    pub automatic: bool,
    /// Why, of the user alone: of others it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<Because>,
    /// Whether others in the meeting hear this participant while this daemon does not.
    #[serde(default, skip_serializing_if = "is_false")]
    pub not_reachable_from_here: bool,
}

/// The three states of presence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PresenceState {
    /// Hears and may speak.
    Online,
    /// Hears; the microphone is closed.
    Away,
    /// Neither hears nor speaks.
    Offline {
        /// Why.
        #[serde(default)]
        reason: OfflineReason,
    },
    /// A state that this version does not know.
    #[default]
    #[serde(other)]
    Unknown,
}

/// The reason why the user is Away or on the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// The user said so.
    Said,
    /// There was no input for as long as `presence.idle_after` says.
    Idle,
    /// The screen is locked.
    Locked,
    /// The system sees a phone call.
    SystemCall,
    /// Something that this version does not know.
    #[serde(other)]
    Other,
}

/// Why somebody is Offline in a meeting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfflineReason {
    /// The program, or the user's login, ended.
    Closed,
    /// Took a phone call.
    Phone,
    /// Switched to another meeting.
    Elsewhere,
    /// Left the meeting.
    Left,
    /// Crashed or was cut off, as seen from here.
    Lost,
    /// Was invited and has not joined.
    NotJoined,
    /// A reason that this version does not know.
    #[default]
    #[serde(other)]
    Other,
}

impl Presence {
    /// Online, said by hand.
    #[must_use]
    pub const fn online() -> Self {
        Self::by_hand(PresenceState::Online)
    }

    /// Away, said by hand.
    #[must_use]
    pub const fn away() -> Self {
        Self::by_hand(PresenceState::Away)
    }

    /// Offline for `reason`.
    #[must_use]
    pub const fn offline(reason: OfflineReason) -> Self {
        Self::by_hand(PresenceState::Offline { reason })
    }

    const fn by_hand(state: PresenceState) -> Self {
        Self {
            state,
            automatic: false,
            because: None,
            not_reachable_from_here: false,
        }
    }

    /// Whether this is Online or Away: somebody who hears.
    #[must_use]
    pub const fn is_present(&self) -> bool {
        matches!(self.state, PresenceState::Online | PresenceState::Away)
    }
}

impl fmt::Display for OfflineReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "closed",
            Self::Phone => "on the phone",
            Self::Elsewhere => "in another meeting",
            Self::Left => "left",
            Self::Lost => "lost",
            Self::NotJoined => "not joined",
            Self::Other => "offline",
        })
    }
}

impl fmt::Display for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.state {
            PresenceState::Online => f.write_str("online")?,
            PresenceState::Away => match self.because {
                Some(Because::Idle) => f.write_str("away, without input")?,
                Some(Because::Locked) => f.write_str("away, screen locked")?,
                _ => f.write_str("away")?,
            },
            PresenceState::Offline {
                reason: OfflineReason::Other,
            } => f.write_str("offline")?,
            PresenceState::Offline { reason } => write!(f, "offline, {reason}")?,
            PresenceState::Unknown => f.write_str("unknown")?,
        }
        if self.not_reachable_from_here {
            f.write_str(", not reachable from here")?;
        }
        Ok(())
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature that serde asks for
fn is_false(value: &bool) -> bool {
    !*value
}
