//! Direct messages: what two peers ask and answer over a connection that proves who both are.
//!
//! A message is a version byte, the number of its kind, and the kind's fields in postcard. Whatever concerns a meeting
//! between participants travels as [`Request::Sealed`]: named by the meeting's tag and sealed with its record key for
//! exactly this pair and direction, so that only who holds the secret can ask, and only who holds it learns anything.
//!
//! The number of a kind is its place in the enumeration. A later release adds kinds at the end of an enumeration and
//! fields at the end of a kind or block (see [`growable`]). A request of an unknown kind is answered with that news.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::audience::WhisperNotice;
use crate::bounded::at_most;
use crate::digest::{self, Listing, MOST_BUCKETS, MOST_ENTRIES, MOST_LISTED};
use crate::growable::{self, Unread, block};
use crate::ids::{MeetingId, PeerId, Utc};
use crate::keys;
use crate::record::MAX_RECORD;

/// The first byte of every direct message.
const VERSION: u8 = 1;
/// The longest request.
pub(crate) const MAX_REQUEST: usize = 64 * 1024;
/// The longest response: a whole roster of 256 with its invitations.
pub(crate) const MAX_RESPONSE: usize = 256 * 1024;
/// Bytes of records in one message of synchronisation.
pub(crate) const SYNC_BYTES: usize = 14 * 1024;
/// Bytes of records in the answer to a join.
pub(crate) const ADMISSION_BYTES: usize = 200 * 1024;
/// People whom an offered invitation names.
pub(crate) const MAX_CLAIMED: usize = 64;
/// Invitation records in one offer.
pub(crate) const MAX_OFFERED: usize = 16;
/// Records in one announcement.
const MAX_ANNOUNCED: usize = 8;
/// Records in one message: the shortest has 160 bytes.
const MAX_RECORDS: usize = ADMISSION_BYTES / 160;

/// An age that says nothing: loaded from disk.
pub(crate) const AGE_UNKNOWN: u16 = u16::MAX;

/// A record on its way, with the seconds since its author was last known to stand by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub(crate) struct Carried {
    pub(crate) age: u16,
    pub(crate) raw: Vec<u8>,
}
block!(Carried);

/// Somebody whom an inviter names; not verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub(crate) struct Claimed {
    pub(crate) peer: PeerId,
    pub(crate) name: String,
    pub(crate) device: String,
}
block!(Claimed);

/// An invitation as it is offered to its invitee. It carries no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Offered {
    pub(crate) founding: Vec<u8>,
    /// Signed invitations, and withdrawals of such.
    #[serde(deserialize_with = "at_most::<MAX_OFFERED, _, _>")]
    pub(crate) invitations: Vec<Vec<u8>>,
    #[serde(deserialize_with = "at_most::<MAX_CLAIMED, _, _>")]
    pub(crate) inside: Vec<Claimed>,
    #[serde(deserialize_with = "at_most::<MAX_CLAIMED, _, _>")]
    pub(crate) invited: Vec<Claimed>,
    /// The age of each invitation in seconds; none if that is not told.
    #[serde(default, deserialize_with = "at_most::<MAX_OFFERED, _, _>")]
    pub(crate) ages: Vec<u32>,
}

/// A direct request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Request {
    /// What I know of the lobby.
    LobbyDigest {
        #[serde(deserialize_with = "at_most::<MOST_BUCKETS, _, _>")]
        hashes: Vec<u64>,
        /// My wall clock; zero if it is not told. Only people go by it.
        #[serde(default)]
        clock: Utc,
    },
    /// What I want of your lobby, and what you lack of mine.
    LobbyExchange {
        #[serde(deserialize_with = "at_most::<MOST_ENTRIES, _, _>")]
        want: Vec<[u8; 8]>,
        #[serde(deserialize_with = "at_most::<MAX_RECORDS, _, _>")]
        give: Vec<Carried>,
    },
    /// You are invited, or no longer.
    Invitation(Offered),
    /// Let me in: you have an open invitation for me, or one is here.
    Join {
        meeting: MeetingId,
        /// Signed invitations that lie open before me. You may not have heard of them.
        #[serde(default, deserialize_with = "at_most::<MAX_OFFERED, _, _>")]
        invitations: Vec<Vec<u8>>,
    },
    /// My answers to this meeting's invitations; please tell the others.
    Answers { raw: Vec<u8> },
    /// Something between participants, a sealed [`MeetingRequest`].
    Sealed { tag: [u8; 32], sealed: Vec<u8> },
}

