//! How much sound a frame holds.
//!
//! The sender decides, for all that it sends; every receiver takes either length from anybody, and learns it from
//! the frames themselves. Where nothing is said of it, a *frame* is as long as the sender's frames are.

use crate::{FRAME_SAMPLES, SampleCount};

/// The length of a sender's frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum FrameLength {
    /// 5 ms, 240 samples: half the wait for a frame to be complete, twice the packets.
    Short,
    /// 10 ms, 480 samples.
    #[default]
    Usual,
}

impl FrameLength {
    /// Samples in a frame at 48 kHz; at most [`FRAME_SAMPLES`].
    #[inline]
    pub const fn samples(self) -> usize {
        match self {
            Self::Short => FRAME_SAMPLES / 2,
            Self::Usual => FRAME_SAMPLES,
        }
    }

    /// The same as a distance between samples.
    #[inline]
    pub const fn count(self) -> SampleCount {
        SampleCount::of_length(self.samples())
    }

    /// The length of so many samples, if frames may have it.
    #[inline]
    pub const fn of(samples: usize) -> Option<Self> {
        match samples {
            FRAME_SAMPLES => Some(Self::Usual),
            _ if samples == FRAME_SAMPLES / 2 => Some(Self::Short),
            _ => None,
        }
    }

    /// Frames in a second.
    #[inline]
    pub(crate) const fn per_second(self) -> u64 {
        crate::SAMPLE_RATE as u64 / self.samples() as u64
    }

    /// How many of these last as long as so many frames of 10 ms.
    #[inline]
    pub(crate) const fn as_many_as(self, frames: u32) -> u32 {
        frames * (FRAME_SAMPLES / self.samples()) as u32
    }
}
