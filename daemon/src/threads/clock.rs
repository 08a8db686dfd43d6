//! The clock that everything in the daemon shares, and the capture clock derived from it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sotto_meeting::{Now, Utc};
use sotto_voice::{SampleCount, SampleTime};

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

    /// All clocks, for the mesh.
    pub(crate) fn now(&self) -> Now {
        Now {
            monotonic: self.monotonic(),
            since_boot: self.since_boot(),
            utc: utc(),
        }
    }

    /// Time since the machine started, suspension included; where the system does not say, since the daemon did.
    #[cfg(target_os = "linux")]
    fn since_boot(&self) -> Duration {
        let read = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::try_from(read).unwrap_or_else(|_| self.monotonic())
    }

    /// Time since the machine started, suspension included; where the system does not say, since the daemon did.
    #[cfg(not(target_os = "linux"))]
    fn since_boot(&self) -> Duration {
        self.monotonic()
    }

    /// The instant that lies `monotonic` after the start.
    pub(crate) fn instant(&self, monotonic: Duration) -> Instant {
        self.start + monotonic
    }
}

/// Returns what tells the machine's present start from others, if the system says.
pub(crate) fn boot() -> Option<[u8; 16]> {
    let told = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let digits: String = told.chars().filter(char::is_ascii_hexdigit).collect();
    u128::from_str_radix(&digits, 16)
        .ok()
        .map(u128::to_be_bytes)
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
    pub(crate) fn update(&self, position: SampleTime, now: Duration) {
        let offset = position.since(SampleTime::START) - SampleCount::during(now);
        self.offset.store(offset.number(), Ordering::Relaxed);
    }

    /// Returns the sample that is being captured at `now`.
    pub(crate) fn position(&self, now: Duration) -> SampleTime {
        let offset = SampleCount::new(self.offset.load(Ordering::Relaxed));
        SampleTime::START + SampleCount::during(now).saturating_add(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_capture_clock_runs_on_between_frames() {
        let clock = CaptureClock::default();
        let (begun, now) = (SampleTime::new(4_800), Duration::from_secs(7));
        clock.update(begun, now);
        assert_eq!(clock.position(now), begun);
        let later = now + Duration::from_millis(5);
        assert_eq!(clock.position(later), begun + SampleCount::from_millis(5));
    }
}
