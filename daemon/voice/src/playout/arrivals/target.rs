//! What playback holds beyond the fastest packets, changed no more often than it is worth.

use crate::playout::PlayoutConfig;
use crate::{FrameLength, SampleCount};

/// Packets for which the target must have been too low before it is raised, unless one came too late for
/// it, or copies do: 300 ms of talk.
const PERSISTENT: u32 = 30;

/// The target is not lowered by less than this: 1.5 ms.
const CALM: SampleCount = SampleCount::new(72);

/// The target delay.
#[derive(Debug)]
pub(super) struct Target {
    /// For when the playback thread wakes up.
    margin: SampleCount,
    initial: SampleCount,
    max: SampleCount,
    value: SampleCount,
    /// What of the target is only there for copies.
    reserve: SampleCount,
    /// Packets in a row that would have the target raised.
    rising: u32,
}

impl Target {
    pub(super) fn new(config: &PlayoutConfig) -> Self {
        let initial = SampleCount::during(config.initial_target);
        Self {
            margin: SampleCount::during(config.margin),
            initial,
            max: SampleCount::during(config.max_target).max(FrameLength::Usual.count()),
            value: initial,
            reserve: SampleCount::ZERO,
            rising: 0,
        }
    }

    /// Returns what playback should hold.
    pub(super) fn value(&self) -> SampleCount {
        self.value
    }

    /// Returns what of that is only there for copies.
    pub(super) fn reserve(&self) -> SampleCount {
        self.reserve
    }

    /// Chooses anew after a packet with this delay. `punctual` is what packets need; `copies`, if playback waits for
    /// copies, what those need. `young` tells that too few packets came to go below the initial target.
    pub(super) fn choose(
        &mut self,
        punctual: SampleCount,
        copies: Option<SampleCount>,
        young: bool,
        delay: SampleCount,
    ) {
        let for_jitter = punctual + self.margin;
        let for_copies = copies.map_or(SampleCount::ZERO, |copies| copies + self.margin / 2);
        let mut target = for_jitter.max(for_copies);
        if young {
            target = target.max(self.initial);
        }
        let target = target.min(self.max);
        // A percentile that flickers between two milliseconds is no reason to stretch sound to and fro.
        self.rising = if target > self.value {
            self.rising + 1
        } else {
            0
        };
        let too_low = self.rising > PERSISTENT
            || target > self.value && delay > self.value
            || for_copies.min(self.max) > self.value + CALM;
        if too_low || target < self.value - CALM.max(self.value / 8) {
            self.value = target;
            self.rising = 0;
        }
        self.reserve = (self.value - for_jitter).max(SampleCount::ZERO);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MS: SampleCount = SampleCount::from_millis(1);

    /// A target of 15 ms with a margin of 2 ms.
    fn target() -> Target {
        Target::new(&PlayoutConfig {
            initial_target: Duration::from_millis(15),
            ..PlayoutConfig::default()
        })
    }

    #[test]
    fn a_target_too_low_is_raised_at_once_for_a_late_packet_and_else_when_it_lasts() {
        let mut target = target();
        target.choose(MS * 30, None, false, MS * 20);
        assert_eq!(target.value(), MS * 32);
        for _ in 0..PERSISTENT {
            target.choose(MS * 40, None, false, MS);
            assert_eq!(target.value(), MS * 32);
        }
        target.choose(MS * 40, None, false, MS);
        assert_eq!(target.value(), MS * 42);
    }

    #[test]
    fn a_target_is_lowered_when_it_is_worth_it_and_not_before_the_link_is_known() {
        let mut target = target();
        target.choose(MS, None, true, MS);
        assert_eq!(target.value(), MS * 15);
        target.choose(MS * 12, None, false, MS);
        assert_eq!(target.value(), MS * 15);
        target.choose(MS, None, false, MS);
        assert_eq!(target.value(), MS * 3);
    }

    #[test]
    fn what_only_copies_need_is_the_reserve() {
        let mut target = target();
        target.choose(MS * 3, Some(MS * 20), false, MS * 16);
        assert_eq!(target.value(), MS * 21);
        assert_eq!(target.reserve(), MS * 16);
    }

    #[test]
    fn no_target_is_longer_than_permitted() {
        let mut target = target();
        target.choose(MS * 300, None, false, MS * 300);
        assert_eq!(target.value(), MS * 250);
    }
}
