//! What outlives the daemon: `"sottomtg" | version, 2 bytes | postcard body | BLAKE3 of all before 32`.

use serde::{Deserialize, Serialize};

use crate::ids::{MeetingId, PeerId, Utc};
use crate::mesh::StoredError;
use crate::presence::Presence;
use crate::wire::Claimed;

const MAGIC: &[u8; 8] = b"sottomtg";
const STATE_VERSION: u16 = 2;
const CHECKSUM: usize = 32;
/// 64 meetings of 256 participants with invitations stay well below.
const LONGEST: usize = 64 * 1024 * 1024;

/// Everything that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) me: PeerId,
    /// The epoch of the run that wrote this; the next takes the one after.
    pub(crate) epoch: u64,
    /// When this was written: the last sign of life of a run that crashed.
    pub(crate) written: Utc,
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

/// A record and when it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoredRecord {
    pub(crate) raw: Vec<u8>,
    pub(crate) received: Utc,
}

/// An invitation to me.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoredPrompt {
    pub(crate) founding: Vec<u8>,
    pub(crate) invitations: Vec<StoredRecord>,
    pub(crate) answers: Option<Vec<u8>>,
    pub(crate) undelivered: bool,
    pub(crate) inside: Vec<Claimed>,
    pub(crate) invited: Vec<Claimed>,
    pub(crate) offered_by: Vec<PeerId>,
    pub(crate) declined: bool,
    /// When it was last shown again after a decline.
    pub(crate) again: Option<Utc>,
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
        // Serialising plain data into a growing vector has no way to fail.
        bytes = postcard::to_extend(self, bytes).unwrap_or_default();
        let checksum = blake3::hash(&bytes);
        bytes.extend_from_slice(checksum.as_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, StoredError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(StoredError::NotState)?;
        let (version, rest) = rest.split_first_chunk::<2>().ok_or(StoredError::Damaged)?;
        let version = u16::from_le_bytes(*version);
        if version > STATE_VERSION {
            return Err(StoredError::Newer {
                found: version,
                known: STATE_VERSION,
            });
        }
        let (body, checksum) = rest
            .split_last_chunk::<CHECKSUM>()
            .ok_or(StoredError::Damaged)?;
        let summed = bytes
            .get(..bytes.len() - CHECKSUM)
            .ok_or(StoredError::Damaged)?;
        if bytes.len() > LONGEST || blake3::hash(summed) != *checksum {
            return Err(StoredError::Damaged);
        }
        match postcard::take_from_bytes(body) {
            Ok((state, [])) => Ok(state),
            _ => Err(StoredError::Damaged),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn state() -> State {
        State {
            me: PeerId([1; 32]),
            epoch: 4,
            written: Utc(9),
            clean: false,
            seat: Some(StoredSeat {
                meeting: MeetingId([2; 32]),
                presence: Presence::Online,
            }),
            muted: true,
            deafened: false,
            meetings: Vec::new(),
            prompts: Vec::new(),
            invited_again: vec![(MeetingId([5; 32]), PeerId([6; 32]), Utc(7))],
            forgotten: vec![(MeetingId([3; 32]), Utc(8))],
            contacts: Vec::new(),
            volumes: vec![(PeerId([4; 32]), 50)],
        }
    }

    #[test]
    fn state_reads_back() {
        assert_eq!(State::decode(&state().encode()), Ok(state()));
    }

    #[test]
    fn a_newer_version_is_told_from_damage() {
        let mut bytes = state().encode();
        bytes[8] = 9;
        assert_eq!(
            State::decode(&bytes),
            Err(StoredError::Newer {
                found: 9,
                known: STATE_VERSION
            })
        );
        assert_eq!(State::decode(b"something else"), Err(StoredError::NotState));
    }

    proptest! {
        #[test]
        fn any_damage_is_noticed(position: prop::sample::Index, flip in 1u8.., keep: prop::sample::Index) {
            let good = state().encode();
            let mut bytes = good.clone();
            let position = position.index(bytes.len());
            bytes[position] ^= flip;
            prop_assert!(State::decode(&bytes).is_err());
            prop_assert!(State::decode(&good[..keep.index(good.len())]).is_err());
        }
    }
}
