//! The two directions of a pair of peers: keys, stream numbers, and where packets go.

use std::collections::VecDeque;
use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;
use std::net::SocketAddr;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{Slot, Ssrc, VoiceError};

/// Where a packet goes, or where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Destination {
    /// A datagram on the media socket.
    Udp(SocketAddr),
    /// The peer's media stream over its authenticated connection, used where UDP is blocked.
    Stream(Slot),
}

/// Which of a sender's two streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Speech to everyone present.
    Open,
    /// Speech to a chosen few.
    Whisper,
}

impl Stream {
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Open => 0,
            Self::Whisper => 1,
        }
    }

    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Open => Self::Whisper,
            Self::Whisper => Self::Open,
        }
    }
}

/// An SRTP master key and salt for `AEAD_AES_128_GCM` (RFC 7714). Erased from memory when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MediaKeys {
    /// The master key.
    pub key: [u8; 16],
    /// The master salt.
    pub salt: [u8; 12],
}

impl std::fmt::Debug for MediaKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MediaKeys(…)")
    }
}

/// One direction between us and a peer, as the two agreed on it.
///
/// The sender chose the keys, the receiver allotted the two stream numbers.
#[derive(Debug, Clone)]
pub struct LinkSetup {
    /// The peer.
    pub slot: Slot,
    /// The highest generation wins; each join, restart and new connection has a higher one.
    pub generation: u64,
    /// What packets of this direction are sealed with.
    pub keys: MediaKeys,
    /// The SSRC of open speech.
    pub open_ssrc: Ssrc,
    /// The SSRC of whispers.
    pub whisper_ssrc: Ssrc,
}

impl LinkSetup {
    /// Refuses a link whose two streams could not be told apart.
    pub(crate) fn check(&self) -> Result<(), VoiceError> {
        if self.open_ssrc == self.whisper_ssrc {
            return Err(VoiceError::StreamNumberTaken {
                slot: self.slot,
                ssrc: self.open_ssrc,
            });
        }
        Ok(())
    }

    /// The stream that `ssrc` stands for in this direction.
    pub(crate) fn stream(&self, ssrc: Ssrc) -> Option<Stream> {
        if ssrc == self.open_ssrc {
            Some(Stream::Open)
        } else if ssrc == self.whisper_ssrc {
            Some(Stream::Whisper)
        } else {
            None
        }
    }

    /// The stream whose SSRC stands, in clear, at the head of every control packet.
    ///
    /// Who watches the network would otherwise learn from the control packets which SSRC is for whispers, and so when
    /// somebody whispers. The salt, which only the two know, tosses the coin.
    pub(crate) fn control_stream(&self) -> Stream {
        if self.keys.salt[0] & 1 == 0 {
            Stream::Open
        } else {
            Stream::Whisper
        }
    }

    /// The SSRC of [`control_stream`](Self::control_stream).
    pub(crate) fn control_ssrc(&self) -> Ssrc {
        self.ssrc(self.control_stream())
    }

    pub(crate) fn ssrc(&self, stream: Stream) -> Ssrc {
        match stream {
            Stream::Open => self.open_ssrc,
            Stream::Whisper => self.whisper_ssrc,
        }
    }
}

/// How many keys are remembered: several generations of every slot.
const REMEMBERED: usize = 4 * Slot::COUNT;

/// Knows the keys that were used, to refuse them a second time.
///
/// Every link counts its packets anew, so the same key twice would repeat GCM nonces (RFC 7714 §8.1). Only
/// fingerprints are kept.
pub(crate) struct KeyMemory {
    secret: u64,
    seen: VecDeque<u64>,
}

impl KeyMemory {
    pub(crate) fn new(secret: u64) -> Self {
        Self {
            secret,
            seen: VecDeque::with_capacity(REMEMBERED),
        }
    }

    /// Remembers `keys`; `false` when they were known.
    pub(crate) fn remember(&mut self, keys: &MediaKeys) -> bool {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.secret);
        hasher.write(&keys.key);
        hasher.write(&keys.salt);
        let fingerprint = hasher.finish();
        if self.seen.contains(&fingerprint) {
            return false;
        }
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back(fingerprint);
        true
    }
}