/// The answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Response {
    /// Understood; nothing to add.
    Done,
    /// Not understood, too much, or not for you.
    Refused,
    /// To a digest.
    Listing(Listing),
    /// To an exchange.
    Records(#[serde(deserialize_with = "at_most::<MAX_RECORDS, _, _>")] Vec<Carried>),
    /// To an offered invitation: my signed answers, to be told to the others.
    Answers { raw: Vec<u8> },
    /// To a join.
    Admitted(Admission),
    /// To a join: no.
    NotAdmitted(NotAdmitted),
    /// To a sealed request: a sealed [`MeetingResponse`].
    Sealed(Vec<u8>),
    /// To a request of a kind that I do not know. It means no, and nothing else.
    UnknownRequest,
}

/// What a newcomer is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Admission {
    pub(crate) secret: [u8; 32],
    pub(crate) founding: Vec<u8>,
    #[serde(deserialize_with = "at_most::<MAX_RECORDS, _, _>")]
    pub(crate) records: Vec<Carried>,
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "u32", into = "u32")]
pub(crate) enum NotAdmitted {
    /// I know of no open invitation for you.
    NotInvited,
    /// The roster is full.
    Full,
    /// Everyone who joined has left.
    Ended,
    /// I do not have this meeting.
    NotMine,
    /// For a reason that only a later release knows.
    Unknown(u32),
}

impl From<u32> for NotAdmitted {
    fn from(number: u32) -> Self {
        match number {
            0 => Self::NotInvited,
            1 => Self::Full,
            2 => Self::Ended,
            3 => Self::NotMine,
            unknown => Self::Unknown(unknown),
        }
    }
}

impl From<NotAdmitted> for u32 {
    fn from(why: NotAdmitted) -> Self {
        match why {
            NotAdmitted::NotInvited => 0,
            NotAdmitted::Full => 1,
            NotAdmitted::Ended => 2,
            NotAdmitted::NotMine => 3,
            NotAdmitted::Unknown(number) => number,
        }
    }
}

/// A request between participants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MeetingRequest {
    /// What I know of this meeting, and my own newest presence, which this connection proves to be current.
    Digest {
        #[serde(deserialize_with = "at_most::<MOST_BUCKETS, _, _>")]
        hashes: Vec<u64>,
        mine: Option<Vec<u8>>,
    },
    /// What I want of yours, and what you lack of mine.
    Exchange {
        #[serde(deserialize_with = "at_most::<MOST_ENTRIES, _, _>")]
        want: Vec<[u8; 8]>,
        #[serde(deserialize_with = "at_most::<MAX_RECORDS, _, _>")]
        give: Vec<Carried>,
    },
    /// I have just joined, or changed: please tell the others.
    Announce {
        #[serde(deserialize_with = "at_most::<MAX_ANNOUNCED, _, _>")]
        records: Vec<Vec<u8>>,
    },
    /// My half of our voice keys.
    VoiceKeys(keys::Offer),
    /// My whisper to you starts or stops.
    Whisper(WhisperNotice),
}

/// The answer to a [`MeetingRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MeetingResponse {
    Done,
    Listing {
        listing: Listing,
        mine: Option<Vec<u8>>,
    },
    Records(#[serde(deserialize_with = "at_most::<MAX_RECORDS, _, _>")] Vec<Carried>),
    VoiceKeys(keys::Answer),
    /// To a whisper's start: I am deafened and cannot hear it.
    Deafened,
    /// To a request of a kind that I do not know. It means no, and nothing else.
    UnknownRequest,
}

/// A message from outside whose every list has a bound.
pub(crate) trait Message: Serialize + DeserializeOwned {
    /// The longest encoding.
    const LONGEST: usize;

