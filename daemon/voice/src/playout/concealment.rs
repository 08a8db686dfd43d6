//! Sound that was made up where frames were missing: how long it goes on, how it fades, and which frames it stood for.

use crate::{MediaTime, SampleCount};

/// After so long the concealment of a loss has faded to nothing.
pub(super) const LONGEST: SampleCount = SampleCount::from_millis(100);

/// The same where nothing has come since and the link was good of late, so that it is the end most likely:
/// what is invented then was never said.
pub(crate) const LONGEST_AT_AN_END: SampleCount = SampleCount::from_millis(40);

/// A link on which a gap was bridged is not good for so long.
const BAD_AFTER_GAP: SampleCount = SampleCount::from_millis(10_000);

/// So long a concealment stays at full level before it fades.
const FULL: SampleCount = SampleCount::from_millis(20);

/// Concealed frames remembered, to know a late frame from one sent twice.
const REMEMBERED: usize = 32;

/// The concealment of one sender's losses.
#[derive(Debug)]
pub(super) struct Concealing {
    /// What was concealed in a row.
    lasted: SampleCount,
    /// Where sound went on after it had been concealed.
    last_gap: Option<MediaTime>,
    /// The gain at the end of the sound so far, below 1 while a concealment fades.
    gain: f32,
    /// The frames that were concealed last, in a ring. [`MediaTime::MIN`] stands for none.
    frames: [MediaTime; REMEMBERED],
    next: usize,
}

impl Concealing {
    pub(super) fn new() -> Self {
        Self {
            lasted: SampleCount::ZERO,
            last_gap: None,
            gain: 1.0,
            frames: [MediaTime::MIN; REMEMBERED],
            next: 0,
        }
    }

    /// Forgets everything.
    pub(super) fn forget(&mut self) {
        *self = Self::new();
    }

    /// Begins with sound at full level.
    pub(super) fn restart(&mut self) {
        self.lasted = SampleCount::ZERO;
        self.gain = 1.0;
    }

    /// Tells whether the end of the sound so far was made up.
    pub(super) fn is_on(&self) -> bool {
        self.lasted > SampleCount::ZERO
    }

    /// Tells whether so much was made up in a row.
    pub(super) fn has_lasted(&self, longest: SampleCount) -> bool {
        self.lasted >= longest
    }

    /// Tells whether the sound so far has not faded to nothing.
    pub(super) fn is_audible(&self) -> bool {
        self.gain > 0.0
    }

    /// Returns how long a concealment at `timestamp` may last while nothing tells what became of the sound.
    pub(super) fn longest_unexplained(&self, timestamp: MediaTime) -> SampleCount {
        let bad = self
            .last_gap
            .is_some_and(|gap| timestamp.saturating_since(gap) < BAD_AFTER_GAP);
        if bad { LONGEST } else { LONGEST_AT_AN_END }
    }

    /// Goes on for another frame, and returns the gain that it should end with: none after `longest`.
    pub(super) fn go_on(&mut self, frame: SampleCount, longest: SampleCount) -> f32 {
        self.lasted += frame;
        let fading = (self.lasted - FULL).max(SampleCount::ZERO);
        (1.0 - fading.as_f32() / (longest - FULL).as_f32()).max(0.0)
    }

    /// Ends at `timestamp`, where sound goes on that was received. What was made up before it, if anything, bridged a gap.
    pub(super) fn end(&mut self, timestamp: MediaTime) {
        if self.is_on() {
            self.last_gap = Some(timestamp);
        }
        self.lasted = SampleCount::ZERO;
    }

    /// Takes note of a gap at `timestamp`, bridged or not.
    pub(super) fn note_gap(&mut self, timestamp: MediaTime) {
        self.last_gap = Some(timestamp);
    }

    /// Lets the sound go on at full level, whatever was before.
    pub(super) fn jump(&mut self) {
        self.gain = 1.0;
    }

    /// Brings the gain to `target` over the first `over` samples of `sound`.
    pub(super) fn fade(&mut self, sound: &mut [f32], target: f32, over: usize) {
        if self.gain == 1.0 && target == 1.0 {
            return;
        }
        let step = (target - self.gain) / over as f32;
        for (index, sample) in sound.iter_mut().enumerate() {
            let gain = if index < over {
                step.mul_add((index + 1) as f32, self.gain)
            } else {
                target
            };
            *sample *= gain;
        }
        self.gain = target;
    }

    /// Remembers that the frame of `timestamp` was concealed.
    pub(super) fn remember(&mut self, timestamp: MediaTime) {
        self.frames[self.next] = timestamp;
        self.next = (self.next + 1) % REMEMBERED;
    }

    /// Tells whether the frame of `timestamp` was concealed.
    pub(super) fn remembers(&self, timestamp: MediaTime) -> bool {
        self.frames.contains(&timestamp)
    }

    /// Tells whether the frame of `timestamp` was concealed, and forgets it: true once only.
    pub(super) fn take(&mut self, timestamp: MediaTime) -> bool {
        let found = self.frames.iter_mut().find(|frame| **frame == timestamp);
        found.is_some_and(|frame| std::mem::replace(frame, MediaTime::MIN) == timestamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FrameLength, Timestamp};

    const FRAME: SampleCount = FrameLength::Usual.count();

    fn at(frame: i64) -> MediaTime {
        MediaTime::first(Timestamp::new(0)) + FRAME * frame
    }

    #[test]
    fn a_concealment_stays_at_full_level_for_two_frames_and_then_fades_to_nothing() {
        let mut concealing = Concealing::new();
        let gains: Vec<f32> = (0..10).map(|_| concealing.go_on(FRAME, LONGEST)).collect();
        assert_eq!(gains[..2], [1.0, 1.0]);
        assert!(gains[1..].windows(2).all(|pair| pair[1] < pair[0]));
        assert_eq!(gains[9], 0.0);
        assert!(concealing.has_lasted(LONGEST));
        concealing.end(at(3));
        assert!(!concealing.is_on());
    }

    #[test]
    fn an_end_is_taken_for_one_sooner_on_a_link_without_gaps() {
        let mut concealing = Concealing::new();
        concealing.end(at(0));
        assert_eq!(concealing.longest_unexplained(at(1)), LONGEST_AT_AN_END);
        concealing.go_on(FRAME, LONGEST);
        concealing.end(at(2));
        assert_eq!(concealing.longest_unexplained(at(3)), LONGEST);
        assert_eq!(concealing.longest_unexplained(at(1_002)), LONGEST_AT_AN_END);
        assert_eq!(concealing.longest_unexplained(MediaTime::MIN), LONGEST);
    }

    #[test]
    fn a_frame_that_was_concealed_comes_late_once_only() {
        let mut concealing = Concealing::new();
        concealing.remember(at(5));
        assert!(concealing.remembers(at(5)) && !concealing.remembers(at(6)));
        assert!(concealing.take(at(5)));
        assert!(!concealing.take(at(5)) && !concealing.remembers(at(5)));
    }

    #[test]
    fn what_follows_a_faded_concealment_rises_from_its_level() {
        let mut concealing = Concealing::new();
        let mut sound = [1.0; 4];
        concealing.fade(&mut sound, 0.0, 4);
        assert_eq!(sound, [0.75, 0.5, 0.25, 0.0]);
        assert!(!concealing.is_audible());
        let mut sound = [1.0; 4];
        concealing.fade(&mut sound, 1.0, 2);
        assert_eq!(sound, [0.5, 1.0, 1.0, 1.0]);
    }
}
