//! What two peers tell each other to agree on keys.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::HIGHEST_GENERATION;
use crate::growable::block;
use crate::ids::MeetingId;

/// Records are bounded to this many bytes, seal included, with room to spare.
const LONGEST_RECORD: usize = 2048;

/// An SRTP master key and salt (RFC 7714 §12). Erased when dropped, never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Material {
    pub(super) key: [u8; 16],
    pub(super) salt: [u8; 12],
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Material(…)")
    }
}

/// One side's contribution to a pair's keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub(crate) struct Half {
    /// With what this side will send.
    pub(super) material: Material,
    /// Under which SSRC it wants to receive open voice.
    pub(super) open_ssrc: u32,
    /// Under which SSRC it wants to receive whispers.
    pub(super) whisper_ssrc: u32,
}
block!(Half);

/// A half on its way to the peer that it is for, over a connection that proves both identities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Offer {
    /// The meeting in which both are present.
    pub(crate) meeting: MeetingId,
    /// Grows with every new agreement of this pair in this meeting.
    pub(crate) generation: u64,
    /// The UDP port on which this side receives media.
    pub(crate) port: u16,
    /// The contribution.
    pub(crate) half: Half,
    /// The sender's signed presence in the meeting, sealed with the meeting's secret.
    pub(crate) record: Vec<u8>,
}

impl Offer {
    /// One that an honest peer could send.
    #[cfg(test)]
    pub(crate) fn sample() -> Self {
        let material = Material {
            key: [1; 16],
            salt: [2; 12],
        };
        Self {
            meeting: MeetingId([4; 32]),
            generation: 7,
            port: 4002,
            half: Half {
                material,
                open_ssrc: 3,
                whisper_ssrc: 4,
            },
            record: vec![5; 230],
        }
    }

    /// Whether every field is something that an honest peer could send.
    pub(super) fn is_valid(&self) -> bool {
        self.generation > 0
            && self.generation < HIGHEST_GENERATION
            && self.port != 0
            && self.half.open_ssrc != 0
            && self.half.whisper_ssrc != 0
            && self.half.open_ssrc != self.half.whisper_ssrc
            && self.record.len() <= LONGEST_RECORD
    }
}

/// What comes back for an [`Offer`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// The other half of the same generation.
    Accepted(Offer),
    /// A later generation is known: offer one beyond this.
    Behind {
        /// The latest known.
        generation: u64,
    },
    /// No keys, for now.
    Refused(AnswerRefusal),
}

/// Why there are no keys, for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "u32", into = "u32")]
pub(crate) enum AnswerRefusal {
    /// I am not present in that meeting, or cannot receive media yet.
    NotPresent,
    /// You are not present in it as far as I know.
    YouAreNotPresent,
    /// The connection that proves your identity is not known here yet.
    NotConnected,
    /// The offer is malformed.
    Malformed,
    /// For a reason that only a later release knows.
    Unknown(u32),
}

impl From<u32> for AnswerRefusal {
    fn from(number: u32) -> Self {
        match number {
            0 => Self::NotPresent,
            1 => Self::YouAreNotPresent,
            2 => Self::NotConnected,
            3 => Self::Malformed,
            unknown => Self::Unknown(unknown),
        }
    }
}

impl From<AnswerRefusal> for u32 {
    fn from(refusal: AnswerRefusal) -> Self {
        match refusal {
            AnswerRefusal::NotPresent => 0,
            AnswerRefusal::YouAreNotPresent => 1,
            AnswerRefusal::NotConnected => 2,
            AnswerRefusal::Malformed => 3,
            AnswerRefusal::Unknown(number) => number,
        }
    }
}
