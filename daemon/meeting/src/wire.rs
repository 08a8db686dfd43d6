//! Direct messages: what two peers ask and answer over a connection that proves who both are.
//!
//! A message is a version byte and a postcard enumeration. Whatever concerns a meeting between participants travels as
//! [`Request::Sealed`]: named by the meeting's tag and sealed with its record key for exactly this pair and direction, so
//! that only who holds the secret can ask, and only who holds it learns anything.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::audience::WhisperNotice;
use crate::bounded::at_most;
use crate::digest::{self, Listing, MOST_BUCKETS, MOST_ENTRIES, MOST_LISTED};
use crate::ids::{MeetingId, PeerId};
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
pub(crate) struct Carried {
    pub(crate) age: u16,
    pub(crate) raw: Vec<u8>,
}

/// Somebody whom an inviter names; not verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claimed {
    pub(crate) peer: PeerId,
    pub(crate) name: String,
    pub(crate) device: String,
}

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
}

/// A direct request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Request {
    /// What I know of the lobby.
    LobbyDigest(#[serde(deserialize_with = "at_most::<MOST_BUCKETS, _, _>")] Vec<u64>),
    /// What I want of your lobby, and what you lack of mine.
    LobbyExchange {
        #[serde(deserialize_with = "at_most::<MOST_ENTRIES, _, _>")]
        want: Vec<[u8; 8]>,
        #[serde(deserialize_with = "at_most::<MAX_RECORDS, _, _>")]
        give: Vec<Carried>,
    },
    /// You are invited, or no longer.
    Invitation(Offered),
    /// Let me in: you have an open invitation for me.
    Join { meeting: MeetingId },
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
pub(crate) enum NotAdmitted {
    /// I know of no open invitation for you.
    NotInvited,
    /// The roster is full.
    Full,
    /// Everyone who joined has left.
    Ended,
    /// I do not have this meeting.
    Unknown,
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
}

/// A message from outside whose every list has a bound.
pub(crate) trait Message: Serialize + DeserializeOwned {
    /// The longest encoding.
    const LONGEST: usize;

    /// Whether every list is within its bounds.
    fn is_bounded(&self) -> bool;

    fn encode(&self) -> Vec<u8> {
        // Serialising plain data into a growing vector has no way to fail.
        postcard::to_extend(self, vec![VERSION]).unwrap_or_default()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > Self::LONGEST {
            return None;
        }
        let body = bytes.strip_prefix(&[VERSION])?;
        // No told length is given memory: lists grow as their elements arrive (see `bounded`), and memory for bytes and
        // texts is taken only when the message still holds as many.
        let (message, rest) = postcard::take_from_bytes::<Self>(body).ok()?;
        (rest.is_empty() && message.is_bounded()).then_some(message)
    }
}

fn records_bounded(records: &[Carried]) -> bool {
    records.len() <= MAX_RECORDS && records.iter().all(|record| record.raw.len() <= MAX_RECORD)
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
            Self::LobbyDigest(hashes) => digest::is_valid(hashes),
            Self::LobbyExchange { want, give } => exchange_bounded(want, give),
            Self::Invitation(offered) => {
                offered.founding.len() <= MAX_RECORD
                    && (1..=MAX_OFFERED).contains(&offered.invitations.len())
                    && offered
                        .invitations
                        .iter()
                        .all(|raw| raw.len() <= MAX_RECORD)
                    && offered.inside.len() <= MAX_CLAIMED
                    && offered.invited.len() <= MAX_CLAIMED
            }
            Self::Join { .. } | Self::Sealed { .. } => true,
            Self::Answers { raw } => raw.len() <= MAX_RECORD,
        }
    }
}

impl Message for Response {
    const LONGEST: usize = MAX_RESPONSE;

