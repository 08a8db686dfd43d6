//! When the sound is made a little shorter or longer, to bring what is held to the target.

use crate::{SAMPLE_RATE, SampleCount};

/// Changes of length are at least this far apart.
const PAUSE: SampleCount = SampleCount::from_millis(30);
/// In voice the delay may be this much above the target before it is shortened. Pauses come soon, and
/// there nobody hears it.
const ABOVE: SampleCount = SampleCount::from_millis(8);
/// In voice the delay may be this much below the target before it is lengthened, and the time that is
/// only kept for copies, up to [`FARTHEST_BELOW`] in all.
const BELOW: SampleCount = SampleCount::from_millis(1);
/// See [`BELOW`].
const FARTHEST_BELOW: SampleCount = SampleCount::from_millis(4);
/// In silence the delay is kept this close to the target.
const SILENT_MARGIN: SampleCount = SampleCount::from_millis(1);
/// Far above the target even a poor match is cut.
const FAR_ABOVE: SampleCount = SampleCount::from_millis(20);
/// How alike two pitch periods must be for one to be removed or repeated.
const ALIKE: f32 = 0.8;
/// The same, far above the target.
const SOMEWHAT_ALIKE: f32 = 0.5;
/// What may be removed from a second of voice.
const REMOVABLE_PER_SECOND: SampleCount = SampleCount::from_millis(10);
/// What of that may be saved up: the longest pitch period.
const REMOVABLE_MAX: SampleCount = SampleCount::from_millis(15);
/// The most that is removed or repeated at once in silence.
const MOST_IN_SILENCE: usize = SampleCount::from_millis(10).length();

/// What is removed from each second of voice that was received to catch up after a stall: it is played 1.3 times as fast.
const CAUGHT_UP_PER_SECOND: SampleCount = SampleCount::from_millis(230);
/// Playback has caught up when no more than this is held beyond the target.
const CAUGHT_UP: SampleCount = SampleCount::from_millis(2);
/// How alike two pitch periods, or two places in a hiss, must be for one to be removed while playback catches up.
const HARDLY_ALIKE: f32 = 0.3;
/// The most that is removed at once in silence while playback catches up.
const MOST_TO_CATCH_UP: usize = SampleCount::from_millis(25).length();
/// Changes of length are this far apart while playback catches up.
const SHORT_PAUSE: SampleCount = SampleCount::from_millis(20);

/// What should be done about the length of the sound. The numbers are samples, with fractions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Change {
    /// Nothing.
    None,
    /// So much is held beyond the target.
    Shorten { excess: f32 },
    /// So much is missing to the target.
    Lengthen { missing: f32 },
}

/// What is held, and how much of the sound may be taken out. Both in samples with fractions, because they are averages.
#[derive(Debug)]
pub(super) struct Stretch {
    /// What is held, smoothed.
    hold: f32,
    /// What was played since the last change of length.
    since: SampleCount,
    /// What may be removed from voice.
    removable: f32,
    /// Whether playback is behind because of a stall.
    behind: bool,
}

impl Stretch {
    pub(super) fn new() -> Self {
        Self {
            hold: 0.0,
            since: SampleCount::ZERO,
            removable: 0.0,
            behind: false,
        }
    }

    /// Returns what is held on average.
    pub(super) fn hold(&self) -> SampleCount {
        SampleCount::new(self.hold as i64)
    }

    /// Plays faster until what is held is no more than the target.
    pub(super) fn catch_up(&mut self) {
        self.behind = true;
        self.removable = REMOVABLE_MAX.as_f32();
    }

    /// Tells whether it does.
    pub(super) fn is_catching_up(&self) -> bool {
        self.behind
    }

    /// Begins sound with this hold.
    pub(super) fn begin(&mut self, hold: SampleCount) {
        self.since = SampleCount::ZERO;
        self.jump(hold);
    }

    /// Takes note that what is held has changed to this.
    pub(super) fn jump(&mut self, hold: SampleCount) {
        self.hold = hold.as_f32();
    }

    /// Takes note that playback goes back by so much.
    pub(super) fn go_back(&mut self, count: SampleCount) {
        self.hold += count.as_f32();
    }

    /// Measures what is held.
    pub(super) fn observe(&mut self, hold: SampleCount) {
        self.hold += (hold.as_f32() - self.hold) / 16.0;
    }

    /// Takes note that so much was played.
    pub(super) fn played(&mut self, count: usize) {
        self.since += SampleCount::of_length(count);
    }

    /// Takes note that so much was received: of that a little may be removed.
    pub(super) fn received(&mut self, count: usize) {
        let share = count as f32 / SAMPLE_RATE as f32;
        let rate = if self.behind {
            CAUGHT_UP_PER_SECOND
        } else {
            REMOVABLE_PER_SECOND
        };
        let more = rate.as_f32() * share;
        self.removable = (self.removable + more).min(REMOVABLE_MAX.as_f32());
    }

    /// Tells whether the last change of length is long enough ago.
    pub(super) fn is_due(&self) -> bool {
        self.since >= if self.behind { SHORT_PAUSE } else { PAUSE }
    }

    /// Chooses what to do if a change [is due](Self::is_due). `reserve` is the part of the target that only copies need, `quiet` tells that the sound is
    /// background.
    pub(super) fn choose(
        &mut self,
        target: SampleCount,
        reserve: SampleCount,
        quiet: bool,
    ) -> Change {
        let excess = self.hold - target.as_f32();
        self.behind &= excess > CAUGHT_UP.as_f32();
        let (above, below) = if quiet || self.behind {
            (SILENT_MARGIN.as_f32(), SILENT_MARGIN.as_f32())
        } else {
            (ABOVE.as_f32(), below(reserve))
        };
        if excess > above {
            Change::Shorten { excess }
        } else if excess < -below {
            Change::Lengthen { missing: -excess }
        } else {
            Change::None
        }
    }

