//! The state that outlives the daemon: `"sottomtg" | version 4 | release | body … | BLAKE3 of all before 32`.
//!
//! The version is a little-endian number, the release a length of one byte and the name of the release that wrote the
//! file, the body postcard. Magic, version, release and checksum stay where they are in every later version.
//!
//! A body is read by the version that stands in front of it: it does not grow like messages do, because a release that
//! skipped what it does not know would drop it with the next write. Whoever changes one of the structures below makes a
//! new version, copies the old structures into a file of [`migrations`], and adds a golden file to the interop tests.
//! A file of a newer version is not read at all, and its caller leaves it alone.

mod migrations;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::ids::{MeetingId, PeerId, Utc};
use crate::names;
use crate::presence::Presence;
use crate::wire::Claimed;

const MAGIC: &[u8; 8] = b"sottomtg";
/// The version that this release writes.
const STATE_VERSION: u16 = 4;
/// The first version that names the release that wrote it.
const WITH_RELEASE: u16 = 3;
/// The name of this release.
const RELEASE: &str = env!("CARGO_PKG_VERSION");
const CHECKSUM: usize = 32;
/// 64 meetings of 256 participants with invitations stay well below.
const LONGEST: usize = 256 * 1024 * 1024;

/// Stored state that cannot be read.
///
/// A file of a [`Newer`](Self::Newer) version is to be left alone. Set any other aside. Start with `stored: None`, and
/// tell the user.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoredError {
    /// Not a state of Sotto at all.
    #[error("it is not a state file of Sotto")]
    NotState,
    /// Written by a newer Sotto.
    #[error(
        "it was written by a newer Sotto ({release}; state version {found}, known up to {known})"
    )]
    Newer {
        /// The version found.
        found: u16,
        /// The newest version known.
        known: u16,
        /// The release that wrote it, cleaned for showing.
        release: String,
    },
    /// It was changed or cut off on disk.
    #[error("it is damaged: its checksum does not match")]
    Damaged,
    /// It belongs to another identity.
    #[error("it belongs to another identity")]
    OtherIdentity,
}

/// Everything that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) me: PeerId,
    /// The epoch of the run that wrote this; the next takes the one after.
    pub(crate) epoch: u64,
    /// The time of writing, by the clock of the mesh: the last sign of life of a run that crashed. All other moments in
    /// here are by the same clock.
    pub(crate) written: Utc,
    /// The same by the wall clock.
    pub(crate) wall: Utc,
    /// The same by the time since the machine started, and what tells that start from others.
    pub(crate) boot: Option<([u8; 16], Duration)>,
    /// The run said goodbye.
    pub(crate) clean: bool,
    /// The meeting I was in.
    pub(crate) seat: Option<StoredSeat>,
    pub(crate) muted: bool,
    pub(crate) deafened: bool,
    pub(crate) meetings: Vec<StoredMeeting>,
    pub(crate) prompts: Vec<StoredPrompt>,
    /// Whom I invited again after a decline, and when.
    pub(crate) invited_again: Vec<(MeetingId, PeerId, Utc)>,
    pub(crate) forgotten: Vec<(MeetingId, Utc)>,
    pub(crate) contacts: Vec<StoredContact>,
    pub(crate) volumes: Vec<(PeerId, u16)>,
}

/// The meeting I was in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoredSeat {
    pub(crate) meeting: MeetingId,
    pub(crate) presence: Presence,
}

/// A meeting on my list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoredMeeting {
    pub(crate) founding: Vec<u8>,
    pub(crate) secret: [u8; 32],
    pub(crate) last_present: Utc,
    pub(crate) records: Vec<StoredRecord>,
}

/// A record and when it was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoredRecord {
    pub(crate) raw: Vec<u8>,
    pub(crate) made: Utc,
}

/// An invitation to me.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoredPrompt {
    pub(crate) founding: Vec<u8>,
    pub(crate) invitations: Vec<StoredRecord>,
    pub(crate) answers: Option<Vec<u8>>,
    pub(crate) undelivered: bool,
    pub(crate) inside: Vec<StoredClaim>,
    pub(crate) invited: Vec<StoredClaim>,
    pub(crate) offered_by: Vec<PeerId>,
    pub(crate) declined: bool,
    /// When it was last shown again after a decline.
    pub(crate) again: Option<Utc>,
}

/// Somebody whom an inviter named.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoredClaim {
    pub(crate) peer: PeerId,
    pub(crate) name: String,
    pub(crate) device: String,
}

impl From<Claimed> for StoredClaim {
    fn from(claim: Claimed) -> Self {
        Self {
            peer: claim.peer,
            name: claim.name,
            device: claim.device,
        }
    }
}

impl From<StoredClaim> for Claimed {
    fn from(claim: StoredClaim) -> Self {
        Self {
            peer: claim.peer,
            name: claim.name,
            device: claim.device,
        }
    }
}

/// Somebody I know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoredContact {
    pub(crate) peer: PeerId,
    pub(crate) name: String,
    pub(crate) device: String,
    pub(crate) addresses: Vec<std::net::SocketAddr>,
}

impl State {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&STATE_VERSION.to_le_bytes());
        // A release's name has a few characters.
        bytes.push(RELEASE.len() as u8);
        bytes.extend_from_slice(RELEASE.as_bytes());
        // Serialising plain data into a growing vector has no way to fail.
        bytes = postcard::to_extend(self, bytes).unwrap_or_default();
        let checksum = blake3::hash(&bytes);
        bytes.extend_from_slice(checksum.as_bytes());
        bytes
    }

    /// Reads a state of this version or an older one.
    ///
    /// # Errors
    ///
    /// When it is of a newer version, damaged, or no state at all.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, StoredError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(StoredError::NotState)?;
        let (version, rest) = rest.split_first_chunk::<2>().ok_or(StoredError::Damaged)?;
        let version = u16::from_le_bytes(*version);
        if version > STATE_VERSION {
            return Err(StoredError::Newer {
                found: version,
                known: STATE_VERSION,
                release: take_release(rest).map_or_else(
                    || "release unknown".to_owned(),
                    |(release, _)| format!("release {release}"),
                ),
            });
        }
        let (rest, checksum) = rest
            .split_last_chunk::<CHECKSUM>()
            .ok_or(StoredError::Damaged)?;
        let summed = bytes
            .get(..bytes.len() - CHECKSUM)
            .ok_or(StoredError::Damaged)?;
        if bytes.len() > LONGEST || blake3::hash(summed) != *checksum {
            return Err(StoredError::Damaged);
        }
        let body = if version < WITH_RELEASE {
            rest
        } else {
            take_release(rest).ok_or(StoredError::Damaged)?.1
        };
        migrations::read(version, body).ok_or(StoredError::Damaged)
    }
}

/// Splits off the name of the release, cleaned for showing.
fn take_release(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = bytes.split_first()?;
    let (release, rest) = rest.split_at_checked(usize::from(*length))?;
    let release = names::clean_device(&String::from_utf8_lossy(release));
    (!release.is_empty()).then_some((release, rest))
}