    /// Whether every list is within its bounds.
    fn is_bounded(&self) -> bool;

    fn encode(&self) -> Vec<u8> {
        growable::write(self, vec![VERSION])
    }

    fn decode(bytes: &[u8]) -> Result<Self, Unread> {
        let body = bytes.strip_prefix(&[VERSION]).ok_or(Unread::Broken)?;
        if bytes.len() > Self::LONGEST {
            return Err(Unread::Broken);
        }
        // No told length is given memory: lists grow as their elements arrive (see `bounded`), and memory for bytes and
        // texts is taken only when the message still holds as many.
        let message: Self = growable::read(body)?;
        message
            .is_bounded()
            .then_some(message)
            .ok_or(Unread::Broken)
    }
}

fn records_bounded(records: &[Carried]) -> bool {
    records.len() <= MAX_RECORDS && records.iter().all(|record| record.raw.len() <= MAX_RECORD)
}

fn invitations_bounded(invitations: &[Vec<u8>]) -> bool {
    invitations.len() <= MAX_OFFERED && invitations.iter().all(|raw| raw.len() <= MAX_RECORD)
}

fn listing_bounded(listing: &Listing) -> bool {
    listing.buckets.len() <= MOST_BUCKETS && listing.entries.len() <= MOST_LISTED
}

fn exchange_bounded(want: &[[u8; 8]], give: &[Carried]) -> bool {
    want.len() <= MOST_ENTRIES && records_bounded(give)
}

impl Message for Request {
    const LONGEST: usize = MAX_REQUEST;

    fn is_bounded(&self) -> bool {
        match self {
            Self::LobbyDigest { hashes, .. } => digest::is_valid(hashes),
            Self::LobbyExchange { want, give } => exchange_bounded(want, give),
            Self::Invitation(offered) => {
                offered.founding.len() <= MAX_RECORD
                    && !offered.invitations.is_empty()
                    && invitations_bounded(&offered.invitations)
                    && offered.inside.len() <= MAX_CLAIMED
                    && offered.invited.len() <= MAX_CLAIMED
            }
            Self::Join { invitations, .. } => invitations_bounded(invitations),
            Self::Sealed { .. } => true,
            Self::Answers { raw } => raw.len() <= MAX_RECORD,
        }
    }
}

impl Message for Response {
    const LONGEST: usize = MAX_RESPONSE;

    fn is_bounded(&self) -> bool {
        match self {
            Self::Done
            | Self::Refused
            | Self::NotAdmitted(_)
            | Self::Sealed(_)
            | Self::UnknownRequest => true,
            Self::Listing(listing) => listing_bounded(listing),
            Self::Records(records) => records_bounded(records),
            Self::Answers { raw } => raw.len() <= MAX_RECORD,
            Self::Admitted(admission) => {
                admission.founding.len() <= MAX_RECORD && records_bounded(&admission.records)
            }
        }
    }
}

impl Message for MeetingRequest {
    const LONGEST: usize = MAX_REQUEST;

    fn is_bounded(&self) -> bool {
        match self {
            Self::Digest { hashes, mine } => {
                digest::is_valid(hashes) && mine.as_ref().is_none_or(|raw| raw.len() <= MAX_RECORD)
            }
            Self::Exchange { want, give } => exchange_bounded(want, give),
            Self::Announce { records } => {
                records.len() <= MAX_ANNOUNCED && records.iter().all(|raw| raw.len() <= MAX_RECORD)
            }
            Self::VoiceKeys(_) => true,
            Self::Whisper(notice) => notice.is_bounded(),
        }
    }
}

impl Message for MeetingResponse {
    const LONGEST: usize = MAX_REQUEST;

    fn is_bounded(&self) -> bool {
        match self {
            Self::Done | Self::Deafened | Self::VoiceKeys(_) | Self::UnknownRequest => true,
            Self::Listing { listing, mine } => {
                listing_bounded(listing) && mine.as_ref().is_none_or(|raw| raw.len() <= MAX_RECORD)
            }
            Self::Records(records) => records_bounded(records),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
