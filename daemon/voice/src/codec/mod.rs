//! Opus, as this crate uses it: frames of 10 or 5 ms of 48 kHz mono speech at a constant bitrate.
//!
//! A constant bitrate because the size of an encrypted packet would otherwise draw the speech's envelope for
//! everybody on the network. In-band error correction stays off: every packet carries whole copies of
//! earlier frames (RFC 2198), which makes it worthless, and it would take bits from the frame itself.
//!
//! Against bursts that copies do not bridge, frames can carry a coarse memory of the last 200 ms ([`Memory`]).
//!
//! Each frame is decoded by the [`Decoder`] of the stream that it came on. A decoder that has to conceal a
//! lost frame continues the sound with libopus's neural model (deep PLC).

mod decoder;
mod encoder;
mod libopus;
mod memory;
#[cfg(test)]
mod tests;

pub use decoder::{Concealment, Decoder, frame_length};
pub use encoder::{DEFAULT_BITRATE, Encoder, MAX_BITRATE, MIN_BITRATE, strip_memory};
pub use memory::Memory;

/// The longest encoded frame that is sent or accepted, in bytes: 10 ms at 320 kbit/s.
pub const MAX_FRAME_BYTES: usize = 400;

/// What the codec refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// libopus could not set up an encoder or decoder, or rejected a setting.
    #[error("cannot set up the Opus codec: {reason}; restart sottod")]
    Setup {
        /// libopus's own description.
        reason: &'static str,
    },
    /// libopus rejected the frame.
    #[error("Opus cannot process a frame of {bytes} bytes: {reason}")]
    Frame {
        /// The size of the encoded frame, or of the room for it.
        bytes: usize,
        /// libopus's own description.
        reason: &'static str,
    },
    /// The encoded frame is empty or longer than [`MAX_FRAME_BYTES`].
    #[error("an encoded frame has {bytes} bytes; 1 to {MAX_FRAME_BYTES} are accepted")]
    Size {
        /// Its size.
        bytes: usize,
    },
    /// The frame lasts neither 5 nor 10 ms, or not as long as the encoder's frames.
    #[error(
        "a frame lasts {samples} samples instead of 480 or 240; the sender uses another framing"
    )]
    Duration {
        /// Samples at 48 kHz.
        samples: usize,
    },
    /// The bitrate lies outside the supported range.
    #[error(
        "{bits_per_second} bit/s is outside {MIN_BITRATE} to {MAX_BITRATE} bit/s; choose a rate between"
    )]
    Bitrate {
        /// What was asked for.
        bits_per_second: u32,
    },
}
