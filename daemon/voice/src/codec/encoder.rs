//! The encoder: one per daemon, whatever the number of listeners.
//!
//! The safe binding does not reach the memory of the past that packets can carry (DRED), so this file calls libopus
//! directly where that or its state is concerned.

#![allow(unsafe_code)]

use std::ffi::c_int;
use std::ptr::NonNull;

use opusic_sys as sys;

use super::CodecError;
use super::libopus::{checked_setup, created, describe};
use crate::{FRAME_SAMPLES, FrameLength, SAMPLE_RATE};

/// The bitrate of speech unless told otherwise, in bit/s. PESQ-WB is 4.53 here, 4.46 at 64 kbit/s and 4.34 at 48.
pub const DEFAULT_BITRATE: u32 = 80_000;
/// The lowest bitrate accepted, in bit/s.
pub const MIN_BITRATE: u32 = 16_000;
/// The highest bitrate accepted, in bit/s. A frame then fills 320 of [`MAX_FRAME_BYTES`](super::MAX_FRAME_BYTES), and 380
/// with a memory.
pub const MAX_BITRATE: u32 = 256_000;

/// The bitrate of the sound in frames with a memory, in bit/s. It is for links with bursts of loss, and they carry many
/// copies: in the mode that it is made for, PESQ-WB is 4.45 here already.
const SOUND_BESIDE_MEMORY: u32 = 48_000;
/// What a memory of the past may cost beside the frame, in bit/s. With half of it the frame itself would suffer: PESQ-WB
/// 4.1 instead of 4.4 on a clean link.
const MEMORY_BITRATE: u32 = 48_000;
/// How far a memory reaches back, in units of 10 ms: beyond the bursts that copies do not bridge.
const MEMORY_REACH: c_int = 20;
/// The loss that libopus is told of, in per cent, to set aside enough for the memory.
const MEMORY_LOSS: c_int = 20;
/// How much longer a frame with a memory is than one without, at least, in bytes: libopus lets the frame have three quarters
/// of what the memory leaves.
const MEMORY_BYTES: usize = 36;

/// Above 5 the gain in quality is below what PESQ can show; the cost nearly doubles.
const COMPLEXITY: c_int = 5;

/// Encodes frames of one length.
pub struct Encoder {
    state: NonNull<sys::OpusEncoder>,
    length: FrameLength,
    memory: bool,
}

// SAFETY: libopus keeps no thread-local or shared mutable state; an encoder may be used from any one thread
// at a time, which `&mut self` on every method ensures.
unsafe impl Send for Encoder {}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: `state` came from `opus_encoder_create` and is destroyed once, here.
        unsafe { sys::opus_encoder_destroy(self.state.as_ptr()) }
    }
}

impl Encoder {
    /// Makes an encoder for speech in frames of 10 ms at [`DEFAULT_BITRATE`].
    ///
    /// # Errors
    /// [`CodecError::Setup`] if libopus has no memory or rejects a setting.
    pub fn new() -> Result<Self, CodecError> {
        Self::for_frames(FrameLength::Usual)
    }

    /// Makes an encoder at [`DEFAULT_BITRATE`] in Opus's restricted low-delay mode: its look-ahead is 2.5 ms, 4 ms less
    /// than in the mode for speech, and it costs half as much processor time.
    ///
    /// # Errors
    /// [`CodecError::Setup`] if libopus has no memory or rejects a setting.
    pub fn for_frames(length: FrameLength) -> Result<Self, CodecError> {
        let mut encoder =
            Self::with_application(sys::OPUS_APPLICATION_RESTRICTED_LOWDELAY, length)?;
        encoder.set(sys::OPUS_SET_PACKET_LOSS_PERC_REQUEST, 0)?;
        encoder.set_bitrate(DEFAULT_BITRATE)?;
        Ok(encoder)
    }

    /// Makes an encoder for frames of 10 ms, 48 kbit/s, that carry a coarse memory of the last 200 ms (DRED) for another
    /// 48 kbit/s. See [`Memory`](super::Memory). It is in Opus's mode for speech, where what is lost in a burst is
    /// brought back better than in the low-delay mode: PESQ-WB 4.28 instead of 4.10 at 20 % of loss in bursts of three.
    ///
    /// # Errors
    /// [`CodecError::Setup`] if libopus has no memory or rejects a setting.
    pub fn remembering() -> Result<Self, CodecError> {
        let mut encoder = Self::with_application(sys::OPUS_APPLICATION_VOIP, FrameLength::Usual)?;
        encoder.memory = true;
        encoder.set(sys::OPUS_SET_PACKET_LOSS_PERC_REQUEST, MEMORY_LOSS)?;
        encoder.apply_reach()?;
        encoder.set_bitrate(SOUND_BESIDE_MEMORY + MEMORY_BITRATE)?;
        Ok(encoder)
    }

