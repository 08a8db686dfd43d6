//! Our timeline beside the sender's, and the distance between the two.

use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

use crate::{MediaTime, SampleCount};

/// A moment of our own clock, told in samples so that it can be compared with a sender's timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(SampleCount);

impl Moment {
    /// The beginning of our clock.
    pub(super) const START: Self = Self(SampleCount::ZERO);

    /// Returns the moment `now`.
    #[inline]
    pub(super) fn at(now: Duration) -> Self {
        Self(SampleCount::during(now))
    }
}

impl Add<SampleCount> for Moment {
    type Output = Self;

    #[inline]
    fn add(self, count: SampleCount) -> Self {
        Self(self.0 + count)
    }
}

impl AddAssign<SampleCount> for Moment {
    #[inline]
    fn add_assign(&mut self, count: SampleCount) {
        *self = *self + count;
    }
}

impl Sub<SampleCount> for Moment {
    type Output = Self;

    #[inline]
    fn sub(self, count: SampleCount) -> Self {
        Self(self.0 - count)
    }
}

impl Sub for Moment {
    type Output = SampleCount;

    #[inline]
    fn sub(self, earlier: Self) -> SampleCount {
        self.0 - earlier.0
    }
}

/// Our moment less the sender's timestamp: how far apart the two timelines lie, and how long the packet took.
///
/// Alone it means nothing, because neither clock's beginning does; a difference of two is a delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Offset(SampleCount);

impl Offset {
    /// Of two clocks that began together.
    pub(super) const NONE: Self = Self(SampleCount::ZERO);

    /// Larger than any: stands where nothing was measured, when the smallest is sought.
    pub(super) const LARGEST: Self = Self(SampleCount::new(i64::MAX));
}

impl Add<SampleCount> for Offset {
    type Output = Self;

    #[inline]
    fn add(self, count: SampleCount) -> Self {
        Self(self.0 + count)
    }
}

impl Sub for Offset {
    type Output = SampleCount;

    #[inline]
    fn sub(self, other: Self) -> SampleCount {
        self.0 - other.0
    }
}

/// Tells how far a packet of this timestamp that came at this moment lies from the other timeline.
impl Sub<MediaTime> for Moment {
    type Output = Offset;

    #[inline]
    fn sub(self, timestamp: MediaTime) -> Offset {
        Offset(self.0 - timestamp.since_start())
    }
}

/// Tells when a packet of this timestamp comes that takes as long as one of this offset.
impl Add<Offset> for MediaTime {
    type Output = Moment;

    #[inline]
    fn add(self, offset: Offset) -> Moment {
        Moment(self.since_start() + offset.0)
    }
}

/// Tells which timestamp has a packet that comes at this moment and took as long as one of this offset.
impl Sub<Offset> for Moment {
    type Output = MediaTime;

    #[inline]
    fn sub(self, offset: Offset) -> MediaTime {
        MediaTime::START + (self.0 - offset.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    #[test]
    fn an_offset_leads_from_one_timeline_to_the_other_and_back() {
        let sent = MediaTime::first(Timestamp::new(u32::MAX));
        let came = Moment::at(Duration::from_secs(3));
        let offset = came - sent;
        assert_eq!(sent + offset, came);
        assert_eq!(came - offset, sent);
        let later = offset + SampleCount::from_millis(20);
        assert_eq!(later - offset, SampleCount::from_millis(20));
        assert_eq!(sent + later - came, SampleCount::from_millis(20));
        assert!(offset < later && later < Offset::LARGEST);
    }
}
