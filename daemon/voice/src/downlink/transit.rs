//! How long a peer's sound takes from its microphone to its turn here, told by both machines' clocks.
//!
//! A sender report says which sample of the sender's voice belongs to which moment of the sender's clock. That
//! clock and ours differ by an unknown offset; a report arrives at that offset plus the time that it took, and
//! the fastest of several took half a round trip. So a sample's moment of capture is known on our clock, and its
//! moment of playback is known too.

use std::time::Duration;

use super::Played;
use crate::{SAMPLE_RATE, Timestamp};

/// Reports remembered, one a second. More would let the drift between sound clock and system clock show: at
/// 200 ppm, 1 ms in 5 s.
const REMEMBERED: usize = 5;

/// Reports that disagree by more than this are of another clock, in nanoseconds.
const ANOTHER_CLOCK: i64 = 1_000_000_000;

/// A transit longer than this is no delay but a misunderstanding.
const LONGEST: Duration = Duration::from_secs(10);

/// One report.
#[derive(Debug, Clone, Copy)]
struct Report {
    /// A sample, and the sender's moment of its capture, in nanoseconds.
    timestamp: Timestamp,
    sender: i64,
    /// Our moment of the report's arrival.
    came: i64,
}

/// What is known of a sender's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SenderClock {
    reports: [Option<Report>; REMEMBERED],
    next: usize,
}

fn nanoseconds(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX / 4)
}

/// The time from one sample to another, in nanoseconds.
fn between(from: Timestamp, to: Timestamp) -> i64 {
    to.ahead_of(from).number() * 1_000_000_000 / i64::from(SAMPLE_RATE)
}

impl SenderClock {
    /// Takes note of a sender report that came `now`: `ntp` and `timestamp` as in RFC 3550 §6.4.1.
    pub(super) fn report(&mut self, ntp: u64, timestamp: Timestamp, now: Duration) {
        let seconds = i64::try_from(ntp >> 32).unwrap_or(0);
        let fraction = (((ntp & 0xffff_ffff) * 1_000_000_000) >> 32) as i64;
        let report = Report {
            timestamp,
            sender: seconds * 1_000_000_000 + fraction,
            came: nanoseconds(now),
        };
        let strange = |known: &Report| {
            let sample = report.sender - known.sender - between(known.timestamp, timestamp);
            let offset = report.came - report.sender - (known.came - known.sender);
            sample.abs() > ANOTHER_CLOCK || offset.abs() > ANOTHER_CLOCK
        };
        if self.reports.iter().flatten().any(strange) {
            *self = Self::default();
        }
        self.reports[self.next] = Some(report);
        self.next = (self.next + 1) % REMEMBERED;
    }

    /// How long the sample took that was `played`, given the round trip to its sender.
    pub(super) fn transit(&self, played: Played, round_trip: Duration) -> Option<Duration> {
        let known = || self.reports.iter().flatten();
        // Threads wake late, never early: the earliest is nearest to the truth.
        let captured = known()
            .map(|report| report.sender + between(report.timestamp, played.timestamp))
            .min()?;
        let offset = known().map(|report| report.came - report.sender).min()?;
        let captured = captured + offset - nanoseconds(round_trip / 2);
        let transit = nanoseconds(played.at) - captured;
        let transit = Duration::from_nanos(u64::try_from(transit.max(0)).ok()?);
        (transit < LONGEST).then_some(transit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SampleCount;
    use crate::wire::report::ntp;

    const MS: Duration = Duration::from_millis(1);
    const SECOND: SampleCount = SampleCount::from_millis(1_000);

    /// A sender whose clock stands 7 s when ours stands 2 s, and whose first sample is `first`.
    fn clock(first: Timestamp, lateness: impl Fn(u32) -> Duration) -> SenderClock {
        let mut clock = SenderClock::default();
        for second in 0..8 {
            let at = Duration::from_secs(u64::from(second));
            // The thread that says which sample this is wakes late.
            let sample = first + SECOND * i64::from(second);
            let sent = Duration::from_secs(7) + at + lateness(second);
            let came = Duration::from_secs(2) + at + lateness(second) + 3 * MS;
            clock.report(ntp(sent), sample, came);
        }
        clock
    }

    #[test]
    fn the_way_from_capture_to_playback_is_told_across_clocks_and_a_wrap() {
        for first in [5, u32::MAX - 48_000 * 7].map(Timestamp::new) {
            let clock = clock(first, |second| MS * (second % 3));
            // Captured 7.5 s after the first, played 30 ms later.
            let played = Played {
                timestamp: first + SECOND * 7 + SECOND / 2,
                at: Duration::from_secs(2) + 7500 * MS + 30 * MS,
            };
            let transit = clock.transit(played, 6 * MS).unwrap();
            assert!(
                transit.abs_diff(30 * MS) < Duration::from_micros(50),
                "{transit:?}"
            );
        }
    }

    #[test]
    fn another_clock_begins_anew_and_nothing_is_told_before_a_report() {
        let played = Played {
            timestamp: Timestamp::new(48_000),
            at: Duration::from_secs(3) + 20 * MS,
        };
        assert_eq!(SenderClock::default().transit(played, MS), None);
        let mut clock = clock(Timestamp::new(1_000_000), |_| Duration::ZERO);
        let begun = Timestamp::new(0);
        clock.report(ntp(Duration::from_secs(1)), begun, Duration::from_secs(2));
        let transit = clock.transit(played, Duration::ZERO).unwrap();
        assert!(transit.abs_diff(20 * MS) < MS, "{transit:?}");
    }
}
