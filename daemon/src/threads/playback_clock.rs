//! When the sound that is asked for now will be played, on a clock that does not tremble with the scheduler.
//!
//! The loudspeaker consumes samples evenly; the thread that serves it is woken unevenly. So the moment of a block is
//! told by the number of samples played before it, and the thread's own clock only says, over seconds, how that count
//! lies to time: the earliest wake-ups are the punctual ones.

use std::time::Duration;

use sotto_voice::SAMPLE_RATE;

/// The distance between both clocks is the smallest of this many windows.
const WINDOWS: usize = 8;
/// One window.
const WINDOW: Duration = Duration::from_millis(500);
/// Being later than this is no lateness but a clock that stood still: the distance is taken anew.
const STOOD_STILL: Duration = Duration::from_millis(50);

/// The clock of one loudspeaker.
#[derive(Debug)]
pub(super) struct PlaybackClock {
    /// Samples handed over so far.
    played: u64,
    /// The smallest distances, in nanoseconds, between time and played samples.
    windows: [i64; WINDOWS],
    window: usize,
    window_end: Duration,
}

impl PlaybackClock {
    /// The clock of a loudspeaker that has been given nothing.
    pub(super) fn new(now: Duration) -> Self {
        let mut clock = Self {
            played: 0,
            windows: [i64::MAX; WINDOWS],
            window: 0,
            window_end: now,
        };
        clock.restart(now);
        clock
    }

    /// When the next sample is asked for, had the thread been punctual. Never later than `now`.
    pub(super) fn moment(&mut self, now: Duration) -> Duration {
        let distance = self.distance(now);
        let smallest = self.windows.iter().copied().min().unwrap_or(distance);
        if distance - smallest > i64::try_from(STOOD_STILL.as_nanos()).unwrap_or(i64::MAX) {
            self.restart(now);
            return now;
        }
        if now >= self.window_end {
            self.window = (self.window + 1) % WINDOWS;
            self.windows[self.window] = i64::MAX;
            self.window_end = now + WINDOW;
        }
        let window = &mut self.windows[self.window];
        *window = distance.min(*window);
        let smallest = self.windows.iter().copied().min().unwrap_or(distance);
        let late = u64::try_from(distance - smallest).unwrap_or(0);
        now.saturating_sub(Duration::from_nanos(late))
    }

    /// Notes that samples were handed over, or passed unheard.
    pub(super) fn played(&mut self, samples: usize) {
        self.played += samples as u64;
    }

    fn restart(&mut self, now: Duration) {
        self.windows = [i64::MAX; WINDOWS];
        self.windows[0] = self.distance(now);
        self.window = 0;
        self.window_end = now + WINDOW;
    }

    fn distance(&self, now: Duration) -> i64 {
        let played = u128::from(self.played) * 1_000_000_000 / u128::from(SAMPLE_RATE);
        let now = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX);
        now.saturating_sub(i64::try_from(played).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_millis(10);

    /// Asks for blocks of 10 ms, each late by what `late` says in microseconds.
    fn moments(late: impl Fn(u32) -> u64) -> Vec<Duration> {
        let mut clock = PlaybackClock::new(Duration::from_secs(5));
        (0..1_000)
            .map(|block| {
                let now =
                    Duration::from_secs(5) + PERIOD * block + Duration::from_micros(late(block));
                let moment = clock.moment(now);
                assert!(moment <= now);
                clock.played(480);
                moment
            })
            .collect()
    }

    #[test]
    fn a_thread_that_is_woken_late_asks_for_the_same_moments() {
        let punctual = moments(|_| 0);
        let late = moments(|block| u64::from(block % 7) * 1_500);
        assert_eq!(punctual, late);
    }

    #[test]
    fn a_device_clock_that_drifts_is_followed() {
        // 200 ppm slow: 2 µs a block.
        let moments = moments(|block| u64::from(block) * 2 + u64::from(block % 5) * 1_000);
        let last = moments[999] - Duration::from_secs(5);
        let drifted = last.saturating_sub(PERIOD * 999);
        assert!(drifted > Duration::from_micros(1_000), "{drifted:?}");
        assert!(drifted <= Duration::from_micros(2_000), "{drifted:?}");
    }

    #[test]
    fn after_a_standstill_the_moments_are_those_of_now() {
        let moments = moments(|block| if block < 500 { 0 } else { 80_000 });
        assert_eq!(
            moments[500],
            Duration::from_secs(5) + PERIOD * 500 + Duration::from_millis(80)
        );
        assert_eq!(moments[501] - moments[500], PERIOD);
    }

    #[test]
    fn several_blocks_in_one_turn_follow_each_other() {
        let mut clock = PlaybackClock::new(Duration::ZERO);
        let now = Duration::from_millis(3);
        let first = clock.moment(now);
        clock.played(480);
        let second = clock.moment(now);
        clock.played(480);
        // What is handed over ahead of time is played later, but it is asked for now.
        assert_eq!((first, second), (Duration::ZERO, now));
    }
}