    fn is_bounded(&self) -> bool {
        match self {
            Self::Done | Self::Refused | Self::NotAdmitted(_) | Self::Sealed(_) => true,
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
            Self::Done | Self::Deafened | Self::VoiceKeys(_) => true,
            Self::Listing { listing, mine } => {
                listing_bounded(listing) && mine.as_ref().is_none_or(|raw| raw.len() <= MAX_RECORD)
            }
            Self::Records(records) => records_bounded(records),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn samples() -> Vec<Vec<u8>> {
        let carried = || {
            vec![
                Carried {
                    age: 3,
                    raw: vec![7; 200]
                };
                3
            ]
        };
        let claimed = Claimed {
            peer: PeerId([3; 32]),
            name: "Anna".into(),
            device: "laptop".into(),
        };
        vec![
            Request::LobbyDigest(vec![5; 256]).encode(),
            Request::LobbyExchange {
                want: vec![[1; 8]; 20],
                give: carried(),
            }
            .encode(),
            Request::Invitation(Offered {
                founding: vec![1; 200],
                invitations: vec![vec![2; 300]; 2],
                inside: vec![claimed.clone()],
                invited: vec![claimed],
            })
            .encode(),
            Request::Sealed {
                tag: [1; 32],
                sealed: vec![2; 90],
            }
            .encode(),
            Response::Admitted(Admission {
                secret: [1; 32],
                founding: vec![2; 200],
                records: carried(),
            })
            .encode(),
            Response::Listing(Listing::default()).encode(),
            Request::Join {
                meeting: MeetingId([4; 32]),
            }
            .encode(),
            Request::Answers { raw: vec![3; 400] }.encode(),
            Response::Answers { raw: vec![3; 400] }.encode(),
            Response::Records(carried()).encode(),
            MeetingRequest::Exchange {
                want: vec![[1; 8]; 20],
                give: carried(),
            }
            .encode(),
            MeetingRequest::Announce {
                records: vec![vec![1; 230]; 2],
            }
            .encode(),
            MeetingRequest::VoiceKeys(keys::Offer::sample()).encode(),
            MeetingResponse::VoiceKeys(keys::Answer::Accepted(keys::Offer::sample())).encode(),
            MeetingResponse::VoiceKeys(keys::Answer::Behind { generation: 7 }).encode(),
            MeetingResponse::Listing {
                listing: Listing::default(),
                mine: Some(vec![1; 230]),
            }
            .encode(),
            MeetingRequest::Digest {
                hashes: vec![1, 2],
                mine: Some(vec![1; 230]),
            }
            .encode(),
            MeetingRequest::Whisper(WhisperNotice {
                serial: 3,
                others: Some(vec![PeerId([1; 32])]),
            })
            .encode(),
            MeetingResponse::Records(carried()).encode(),
        ]
    }

    fn decode_as_all(bytes: &[u8]) {
        let _ = Request::decode(bytes);
        let _ = Response::decode(bytes);
        let _ = MeetingRequest::decode(bytes);
        let _ = MeetingResponse::decode(bytes);
    }

    #[test]
    fn messages_read_back() {
        let request = Request::Join {
            meeting: MeetingId([4; 32]),
        };
        assert_eq!(Request::decode(&request.encode()), Some(request));
    }

    #[test]
    fn a_list_longer_than_its_bound_is_refused() {
        assert!(Request::decode(&Request::LobbyDigest(vec![0; 512]).encode()).is_none());
        let want = vec![[0; 8]; MOST_ENTRIES + 1];
        assert!(
            Request::decode(
                &Request::LobbyExchange {
                    want,
                    give: Vec::new()
                }
                .encode()
            )
            .is_none()
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_read_or_refused(mut bytes in proptest::collection::vec(any::<u8>(), 1..2000)) {
            decode_as_all(&bytes);
            bytes[0] = VERSION;
            decode_as_all(&bytes);
        }

        #[test]
        fn mutated_messages_are_read_or_refused(
            sample in any::<prop::sample::Index>(),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            keep in any::<prop::sample::Index>(),
        ) {
            let mut samples = samples();
            let mut bytes = samples.swap_remove(sample.index(samples.len()));
            for (position, byte) in changes {
                let position = position.index(bytes.len());
                bytes[position] = byte;
            }
            decode_as_all(&bytes);
            decode_as_all(&bytes[..keep.index(bytes.len())]);
        }
    }
}
