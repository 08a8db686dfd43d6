//! What happened, in a sentence.

use super::{MeetingRef, Person};
use serde::{Deserialize, Serialize};

/// Something that the user should see or hear of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What kind of event it is, for programs.
    pub kind: NoticeKind,
    /// How much it matters.
    #[serde(default)]
    pub severity: Severity,
    /// The sentence to show.
    pub text: String,
    /// What the user can do, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The client that caused it, by the name that it gave; absent when no client did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The meeting that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meeting: Option<MeetingRef>,
    /// The person whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
    /// When, in seconds since 1970.
    #[serde(default)]
    pub time: u64,
}

/// How much a notice matters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something failed.
    Error,
    /// Something does not work as the user expects.
    Warning,
    /// Good to know.
    #[default]
    #[serde(other)]
    Info,
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// An invitation arrived.
    Invited,
    /// An invitation was withdrawn or lapsed.
    InvitationGone,
    /// Somebody declined the user's invitation.
    Declined,
    /// The user joined a meeting; `client` says through which program.
    Joined,
    /// The user switched to another meeting.
    Switched,
    /// The daemon rejoined a meeting by itself, muted.
    Rejoined,
    /// The user left.
    Left,
    /// A meeting ended or was forgotten.
    MeetingEnded,
    /// The user's presence changed by itself or by command.
    Presence,
    /// The user's microphone was opened; `client` says by which program.
    Unmuted,
    /// The user's microphone was closed.
    Muted,
    /// The user's loudspeaker was closed.
    Deafened,
    /// The user's loudspeaker was opened.
    Undeafened,
    /// Somebody joined the active meeting.
    ParticipantJoined,
    /// Somebody is no longer present in the active meeting; the text says why.
    ParticipantGone,
    /// Somebody whispers to the user.
    Whisper,
    /// Somebody whispers to the user, who is deafened and hears nothing.
    WhisperUnheard,
    /// A receiver of the user's whisper is deafened.
    ReceiverDeafened,
    /// A receiver of the user's whisper has gone; it goes on with the rest.
    ReceiverGone,
    /// The last receiver of the user's whisper has gone: the user speaks to nobody.
    SpeakingToNobody,
    /// The user's whisper ended.
    WhisperEnded,
    /// The microphone is open at other times than before: `talk.mode` has changed.
    TalkMode,
    /// The microphone is pressed for so long that the key may be stuck, or closed because of that.
    StuckKey,
    /// The user wants to be left alone, or no longer.
    DoNotDisturb,
    /// The user talks while muted; at most once a minute.
    MutedTalking,
    /// A setting was changed.
    Setting,
    /// A sound device failed, or came back.
    Sound,
    /// A colleague seems to sit in the same room, so that both hear each other twice.
    SameRoom,
    /// The network failed, or came back.
    Network,
    /// The user is not back in a meeting after a crash, because no clock tells how long ago it was.
    NotRejoined,
    /// A colleague's clock or this machine's is far off, so that times are wrong.
    Clock,
    /// Two daemons run with the same identity.
    IdentityCloned,
    /// A state file was damaged and set aside.
    StateDamaged,
    /// The user's meetings cannot be saved, or can be again.
    NotSaved,
    /// The daemon is about to stop.
    Stopping,
    /// Something that this version does not know.
    #[default]
    #[serde(other)]
    Other,
}