    /// Returns how much may be removed from voice, and how alike two pitch periods must be for that.
    pub(super) fn removable(&self, excess: f32, reserve: SampleCount) -> (usize, f32) {
        let needed = if self.behind {
            HARDLY_ALIKE
        } else if excess > FAR_ABOVE.as_f32() {
            SOMEWHAT_ALIKE
        } else {
            ALIKE
        };
        let limit = (excess + below(reserve)).min(self.removable);
        (limit as usize, needed)
    }

    /// Returns how much may be removed at once from silence.
    pub(super) fn removable_in_silence(&self, excess: f32) -> usize {
        if self.behind {
            (excess as usize).min(MOST_TO_CATCH_UP)
        } else {
            in_silence(excess)
        }
    }

    /// Takes note that so much was removed, from voice or from silence.
    pub(super) fn removed(&mut self, count: usize, voice: bool) {
        if voice {
            self.removable -= count as f32;
        }
        if count > 0 {
            self.since = SampleCount::ZERO;
            self.hold -= count as f32;
        }
    }

    /// Takes note that so much was added.
    pub(super) fn added(&mut self, count: usize) {
        if count > 0 {
            self.since = SampleCount::ZERO;
            self.hold += count as f32;
        }
    }
}

/// Returns how much is removed or repeated at once in silence to make up for `distance`.
pub(super) fn in_silence(distance: f32) -> usize {
    (distance as usize).min(MOST_IN_SILENCE)
}

/// Returns the longest pitch period that may be repeated where so much is `missing`, and how alike two must be for that.
pub(super) fn repeatable(missing: f32) -> (usize, f32) {
    ((missing + ABOVE.as_f32()) as usize, ALIKE)
}

/// Returns how far in voice the delay may fall below the target.
fn below(reserve: SampleCount) -> f32 {
    (BELOW + reserve).min(FARTHEST_BELOW).as_f32()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: SampleCount = SampleCount::from_millis(1);

    /// Holds so many milliseconds, 30 ms after the last change.
    fn holding(milliseconds: i64) -> Stretch {
        let mut stretch = Stretch::new();
        stretch.begin(MS * milliseconds);
        stretch.played(PAUSE.length());
        stretch
    }

    #[test]
    fn in_voice_the_delay_may_stray_farther_than_in_silence() {
        let choose = |hold, quiet| holding(hold).choose(MS * 20, SampleCount::ZERO, quiet);
        assert_eq!(choose(28, false), Change::None);
        assert_eq!(choose(29, false), Change::Shorten { excess: 432.0 });
        assert_eq!(choose(22, true), Change::Shorten { excess: 96.0 });
        assert_eq!(choose(19, false), Change::None);
        assert_eq!(choose(18, false), Change::Lengthen { missing: 96.0 });
    }

    #[test]
    fn what_is_only_kept_for_copies_may_be_missing_in_part() {
        let choose = |hold| holding(hold).choose(MS * 20, MS * 10, false);
        assert_eq!(choose(16), Change::None);
        assert_eq!(choose(15), Change::Lengthen { missing: 240.0 });
    }

    #[test]
    fn changes_are_30_ms_apart() {
        let mut stretch = holding(40);
        assert!(stretch.is_due());
        stretch.removed(100, true);
        assert!(!stretch.is_due());
        stretch.played(PAUSE.length() - 1);
        assert!(!stretch.is_due());
        stretch.played(1);
        assert!(stretch.is_due());
        let change = stretch.choose(MS * 20, SampleCount::ZERO, false);
        assert_eq!(change, Change::Shorten { excess: 860.0 });
    }

    #[test]
    fn what_was_missed_is_caught_up_with_at_1_3_times_the_pace_and_not_beyond_the_target() {
        let mut stretch = holding(220);
        stretch.catch_up();
        let (mut played, mut hold) = (0, 220 * 48);
        while stretch.is_catching_up() {
            stretch.received(1_440);
            let mut removed = 0;
            let change = stretch.choose(MS * 20, SampleCount::ZERO, false);
            if let (true, Change::Shorten { excess }) = (stretch.is_due(), change) {
                let (limit, alike) = stretch.removable(excess, SampleCount::ZERO);
                assert_eq!(alike, HARDLY_ALIKE);
                removed = limit;
                stretch.removed(removed, true);
            }
            hold -= removed;
            played += 1_440 - removed;
            stretch.played(1_440 - removed);
        }
        assert!((19 * 48..=22 * 48).contains(&hold), "{hold}");
        assert!((27_000..36_000).contains(&played), "{played}");
    }

    #[test]
    fn from_voice_no_more_is_removed_than_was_saved_up() {
        let mut stretch = holding(60);
        assert_eq!(
            stretch.removable(1_000.0, SampleCount::ZERO),
            (0, SOMEWHAT_ALIKE)
        );
        for _ in 0..1_000 {
            stretch.received(480);
        }
        assert_eq!(stretch.removable(1_000.0, SampleCount::ZERO).0, 720);
        stretch.removed(700, true);
        assert_eq!(stretch.removable(500.0, SampleCount::ZERO), (20, ALIKE));
        stretch.removed(300, false);
        assert_eq!(stretch.removable(500.0, SampleCount::ZERO), (20, ALIKE));
    }
}