    fn with_application(application: c_int, length: FrameLength) -> Result<Self, CodecError> {
        let state = created(|error| {
            // SAFETY: rate, channel count and application are among those that libopus accepts; `error` outlives the call.
            unsafe { sys::opus_encoder_create(SAMPLE_RATE as i32, 1, application, error) }
        })?;
        let mut encoder = Self {
            state,
            length,
            memory: false,
        };
        for (request, value) in [
            (sys::OPUS_SET_SIGNAL_REQUEST, sys::OPUS_SIGNAL_VOICE),
            (sys::OPUS_SET_COMPLEXITY_REQUEST, COMPLEXITY),
            (sys::OPUS_SET_VBR_REQUEST, 0),
            (sys::OPUS_SET_INBAND_FEC_REQUEST, 0),
            (sys::OPUS_SET_DTX_REQUEST, 0),
        ] {
            encoder.set(request, value)?;
        }
        Ok(encoder)
    }

    fn set(&mut self, request: c_int, value: c_int) -> Result<(), CodecError> {
        // SAFETY: `state` is a live encoder, and every request that is set here takes one `c_int`.
        let code = unsafe { sys::opus_encoder_ctl(self.state.as_ptr(), request, value) };
        checked_setup(code)
    }

    fn apply_reach(&mut self) -> Result<(), CodecError> {
        let reach = if self.memory { MEMORY_REACH } else { 0 };
        self.set(sys::OPUS_SET_DRED_DURATION_REQUEST, reach)
    }

    /// Encodes one frame (480 or 240 samples as the encoder was made for, f32 in −1…1, 48 kHz mono) into `packet`
    /// and returns its length in bytes. A sample that is not a finite number counts as zero.
    ///
    /// # Errors
    /// [`CodecError::Duration`] for a frame of another length, [`CodecError::Frame`] if `packet` is too short for
    /// the bitrate.
    pub fn encode(&mut self, frame: &[f32], packet: &mut [u8]) -> Result<usize, CodecError> {
        let bytes = packet.len();
        let samples = frame.len();
        if samples != self.length.samples() {
            return Err(CodecError::Duration { samples });
        }
        // One NaN would stay in the encoder's filters for ever.
        let mut clean = [0.0; FRAME_SAMPLES];
        for (clean, sample) in clean.iter_mut().zip(frame) {
            *clean = if sample.is_finite() { *sample } else { 0.0 };
        }
        // SAFETY: `state` is a live encoder; `clean` holds `samples` samples of the one channel; `packet` is writable
        // for its length.
        let length = unsafe {
            sys::opus_encode_float(
                self.state.as_ptr(),
                clean.as_ptr(),
                samples as c_int,
                packet.as_mut_ptr(),
                i32::try_from(bytes).unwrap_or(i32::MAX),
            )
        };
        usize::try_from(length).map_err(|_| CodecError::Frame {
            bytes,
            reason: describe(length),
        })
    }

    /// Forgets every sample heard so far: nothing of them is in any later packet. Settings stay.
    ///
    /// # Errors
    /// [`CodecError::Setup`] if libopus refuses, which it has no reason to. The encoder must not be used
    /// for another audience then.
    pub fn reset(&mut self) -> Result<(), CodecError> {
        // SAFETY: `state` is a live encoder, and this request takes no argument.
        let code = unsafe { sys::opus_encoder_ctl(self.state.as_ptr(), sys::OPUS_RESET_STATE) };
        checked_setup(code)?;
        // The one setting that libopus forgets with its state.
        self.apply_reach()
    }

    /// Changes the bitrate, in bit/s, from the next frame on, the memory included.
    ///
    /// # Errors
    /// [`CodecError::Bitrate`] outside [`MIN_BITRATE`]…[`MAX_BITRATE`].
    pub fn set_bitrate(&mut self, bits_per_second: u32) -> Result<(), CodecError> {
        if !(MIN_BITRATE..=MAX_BITRATE).contains(&bits_per_second) {
            return Err(CodecError::Bitrate { bits_per_second });
        }
        self.set(sys::OPUS_SET_BITRATE_REQUEST, bits_per_second as c_int)
    }

    /// How many samples decoded sound lags behind what was encoded.
    pub fn lookahead(&mut self) -> usize {
        let mut samples: c_int = 0;
        // SAFETY: `state` is a live encoder, and this request takes a pointer to an `opus_int32`, which outlives the call.
        let code = unsafe {
            sys::opus_encoder_ctl(
                self.state.as_ptr(),
                sys::OPUS_GET_LOOKAHEAD_REQUEST,
                &raw mut samples,
            )
        };
        // What libopus documents for these applications at 48 kHz: 6.5 and 2.5 ms.
        let known = if self.memory { 312 } else { 120 };
        match code {
            sys::OPUS_OK => usize::try_from(samples).unwrap_or(known),
            _ => known,
        }
    }
}

/// Takes the memory out of the first `length` bytes of `frame` and returns how long it is then: the same for every frame of
/// one bitrate, so that a copy's size tells nothing of what was said.
///
/// # Errors
/// [`CodecError::Frame`] if it is no frame.
pub fn strip_memory(frame: &mut [u8], length: usize) -> Result<usize, CodecError> {
    let failed = |error: opus::Error| CodecError::Frame {
        bytes: length,
        reason: error.code().description(),
    };
    let room = frame
        .get_mut(..length)
        .ok_or(CodecError::Size { bytes: length })?;
    let bare = opus::packet::unpad(room).map_err(failed)?;
    let padded = length.saturating_sub(MEMORY_BYTES).max(bare);
    if padded > bare {
        opus::packet::pad(&mut frame[..padded], bare).map_err(failed)?;
    }
    Ok(padded)
}
