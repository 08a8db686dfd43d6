//! Signed records: the facts that peers state about themselves.
//!
//! A record is carried, stored, hashed and verified as the exact bytes that its author signed:
//!
//! ```text
//! "sotto/1/" | kind 1 | meeting 32 | author 32 | epoch 8 | counter 8 | instance 8 | body … | signature 64
//! ```
//!
//! Numbers are little-endian, the body is postcard. The signature (ed25519, RFC 8032) covers everything before it. A
//! record is at most 1 KiB long.
//!
//! The exact bytes matter for another reason: a later release adds fields at the end of a body and kinds of record.
//! Readers skip the fields that they do not know, and keep and hand on records of a kind that they do not know
//! ([`Unknown`]). Nothing of either is lost on the way, because the bytes are never written anew.
//!
//! Of two records in the same place the newer version wins, of equal versions the greater hash: a total order, so
//! that merging is commutative, associative and idempotent.

mod addresses;
mod body;
#[cfg(test)]
pub(crate) mod tests;

use std::cmp::Ordering;
use std::sync::Arc;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

pub(crate) use body::{
    Answer, Answers, Body, Founding, Invitation, LobbyEntry, MAX_ADDRESSES, MAX_ANSWERS,
    PresenceBody, Unheard, Unknown,
};

use crate::growable;
use crate::ids::{MeetingId, PeerId};

/// The longest record.
pub(crate) const MAX_RECORD: usize = 1024;

const MAGIC: &[u8; 8] = b"sotto/1/";
const HEAD: usize = 8 + 1 + 32 + 32 + 8 + 8 + 8;
const SIGNATURE: usize = 64;

/// The first kind that is handed on but not kept.
const PASSING: u8 = 128;

/// What a record states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Founding,
    Presence,
    Lobby,
    Invitation,
    Answer,
    Unheard,
    /// Something that a later release states.
    Unknown(u8),
}

impl Kind {
    fn read(number: u8) -> Option<Self> {
        Some(match number {
            0 => return None,
            1 => Self::Founding,
            2 => Self::Presence,
            3 => Self::Lobby,
            4 => Self::Invitation,
            5 => Self::Answer,
            6 => Self::Unheard,
            unknown => Self::Unknown(unknown),
        })
    }

    /// The number under which it travels.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Founding => 1,
            Self::Presence => 2,
            Self::Lobby => 3,
            Self::Invitation => 4,
            Self::Answer => 5,
            Self::Unheard => 6,
            Self::Unknown(number) => number,
        }
    }

    /// Whether such records are gossiped only: never stored, never synchronised.
    pub(crate) fn is_passing(self) -> bool {
        match self {
            Self::Unheard => true,
            Self::Unknown(number) => number >= PASSING,
            _ => false,
        }
    }

    /// Whether such a record may have this meeting in its head.
    fn belongs_to(self, meeting: MeetingId) -> bool {
        match self {
            // Founding records exist before their meeting has an id; lobby records belong to none.
            Self::Founding | Self::Lobby => meeting == NO_MEETING,
            Self::Presence | Self::Invitation | Self::Answer | Self::Unheard => {
                meeting != NO_MEETING
            }
            Self::Unknown(_) => true,
        }
    }
}

/// Orders the records of one author: by run, then by count within the run. No wall clock is involved.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub(crate) struct Version {
    /// Grows with every start of the author's daemon.
    pub(crate) epoch: u64,
    /// Grows with every record of the run.
    pub(crate) counter: u64,
}

/// What every record says before its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) kind: Kind,
    /// Zero outside meetings.
    pub(crate) meeting: MeetingId,
    pub(crate) author: PeerId,
    pub(crate) version: Version,
    /// Drawn at random by the author's daemon at its start: tells a restored backup from a copied identity.
    pub(crate) instance: u64,
}

/// The meeting id of records that belong to no meeting.
pub(crate) const NO_MEETING: MeetingId = MeetingId([0; 32]);

/// A record whose signature has been verified, or that is our own.
#[derive(Debug, Clone)]
pub(crate) struct Record<B> {
    pub(crate) head: Head,
    pub(crate) body: B,
    pub(crate) raw: Arc<[u8]>,
    pub(crate) hash: [u8; 32],
}

impl<B> Record<B> {
    /// The order in which records of one place supersede each other.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        (self.head.version, self.hash).cmp(&(other.head.version, other.hash))
    }

    /// The first eight bytes of the hash, by which others refer to this record.
    pub(crate) fn reference(&self) -> [u8; 8] {
        reference(&self.hash)
    }
}

/// The first eight bytes of a hash.
pub(crate) fn reference(hash: &[u8; 32]) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = *hash;
    [a, b, c, d, e, f, g, h]
}

/// A record of any kind.
#[derive(Debug, Clone)]
pub(crate) enum AnyRecord {
    Founding(Record<Founding>),
    Presence(Record<PresenceBody>),
    Lobby(Record<LobbyEntry>),
    Invitation(Record<Invitation>),
    Answer(Record<Answers>),
    Unheard(Record<Unheard>),
    Unknown(Record<Unknown>),
}

