//! Packets that come together after a gap: somebody stood still, the sender, the network or we, and whatever held the
//! first of them held the others.
//!
//! Jitter is when each packet has a delay of its own, and is worth waiting for. A stall is one accident, however many
//! packets it holds back: it counts once, unless stalls come so often that they are how the link is.

use super::outages::SELDOM;
use crate::SampleCount;
use crate::playout::timeline::Moment;

/// Packets this close to the one before came together with it.
const TOGETHER: SampleCount = SampleCount::from_millis(2);

/// A gap in arrivals longer than this may end in the burst of a stall: a frame did not come in time by more than half.
const GAP: SampleCount = SampleCount::from_millis(15);

/// The stalls of one link.
#[derive(Debug, Default)]
pub(super) struct Stalls {
    /// When the last packet came.
    last: Option<Moment>,
    /// The packets that come together now, if they came after a gap.
    burst: Option<Burst>,
    /// When the last late packet after a gap came.
    stalled: Option<Moment>,
}

/// Packets that come together after a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Burst {
    /// None of them came late so far.
    InTime,
    /// One came late, after a stall that is one of few: the others say nothing more.
    OneOfFew,
    /// One came late, as it often happens.
    OneOfMany,
}

impl Stalls {
    /// Forgets them, because the sender's clock is another one.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Takes note of a packet; `late` tells that playback does not wait so long. Returns whether it says anything of the
    /// link that those before did not.
    pub(super) fn counts(&mut self, arrival: Moment, late: bool) -> bool {
        let gap = self
            .last
            .replace(arrival)
            .map_or(SampleCount::ZERO, |last| arrival - last);
        if gap > TOGETHER {
            self.burst = (gap > GAP).then_some(Burst::InTime);
        }
        if self.burst == Some(Burst::InTime) && late {
            let seldom = self
                .stalled
                .replace(arrival)
                .is_none_or(|stalled| arrival - stalled > SELDOM);
            self.burst = Some(if seldom {
                Burst::OneOfFew
            } else {
                Burst::OneOfMany
            });
            return true;
        }
        self.burst != Some(Burst::OneOfFew)
    }

    /// Tells whether the last packet was held back together with others, which its copies then do not stand for.
    pub(super) fn holds_back(&self) -> bool {
        self.burst == Some(Burst::OneOfFew)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: SampleCount = SampleCount::from_millis(1);

    /// How many packets count of `held` that come together at `arrival`, in milliseconds.
    fn counted(stalls: &mut Stalls, held: i64, arrival: i64, late: bool) -> usize {
        (0..held)
            .filter(|number| {
                let arrival = Moment::START + MS * arrival + SampleCount::new(*number);
                stalls.counts(arrival, late)
            })
            .count()
    }

    #[test]
    fn what_comes_together_after_a_stall_counts_once_unless_stalls_are_usual() {
        let mut stalls = Stalls::default();
        assert_eq!(counted(&mut stalls, 1, 0, false), 1);
        assert_eq!(counted(&mut stalls, 6, 1_000, true), 1);
        assert_eq!(counted(&mut stalls, 1, 1_010, false), 1);
        assert_eq!(counted(&mut stalls, 6, 3_000, true), 1);
        assert_eq!(counted(&mut stalls, 6, 3_500, true), 6);
        assert_eq!(counted(&mut stalls, 6, 5_000, true), 1);
    }

    #[test]
    fn of_a_burst_that_came_in_disorder_one_late_packet_counts() {
        let mut stalls = Stalls::default();
        assert_eq!(counted(&mut stalls, 1, 0, false), 1);
        assert_eq!(counted(&mut stalls, 1, 50, false), 1);
        assert_eq!(counted(&mut stalls, 3, 51, true), 1);
        assert!(stalls.holds_back());
    }

    #[test]
    fn pairs_that_playback_waits_for_and_packets_that_were_overtaken_count() {
        let mut stalls = Stalls::default();
        assert_eq!(counted(&mut stalls, 2, 1_000, false), 2);
        assert_eq!(counted(&mut stalls, 1, 1_010, true), 1);
        assert_eq!(counted(&mut stalls, 2, 1_011, true), 2);
        assert!(!stalls.holds_back());
    }
}
