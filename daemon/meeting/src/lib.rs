//! Who is where: meetings, rosters, presence, invitations and audiences.
//!
//! [`Mesh`] is one state machine without socket, clock or randomness of its own. It is handed what the local user wants
//! ([`Command`]), what reaches it from outside ([`Input`]) and the time ([`Now`]), and is asked for what to do
//! ([`Output`]) and when to wake it ([`Mesh::next_timeout`]). So any number of them run in one test, on a virtual clock,
//! with a seed that reproduces every failure.
//!
//! The one idea to keep in mind: a fact about a peer is a *record signed by that peer*, and a roster is nothing but the
//! newest record of each. Records may arrive in any order, twice, late or after a detour through others; merging them
//! always ends in the same value. Nothing else is agreed upon, and there is no machine whose absence matters.

#[cfg(test)]
extern crate self as sotto_meeting;

mod audience;
mod bounded;
pub mod bounds;
mod command;
mod digest;
mod directory;
mod event;
mod growable;
mod held;
mod ids;
mod input;
#[cfg(test)]
#[path = "../../tests/interop/mod.rs"]
mod interop;
mod keys;
mod likeness;
mod limits;
mod lobby;
mod meeting;
mod mesh;
mod names;
mod output;
mod presence;
mod reach;
mod record;
mod refusal;
mod requests;
pub mod resolve;
mod seal;
#[cfg(test)]
#[path = "../tests/sim/mod.rs"]
mod sim;
mod stored;
mod unknown;
mod view;
mod wire;

pub use command::{Command, PressMode, Reply, WhisperMode};
pub use event::{Event, InvitationEnd, JoinFailure, Part};
pub use ids::{MeetingId, Now, ParseIdError, PeerId, Utc};
pub use input::{DirectError, Input, Session};
pub use mesh::{Mesh, RejoinPolicy, Setup};
pub use names::is_shown;
pub use output::{Audience, Output, Topic, Verdict, VoiceChange};
pub use presence::{AwayCause, Flags, OfflineReason, Presence};
pub use refusal::Refusal;
pub use stored::StoredError;
pub use view::{
    Because, Counters, Cut, IncomingWhisper, InvitationView, JoiningView, MeView, MeetingView,
    Named, NobodyBecause, PeerView, RosterEntry, TalkTarget, TalkView, View,
};
