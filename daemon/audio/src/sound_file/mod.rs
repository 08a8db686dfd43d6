//! Sound files as microphones: WAV as any program writes it, AIFF, FLAC, MP3, and Vorbis or Opus
//! in Ogg.
//!
//! A file is read while it plays, on a thread of its own ([`Ahead`]), so that an hour of sound takes no more memory
//! than a second, and a slow disk holds up nobody who keeps time.

mod ahead;
mod codec;
mod decoding;
mod form;
mod riff;
mod section;

pub(crate) use ahead::{Ahead, Block};

#[cfg(test)]
mod tests;
