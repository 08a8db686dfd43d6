//! Which captured sample comes next, and which RTP timestamp it has.

use crate::{FrameLength, SampleCount, SampleTime, Timestamp};

/// The capture clock of one conversation. It moves in whole frames.
#[derive(Debug)]
pub(super) struct Timeline {
    length: FrameLength,
    /// The RTP timestamp of the first captured sample (RFC 3550 §5.1 wants it random).
    first: Timestamp,
    position: SampleTime,
    /// Lost samples that do not make a whole frame yet.
    owed: SampleCount,
}

impl Timeline {
    pub(super) fn new(length: FrameLength, first: Timestamp) -> Self {
        Self {
            length,
            first,
            position: SampleTime::START,
            owed: SampleCount::ZERO,
        }
    }

    /// Returns how long frames are.
    pub(super) fn frame_length(&self) -> FrameLength {
        self.length
    }

    /// Returns the next sample to be captured.
    pub(super) fn position(&self) -> SampleTime {
        self.position
    }

    /// Moves on by a frame.
    pub(super) fn advance(&mut self) {
        self.position = self.position + self.length.count();
    }

    /// Moves on by samples that were lost. What is left over of a frame is remembered for the next loss.
    pub(super) fn skip(&mut self, lost: SampleCount) {
        self.owed = self.owed.saturating_add(lost.max(SampleCount::ZERO));
        let frame = self.length.count();
        let skipped = frame * (self.owed / frame);
        self.owed -= skipped;
        self.position = self.position + skipped;
    }

    /// Returns the RTP timestamp of a captured sample.
    pub(super) fn timestamp(&self, sample: SampleTime) -> Timestamp {
        self.first + sample.since(SampleTime::START)
    }

    /// Returns how many frames begin before this sample.
    pub(super) fn frames_before(&self, sample: SampleTime) -> u64 {
        (sample.since(SampleTime::START) / self.length.count()).unsigned_abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_samples_move_the_clock_by_whole_frames_and_none_is_forgotten() {
        let first = Timestamp::new(u32::MAX - 479);
        let mut timeline = Timeline::new(FrameLength::Usual, first);
        timeline.advance();
        assert_eq!(timeline.timestamp(timeline.position()), Timestamp::new(0));
        timeline.skip(SampleCount::new(1_000));
        assert_eq!(timeline.position(), SampleTime::new(3 * 480));
        timeline.skip(SampleCount::new(439));
        assert_eq!(timeline.position(), SampleTime::new(3 * 480));
        timeline.skip(SampleCount::new(1));
        assert_eq!(timeline.position(), SampleTime::new(4 * 480));
        assert_eq!(timeline.frames_before(timeline.position()), 4);
    }
}
