//! The encoder: one per daemon, whatever the number of listeners.

use opus::{Application, Bitrate, Channels, Signal};

use super::CodecError;
use crate::{FRAME_SAMPLES, FrameLength, SAMPLE_RATE};

/// The bitrate of speech unless told otherwise, in bit/s. PESQ-WB is within 0.01 of its maximum here.
pub const DEFAULT_BITRATE: u32 = 48_000;
/// The lowest bitrate accepted, in bit/s.
pub const MIN_BITRATE: u32 = 16_000;
/// The highest bitrate accepted, in bit/s. A frame then fills 320 of [`MAX_FRAME_BYTES`](super::MAX_FRAME_BYTES).
pub const MAX_BITRATE: u32 = 256_000;

/// Above 5 the gain in quality at 48 kbit/s is below what PESQ can show; the cost nearly doubles.
const COMPLEXITY: i32 = 5;

/// Encodes frames of one length.
pub struct Encoder {
    inner: opus::Encoder,
    length: FrameLength,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
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

    /// Makes an encoder at [`DEFAULT_BITRATE`]. Short frames are made in Opus's restricted low-delay mode, whose
    /// look-ahead is 2.5 ms.
    ///
    /// # Errors
    /// [`CodecError::Setup`] if libopus has no memory or rejects a setting.
    pub fn for_frames(length: FrameLength) -> Result<Self, CodecError> {
        let setup = |error: opus::Error| CodecError::Setup {
            reason: error.code().description(),
        };
        let application = match length {
            FrameLength::Short => Application::LowDelay,
            FrameLength::Usual => Application::Voip,
        };
        let mut inner =
            opus::Encoder::new(SAMPLE_RATE, Channels::Mono, application).map_err(setup)?;
        inner.set_signal(Signal::Voice).map_err(setup)?;
        inner.set_complexity(COMPLEXITY).map_err(setup)?;
        inner.set_vbr(false).map_err(setup)?;
        inner.set_inband_fec(false).map_err(setup)?;
        inner.set_packet_loss_perc(0).map_err(setup)?;
        inner.set_dtx(false).map_err(setup)?;
        let mut encoder = Self { inner, length };
        encoder.set_bitrate(DEFAULT_BITRATE)?;
        Ok(encoder)
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
        let result = if frame.iter().all(|sample| sample.is_finite()) {
            self.inner.encode_float(frame, packet)
        } else {
            // One NaN would stay in the encoder's filters for ever.
            let mut clean = [0.0; FRAME_SAMPLES];
            for (clean, sample) in clean.iter_mut().zip(frame) {
                *clean = if sample.is_finite() { *sample } else { 0.0 };
            }
            self.inner.encode_float(&clean[..samples], packet)
        };
        result.map_err(|error| CodecError::Frame {
            bytes,
            reason: error.code().description(),
        })
    }

    /// Forgets every sample heard so far: nothing of them is in any later packet. Settings stay.
    ///
    /// # Errors
    /// [`CodecError::Setup`] if libopus refuses, which it has no reason to. The encoder must not be used
    /// for another audience then.
    pub fn reset(&mut self) -> Result<(), CodecError> {
        self.inner.reset_state().map_err(|error| CodecError::Setup {
            reason: error.code().description(),
        })
    }

    /// Changes the bitrate, in bit/s, from the next frame on.
    ///
    /// # Errors
    /// [`CodecError::Bitrate`] outside [`MIN_BITRATE`]…[`MAX_BITRATE`].
    pub fn set_bitrate(&mut self, bits_per_second: u32) -> Result<(), CodecError> {
        if !(MIN_BITRATE..=MAX_BITRATE).contains(&bits_per_second) {
            return Err(CodecError::Bitrate { bits_per_second });
        }
        self.inner
            .set_bitrate(Bitrate::Bits(bits_per_second as i32))
            .map_err(|error| CodecError::Setup {
                reason: error.code().description(),
            })
    }

    /// How many samples decoded sound lags behind what was encoded.
    pub fn lookahead(&mut self) -> usize {
        // What libopus documents for these applications at 48 kHz: 6.5 and 2.5 ms.
        self.inner
            .get_lookahead()
            .ok()
            .and_then(|samples| usize::try_from(samples).ok())
            .unwrap_or(match self.length {
                FrameLength::Short => 120,
                FrameLength::Usual => 312,
            })
    }
}
