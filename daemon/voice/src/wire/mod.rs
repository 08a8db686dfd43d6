//! The bytes on the media path.
//!
//! RTP (RFC 3550) with Opus (RFC 7587) or redundant Opus (RFC 2198), sealed with SRTP `AEAD_AES_128_GCM`
//! (RFC 7714); SRTCP on the same port (RFC 5761), with reports (RFC 3550), feedback on single packets
//! (RFC 8888), and application packets that prove paths, tell delays and announce chirps. Everything that parses here takes bytes from
//! another machine: it is bounded, allocates by no length it was told, and never panics.

pub mod chirp;
pub mod delays;
pub mod feedback;
pub mod path;
pub mod red;
pub mod report;
pub mod rtcp;
pub mod rtp;
pub(crate) mod srtp;

/// A delay longer than this is nonsense, in microseconds: 10 s.
const LONGEST_DELAY: u32 = 10_000_000;

/// Whether a datagram is RTCP rather than RTP (RFC 5761 §4), judged by its second byte.
pub fn is_rtcp(datagram: &[u8]) -> bool {
    datagram
        .get(1)
        .is_some_and(|kind| (192..=223).contains(kind))
}
