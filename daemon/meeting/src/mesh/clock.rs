//! My own time: a clock that nobody sets while this run lasts.
//!
//! The wall clock may be wrong when the daemon starts, and may be set at any moment. So the mesh reads it in its first run
//! alone. From there on its clock counts the time of the machine, and a later run goes on where the last one stopped, plus
//! the time in between. No age jumps when the wall clock is set. That is asked for what people and other machines are
//! told, and for the time in between if the machine was started anew.

use std::time::Duration;

use crate::ids::{Now, Utc};
use crate::stored::State;

/// Added to the caller's clock, whose start may be a moment ago: what happened before it has a time as well.
pub(super) const CLOCK_START: Duration = Duration::from_secs(24 * 3600);
/// A clock that differs by less is no matter.
pub(crate) const TOLERANCE: Duration = Duration::from_secs(300);
/// The wall clock and mine differ by so many seconds because both are rounded.
const ROUNDING: i64 = 2;
/// Nobody left the daemon off for longer: the clock is wrong.
const ABSURD: Duration = Duration::from_secs(366 * 24 * 3600);

/// A moment on my own clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// Since a moment before the start; suspension may not count.
    pub(super) monotonic: Duration,
    /// My clock. Ages are reckoned with it.
    pub(super) utc: Utc,
    /// By how many seconds the wall clock is ahead of it.
    ahead: i64,
    /// The machine's start, if the system tells it apart from others.
    boot: Option<[u8; 16]>,
    since_boot: Duration,
    /// Since when the machine ran at the start, and what my clock showed.
    start: (Duration, Utc),
}

impl Moment {
    /// Starts my clock at `utc`, by that of the last run; at the wall clock where there was none.
    pub(super) fn first(now: Now, boot: Option<[u8; 16]>, utc: Option<Utc>) -> Self {
        let first = Self {
            monotonic: now.monotonic,
            utc: now.utc,
            ahead: 0,
            boot,
            since_boot: now.since_boot,
            start: (now.since_boot, utc.unwrap_or(now.utc)),
        };
        first.at(now)
    }

    /// Returns what my clock shows when the caller's clocks show `now`.
    pub(super) fn at(&self, now: Now) -> Self {
        let (since_boot, utc) = self.start;
        let utc = utc.plus(now.since_boot.saturating_sub(since_boot));
        let ahead = now.utc.seconds_after(utc);
        Self {
            monotonic: now.monotonic.saturating_add(CLOCK_START),
            utc,
            ahead: if ahead.abs() <= ROUNDING { 0 } else { ahead },
            since_boot: now.since_boot,
            ..*self
        }
    }

    /// Returns the wall clock, for others to read.
    pub(super) fn wall(&self) -> Utc {
        self.shown(self.utc)
    }

    /// Returns what the wall clock, as it is set now, shows at a moment of my clock.
    pub(super) fn shown(&self, utc: Utc) -> Utc {
        utc.shifted(self.ahead)
    }

    /// Returns what my clock showed when the wall clock, as it is set now, showed `wall`.
    pub(super) fn mine(&self, wall: Utc) -> Utc {
        wall.shifted(self.ahead.saturating_neg())
    }

    /// Returns the machine's start and the time since, for the next run.
    pub(super) fn boot(&self) -> Option<([u8; 16], Duration)> {
        Some((self.boot?, self.since_boot))
    }
}

/// Returns how long ago a state was written; nothing if no clock tells.
///
/// If the machine has run through, its own time tells, whatever has become of the wall clock. After a new start there is
/// the wall clock alone, which tells nothing if it is behind, or ahead by years.
pub(super) fn age(last: &State, now: Now, boot: Option<[u8; 16]>) -> Option<Duration> {
    if let Some((before, written)) = last.boot
        && boot == Some(before)
        && let Some(age) = now.since_boot.checked_sub(written)
    {
        return Some(age);
    }
    let is_behind = last.wall.since(now.utc) > TOLERANCE;
    let age = now.utc.since(last.wall);
    (!is_behind && age <= ABSURD).then_some(age)
}
