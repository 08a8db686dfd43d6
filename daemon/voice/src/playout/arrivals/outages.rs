//! Gaps in arrival that end in a burst: the network stood still, and then everything came at once.

use crate::SampleCount;
use crate::playout::timeline::{Moment, Offset};

/// A gap in arrivals longer than this that ends in a burst is an outage.
const GAP: SampleCount = SampleCount::from_millis(50);

/// The relative delay from which a packet after such a gap counts as part of a burst.
const DELAY: SampleCount = SampleCount::from_millis(40);

/// Gaps shorter than this that come again within [`SELDOM`] are how the link is, and playback should wait for
/// them.
const ALWAYS: SampleCount = SampleCount::from_millis(100);

/// The time between stalls that are not worth waiting for.
pub(super) const SELDOM: SampleCount = SampleCount::from_millis(1_000);

/// How long a burst may take. Packets that are late after that are late for good.
const LONGEST_BURST: SampleCount = SampleCount::from_millis(60);

/// What becomes of a burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Burst {
    /// There is none, or it is over.
    None,
    /// Its packets come in, and say nothing of the link's usual delay.
    ComesIn,
    /// It does not catch up: the way has become longer, to this smallest offset.
    Stays(Offset),
}

/// The outages of one link.
#[derive(Debug, Default)]
pub(super) struct Outages {
    /// Set while a burst after an outage comes in: when it began, and the smallest offset in it.
    burst: Option<(Moment, Offset)>,
    /// When the last such burst began.
    last: Option<Moment>,
}

impl Outages {
    /// Forgets them, because the sender's clock is another one.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Takes note of a packet that came after a `gap`; tells whether an outage ended with it.
    pub(super) fn begins(
        &mut self,
        arrival: Moment,
        offset: Offset,
        gap: SampleCount,
        delay: SampleCount,
    ) -> bool {
        if self.burst.is_some() || gap <= GAP || delay <= DELAY {
            return false;
        }
        let seldom = self
            .last
            .replace(arrival)
            .is_none_or(|last| arrival - last > SELDOM);
        let begins = seldom || gap > ALWAYS;
        if begins {
            self.burst = Some((arrival, offset));
        }
        begins
    }

    /// Goes on with the burst, if one comes in. `caught_up` tells that playback waits long enough for this packet.
    pub(super) fn burst(&mut self, arrival: Moment, offset: Offset, caught_up: bool) -> Burst {
        let Some((began, smallest)) = &mut self.burst else {
            return Burst::None;
        };
        *smallest = offset.min(*smallest);
        let (began, smallest) = (*began, *smallest);
        if caught_up {
            self.burst = None;
            Burst::None
        } else if arrival - began > LONGEST_BURST {
            self.burst = None;
            Burst::Stays(smallest)
        } else {
            Burst::ComesIn
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: SampleCount = SampleCount::from_millis(1);

    fn at(milliseconds: i64) -> Moment {
        Moment::START + MS * milliseconds
    }

    fn took(milliseconds: i64) -> Offset {
        Offset::NONE + MS * milliseconds
    }

    #[test]
    fn a_gap_that_ends_in_a_late_packet_is_an_outage_and_a_pause_is_none() {
        let mut outages = Outages::default();
        assert!(!outages.begins(at(0), took(0), MS * 500, MS));
        assert!(!outages.begins(at(0), took(60), MS * 50, MS * 60));
        assert!(outages.begins(at(0), took(60), MS * 60, MS * 60));
    }

    #[test]
    fn short_gaps_that_come_every_second_are_how_the_link_is() {
        let mut outages = Outages::default();
        assert!(outages.begins(at(0), took(70), MS * 70, MS * 70));
        assert_eq!(outages.burst(at(1), took(5), true), Burst::None);
        assert!(!outages.begins(at(900), took(70), MS * 70, MS * 70));
        assert!(outages.begins(at(901), took(120), MS * 120, MS * 120));
    }

    #[test]
    fn a_burst_that_does_not_catch_up_is_a_longer_way() {
        let mut outages = Outages::default();
        assert!(outages.begins(at(0), took(80), MS * 80, MS * 80));
        assert_eq!(outages.burst(at(0), took(80), false), Burst::ComesIn);
        assert_eq!(outages.burst(at(40), took(75), false), Burst::ComesIn);
        assert_eq!(
            outages.burst(at(61), took(90), false),
            Burst::Stays(took(75))
        );
        assert_eq!(outages.burst(at(62), took(90), false), Burst::None);
    }
}
