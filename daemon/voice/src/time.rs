//! Time in samples: how many, and which.
//!
//! Three timelines count samples of 48 kHz, and a type for each keeps them apart:
//!
//! - [`SampleTime`] is our own capture clock.
//! - [`Timestamp`] names a sample of some sender, as packets do: modulo 2³², from a random start.
//! - [`MediaTime`] is a sender's timestamp with its laps, so that it never wraps.
//!
//! What lies between two moments of one timeline is a [`SampleCount`].

use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};
use std::time::Duration;

use crate::SAMPLE_RATE;

/// Returns how long so many samples last at 48 kHz; rounded down to a nanosecond.
pub const fn duration_of(samples: u64) -> Duration {
    Duration::from_nanos(samples.saturating_mul(1_000_000) / (SAMPLE_RATE as u64 / 1000))
}

/// A number of samples at 48 kHz, or the distance between two of them. A distance may be negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SampleCount(i64);

impl SampleCount {
    /// No samples.
    pub const ZERO: Self = Self(0);

    /// Returns this number of samples.
    #[inline]
    pub const fn new(samples: i64) -> Self {
        Self(samples)
    }

    /// Returns the number of samples in a stretch of sound.
    #[inline]
    pub const fn of_length(samples: usize) -> Self {
        Self(samples as i64)
    }

    /// Returns the samples in so many milliseconds.
    #[inline]
    pub const fn from_millis(milliseconds: i64) -> Self {
        Self(milliseconds * (SAMPLE_RATE as i64 / 1000))
    }

    /// Returns the samples that are captured or played in `time`, rounded down.
    #[inline]
    pub fn during(time: Duration) -> Self {
        // Far beyond any uptime it stops rather than wraps.
        let count = time.as_nanos() * u128::from(SAMPLE_RATE) / 1_000_000_000;
        Self(
            i64::try_from(count)
                .unwrap_or(i64::MAX / 4)
                .min(i64::MAX / 4),
        )
    }

    /// Returns how many there are.
    #[inline]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// Returns how many there are, as the length of a stretch of sound: none if the distance is negative.
    #[inline]
    pub const fn length(self) -> usize {
        if self.0 > 0 { self.0 as usize } else { 0 }
    }

    /// Returns how long they last. A negative distance lasts no time.
    #[inline]
    pub const fn duration(self) -> Duration {
        duration_of(if self.0 > 0 { self.0 as u64 } else { 0 })
    }

    /// Returns how many there are, for averages.
    #[inline]
    pub const fn as_f32(self) -> f32 {
        self.0 as f32
    }

    /// Returns the distance without its direction.
    #[inline]
    pub const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// Adds `other`, as far as it can be counted.
    #[inline]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Returns so many millionths of it.
    #[inline]
    pub const fn millionths(self, share: i64) -> Self {
        Self(self.0.saturating_mul(share) / 1_000_000)
    }
}

impl Add for SampleCount {
    type Output = Self;

    #[inline]
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for SampleCount {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for SampleCount {
    type Output = Self;

    #[inline]
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl SubAssign for SampleCount {
    #[inline]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Neg for SampleCount {
    type Output = Self;

    #[inline]
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Mul<i64> for SampleCount {
    type Output = Self;

    #[inline]
    fn mul(self, times: i64) -> Self {
        Self(self.0 * times)
    }
}

impl Div<i64> for SampleCount {
    type Output = Self;

    #[inline]
    fn div(self, parts: i64) -> Self {
        Self(self.0 / parts)
    }
}

/// Tells how often one stretch fits into another.
impl Div for SampleCount {
    type Output = i64;

    #[inline]
    fn div(self, stretch: Self) -> i64 {
        self.0 / stretch.0
    }
}

impl fmt::Display for SampleCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} samples", self.0)
    }
}

impl fmt::Debug for SampleCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SampleCount({})", self.0)
    }
}

/// A moment of the capture clock: 48 kHz samples captured since voice was entered.
///
/// It advances through mute, closed gates and overruns, and names samples, not instants: [`SampleTime::START`] is
/// the first sample that was captured, and a change "at" a sample time holds from that sample on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SampleTime(u64);

