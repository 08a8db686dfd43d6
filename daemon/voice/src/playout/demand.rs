//! What playback asks for: how much at once, and whether without interruption.

use super::timeline::Moment;
use crate::SampleCount;

/// Playback that was not asked for sound for longer than this has skipped it, and goes on where it is then: more than
/// a busy machine makes a turn late.
const SKIPPED: SampleCount = SampleCount::from_millis(8);

/// Playback that was not asked for sound for as long as this starts anew.
pub(super) const NOT_PULLED: SampleCount = SampleCount::from_millis(100);

/// How a pull follows the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pull {
    /// It is the first.
    First,
    /// Without interruption.
    Onward,
    /// So much was left out.
    Skipped(SampleCount),
    /// After so long that playback starts anew.
    Anew,
}

/// What was asked for so far.
#[derive(Debug)]
pub(super) struct Demand {
    /// The longest block of this window, and of the one before.
    current: SampleCount,
    previous: SampleCount,
    left: u32,
    /// The end of the last block.
    until: Option<Moment>,
}

impl Demand {
    /// Pulls in a window: 2.5 to 10 s, by their length.
    const WINDOW: u32 = 1000;
    /// Assumed before anything was asked for.
    const INITIAL: SampleCount = SampleCount::from_millis(5);
    /// More than this at once is catching up rather than playing.
    const MAX: SampleCount = SampleCount::from_millis(20);

    pub(super) fn new() -> Self {
        Self {
            current: SampleCount::ZERO,
            previous: SampleCount::ZERO,
            left: Self::WINDOW,
            until: None,
        }
    }

    /// Takes note that playback has moved on by `count` from `start`, heard or not.
    pub(super) fn pass(&mut self, start: Moment, count: SampleCount) -> Pull {
        let Some(until) = self.until.replace(start + count) else {
            return Pull::First;
        };
        let missed = start - until;
        if is_skip(missed) {
            Pull::Skipped(missed)
        } else if missed.abs() > NOT_PULLED {
            Pull::Anew
        } else {
            Pull::Onward
        }
    }

    /// Takes note of the length of a block that was asked for.
    pub(super) fn observe(&mut self, count: SampleCount) {
        self.current = self.current.max(count.min(Self::MAX));
        self.left -= 1;
        if self.left == 0 {
            self.previous = std::mem::replace(&mut self.current, SampleCount::ZERO);
            self.left = Self::WINDOW;
        }
    }

    /// Forgets where playback is.
    pub(super) fn forget_place(&mut self) {
        self.until = None;
    }

    /// Tells whether sound is overdue at `moment`, but not for so long that playback starts anew: we stood still.
    pub(super) fn stood_still(&self, moment: Moment) -> bool {
        self.until.is_some_and(|until| is_skip(moment - until))
    }

    /// Returns the longest block asked for lately.
    pub(super) fn longest(&self) -> SampleCount {
        let longest = self.current.max(self.previous);
        if longest == SampleCount::ZERO {
            Self::INITIAL
        } else {
            longest
        }
    }
}

fn is_skip(missed: SampleCount) -> bool {
    (SKIPPED..=NOT_PULLED).contains(&missed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: SampleCount = SampleCount::from_millis(1);

    fn at(milliseconds: i64) -> Moment {
        Moment::START + MS * milliseconds
    }

    #[test]
    fn a_pull_is_late_skips_or_starts_anew_by_how_long_nothing_was_asked_for() {
        let mut demand = Demand::new();
        assert_eq!(demand.pass(at(0), MS * 10), Pull::First);
        assert_eq!(demand.pass(at(17), MS * 10), Pull::Onward);
        assert_eq!(demand.pass(at(35), MS * 10), Pull::Skipped(MS * 8));
        assert!(!demand.stood_still(at(52)));
        assert!(demand.stood_still(at(53)) && demand.stood_still(at(145)));
        assert!(!demand.stood_still(at(146)));
        assert_eq!(demand.pass(at(146), MS * 10), Pull::Anew);
        assert_eq!(demand.pass(at(0), MS * 10), Pull::Anew);
        demand.forget_place();
        assert_eq!(demand.pass(at(500), MS * 10), Pull::First);
    }

    #[test]
    fn the_longest_block_is_remembered_for_a_window_or_two() {
        let mut demand = Demand::new();
        assert_eq!(demand.longest(), Demand::INITIAL);
        demand.observe(MS * 500);
        assert_eq!(demand.longest(), Demand::MAX);
        for _ in 0..2 * Demand::WINDOW - 1 {
            demand.observe(MS);
        }
        assert_eq!(demand.longest(), MS);
    }
}
