//! Places in what comes out of the processing.

use std::ops::{Add, AddAssign};

use crate::{SampleCount, SampleTime};

/// A sample of the processing's output, counted like the captured ones.
///
/// Without processing it is the captured sample of the same number. With it, what was captured then comes out later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OutputTime(SampleTime);

impl OutputTime {
    /// The beginning.
    pub(super) const START: Self = Self(SampleTime::START);

    /// Returns the sample of the output that takes the place of this captured one.
    #[inline]
    pub(super) const fn in_place_of(captured: SampleTime) -> Self {
        Self(captured)
    }

    /// Returns the samples since `earlier`; none if that is later.
    #[inline]
    pub(super) const fn since(self, earlier: Self) -> SampleCount {
        self.0.since(earlier.0)
    }
}

impl Add<SampleCount> for OutputTime {
    type Output = Self;

    #[inline]
    fn add(self, count: SampleCount) -> Self {
        Self(self.0 + count)
    }
}

impl AddAssign<SampleCount> for OutputTime {
    #[inline]
    fn add_assign(&mut self, count: SampleCount) {
        *self = *self + count;
    }
}
