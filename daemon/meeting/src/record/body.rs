//! What each kind of record states.

use std::net::SocketAddr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Kind, Version};
use crate::bounded::at_most;
use crate::ids::{PeerId, Utc};
use crate::names;
use crate::presence::{Flags, OfflineReason, Presence};
use crate::reach::Report;

/// Addresses in a lobby record.
pub(crate) const MAX_ADDRESSES: usize = 8;
/// Invitations that one record answers.
pub(crate) const MAX_ANSWERS: usize = 48;

/// The part of a record that depends on its kind.
///
/// A later release adds fields at the end, with `#[serde(default)]`; it removes none and changes none. Older releases
/// skip what they do not know.
pub(crate) trait Body: Serialize + DeserializeOwned {
    const KIND: Kind;

    /// Cleans texts for showing, and says whether everything is within its bounds.
    fn admit(&mut self) -> bool;
}

/// The first record of a meeting; its hash is the meeting's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Founding {
    pub(crate) title: String,
    pub(crate) created: Utc,
    pub(crate) nonce: [u8; 16],
    /// What the meeting's secret must hash to: an invitation tells no secret, so an invitee could not tell the
    /// meeting's own from one that somebody else made up.
    pub(crate) commitment: [u8; 32],
}

impl Body for Founding {
    const KIND: Kind = Kind::Founding;

    fn admit(&mut self) -> bool {
        self.title = names::clean_title(&self.title);
        !self.title.is_empty()
    }
}

/// The author's presence in the meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PresenceBody {
    pub(crate) presence: Presence,
    pub(crate) flags: Flags,
    /// The counter of the author's last change of meeting in this epoch. A record that calls the author present in
    /// *another* meeting and is older than this has been overtaken by that change.
    pub(crate) seat: u64,
    pub(crate) name: String,
    pub(crate) device: String,
}

impl Body for PresenceBody {
    const KIND: Kind = Kind::Presence;

    fn admit(&mut self) -> bool {
        self.name = names::clean_name(&self.name);
        self.device = names::clean_device(&self.device);
        // "Not joined" is the absence of a record, "lost" is what others see: nobody says either of themselves.
        !matches!(
            self.presence,
            Presence::Offline(OfflineReason::NotJoined | OfflineReason::Lost)
        )
    }
}

/// The author runs Sotto on this network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LobbyEntry {
    /// False in the last record of a run.
    pub(crate) running: bool,
    pub(crate) name: String,
    pub(crate) device: String,
    #[serde(with = "super::addresses")]
    pub(crate) addresses: Vec<SocketAddr>,
}

impl Body for LobbyEntry {
    const KIND: Kind = Kind::Lobby;

    fn admit(&mut self) -> bool {
        self.name = names::clean_name(&self.name);
        self.device = names::clean_device(&self.device);
        self.addresses.len() <= MAX_ADDRESSES
    }
}

/// The author invites somebody, or withdraws that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Invitation {
    pub(crate) invitee: PeerId,
    pub(crate) made: Utc,
    pub(crate) withdrawn: bool,
    /// The version of the invitee's presence that this looks past: it has not been there since, and may have lost what
    /// it knew of the meeting. `None` invites only who is not in the meeting.
    pub(crate) past: Option<Version>,
    /// The author's own name, for an invitee that has not met it.
    pub(crate) name: String,
    pub(crate) device: String,
    /// The invitee's name as the author knows it, for participants that have not met the invitee.
    pub(crate) invitee_name: String,
    pub(crate) invitee_device: String,
}

impl Body for Invitation {
    const KIND: Kind = Kind::Invitation;

    fn admit(&mut self) -> bool {
        self.name = names::clean_name(&self.name);
        self.device = names::clean_device(&self.device);
        self.invitee_name = names::clean_name(&self.invitee_name);
        self.invitee_device = names::clean_device(&self.invitee_device);
        true
    }
}

/// What became of an invitation, according to the invitee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "u32", into = "u32")]
pub(crate) enum Answer {
    /// It lies before the user, or its withdrawal has taken it away.
    Received,
    /// The user declined.
    Declined,
    /// The user joined.
    Joined,
    /// An answer that a later release knows: the invitation arrived, and is still open.
    Unknown(u32),
}

impl Answer {
    /// Whether the invitation is no longer open.
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Declined | Self::Joined)
    }
}

impl From<u32> for Answer {
    fn from(number: u32) -> Self {
        match number {
            0 => Self::Received,
            1 => Self::Declined,
            2 => Self::Joined,
            unknown => Self::Unknown(unknown),
        }
    }
}

impl From<Answer> for u32 {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Received => 0,
            Answer::Declined => 1,
            Answer::Joined => 2,
            Answer::Unknown(number) => number,
        }
    }
}

/// The author's answers to all invitations to this meeting that it knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answers {
    /// By the first eight bytes of the invitation record's hash.
    #[serde(deserialize_with = "at_most::<MAX_ANSWERS, _, _>")]
    pub(crate) answers: Vec<([u8; 8], Answer)>,
    pub(crate) name: String,
    pub(crate) device: String,
}

impl Body for Answers {
    const KIND: Kind = Kind::Answer;

    fn admit(&mut self) -> bool {
        self.name = names::clean_name(&self.name);
        self.device = names::clean_device(&self.device);
        self.answers.len() <= MAX_ANSWERS
    }
}

/// Whom of those present the author has not heard for 2.5 s. Gossiped only: never stored, never synchronised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unheard {
    pub(crate) report: Report,
}

impl Body for Unheard {
    const KIND: Kind = Kind::Unheard;

    fn admit(&mut self) -> bool {
        self.report.is_valid()
    }
}

/// A statement of a kind that only a later release understands. It is kept and handed on as it was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unknown;
