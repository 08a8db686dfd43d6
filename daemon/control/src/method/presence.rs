//! Where the user is.

use super::declare::{Answered, method};
use crate::model::{MeetingRef, Presence};
use serde::{Deserialize, Serialize};

method! {
    /// Sets the user Away.
    pub struct PresenceAway: "presence.away" -> PresenceReply;
    reply: "`presence`: **Presence** and `meeting`: **MeetingRef**, both absent without a meeting; `muted`";
    answered: Answered::AtOnce;
}

method! {
    /// Ends Away or a phone call.
    pub struct PresenceBack: "presence.back" -> PresenceReply;
    reply: "`presence`: **Presence** and `meeting`: **MeetingRef**, both absent without a meeting; `muted`";
    answered: Answered::AtOnce;
}

method! {
    /// Takes a phone call: Offline, both devices closed.
    pub struct PresencePhone: "presence.phone" -> PresenceReply;
    reply: "`presence`: **Presence** and `meeting`: **MeetingRef**, both absent without a meeting; `muted`";
    answered: Answered::AtOnce;
}

/// The reply to every `presence` method.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceReply {
    /// The user's presence in that meeting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<Presence>,
    /// The meeting that it applies to, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meeting: Option<MeetingRef>,
    /// Whether the microphone is closed.
    #[serde(default)]
    pub muted: bool,
}