impl SampleTime {
    /// The first sample that was captured.
    pub const START: Self = Self(0);

    /// Returns the sample with this number, counted from zero.
    #[inline]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the sample's number, counted from zero.
    #[inline]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Returns the samples captured since `earlier`; none if that is later.
    #[inline]
    pub const fn since(self, earlier: Self) -> SampleCount {
        // Both sides stay below 2⁶³ for six million years.
        SampleCount(self.0.saturating_sub(earlier.0) as i64)
    }

    /// Returns the first sample from this one on that begins a frame of so many samples.
    #[inline]
    pub const fn next_frame(self, frame: SampleCount) -> Self {
        Self(self.0.next_multiple_of(frame.0 as u64))
    }

    /// Returns the sample so many before this one; the first if there are fewer.
    #[inline]
    pub const fn back(self, count: SampleCount) -> Self {
        Self(self.0.saturating_add_signed(count.0.saturating_neg()))
    }
}

/// Counts on. It stops at either end instead of wrapping.
impl Add<SampleCount> for SampleTime {
    type Output = Self;

    #[inline]
    fn add(self, count: SampleCount) -> Self {
        Self(self.0.saturating_add_signed(count.0))
    }
}

impl fmt::Display for SampleTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sample {}", self.0)
    }
}

/// An RTP timestamp (RFC 3550 §5.1): a sample of some sender, modulo 2³². It wraps every 24.8 hours.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timestamp(u32);

impl Timestamp {
    /// Returns this timestamp.
    #[inline]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Returns its number.
    #[inline]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Reads a timestamp from a packet.
    #[inline]
    pub const fn from_be_bytes(bytes: [u8; 4]) -> Self {
        Self(u32::from_be_bytes(bytes))
    }

    /// Returns the bytes that stand in a packet.
    #[inline]
    pub const fn to_be_bytes(self) -> [u8; 4] {
        self.0.to_be_bytes()
    }

    /// Returns how many samples later this one was captured than `earlier`, which is known to be earlier.
    #[inline]
    pub const fn since(self, earlier: Self) -> SampleCount {
        SampleCount(self.0.wrapping_sub(earlier.0) as i64)
    }

    /// Returns how many samples later this one was captured than `other`; less than zero if it was captured before.
    ///
    /// Of the two ways round the circle, the shorter one counts.
    #[inline]
    pub const fn ahead_of(self, other: Self) -> SampleCount {
        SampleCount(self.0.wrapping_sub(other.0) as i32 as i64)
    }
}

impl Add<SampleCount> for Timestamp {
    type Output = Self;

    #[inline]
    fn add(self, count: SampleCount) -> Self {
        Self(self.0.wrapping_add(count.0 as u32))
    }
}

impl Sub<SampleCount> for Timestamp {
    type Output = Self;

    #[inline]
    fn sub(self, count: SampleCount) -> Self {
        Self(self.0.wrapping_sub(count.0 as u32))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({})", self.0)
    }
}

/// A sender's timestamp with its laps: a place on that sender's timeline. It never wraps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaTime(i64);

impl MediaTime {
    /// Where laps are counted from.
    pub(crate) const START: Self = Self(0);

    /// Before everything.
    pub(crate) const MIN: Self = Self(i64::MIN);

    /// After everything.
    pub(crate) const MAX: Self = Self(i64::MAX);

    /// Returns the place of the first timestamp that came from a sender.
    ///
    /// It lies a lap ahead, so that timestamps before it have a place too.
    #[inline]
    pub const fn first(timestamp: Timestamp) -> Self {
        Self((1 << 32) + timestamp.0 as i64)
    }

    /// Returns the place nearest to this one that has `timestamp`.
    #[inline]
    pub const fn nearest(self, timestamp: Timestamp) -> Self {
        Self(self.0 + timestamp.ahead_of(self.timestamp()).0)
    }

    /// Returns the timestamp that stands in packets.
    #[inline]
    pub const fn timestamp(self) -> Timestamp {
        Timestamp(self.0 as u32)
    }

