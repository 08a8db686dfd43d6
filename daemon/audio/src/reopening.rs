//! When to open a device, and when to try again.
//!
//! A pure state machine: it is told what is wanted and what happened, and asked what to do next. A device that
//! fails is opened again after 250 ms, then after twice as long each time, up to a second, so that sound is back
//! within two of its device; one that ran for ten seconds begins anew at 250 ms. A file does not mend itself within a
//! second: the pause before it is opened again grows to half a minute. It is always the device that was
//! asked for: a microphone is never replaced by another behind its user's back.

use std::time::Duration;

/// The pause before the first new attempt.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause between attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause between attempts at a file.
const LONGEST_PAUSE_OF_A_FILE: Duration = Duration::from_secs(30);

/// What a device is, as far as that says when it may work again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A device of the system, which is plugged in, or a sound system, which starts.
    Device,
    /// A file, which somebody must mend or make room for.
    File,
}

/// A device that ran for so long had been opened successfully.
const PROVEN_AFTER: Duration = Duration::from_secs(10);

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Open the device, and report [`Reopening::opened`] or [`Reopening::failed`].
    Open,
    /// Close the device.
    Close,
    /// Nothing.
    Wait,
}

/// Decides when a device is opened, closed and opened again. Times are since any fixed moment.
#[derive(Debug, Default)]
pub struct Reopening {
    wanted: bool,
    /// Another device is wanted than the one that is open.
    stale: bool,
    phase: Phase,
    attempts: u32,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    #[default]
    Closed,
    Opening,
    Open {
        since: Duration,
    },
    Pausing {
        until: Duration,
    },
}

impl Reopening {
    /// A device that is closed, and is to stay so until somebody wants it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A device is wanted, possibly another than before: it is opened at once, without waiting out a pause.
    pub fn want(&mut self) {
        self.wanted = true;
        self.stale = matches!(self.phase, Phase::Open { .. });
        if matches!(self.phase, Phase::Pausing { .. }) {
            self.phase = Phase::Closed;
        }
        self.attempts = 0;
    }

    /// No device is wanted any more.
    pub fn unwant(&mut self) {
        self.wanted = false;
        self.attempts = 0;
    }

    /// The device is open.
    pub fn opened(&mut self, now: Duration) {
        self.phase = Phase::Open { since: now };
    }

    /// The device could not be opened, or stopped working.
    pub fn failed(&mut self, now: Duration, kind: Kind) {
        if let Phase::Open { since } = self.phase
            && now.saturating_sub(since) >= PROVEN_AFTER
        {
            self.attempts = 0;
        }
        let longest = match kind {
            Kind::Device => LONGEST_PAUSE,
            Kind::File => LONGEST_PAUSE_OF_A_FILE,
        };
        let pause = FIRST_PAUSE
            .saturating_mul(1 << self.attempts.min(16))
            .min(longest);
        self.attempts += 1;
        self.phase = Phase::Pausing { until: now + pause };
    }

    /// What to do now. Ask again after each step, until it says to wait.
    pub fn poll(&mut self, now: Duration) -> Step {
        match self.phase {
            Phase::Open { .. } if self.stale || !self.wanted => {
                self.stale = false;
                self.phase = Phase::Closed;
                Step::Close
            }
            Phase::Pausing { .. } if !self.wanted => {
                self.phase = Phase::Closed;
                Step::Wait
            }
            Phase::Pausing { until } if now >= until => {
                self.phase = Phase::Opening;
                Step::Open
            }
            Phase::Closed if self.wanted => {
                self.phase = Phase::Opening;
                Step::Open
            }
            Phase::Closed | Phase::Opening | Phase::Open { .. } | Phase::Pausing { .. } => {
                Step::Wait
            }
        }
    }

