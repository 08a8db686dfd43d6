//! The processor in front of the schedule: when it works, when it rests, and how it is replaced.
//!
//! Behind a processor, what is planned and sent as a frame holds sound that was captured a little before. The frame
//! keeps its place on the timestamp line, which therefore lags behind the microphone by the processor's delay, while
//! changes keep naming captured samples; [`Schedule`](super::schedule::Schedule) knows how far apart both are.

use std::time::Duration;

use super::Uplink;
use crate::processing::{Blur, Processor};
use crate::{FRAME_SAMPLES, FrameLength, SampleCount, SampleTime};

/// A processor rests while nobody hears the microphone and nothing was played for so many frames: 1 s, longer than any
/// room rings and any echo is under way.
const REST_AFTER: u32 = 100;

/// Quieter than this, nothing was played, peak: −80 dBFS.
const PLAYED: f32 = 1e-4;

/// The uplink's processor, if it has one.
#[derive(Debug, Default)]
pub(super) struct Processing {
    processor: Option<Box<Processor>>,
    /// What takes its place after the frame that comes.
    next: Option<Option<Box<Processor>>>,
    /// Frames since anything was played.
    quiet: u32,
    resting: bool,
    /// How likely there was speech in the last frame.
    probability: Option<f32>,
}

impl Processing {
    /// How much later sound comes out than it was captured.
    pub(super) fn delay(&self) -> Duration {
        self.blur().delay.duration()
    }

    fn blur(&self) -> Blur {
        self.processor
            .as_ref()
            .map_or(Blur::NONE, |processor| processor.blur())
    }

    /// Whether this is the last frame of its processor, or of none.
    pub(super) fn is_ending(&self) -> bool {
        self.next.is_some()
    }

    /// How likely there is speech in the last frame, 0…1; `None` when nothing judges that.
    pub(super) fn probability(&self) -> Option<f32> {
        self.probability
    }

    pub(super) fn echo(&self) -> Option<(f64, i32)> {
        self.processor.as_ref()?.echo()
    }
}

impl Uplink {
    /// The earliest captured sample that a change may still name.
    pub(super) fn earliest_change(&self) -> SampleTime {
        // What a resting processor was not given will never come out of it.
        let reach = if self.processing.resting {
            SampleCount::ZERO
        } else {
            self.processing.blur().early
        };
        self.timeline.position().back(reach)
    }

    /// Whether captured frames should come with a reference.
    pub fn wants_reference(&self) -> bool {
        self.processing
            .processor
            .as_ref()
            .is_some_and(|processor| processor.settings().echo_cancellation)
    }

    /// Puts another processor in place once the next frame has been sent and faded out. Processors take frames of
    /// 10 ms; shorter ones go out as they are.
    pub(super) fn replace_processor(&mut self, mut processor: Option<Box<Processor>>) {
        if self.frame_length() != FrameLength::Usual
            && let Some(unusable) = processor.take()
        {
            self.retired.push(unusable);
        }
        if let Some(Some(unused)) = self.processing.next.replace(processor) {
            self.retired.push(unused);
        }
    }

    /// Processes a frame in place. Does nothing without a processor, and while it rests.
    pub(super) fn process(
        &mut self,
        frame: &mut [f32; FRAME_SAMPLES],
        reference: &[f32; FRAME_SAMPLES],
    ) {
        let processing = &mut self.processing;
        processing.probability = None;
        let Some(processor) = &mut processing.processor else {
            return;
        };
        // While sound is played it learns the room, heard or not: whoever unmutes must not send an echo first.
        let listens = processor.settings().echo_cancellation;
        if !listens || reference.iter().all(|sample| sample.abs() < PLAYED) {
            processing.quiet = processing.quiet.saturating_add(1);
        } else {
            processing.quiet = 0;
        }
        processing.resting = processing.quiet > REST_AFTER
            && self.schedule.is_silent()
            && !self.muted.needs_processor();
        if processing.resting {
            return;
        }
        if self.schedule.forgets() {
            processor.forget();
        }
        processing.probability = Some(processor.process(frame, reference));
    }

    /// Puts the next processor in place, if there is one.
    pub(super) fn change_processor(&mut self) {
        let Some(next) = self.processing.next.take() else {
            return;
        };
        // What comes next does not continue what came out before.
        self.encoder.break_off();
        if let Some(before) = std::mem::replace(&mut self.processing.processor, next) {
            self.retired.push(before);
        }
        self.processing.quiet = 0;
        self.processing.resting = false;
        self.schedule.set_blur(self.processing.blur());
    }
}
