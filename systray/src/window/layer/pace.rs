//! When the strip is drawn: when something has changed, and the compositor has shown the frame before. Pure: the time is
//! handed in.

use std::time::Duration;

/// A compositor that has not shown a frame for so long shows none: the screen is off, or locked.
const HIDDEN_AFTER: Duration = Duration::from_secs(2);

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing.
    Wait,
    /// Whatever needs no frame: signs of life, and what the daemon says.
    Think,
    /// A frame.
    Draw,
}

/// The rhythm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pace {
    /// When something changes next.
    due: Option<Duration>,
    /// Whether a change waits for a frame.
    owed: bool,
    /// Since when no frame may be drawn.
    blocked: Option<Duration>,
    /// Whether it was said that nobody sees the strip.
    told: bool,
}

impl Pace {
    /// Begins without a surface.
    pub(super) const fn new(now: Duration) -> Self {
        Self {
            due: Some(now),
            owed: false,
            blocked: Some(now),
            told: false,
        }
    }

    /// Something changes then.
    pub(super) fn want(&mut self, at: Duration) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// A frame has gone to the compositor, or the surface has gone.
    pub(super) const fn block(&mut self, now: Duration) {
        self.blocked = Some(now);
    }

    /// The compositor has shown the frame, or the surface has come.
    pub(super) fn free(&mut self, now: Duration) {
        self.blocked = None;
        if std::mem::take(&mut self.told) {
            self.want(now);
        }
    }

    /// Returns whether nobody sees the strip.
    pub(super) fn is_hidden(&self, now: Duration) -> bool {
        self.blocked
            .is_some_and(|since| since + HIDDEN_AFTER <= now)
    }

    /// Returns what is to be done.
    pub(super) fn turn(&mut self, now: Duration) -> Turn {
        let due = self.due.is_some_and(|due| due <= now);
        if due {
            self.due = None;
            self.owed = true;
        }
        if self.blocked.is_none() {
            return match std::mem::take(&mut self.owed) {
                true => Turn::Draw,
                false => Turn::Wait,
            };
        }
        let hides = self.is_hidden(now) && !self.told;
        self.told |= hides;
        match due || hides {
            true => Turn::Think,
            false => Turn::Wait,
        }
    }

    /// Returns how long nothing is to be done.
    pub(super) fn next(&self, now: Duration) -> Option<Duration> {
        if self.owed && self.blocked.is_none() {
            return Some(Duration::ZERO);
        }
        let hides = self.blocked.filter(|_| !self.told);
        let next = [self.due, hides.map(|since| since + HIDDEN_AFTER)];
        let next = next.into_iter().flatten().min()?;
        Some(next.saturating_sub(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn drawn() -> Pace {
        let mut pace = Pace::new(ms(0));
        pace.free(ms(0));
        assert_eq!(pace.turn(ms(0)), Turn::Draw);
        pace.block(ms(0));
        pace
    }

    #[test]
    fn nothing_is_drawn_before_there_is_a_surface() {
        let mut pace = Pace::new(ms(0));
        assert_eq!(pace.turn(ms(0)), Turn::Think);
        pace.free(ms(10));
        assert_eq!(pace.next(ms(10)), Some(ms(0)));
        assert_eq!(pace.turn(ms(10)), Turn::Draw);
    }

    #[test]
    fn without_a_change_it_sleeps() {
        let mut pace = drawn();
        pace.free(ms(16));
        assert_eq!(pace.turn(ms(16)), Turn::Wait);
        assert_eq!(pace.next(ms(16)), None);
        pace.want(ms(500));
        pace.want(ms(300));
        pace.want(ms(400));
        assert_eq!(pace.next(ms(16)), Some(ms(284)));
        assert_eq!(pace.turn(ms(299)), Turn::Wait);
        assert_eq!(pace.turn(ms(300)), Turn::Draw);
    }

    #[test]
    fn a_change_waits_for_the_frame_before_and_signs_of_life_do_not() {
        let mut pace = drawn();
        pace.want(ms(5));
        assert_eq!(pace.turn(ms(5)), Turn::Think);
        assert_eq!(pace.turn(ms(6)), Turn::Wait);
        pace.free(ms(16));
        assert_eq!(pace.turn(ms(16)), Turn::Draw);
    }

    #[test]
    fn a_frame_that_is_not_shown_hides_the_strip_until_it_is() {
        let mut pace = drawn();
        assert_eq!(pace.next(ms(0)), Some(HIDDEN_AFTER));
        assert!(!pace.is_hidden(ms(1999)));
        assert_eq!(pace.turn(ms(2000)), Turn::Think);
        assert!(pace.is_hidden(ms(2000)));
        assert_eq!(pace.turn(ms(2001)), Turn::Wait, "it is said once");
        assert_eq!(pace.next(ms(2001)), None);
        pace.free(ms(9000));
        assert!(!pace.is_hidden(ms(9000)));
        assert_eq!(pace.turn(ms(9000)), Turn::Draw);
    }
}