impl AnyRecord {
    pub(crate) fn head(&self) -> &Head {
        match self {
            Self::Founding(record) => &record.head,
            Self::Presence(record) => &record.head,
            Self::Lobby(record) => &record.head,
            Self::Invitation(record) => &record.head,
            Self::Answer(record) => &record.head,
            Self::Unheard(record) => &record.head,
            Self::Unknown(record) => &record.head,
        }
    }

    pub(crate) fn raw(&self) -> &Arc<[u8]> {
        match self {
            Self::Founding(record) => &record.raw,
            Self::Presence(record) => &record.raw,
            Self::Lobby(record) => &record.raw,
            Self::Invitation(record) => &record.raw,
            Self::Answer(record) => &record.raw,
            Self::Unheard(record) => &record.raw,
            Self::Unknown(record) => &record.raw,
        }
    }

    /// Whether the author really signed it.
    pub(crate) fn verify(&self) -> bool {
        verify(self.raw(), self.head().author)
    }
}

/// Signs a body.
pub(crate) fn sign<B: Body>(
    key: &SigningKey,
    meeting: MeetingId,
    version: Version,
    instance: u64,
    body: B,
) -> Record<B> {
    let head = Head {
        kind: B::KIND,
        meeting,
        author: PeerId(key.verifying_key().to_bytes()),
        version,
        instance,
    };
    let raw = sign_bytes(key, &head, |head| growable::write(&body, head));
    let hash = *blake3::hash(&raw).as_bytes();
    Record {
        head,
        body,
        raw: raw.into(),
        hash,
    }
}

/// Signs the bytes of a head and what `add_body` appends to them.
fn sign_bytes(key: &SigningKey, head: &Head, add_body: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let mut raw = Vec::with_capacity(HEAD + SIGNATURE + 128);
    raw.extend_from_slice(MAGIC);
    raw.push(head.kind.number());
    raw.extend_from_slice(&head.meeting.0);
    raw.extend_from_slice(&head.author.0);
    raw.extend_from_slice(&head.version.epoch.to_le_bytes());
    raw.extend_from_slice(&head.version.counter.to_le_bytes());
    raw.extend_from_slice(&head.instance.to_le_bytes());
    let mut raw = add_body(raw);
    let signature = key.sign(&raw);
    raw.extend_from_slice(&signature.to_bytes());
    debug_assert!(raw.len() <= MAX_RECORD, "{} bytes", raw.len());
    raw
}

/// Reads a record without looking at its signature; [`AnyRecord::verify`] does.
///
/// Apart so that what is already known, or too much, costs no signature check.
pub(crate) fn read(bytes: &[u8]) -> Option<AnyRecord> {
    if bytes.len() > MAX_RECORD || bytes.len() < HEAD + SIGNATURE {
        return None;
    }
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let kind = Kind::read(*rest.first()?)?;
    rest = rest.get(1..)?;
    let meeting = MeetingId(take(&mut rest)?);
    let author = PeerId(take(&mut rest)?);
    let version = Version {
        epoch: u64::from_le_bytes(take(&mut rest)?),
        counter: u64::from_le_bytes(take(&mut rest)?),
    };
    let instance = u64::from_le_bytes(take(&mut rest)?);
    let body = rest.get(..rest.len().checked_sub(SIGNATURE)?)?;
    let head = Head {
        kind,
        meeting,
        author,
        version,
        instance,
    };
    Some(match kind {
        Kind::Founding => AnyRecord::Founding(finish(head, body, bytes)?),
        Kind::Presence => AnyRecord::Presence(finish(head, body, bytes)?),
        Kind::Lobby => AnyRecord::Lobby(finish(head, body, bytes)?),
        Kind::Invitation => AnyRecord::Invitation(finish(head, body, bytes)?),
        Kind::Answer => AnyRecord::Answer(finish(head, body, bytes)?),
        Kind::Unheard => AnyRecord::Unheard(finish(head, body, bytes)?),
        Kind::Unknown(_) => AnyRecord::Unknown(Record {
            head,
            body: Unknown,
            raw: bytes.into(),
            hash: *blake3::hash(bytes).as_bytes(),
        }),
    })
}

/// Reads a record and checks its signature.
pub(crate) fn read_verified(bytes: &[u8]) -> Option<AnyRecord> {
    read(bytes).filter(AnyRecord::verify)
}

fn finish<B: Body>(head: Head, body: &[u8], raw: &[u8]) -> Option<Record<B>> {
    let mut body: B = growable::read(body).ok()?;
    if !head.kind.belongs_to(head.meeting) || !body.admit() {
        return None;
    }
    Some(Record {
        head,
        body,
        raw: raw.into(),
        hash: *blake3::hash(raw).as_bytes(),
    })
}

fn verify(raw: &[u8], author: PeerId) -> bool {
    let Some((signed, signature)) = raw.split_last_chunk::<SIGNATURE>() else {
        return false;
    };
    // Strict: no second signature of the same statement exists, so nobody but the author makes another hash of it.
    VerifyingKey::from_bytes(&author.0).is_ok_and(|key| {
        key.verify_strict(signed, &Signature::from_bytes(signature))
            .is_ok()
    })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}
