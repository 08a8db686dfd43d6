//! The clock that everything in the daemon shares, and the capture clock derived from it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sotto_meeting::{Now, Utc};

/// Time since the daemon started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that begins now.
    pub(crate) fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// Time since the start.
    pub(crate) fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    /// Both clocks, for the mesh.
    pub(crate) fn now(&self) -> Now {
        Now {
            monotonic: self.monotonic(),
            utc: utc(),
        }
    }

    /// The instant that lies `monotonic` after the start.
    pub(crate) fn instant(&self, monotonic: Duration) -> Instant {
        self.start + monotonic
    }
}

/// Seconds since 1970.
pub(crate) fn utc() -> Utc {
    // A clock before 1970 is as good as none.
    Utc(SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs()))
}

/// Which sample is being captured right now.
///
/// Kept as one number, the distance between the capture clock and the daemon's clock in samples, so that a reader
/// on another thread always sees a value that belongs together.
#[derive(Debug, Default)]
pub(crate) struct CaptureClock {
    offset: AtomicI64,
}

impl CaptureClock {
    /// Notes that the sample `position` is the next to be captured, at `now`.
    pub(crate) fn update(&self, position: u64, now: Duration) {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        self.offset
            .store(position - samples(now), Ordering::Relaxed);
    }

    /// The sample that is being captured at `now`.
    pub(crate) fn position(&self, now: Duration) -> u64 {
        let offset = self.offset.load(Ordering::Relaxed);
        u64::try_from(samples(now).saturating_add(offset)).unwrap_or(0)
    }
}

/// `time` in samples at 48 kHz.
fn samples(time: Duration) -> i64 {
    let samples = time.as_nanos() * u128::from(sotto_voice::SAMPLE_RATE) / 1_000_000_000;
    i64::try_from(samples).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_capture_clock_runs_on_between_frames() {
        let clock = CaptureClock::default();
        clock.update(4_800, Duration::from_secs(7));
        assert_eq!(clock.position(Duration::from_secs(7)), 4_800);
        assert_eq!(clock.position(Duration::from_millis(7_005)), 4_800 + 240);
    }
}
