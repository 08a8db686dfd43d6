//! What can go wrong with voice, in words for people.

use crate::codec::CodecError;
use crate::{Slot, Ssrc};

/// Why a voice command was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VoiceError {
    /// The SRTP contexts of a link could not be made.
    #[error(
        "cannot set up voice encryption for {slot}: {reason}; leave the meeting and join again"
    )]
    Cryptography {
        /// Whose link it is.
        slot: Slot,
        /// What the cryptography said.
        reason: String,
    },
    /// The encoder or a decoder could not be made or configured.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// A link's two streams have one SSRC, or one that another link uses already.
    #[error("voice stream number {ssrc} of {slot} is taken; the link needs new stream numbers")]
    StreamNumberTaken {
        /// Whose link it is.
        slot: Slot,
        /// The SSRC in question.
        ssrc: Ssrc,
    },
    /// A key that has already sealed packets was handed in again, which would repeat GCM nonces.
    #[error("the voice key for {slot} was used before; the link needs a fresh key")]
    KeyReused {
        /// Whose link it is.
        slot: Slot,
    },
    /// A link of an older generation than the one in use.
    #[error("a voice link for {slot} of generation {offered} came after generation {current}")]
    Outdated {
        /// Whose link it is.
        slot: Slot,
        /// The generation that came too late.
        offered: u64,
        /// The generation in use.
        current: u64,
    },
    /// Too many mute and audience changes were scheduled ahead of time.
    #[error("too many mute and audience changes are scheduled; the latest was applied at once")]
    ScheduleFull,
}
