//! Where the strip stands: at a corner of a screen, and moved with the pointer. Pure.
//!
//! A layer surface has no position. It hangs at a corner, some way from its two edges. The strip hangs at the nearest
//! corner, so that it grows towards the middle of the screen and stays on it when the screen becomes smaller.

use crate::window::memory::Anchored;

/// A point or a size in points of the screen.
pub(super) type Pair = (i32, i32);

/// Where a strip stands that was never moved: top right, below a panel of the usual height.
const FIRST: Anchored = Anchored {
    screen: None,
    right: true,
    bottom: false,
    across: 24,
    down: 48,
};

/// The strip's place, and the pointer's grip on it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    at: Anchored,
    grip: Option<Grip>,
}

/// The strip while it is moved.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Grip {
    /// The point of the strip that the pointer holds.
    held: (f64, f64),
    /// The corner of the strip that the compositor shows: what pointer positions count from.
    shown: Pair,
    /// The corner that was asked for, until the compositor has answered.
    asked: Option<Pair>,
    /// The corner that the pointer wants.
    wanted: Pair,
}

impl Place {
    /// Starts where the strip stood last.
    pub(super) fn new(remembered: Option<&Anchored>) -> Self {
        Self {
            at: remembered.cloned().unwrap_or(FIRST),
            grip: None,
        }
    }

    /// Returns the corner at which the strip hangs, and how far from its edges.
    pub(super) const fn anchored(&self) -> &Anchored {
        &self.at
    }

    /// Returns the upper left corner of a strip of this size on a screen of that size.
    pub(super) fn corner(&self, strip: Pair, screen: Pair) -> Pair {
        let of = |far: bool, margin, strip, screen| within(margin, far, strip, screen);
        (
            of(self.at.right, self.at.across, strip.0, screen.0),
            of(self.at.bottom, self.at.down, strip.1, screen.1),
        )
    }

    /// Keeps the whole strip on the screen. Returns whether that moved it.
    pub(super) fn fit(&mut self, strip: Pair, screen: Pair) -> bool {
        let fitted = Anchored {
            across: self.at.across.clamp(0, room(strip.0, screen.0)),
            down: self.at.down.clamp(0, room(strip.1, screen.1)),
            ..self.at.clone()
        };
        let moved = fitted != self.at;
        self.at = fitted;
        moved
    }

    /// The pointer takes the strip at this point of it.
    pub(super) fn grab(&mut self, held: (f64, f64), strip: Pair, screen: Pair) {
        let corner = self.corner(strip, screen);
        self.grip = Some(Grip {
            held,
            shown: corner,
            asked: None,
            wanted: corner,
        });
    }

    /// Returns whether the pointer moves the strip.
    pub(super) const fn is_held(&self) -> bool {
        self.grip.is_some()
    }

    /// The pointer has moved to this point of the strip. Returns whether the strip hangs elsewhere now.
    pub(super) fn moved(&mut self, to: (f64, f64), strip: Pair, screen: Pair) -> bool {
        if let Some(grip) = &mut self.grip {
            grip.wanted = (
                along(grip.shown.0, to.0 - grip.held.0, room(strip.0, screen.0)),
                along(grip.shown.1, to.1 - grip.held.1, room(strip.1, screen.1)),
            );
        }
        self.ask(strip, screen)
    }

    /// The compositor has done what it was asked for. Returns whether the strip hangs elsewhere now.
    pub(super) fn settled(&mut self, strip: Pair, screen: Pair) -> bool {
        if let Some(grip) = &mut self.grip
            && let Some(asked) = grip.asked.take()
        {
            grip.shown = asked;
        }
        self.ask(strip, screen)
    }

    /// The pointer lets the strip go. Returns whether it had it.
    pub(super) fn release(&mut self) -> bool {
        self.grip.take().is_some()
    }

    /// Notes on which screen it stands.
    pub(super) fn on(&mut self, screen: Option<String>) {
        self.at.screen = screen;
    }

    /// One request at a time: until it is answered nobody can tell what a position of the pointer counts from.
    fn ask(&mut self, strip: Pair, screen: Pair) -> bool {
        let Some(grip) = &mut self.grip else {
            return false;
        };
        if grip.asked.is_some() || grip.wanted == grip.shown {
            return false;
        }
        grip.asked = Some(grip.wanted);
        let (across, right) = margin(grip.wanted.0, strip.0, screen.0);
        let (down, bottom) = margin(grip.wanted.1, strip.1, screen.1);
        self.at = Anchored {
            screen: self.at.screen.take(),
            right,
            bottom,
            across,
            down,
        };
        true
    }
}

