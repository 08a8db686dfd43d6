//! Replies of every method.

use crate::model::{
    DeviceChoice, Devices, Invitation, Latency, Meeting, MeetingRef, MicrophoneTest, Peer, Person,
    Presence, Snapshot, Status, Talk,
};
use serde::{Deserialize, Serialize};

/// Reply to `version`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionReply {
    /// The daemon's release, for instance `0.1.0`.
    pub version: String,
    /// The version of this API; a client for another one is refused.
    pub api: u32,
}

/// Reply to `peers.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeersReply {
    /// Everyone known, the user excluded.
    pub peers: Vec<Peer>,
}

/// Reply with one meeting.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MeetingReply {
    /// The meeting with its roster.
    pub meeting: Meeting,
}

/// Reply with a meeting's name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingRefReply {
    /// The meeting.
    pub meeting: MeetingRef,
}

/// Reply to `meeting.create` and `meeting.invite`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InviteReply {
    /// The meeting with its roster.
    pub meeting: Meeting,
    /// Who was invited by this request.
    pub invited: Vec<Person>,
}

/// Reply to `meeting.withdraw`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithdrawReply {
    /// The meeting.
    pub meeting: MeetingRef,
    /// Whose invitation was withdrawn.
    pub withdrawn: Vec<Person>,
}

/// Reply to `meeting.list`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MeetingsReply {
    /// The active one first, then the newest.
    pub meetings: Vec<Meeting>,
}

/// Reply to `invitations.list`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvitationsReply {
    /// The newest first.
    pub invitations: Vec<Invitation>,
}

/// Reply to every `talk` method.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TalkReply {
    /// What is so now.
    pub talk: Talk,
}

/// Reply to `audio.mute`, `unmute`, `deafen` and `undeafen`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioReply {
    /// Whether the microphone is closed.
    pub muted: bool,
    /// Whether the loudspeaker is closed too.
    pub deafened: bool,
}

/// Reply to `audio.volume`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeReply {
    /// Whose.
    pub person: Person,
    /// How loud, in per cent.
    pub percent: u16,
}

/// Reply to `audio.silence` and `audio.unsilence`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilenceReply {
    /// Whom.
    pub person: Person,
    /// Whether they are heard through the room alone now.
    pub silenced: bool,
}

/// Reply to every `presence` method.
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

/// Reply to `network.connect`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectReply {
    /// The address that was dialled.
    pub address: String,
    /// Who answered, if the request waited for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
}

/// Reply of a method that has nothing to say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}

macro_rules! replies {
    ($($variant:ident($type:ty),)+) => {
        /// Any reply, for the daemon's side.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(untagged)]
        #[allow(missing_docs)] // each variant is the type that it holds
        pub enum Reply {
            $($variant(Box<$type>),)+
        }

        $(
            impl From<$type> for Reply {
                fn from(reply: $type) -> Self {
                    Self::$variant(Box::new(reply))
                }
            }
        )+
    };
}

replies! {
    Version(VersionReply),
    Status(Status),
    Peers(PeersReply),
    Meeting(MeetingReply),
    MeetingRef(MeetingRefReply),
    Invite(InviteReply),
    Withdraw(WithdrawReply),
    Meetings(MeetingsReply),
    Invitations(InvitationsReply),
    Talk(TalkReply),
    Audio(AudioReply),
    Volume(VolumeReply),
    Latency(Latency),
    Devices(Devices),
    DeviceChoice(DeviceChoice),
    MicrophoneTest(MicrophoneTest),
    Silence(SilenceReply),
    Presence(PresenceReply),
    Connect(ConnectReply),
    Snapshot(Snapshot),
    Done(Done),
}
