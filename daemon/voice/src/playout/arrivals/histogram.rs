//! How relative delays are spread, with the recent ones weighing most.

use super::copies;
use crate::SampleCount;

/// Bins of the histogram.
const BINS: usize = 300;

/// What one bin covers.
const BIN: SampleCount = SampleCount::from_millis(1);

/// Before any packet came, so many punctual ones are assumed: a stall right at the beginning, where devices are opened,
/// says little of the link, and two late packets say enough.
const ASSUMED: f32 = 200.0;

/// Packets after which the histogram alone decides.
const ENOUGH: u32 = 50;

/// The relative delays of the last packets.
#[derive(Debug)]
pub(super) struct Histogram {
    bins: [f32; BINS],
    /// The weight of all, in packets.
    weight: f32,
    /// Packets that came, up to [`ENOUGH`].
    observed: u32,
}

impl Histogram {
    pub(super) fn new() -> Self {
        let mut bins = [0.0; BINS];
        bins[0] = 1.0;
        Self {
            bins,
            weight: ASSUMED,
            observed: 0,
        }
    }

    /// Adds a packet's delay.
    pub(super) fn add(&mut self, delay: SampleCount) {
        self.observed = (self.observed + 1).min(ENOUGH);
        self.weight = (self.weight + 1.0).min(copies::MEMORY);
        let weight = 1.0 / self.weight;
        for bin in &mut self.bins {
            *bin *= 1.0 - weight;
        }
        let bin = usize::try_from(delay / BIN).unwrap_or(0);
        self.bins[bin.min(BINS - 1)] += weight;
    }

    /// Returns the delay that a share of packets stays below, rounded up to a millisecond.
    pub(super) fn percentile(&self, share: f32) -> SampleCount {
        let mut sum = 0.0;
        for (bin, weight) in self.bins.iter().enumerate() {
            sum += weight;
            if sum >= share {
                return BIN * (bin as i64 + 1);
            }
        }
        BIN * BINS as i64
    }

    /// Tells whether too few packets came to judge the link by them.
    pub(super) fn is_young(&self) -> bool {
        self.observed < ENOUGH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_delay_that_so_many_packets_stay_below() {
        let mut histogram = Histogram::new();
        for packet in 0..100 {
            let delay = if packet % 10 == 0 { 20 } else { 2 };
            assert_eq!(histogram.is_young(), packet < 50);
            histogram.add(SampleCount::from_millis(delay));
        }
        // Two thirds of all are assumed to have been punctual.
        assert_eq!(histogram.percentile(0.66), SampleCount::from_millis(1));
        assert_eq!(histogram.percentile(0.96), SampleCount::from_millis(3));
        assert_eq!(histogram.percentile(0.98), SampleCount::from_millis(21));
    }

    #[test]
    fn old_delays_are_forgotten_and_impossible_ones_counted_at_the_ends() {
        let mut histogram = Histogram::new();
        histogram.add(SampleCount::from_millis(1_000));
        assert_eq!(histogram.percentile(0.999), SampleCount::from_millis(300));
        for _ in 0..3_000 {
            histogram.add(SampleCount::new(-5));
        }
        assert_eq!(histogram.percentile(0.99), SampleCount::from_millis(1));
    }
}
