//! The pointer on the strip, as the toolkit is told of it. Pure.
//!
//! While a button is down the pointer belongs to the strip wherever it goes. If it is taken away all the same, nobody can
//! tell any more whether the user still holds: that is a hold which is lost, not a release.

use eframe::egui::{Event, Modifiers, PointerButton, Pos2};

/// The pointer's buttons, by the numbers that Linux gives them.
const BUTTONS: [(u32, PointerButton); 5] = [
    (0x110, PointerButton::Primary),
    (0x111, PointerButton::Secondary),
    (0x112, PointerButton::Middle),
    (0x113, PointerButton::Extra1),
    (0x114, PointerButton::Extra2),
];

/// The pointer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Hand {
    at: Pos2,
    /// Where the first button went down.
    grip: Pos2,
    down: Vec<PointerButton>,
    events: Vec<Event>,
    lost: bool,
}

impl Hand {
    /// It is here.
    pub(super) fn at(&mut self, at: Pos2) {
        self.at = at;
        if let Some(Event::PointerMoved(last)) = self.events.last_mut() {
            *last = at;
            return;
        }
        self.events.push(Event::PointerMoved(at));
    }

    /// Returns where it took hold and where it is by now, while the first button is down.
    pub(super) fn holds(&self) -> Option<(Pos2, Pos2)> {
        let down = self.down.contains(&PointerButton::Primary);
        down.then_some((self.grip, self.at))
    }

    /// A button goes down or up.
    pub(super) fn button(&mut self, number: u32, pressed: bool) {
        let Some((_, button)) = BUTTONS.iter().find(|(one, _)| *one == number) else {
            return;
        };
        self.down.retain(|one| one != button);
        if pressed {
            if *button == PointerButton::Primary {
                self.grip = self.at;
            }
            self.down.push(*button);
        }
        self.tell(*button, pressed);
    }

    /// It has left the strip, or there is none any more.
    pub(super) fn gone(&mut self) {
        self.lost |= self.down.contains(&PointerButton::Primary);
        for button in std::mem::take(&mut self.down) {
            self.tell(button, false);
        }
        self.events.push(Event::PointerGone);
    }

    /// Takes what the toolkit is told with the next frame: no further than to a button, because the toolkit finds what
    /// is pressed where the pointer is at the end of a frame.
    pub(super) fn events(&mut self) -> Vec<Event> {
        let is_button = |event: &Event| matches!(event, Event::PointerButton { .. });
        let end = self.events.iter().position(is_button);
        let rest = end.map(|end| self.events.split_off(end + 1));
        std::mem::replace(&mut self.events, rest.unwrap_or_default())
    }

    /// Returns whether there is more for the frame after.
    pub(super) const fn has_more(&self) -> bool {
        !self.events.is_empty()
    }

    /// Takes whether a button was down that nobody saw go up.
    pub(super) const fn lost(&mut self) -> bool {
        std::mem::replace(&mut self.lost, false)
    }

    fn tell(&mut self, button: PointerButton, pressed: bool) {
        self.events.push(Event::PointerButton {
            pos: self.at,
            button,
            pressed,
            // Keys are for whoever has the keyboard.
            modifiers: Modifiers::NONE,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::pos2;

    const LEFT: u32 = 0x110;

    fn buttons(events: &[Event]) -> Vec<(PointerButton, bool)> {
        let pressed = events.iter().filter_map(|event| match event {
            Event::PointerButton {
                button, pressed, ..
            } => Some((*button, *pressed)),
            _ => None,
        });
        pressed.collect()
    }

    #[test]
    fn a_press_and_its_release_are_told_where_they_happen() {
        let mut hand = Hand::default();
        hand.at(pos2(10.0, 20.0));
        hand.button(LEFT, true);
        hand.button(LEFT, false);
        hand.button(0x2ff, true);
        hand.at(pos2(500.0, 20.0));
        hand.at(pos2(510.0, 20.0));
        let events = hand.events();
        assert_eq!(events[0], Event::PointerMoved(pos2(10.0, 20.0)));
        let primary = PointerButton::Primary;
        assert_eq!(buttons(&events), [(primary, true)]);
        assert!(hand.has_more());
        assert_eq!(buttons(&hand.events()), [(primary, false)]);
        assert_eq!(hand.events(), [Event::PointerMoved(pos2(510.0, 20.0))]);
        assert!(!hand.has_more());
        hand.gone();
        assert!(!hand.lost());
    }

    #[test]
    fn it_holds_where_the_button_went_down() {
        let mut hand = Hand::default();
        hand.at(pos2(10.0, 20.0));
        assert_eq!(hand.holds(), None);
        hand.button(LEFT, true);
        hand.at(pos2(90.0, 20.0));
        assert_eq!(hand.holds(), Some((pos2(10.0, 20.0), pos2(90.0, 20.0))));
        hand.button(LEFT, false);
        assert_eq!(hand.holds(), None);
    }

    #[test]
    fn a_pointer_that_goes_while_it_holds_is_lost_and_not_let_go() {
        let mut hand = Hand::default();
        hand.button(LEFT, true);
        hand.events();
        hand.gone();
        assert!(hand.lost());
        assert!(!hand.lost(), "it is said once");
        // The toolkit must not believe that the button is still down.
        assert_eq!(buttons(&hand.events()), [(PointerButton::Primary, false)]);
        assert_eq!(hand.events(), [Event::PointerGone]);
    }

    #[test]
    fn another_button_holds_nothing() {
        let mut hand = Hand::default();
        hand.button(0x111, true);
        hand.gone();
        assert!(!hand.lost());
    }
}
