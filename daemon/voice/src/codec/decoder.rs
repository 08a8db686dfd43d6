//! The decoder: two per sender, one for each of its streams.
//!
//! The safe binding does not reach the decoder's complexity, which switches neural concealment on, so this
//! file calls libopus directly.

#![allow(unsafe_code)]

use std::ffi::c_int;
use std::ptr::NonNull;

use opusic_sys as sys;

use super::libopus::{checked_length, checked_setup, created};
use super::{CodecError, MAX_FRAME_BYTES};
use crate::{FRAME_SAMPLES, FrameLength, SAMPLE_RATE};

/// How lost frames are continued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Concealment {
    /// By repeating the last pitch period: cheap.
    Plain,
    /// By libopus's neural model: 0.2–0.4 ms of processor time for each lost frame.
    #[default]
    Deep,
}

impl Concealment {
    /// The decoder complexity that selects it in libopus 1.6.
    const fn complexity(self) -> c_int {
        match self {
            Self::Plain => 0,
            Self::Deep => 5,
        }
    }
}

/// Decodes frames of either length, and continues the sound where one is missing.
///
/// Nothing is allocated after [`Decoder::new`].
pub struct Decoder {
    pub(super) state: NonNull<sys::OpusDecoder>,
}

// SAFETY: libopus keeps no thread-local or shared mutable state; a decoder may be used from any one thread
// at a time, which `&mut self` on every method ensures.
unsafe impl Send for Decoder {}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: `state` came from `opus_decoder_create` and is destroyed once, here.
        unsafe { sys::opus_decoder_destroy(self.state.as_ptr()) }
    }
}

impl Decoder {
    /// Makes a decoder for 48 kHz mono with deep concealment.
    ///
    /// # Errors
    /// [`CodecError::Setup`] if libopus has no memory.
    pub fn new() -> Result<Self, CodecError> {
        let state = created(|error| {
            // SAFETY: rate and channel count are among those that libopus accepts; `error` outlives the call.
            unsafe { sys::opus_decoder_create(SAMPLE_RATE as i32, 1, error) }
        })?;
        let mut decoder = Self { state };
        decoder.set_concealment(Concealment::Deep)?;
        Ok(decoder)
    }

    /// Chooses how lost frames are continued.
    ///
    /// # Errors
    /// [`CodecError::Setup`] if libopus refuses, which it has no reason to.
    pub fn set_concealment(&mut self, concealment: Concealment) -> Result<(), CodecError> {
        // SAFETY: `state` is a live decoder, and this request takes one `c_int`.
        let code = unsafe {
            sys::opus_decoder_ctl(
                self.state.as_ptr(),
                sys::OPUS_SET_COMPLEXITY_REQUEST,
                concealment.complexity(),
            )
        };
        checked_setup(code)
    }

    /// Decodes one frame into the beginning of `out` (f32, 48 kHz mono; nominally in −1…1, but not clipped) and says
    /// how long it is.
    ///
    /// # Errors
    /// [`CodecError::Size`] and [`CodecError::Duration`] for a frame that this crate does not send, before
    /// libopus sees its content; [`CodecError::Frame`] if libopus finds it malformed. The output is then
    /// unspecified, and the decoder remains usable.
    pub fn decode(
        &mut self,
        frame: &[u8],
        out: &mut [f32; FRAME_SAMPLES],
    ) -> Result<FrameLength, CodecError> {
        if frame.is_empty() || frame.len() > MAX_FRAME_BYTES {
            return Err(CodecError::Size { bytes: frame.len() });
        }
        let length = checked_length(samples_in(frame), frame.len())?;
        // SAFETY: `state` is a live decoder; `frame` is readable for its length; `out` has room for
        // 480 samples of the one channel.
        let decoded = unsafe {
            sys::opus_decode_float(
                self.state.as_ptr(),
                frame.as_ptr(),
                frame.len() as c_int, // at most MAX_FRAME_BYTES
                out.as_mut_ptr(),
                FRAME_SAMPLES as c_int,
                0,
            )
        };
        match checked_length(decoded, frame.len())? {
            decoded if decoded == length => Ok(length),
            decoded => Err(CodecError::Duration {
                samples: decoded.samples(),
            }),
        }
    }

    /// Continues the sound by one frame that did not arrive, as long as `out`: 480 or 240 samples.
    ///
    /// # Errors
    /// [`CodecError::Duration`] for another length, [`CodecError::Frame`] if libopus refuses, which it has no
    /// reason to.
    pub fn conceal(&mut self, out: &mut [f32]) -> Result<(), CodecError> {
        let Some(length) = FrameLength::of(out.len()) else {
            return Err(CodecError::Duration { samples: out.len() });
        };
        // SAFETY: a null packet of length 0 asks for concealment; `out` has room for so many samples.
        let decoded = unsafe {
            sys::opus_decode_float(
                self.state.as_ptr(),
                std::ptr::null(),
                0,
                out.as_mut_ptr(),
                length.samples() as c_int,
                0,
            )
        };
        checked_length(decoded, 0).map(|_| ())
    }

    /// Forgets all sound decoded so far. Settings stay.
    ///
    /// # Errors
    /// [`CodecError::Setup`] if libopus refuses, which it has no reason to.
    pub fn reset(&mut self) -> Result<(), CodecError> {
        // SAFETY: `state` is a live decoder, and this request takes no argument.
        checked_setup(unsafe { sys::opus_decoder_ctl(self.state.as_ptr(), sys::OPUS_RESET_STATE) })
    }
}

/// How long an encoded frame lasts, by its first bytes; `None` for what this crate does not send.
pub fn frame_length(frame: &[u8]) -> Option<FrameLength> {
    if frame.is_empty() || frame.len() > MAX_FRAME_BYTES {
        return None;
    }
    checked_length(samples_in(frame), frame.len()).ok()
}

/// The samples in an encoded frame of 1 to [`MAX_FRAME_BYTES`] bytes, or libopus's code for what is wrong with it.
fn samples_in(frame: &[u8]) -> c_int {
    // SAFETY: `frame` is readable for its length; libopus reads no further.
    unsafe {
        sys::opus_packet_get_nb_samples(frame.as_ptr(), frame.len() as c_int, SAMPLE_RATE as c_int)
    }
}
