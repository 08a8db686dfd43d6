//! What a packet remembers of the time before it (DRED): enough to bring back, coarsely, frames that were lost without a
//! trace.

#![allow(unsafe_code)]

use std::ffi::c_int;
use std::ptr::NonNull;

use opusic_sys as sys;

use super::libopus::{checked_length, created};
use super::{CodecError, Decoder, MAX_FRAME_BYTES};
use crate::{FrameLength, SAMPLE_RATE};

/// The memory that was read last.
///
/// Nothing is allocated after [`Memory::new`].
pub struct Memory {
    decoder: NonNull<sys::OpusDREDDecoder>,
    past: NonNull<sys::OpusDRED>,
}

// SAFETY: libopus keeps no thread-local or shared mutable state; both may be used from any one thread at a time, which
// `&mut self` and `&mut Decoder` ensure.
unsafe impl Send for Memory {}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: both were made by libopus and are freed once, here.
        unsafe {
            sys::opus_dred_decoder_destroy(self.decoder.as_ptr());
            sys::opus_dred_free(self.past.as_ptr());
        }
    }
}

impl Memory {
    /// Makes room for one memory.
    ///
    /// # Errors
    /// [`CodecError::Setup`] if libopus has no memory.
    pub fn new() -> Result<Self, CodecError> {
        // SAFETY: `error` outlives the call.
        let decoder = created(|error| unsafe { sys::opus_dred_decoder_create(error) })?;
        // SAFETY: `error` outlives the call.
        let past = created(|error| unsafe { sys::opus_dred_alloc(error) }).inspect_err(|_| {
            // SAFETY: it was made above, and nothing else knows it.
            unsafe { sys::opus_dred_decoder_destroy(decoder.as_ptr()) }
        })?;
        Ok(Self { decoder, past })
    }

    /// Reads what an encoded frame remembers, and says how many samples before it that reaches: 0 for a frame that
    /// remembers nothing, or is none.
    pub fn read(&mut self, frame: &[u8]) -> usize {
        if frame.is_empty() || frame.len() > MAX_FRAME_BYTES {
            return 0;
        }
        let mut silent_end: c_int = 0;
        // SAFETY: decoder and past are live; `frame` is readable for its length; `silent_end` outlives the call.
        let reach = unsafe {
            sys::opus_dred_parse(
                self.decoder.as_ptr(),
                self.past.as_ptr(),
                frame.as_ptr(),
                frame.len() as c_int, // at most MAX_FRAME_BYTES
                SAMPLE_RATE as c_int,
                SAMPLE_RATE as c_int,
                &raw mut silent_end,
                0,
            )
        };
        usize::try_from(reach).unwrap_or(0)
    }
}

impl Decoder {
    /// Brings a frame that did not arrive back from what a later one remembers. It began `back` samples before that one
    /// and is as long as `out`: 480 or 240 samples. `back` must not exceed the reach that [`Memory::read`] told last.
    ///
    /// # Errors
    /// [`CodecError::Duration`] for another length, [`CodecError::Frame`] if libopus refuses, which it has no
    /// reason to.
    pub fn recall(
        &mut self,
        memory: &Memory,
        back: usize,
        out: &mut [f32],
    ) -> Result<(), CodecError> {
        let Some(length) = FrameLength::of(out.len()) else {
            return Err(CodecError::Duration { samples: out.len() });
        };
        // SAFETY: both states are live, and the memory is an empty or a processed one; `out` has room for so many samples.
        let decoded = unsafe {
            sys::opus_decoder_dred_decode_float(
                self.state.as_ptr(),
                memory.past.as_ptr(),
                c_int::try_from(back).unwrap_or(c_int::MAX),
                out.as_mut_ptr(),
                length.samples() as c_int,
            )
        };
        checked_length(decoded, 0).map(|_| ())
    }
}
