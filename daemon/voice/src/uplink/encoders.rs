//! The encoders of one microphone: the usual one, and one whose frames remember the past.

use crate::FrameLength;
use crate::codec::{CodecError, Encoder};

/// Both encoders, of which one is at work.
pub(super) struct Encoders {
    plain: Encoder,
    /// Short frames carry no memory.
    remembering: Option<Encoder>,
    memory: bool,
    /// That of the plain one.
    bitrate: u32,
}

impl Encoders {
    /// Makes both; the plain one is at work.
    ///
    /// # Errors
    ///
    /// When the codec has no memory, or refuses the bitrate.
    pub(super) fn new(length: FrameLength, bitrate: u32) -> Result<Self, CodecError> {
        let mut plain = Encoder::for_frames(length)?;
        plain.set_bitrate(bitrate)?;
        let remembering = match length {
            FrameLength::Usual => Some(Encoder::remembering()?),
            FrameLength::Short => None,
        };
        Ok(Self {
            plain,
            remembering,
            memory: false,
            bitrate,
        })
    }

    /// Returns the one at work.
    pub(super) fn current(&mut self) -> &mut Encoder {
        match &mut self.remembering {
            Some(remembering) if self.memory => remembering,
            _ => &mut self.plain,
        }
    }

    /// Tells whether frames remember the past.
    pub(super) fn has_memory(&self) -> bool {
        self.memory
    }

    /// Chooses whether frames remember the past. Tells whether that makes the other encoder go on: it knows nothing of
    /// what was said before.
    pub(super) fn set_memory(&mut self, memory: bool) -> bool {
        let memory = memory && self.remembering.is_some();
        std::mem::replace(&mut self.memory, memory) != memory
    }

    /// Changes the bitrate of frames without a memory.
    ///
    /// # Errors
    ///
    /// When the codec refuses it; the bitrate stays.
    pub(super) fn set_bitrate(&mut self, bitrate: u32) -> Result<(), CodecError> {
        if bitrate != self.bitrate {
            self.plain.set_bitrate(bitrate)?;
            self.bitrate = bitrate;
        }
        Ok(())
    }
}