    /// When to ask again, at the latest, if nothing happens before.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Duration> {
        match self.phase {
            Phase::Pausing { until } => Some(until),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_failing_device_is_tried_ever_more_rarely() {
        let mut reopening = Reopening::new();
        reopening.want();
        let mut now = ms(0);
        let mut pauses = Vec::new();
        for _ in 0..8 {
            assert_eq!(reopening.poll(now), Step::Open);
            reopening.failed(now, Kind::Device);
            let until = reopening.next_timeout().unwrap();
            pauses.push((until - now).as_millis());
            assert_eq!(reopening.poll(until - ms(1)), Step::Wait);
            now = until;
        }
        assert_eq!(pauses, [250, 500, 1000, 1000, 1000, 1000, 1000, 1000]);
    }

    #[test]
    fn a_broken_file_is_left_alone_for_longer_and_longer() {
        let mut reopening = Reopening::new();
        reopening.want();
        let mut now = ms(0);
        let mut attempts = 0;
        while now < Duration::from_secs(600) {
            assert_eq!(reopening.poll(now), Step::Open);
            attempts += 1;
            reopening.failed(now, Kind::File);
            now = reopening.next_timeout().unwrap();
        }
        assert!(attempts < 30, "{attempts} attempts in ten minutes");
        reopening.want();
        assert_eq!(reopening.poll(now), Step::Open, "the user asks for it");
    }

    #[test]
    fn a_device_that_worked_is_tried_again_at_once() {
        let mut reopening = Reopening::new();
        reopening.want();
        for _ in 0..5 {
            let now = reopening.next_timeout().unwrap_or_default();
            assert_eq!(reopening.poll(now), Step::Open);
            reopening.failed(now, Kind::Device);
        }
        let now = reopening.next_timeout().unwrap();
        assert_eq!(reopening.poll(now), Step::Open);
        reopening.opened(now);
        reopening.failed(now + PROVEN_AFTER, Kind::Device);
        assert_eq!(
            reopening.next_timeout(),
            Some(now + PROVEN_AFTER + FIRST_PAUSE)
        );
    }

    #[test]
    fn a_device_that_opens_and_dies_at_once_counts_as_failing() {
        let mut reopening = Reopening::new();
        reopening.want();
        let mut now = ms(0);
        for expected in [250, 500, 1000] {
            assert_eq!(reopening.poll(now), Step::Open);
            reopening.opened(now);
            now += ms(5);
            reopening.failed(now, Kind::Device);
            assert_eq!(reopening.next_timeout(), Some(now + ms(expected)));
            now += ms(expected);
        }
    }

    #[test]
    fn nothing_is_open_that_nobody_wants() {
        let mut reopening = Reopening::new();
        assert_eq!(reopening.poll(ms(0)), Step::Wait);
        reopening.want();
        assert_eq!(reopening.poll(ms(0)), Step::Open);
        reopening.opened(ms(1));
        assert_eq!(reopening.poll(ms(1)), Step::Wait);
        reopening.unwant();
        assert_eq!(reopening.poll(ms(2)), Step::Close);
        assert_eq!(reopening.poll(ms(2)), Step::Wait);
        // Unwanted while it was being opened.
        reopening.want();
        assert_eq!(reopening.poll(ms(3)), Step::Open);
        reopening.unwant();
        reopening.opened(ms(4));
        assert_eq!(reopening.poll(ms(4)), Step::Close);
        // Unwanted while it waited for another attempt.
        reopening.want();
        assert_eq!(reopening.poll(ms(5)), Step::Open);
        reopening.failed(ms(6), Kind::Device);
        reopening.unwant();
        assert_eq!(reopening.poll(ms(9000)), Step::Wait);
        assert_eq!(reopening.next_timeout(), None);
    }

    #[test]
    fn another_device_replaces_the_open_one_without_a_pause() {
        let mut reopening = Reopening::new();
        reopening.want();
        assert_eq!(reopening.poll(ms(0)), Step::Open);
        reopening.opened(ms(0));
        reopening.want();
        assert_eq!(reopening.poll(ms(1)), Step::Close);
        assert_eq!(reopening.poll(ms(1)), Step::Open);
        reopening.failed(ms(2), Kind::Device);
        reopening.want();
        assert_eq!(reopening.poll(ms(3)), Step::Open);
    }
}
