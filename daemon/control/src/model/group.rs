//! Groups of colleagues that can be named together.

use super::{Person, Presence};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A group of the user's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The name, without the sign `@`.
    pub name: String,
    /// The members, by label.
    #[serde(default)]
    pub members: Vec<GroupMember>,
}

/// A member of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMember {
    /// Who it is; flat on the wire (`id`, `name`, `label`).
    #[serde(flatten)]
    pub person: Person,
    /// Whether this is the user, whom a group never means.
    #[serde(default, skip_serializing_if = "is_false")]
    pub you: bool,
    /// Whether this daemon does not know them; `label` is then what it was when they were added.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unknown: bool,
}

/// A member of a group whom a request left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Who it is; flat on the wire (`id`, `name`, `label`).
    #[serde(flatten)]
    pub person: Person,
    /// The name of the group.
    pub group: String,
    /// The reason.
    pub because: LeftOutBecause,
    /// Where they are instead, if they are absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<Presence>,
}

/// The reason why a member of a group was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOutBecause {
    /// They are on the roster, and not present.
    Absent,
    /// They are not on the roster.
    NotInMeeting,
    /// This daemon does not know them, so that they cannot be reached.
    Unknown,
    /// The user has no invitation to them that could be withdrawn.
    NotInvited,
    /// Something that this version does not know.
    #[serde(other)]
    Other,
}

impl fmt::Display for LeftOutBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "absent",
            Self::NotInMeeting => "not in this meeting",
            Self::Unknown => "not known here",
            Self::NotInvited => "not invited by you",
            Self::Other => "for a reason that a newer version tells",
        })
    }
}

impl fmt::Display for LeftOut {
    /// Writes the person and the reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = &self.person.label;
        match (self.because, self.presence) {
            (LeftOutBecause::Absent, Some(presence)) => write!(f, "{label} ({presence})"),
            (because, _) => write!(f, "{label} ({because})"),
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature that serde asks for
fn is_false(value: &bool) -> bool {
    !*value
}