/// Returns how far a strip can be from an edge of the screen.
fn room(strip: i32, screen: i32) -> i32 {
    (screen - strip).max(0)
}

/// Returns where a strip begins that hangs at the near or far edge.
fn within(margin: i32, far: bool, strip: i32, screen: i32) -> i32 {
    match far {
        true => room(strip, screen) - margin,
        false => margin,
    }
}

/// Returns the distance from the nearer edge, and whether that is the far one.
fn margin(begins: i32, strip: i32, screen: i32) -> (i32, bool) {
    let rest = room(strip, screen) - begins;
    match rest < begins {
        true => (rest, true),
        false => (begins, false),
    }
}

/// Moves a corner, and keeps it on the screen.
fn along(from: i32, by: f64, most: i32) -> i32 {
    #[allow(clippy::cast_possible_truncation)] // a conversion to an integer saturates
    let by = by.round() as i32;
    from.saturating_add(by).clamp(0, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRIP: Pair = (250, 96);
    const SCREEN: Pair = (1280, 800);

    fn hanging(right: bool, bottom: bool, across: i32, down: i32) -> Place {
        Place::new(Some(&Anchored {
            screen: None,
            right,
            bottom,
            across,
            down,
        }))
    }

    #[test]
    fn a_strip_that_was_never_moved_hangs_top_right() {
        let place = Place::new(None);
        assert_eq!(place.corner(STRIP, SCREEN), (1280 - 250 - 24, 48));
    }

    #[test]
    fn it_grows_towards_the_middle_of_the_screen() {
        let place = hanging(true, true, 10, 20);
        let (left, top) = place.corner(STRIP, SCREEN);
        let (wider, same) = place.corner((450, 96), SCREEN);
        assert_eq!((wider, same), (left - 200, top));
    }

    #[test]
    fn it_hangs_at_the_corner_that_it_is_dragged_to() {
        let mut place = hanging(false, false, 0, 0);
        place.grab((10.0, 10.0), STRIP, SCREEN);
        assert!(place.moved((1010.0, 710.0), STRIP, SCREEN));
        assert_eq!(place.corner(STRIP, SCREEN), (1000, 700));
        let at = place.anchored();
        assert_eq!((at.right, at.across), (true, 30));
        assert_eq!((at.bottom, at.down), (true, 4));
        assert!(place.release());
        assert!(!place.release());
    }

    #[test]
    fn what_the_pointer_does_before_the_answer_counts_from_the_old_place() {
        let mut place = hanging(false, false, 100, 100);
        place.grab((5.0, 5.0), STRIP, SCREEN);
        assert!(place.moved((15.0, 5.0), STRIP, SCREEN), "ten to the right");
        assert!(!place.moved((25.0, 5.0), STRIP, SCREEN), "one at a time");
        assert_eq!(place.corner(STRIP, SCREEN), (110, 100));
        assert!(place.settled(STRIP, SCREEN), "it goes on to the newest");
        assert_eq!(place.corner(STRIP, SCREEN), (120, 100));
        assert!(!place.settled(STRIP, SCREEN));
        assert!(
            !place.moved((5.0, 5.0), STRIP, SCREEN),
            "the pointer rests on the point that it holds"
        );
    }

    #[test]
    fn it_stays_on_the_screen() {
        let mut place = hanging(false, false, 100, 100);
        place.grab((5.0, 5.0), STRIP, SCREEN);
        place.moved((-5000.0, 5000.0), STRIP, SCREEN);
        assert_eq!(place.corner(STRIP, SCREEN), (0, 800 - 96));

        let mut place = hanging(true, false, 1200, 48);
        assert!(place.fit(STRIP, SCREEN));
        assert_eq!(place.corner(STRIP, SCREEN), (0, 48));
        assert!(!place.fit(STRIP, SCREEN));
        let narrow = (200, 50);
        assert!(place.fit(STRIP, narrow));
        assert_eq!(place.corner(STRIP, narrow), (0, 0));
    }

    #[test]
    fn without_a_grip_the_pointer_moves_nothing() {
        let mut place = Place::new(None);
        assert!(!place.moved((500.0, 500.0), STRIP, SCREEN));
        assert!(!place.settled(STRIP, SCREEN));
        assert_eq!(place, Place::new(None));
    }
}
