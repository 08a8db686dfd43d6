//! Time in samples.

use std::ops::Add;
use std::time::Duration;

use crate::SAMPLE_RATE;

/// How long so many samples last at 48 kHz; rounded down to a nanosecond.
pub const fn duration_of(samples: u64) -> Duration {
    Duration::from_nanos(samples.saturating_mul(1_000_000) / (SAMPLE_RATE as u64 / 1000))
}

/// A moment of the capture clock: 48 kHz samples captured since voice was entered.
///
/// It advances through mute, closed gates and overruns, and names samples, not instants: `SampleTime(0)` is
/// the first sample that was captured, and a change "at" a sample time holds from that sample on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SampleTime(pub u64);

impl Add<u64> for SampleTime {
    type Output = Self;

    fn add(self, samples: u64) -> Self {
        Self(self.0 + samples)
    }
}
