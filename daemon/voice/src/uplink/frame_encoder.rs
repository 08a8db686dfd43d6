//! The encoder, and what it has heard.
//!
//! Codecs remember. So whenever the stream switches, the audience gains a member or sound resumes, the encoder is
//! reset, and the sound fades in.

use std::ops::Range;

use super::encoders::Encoders;
use super::schedule::{Listeners, Plan};
use crate::codec::CodecError;
use crate::{FRAME_SAMPLES, FrameLength, Level, SampleCount, SampleTime, Slot};

/// Samples of a fade.
const FADE: usize = SampleCount::from_millis(5).length();

/// The encoder's memory: who may know it, and where it ends.
#[derive(Debug, Clone, Copy)]
struct Heard {
    listeners: Listeners,
    end: SampleTime,
}

/// The sound of one frame on its way to the encoder, and the encoder.
pub(super) struct FrameEncoder {
    length: FrameLength,
    encoders: Encoders,
    /// Whether the encoder is another one than that of the frame before.
    switched: bool,
    sound: [f32; FRAME_SAMPLES],
    /// Samples since the sound began, up to [`FADE`].
    faded_in: usize,
    /// What the encoder heard last, while it may go on.
    heard: Option<Heard>,
}

impl FrameEncoder {
    pub(super) fn new(length: FrameLength, bitrate: u32) -> Result<Self, CodecError> {
        Ok(Self {
            length,
            encoders: Encoders::new(length, bitrate)?,
            switched: false,
            sound: [0.0; FRAME_SAMPLES],
            faded_in: 0,
            heard: None,
        })
    }

    /// Returns how much decoded sound lags behind what was encoded.
    pub(super) fn look_ahead(&mut self) -> SampleCount {
        SampleCount::of_length(self.encoders.current().lookahead())
    }

    /// Takes what may be heard of a frame, and silence for the rest. Returns how loud that is.
    pub(super) fn take(&mut self, frame: &[f32], audible: Range<usize>) -> Level {
        self.sound = [0.0; FRAME_SAMPLES];
        let heard = frame.get(audible.clone()).unwrap_or_default();
        for (to, from) in self.sound[audible.clone()].iter_mut().zip(heard) {
            // A driver's NaN would stay in the encoder for good.
            *to = if from.is_finite() {
                from.clamp(-1.0, 1.0)
            } else {
                0.0
            };
        }
        Level::of(&self.sound[audible])
    }

    /// Takes a frame that `sample` makes, from its beginning.
    pub(super) fn fill(&mut self, sample: impl Fn(usize) -> f32) {
        for (index, place) in self.sound[..self.length.samples()].iter_mut().enumerate() {
            *place = sample(index);
        }
    }

    /// Prepares the frame that begins at `start`: it goes on where the encoder is, or the encoder begins anew with it.
    /// Tells whether it does. What `opens` a gate is not faded in: a fade would eat the first syllable.
    ///
    /// # Errors
    ///
    /// When the encoder cannot forget. What it heard was for others, so it must not go on.
    pub(super) fn begin(
        &mut self,
        plan: &Plan,
        start: SampleTime,
        opens: bool,
    ) -> Result<bool, CodecError> {
        let continues = plan.audible.start == 0
            && self.heard.is_some_and(|heard| {
                heard.end == start && heard.listeners.may_continue_as(&plan.listeners)
            });
        let switched = std::mem::take(&mut self.switched);
        let anew = switched || !continues;
        if anew {
            self.encoders.current().reset()?;
        }
        if !continues {
            let opens = opens && plan.audible.start == 0;
            self.faded_in = if opens { FADE } else { 0 };
        }
        self.fade(plan);
        Ok(anew)
    }

    /// Ramps sound that begins or ends, so that neither clicks.
    fn fade(&mut self, plan: &Plan) {
        for sample in &mut self.sound[plan.audible.clone()] {
            if self.faded_in == FADE {
                break;
            }
            *sample *= self.faded_in as f32 / FADE as f32;
            self.faded_in += 1;
        }
        if plan.ends {
            let tail = self.sound[plan.audible.clone()].iter_mut().rev();
            for (left, sample) in tail.take(FADE).enumerate() {
                *sample *= left as f32 / FADE as f32;
            }
        }
    }

    /// Tells whether frames carry a memory of the past.
    pub(super) fn has_memory(&self) -> bool {
        self.encoders.has_memory()
    }

    /// Lets frames carry a memory of the past, or no longer. Where that changes, the sound goes on at its level with an
    /// encoder that begins anew.
    pub(super) fn set_memory(&mut self, memory: bool) {
        self.switched |= self.encoders.set_memory(memory);
    }

    /// Changes the bitrate of frames without a memory.
    pub(super) fn set_bitrate(&mut self, bitrate: u32) -> Result<(), CodecError> {
        self.encoders.set_bitrate(bitrate)
    }

