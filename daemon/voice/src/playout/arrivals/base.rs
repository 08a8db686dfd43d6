//! The offset of the fastest packets, which tells how the sender's clock lies to ours.

use crate::SampleCount;
use crate::playout::timeline::{Moment, Offset};

/// The base is the minimum over this many windows.
const WINDOWS: usize = 8;

/// The length of one window.
const WINDOW: SampleCount = SampleCount::from_millis(500);

/// How fast two sound devices' clocks may drift apart, in samples a million. ±200 and a reserve.
const DRIFT: i64 = 300;

/// An offset this far from the base is another clock.
const ANOTHER_CLOCK: SampleCount = SampleCount::from_millis(5_000);

/// How a packet's clock stands to that of those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// There was none before.
    First,
    /// Its timestamps have nothing to do with those before.
    Another,
    /// It is the same; so long nothing had arrived.
    Same { gap: SampleCount },
}

/// The smallest offset of the last seconds.
#[derive(Debug)]
pub(super) struct Base {
    smallest: Option<Offset>,
    windows: [Offset; WINDOWS],
    window: usize,
    window_end: Moment,
    last_arrival: Moment,
}

impl Base {
    pub(super) fn new() -> Self {
        Self {
            smallest: None,
            windows: [Offset::LARGEST; WINDOWS],
            window: 0,
            window_end: Moment::START,
            last_arrival: Moment::START,
        }
    }

    /// Forgets the sender's clock.
    pub(super) fn forget(&mut self) {
        self.smallest = None;
    }

    /// Returns the base, once a packet has come.
    pub(super) fn offset(&self) -> Option<Offset> {
        self.smallest
    }

    /// Returns what a packet of this offset took beyond the fastest ones.
    pub(super) fn delay(&self, offset: Offset) -> SampleCount {
        offset - self.smallest.unwrap_or(offset)
    }

    /// Takes note of a packet.
    pub(super) fn packet(&mut self, offset: Offset, arrival: Moment) -> Clock {
        let gap = arrival - self.last_arrival;
        self.last_arrival = self.last_arrival.max(arrival);
        let Some(base) = self.smallest else {
            self.restart(offset, arrival);
            return Clock::First;
        };
        if (offset - base).abs() > ANOTHER_CLOCK {
            self.restart(offset, arrival);
            return Clock::Another;
        }
        if gap > WINDOW * WINDOWS as i64 {
            // Nothing is left in the windows. The clocks have drifted by at most so much.
            let drifted = base + gap.millionths(DRIFT);
            self.restart(offset.min(drifted), arrival);
        } else {
            self.follow(offset, arrival);
        }
        Clock::Same { gap }
    }

    /// Begins anew with this offset.
    pub(super) fn restart(&mut self, offset: Offset, arrival: Moment) {
        self.windows = [Offset::LARGEST; WINDOWS];
        self.windows[0] = offset;
        self.window = 0;
        self.window_end = arrival + WINDOW;
        self.last_arrival = arrival;
        self.smallest = Some(offset);
    }

    fn follow(&mut self, offset: Offset, arrival: Moment) {
        while arrival >= self.window_end {
            self.window = (self.window + 1) % WINDOWS;
            self.windows[self.window] = Offset::LARGEST;
            self.window_end += WINDOW;
        }
        let smallest = &mut self.windows[self.window];
        *smallest = offset.min(*smallest);
        self.smallest = self.windows.iter().copied().min();
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
    fn the_fastest_packet_of_four_seconds_is_the_base() {
        let mut base = Base::new();
        assert_eq!(base.packet(took(7), at(0)), Clock::First);
        base.packet(took(3), at(10));
        base.packet(took(9), at(20));
        assert_eq!(base.offset(), Some(took(3)));
        assert_eq!(base.delay(took(9)), MS * 6);
        for packet in 1..=40 {
            base.packet(took(5), at(20 + 100 * packet));
        }
        assert_eq!(base.offset(), Some(took(5)));
    }

    #[test]
    fn after_a_long_pause_a_slow_packet_moves_the_base_by_no_more_than_clocks_drift() {
        let mut base = Base::new();
        base.packet(took(3), at(0));
        let gap = MS * 10_000;
        assert_eq!(base.packet(took(90), at(10_000)), Clock::Same { gap });
        assert_eq!(base.offset(), Some(took(3) + MS * 3));
    }

    #[test]
    fn a_jump_of_more_than_five_seconds_is_another_clock() {
        let mut base = Base::new();
        base.packet(took(3), at(0));
        assert_eq!(base.packet(took(5_004), at(10)), Clock::Another);
        assert_eq!(base.offset(), Some(took(5_004)));
        base.forget();
        assert_eq!(base.packet(took(3), at(20)), Clock::First);
    }
}
