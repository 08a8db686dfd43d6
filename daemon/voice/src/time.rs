//! Capture time.

use std::ops::Add;

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