    /// Encodes the frame to `bytes` and returns its length.
    pub(super) fn encode(&mut self, bytes: &mut [u8]) -> Option<usize> {
        let frame = &self.sound[..self.length.samples()];
        self.encoders.current().encode(frame, bytes).ok()
    }

    /// Takes note that the frame of `plan` was encoded, and where the next one begins.
    pub(super) fn encoded(&mut self, plan: &Plan, end: SampleTime) {
        self.heard = (plan.audible.end == self.length.samples()).then_some(Heard {
            listeners: plan.listeners,
            end,
        });
    }

    /// Takes note that the sound broke off: what comes next does not continue it.
    pub(super) fn break_off(&mut self) {
        self.heard = None;
    }

    /// Takes a peer that is gone out of those who know what was encoded.
    pub(super) fn remove(&mut self, slot: Slot) {
        if let Some(heard) = &mut self.heard {
            heard.listeners.slots.remove(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SlotSet, Stream};

    const LENGTH: FrameLength = FrameLength::Usual;

    fn plan(slots: &[u8]) -> Plan {
        let slots: SlotSet = slots.iter().copied().map(Slot::new).collect();
        Plan {
            listeners: Listeners {
                stream: Stream::Open,
                slots,
            },
            audible: 0..FRAME_SAMPLES,
            ends: false,
        }
    }

    /// Encodes a frame and tells whether the encoder began anew with it.
    fn frame(encoder: &mut FrameEncoder, plan: &Plan, number: u64) -> bool {
        let start = SampleTime::new(number * FRAME_SAMPLES as u64);
        encoder.take(&[0.5; FRAME_SAMPLES], plan.audible.clone());
        let anew = encoder.begin(plan, start, false).unwrap();
        encoder.encode(&mut [0; 400]).unwrap();
        encoder.encoded(plan, start + LENGTH.count());
        anew
    }

    #[test]
    fn the_encoder_goes_on_only_for_those_who_heard_what_it_remembers() {
        let mut encoder = FrameEncoder::new(LENGTH, 48_000).unwrap();
        assert!(frame(&mut encoder, &plan(&[1, 2]), 0));
        assert!(!frame(&mut encoder, &plan(&[1, 2]), 1));
        assert!(!frame(&mut encoder, &plan(&[1]), 2));
        assert!(frame(&mut encoder, &plan(&[1, 2]), 3));
        // A frame is missing.
        assert!(frame(&mut encoder, &plan(&[1, 2]), 5));
        encoder.break_off();
        assert!(frame(&mut encoder, &plan(&[1, 2]), 6));
        encoder.remove(Slot::new(2));
        assert!(frame(&mut encoder, &plan(&[1, 2]), 7));
    }

    #[test]
    fn with_a_memory_and_without_it_another_encoder_goes_on_at_full_level() {
        let mut encoder = FrameEncoder::new(LENGTH, 80_000).unwrap();
        assert!(frame(&mut encoder, &plan(&[1]), 0));
        for (number, memory) in [(1, true), (5, false)] {
            encoder.set_memory(memory);
            encoder.take(&[0.5; FRAME_SAMPLES], 0..FRAME_SAMPLES);
            let start = SampleTime::new(number * FRAME_SAMPLES as u64);
            assert!(encoder.begin(&plan(&[1]), start, false).unwrap());
            assert_eq!(encoder.sound[0], 0.5);
            encoder.encoded(&plan(&[1]), start + LENGTH.count());
            encoder.set_memory(memory);
            assert!(!frame(&mut encoder, &plan(&[1]), number + 1));
            (2..4).for_each(|more| {
                frame(&mut encoder, &plan(&[1]), number + more);
            });
        }
    }

    #[test]
    fn an_encoder_that_goes_on_after_a_pause_begins_anew_once() {
        let mut encoder = FrameEncoder::new(LENGTH, 80_000).unwrap();
        assert!(frame(&mut encoder, &plan(&[1]), 0));
        encoder.set_memory(true);
        assert!(frame(&mut encoder, &plan(&[1]), 5));
        assert!(!frame(&mut encoder, &plan(&[1]), 6));
    }

    #[test]
    fn what_may_not_be_heard_is_silent_and_the_rest_rises_from_silence() {
        let mut encoder = FrameEncoder::new(LENGTH, 48_000).unwrap();
        let mut captured = [0.5; FRAME_SAMPLES];
        captured[300] = f32::NAN;
        let half = Plan {
            audible: 240..FRAME_SAMPLES,
            ..plan(&[1])
        };
        encoder.take(&captured, half.audible.clone());
        encoder.begin(&half, SampleTime::START, false).unwrap();
        assert!(encoder.sound[..=240].iter().all(|sample| *sample == 0.0));
        assert!(encoder.sound[241] > 0.0 && encoder.sound[241] < 0.01);
        assert_eq!(encoder.sound[300], 0.0);
    }
}