    /// Returns the distance from [`START`](Self::START).
    #[inline]
    pub(crate) const fn since_start(self) -> SampleCount {
        SampleCount(self.0)
    }

    /// Returns the distance from `earlier`, as far as it can be counted.
    #[inline]
    pub(crate) const fn saturating_since(self, earlier: Self) -> SampleCount {
        SampleCount(self.0.saturating_sub(earlier.0))
    }
}

impl Add<SampleCount> for MediaTime {
    type Output = Self;

    #[inline]
    fn add(self, count: SampleCount) -> Self {
        Self(self.0 + count.0)
    }
}

impl AddAssign<SampleCount> for MediaTime {
    #[inline]
    fn add_assign(&mut self, count: SampleCount) {
        *self = *self + count;
    }
}

impl Sub<SampleCount> for MediaTime {
    type Output = Self;

    #[inline]
    fn sub(self, count: SampleCount) -> Self {
        Self(self.0 - count.0)
    }
}

impl Sub for MediaTime {
    type Output = SampleCount;

    #[inline]
    fn sub(self, earlier: Self) -> SampleCount {
        SampleCount(self.0 - earlier.0)
    }
}

impl fmt::Display for MediaTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.0 >> 32, self.timestamp())
    }
}

impl fmt::Debug for MediaTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MediaTime({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: Timestamp = Timestamp::new(u32::MAX);
    const ZERO: Timestamp = Timestamp::new(0);
    const ONE: SampleCount = SampleCount::new(1);

    #[test]
    fn the_timestamp_after_the_last_is_the_first() {
        assert_eq!(LAST + ONE, ZERO);
        assert_eq!(ZERO - ONE, LAST);
        assert_eq!(ZERO.since(LAST), ONE);
        assert_eq!(LAST.since(ZERO), SampleCount::new(i64::from(u32::MAX)));
        assert_eq!(ZERO.ahead_of(LAST), ONE);
        assert_eq!(LAST.ahead_of(ZERO), -ONE);
    }

    #[test]
    fn a_distance_beyond_half_a_lap_is_one_in_the_other_direction() {
        let half = Timestamp::new(1 << 31);
        assert_eq!(half.ahead_of(ZERO), SampleCount::new(-(1 << 31)));
        assert_eq!((half - ONE).ahead_of(ZERO), SampleCount::new((1 << 31) - 1));
    }

    #[test]
    fn a_place_on_a_senders_timeline_counts_laps_in_both_directions() {
        let first = MediaTime::first(LAST);
        let next = first.nearest(ZERO);
        assert_eq!(next - first, ONE);
        assert_eq!(next.nearest(LAST), first);
        assert_eq!(next.timestamp(), ZERO);
        assert_eq!(
            MediaTime::first(ZERO).nearest(LAST) + ONE,
            MediaTime::first(ZERO)
        );
        assert_eq!(next.to_string(), "2+0");
        assert!(MediaTime::MIN < first && first < next && next < MediaTime::MAX);
    }

    #[test]
    fn the_capture_clock_stops_at_its_ends() {
        let time = SampleTime::new(100);
        assert_eq!(time.back(SampleCount::new(101)), SampleTime::START);
        assert_eq!(time + SampleCount::new(-101), SampleTime::START);
        assert_eq!(SampleTime::new(u64::MAX) + ONE, SampleTime::new(u64::MAX));
        assert_eq!(time.since(SampleTime::new(101)), SampleCount::ZERO);
        assert_eq!((time + ONE).since(time), ONE);
    }

    #[test]
    fn samples_and_time_are_counted_in_each_other() {
        let ten = SampleCount::from_millis(10);
        assert_eq!(ten, SampleCount::of_length(crate::FRAME_SAMPLES));
        assert_eq!(ten.duration(), Duration::from_millis(10));
        assert_eq!(SampleCount::during(Duration::from_millis(10)), ten);
        assert_eq!((-ten).duration(), Duration::ZERO);
        assert_eq!((-ten).length(), 0);
        assert_eq!(SampleCount::during(Duration::MAX).number(), i64::MAX / 4);
        assert_eq!(
            SampleCount::new(1_000_000).millionths(300),
            SampleCount::new(300)
        );
    }
}
