//! What the daemon knows and a client may show.
//!
//! Every type here is a value on the wire: JSON objects whose unknown members are ignored, so that an older
//! client reads a newer daemon. Identities travel as text and are for comparing, never for showing; what a person
//! reads is always a `label`, which carries a key suffix wherever two names could be confused.

mod audio;
mod dnd;
mod group;
mod latency;
mod meeting;
mod network;
mod notice;
mod presence;
mod status;
mod talk;
mod whisper_mode;

pub use audio::{
    Device, DeviceChoice, DeviceInUse, Devices, MicrophoneTest, Processing, Sound, SoundState,
    TestProgress, TestStep, TestVerdict,
};
pub use dnd::Dnd;
pub use group::{Group, GroupMember, LeftOut, LeftOutBecause};
pub use latency::{Latency, Way};
pub use meeting::{Invitation, Meeting, MeetingRef, Participant, Path, Sent, Stats};
pub use network::{NetworkInterface, NetworkReport, PeerProgram, UnreachablePeer, UnusedBecause};
pub use notice::{Notice, NoticeKind, Severity};
pub use presence::{Because, OfflineReason, Presence, PresenceState};
pub use status::{NetworkStatus, Peer, Person, Snapshot, Status};
pub use talk::{IncomingWhisper, Level, Levels, NobodyBecause, Talk, TalkMode, TalkTo};
pub use whisper_mode::WhisperMode;
