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
    down: Vec<PointerButton>,
    events: Vec<Event>,
    lost: bool,
}

impl Hand {
    /// It is here.
    pub(super) fn at(&mut self, at: Pos2) {
        self.at = at;
        self.events.push(Event::PointerMoved(at));
    }

    /// Returns where it is.
    pub(super) const fn position(&self) -> Pos2 {
        self.at
    }

    /// A button goes down or up.
    pub(super) fn button(&mut self, number: u32, pressed: bool) {
        let Some((_, button)) = BUTTONS.iter().find(|(one, _)| *one == number) else {
            return;
        };
        self.down.retain(|one| one != button);
        if pressed {
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

    /// Takes what the toolkit has not been told yet.
    pub(super) fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
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
        let events = hand.events();
        assert_eq!(events[0], Event::PointerMoved(pos2(10.0, 20.0)));
        let primary = PointerButton::Primary;
        assert_eq!(buttons(&events), [(primary, true), (primary, false)]);
        hand.gone();
        assert!(!hand.lost());
    }

    #[test]
    fn a_pointer_that_goes_while_it_holds_is_lost_and_not_let_go() {
        let mut hand = Hand::default();
        hand.button(LEFT, true);
        hand.events();
        hand.gone();
        assert!(hand.lost());
        assert!(!hand.lost(), "it is said once");
        let events = hand.events();
        // The toolkit must not believe that the button is still down.
        assert_eq!(buttons(&events), [(PointerButton::Primary, false)]);
        assert_eq!(events.last(), Some(&Event::PointerGone));
    }

    #[test]
    fn another_button_holds_nothing() {
        let mut hand = Hand::default();
        hand.button(0x111, true);
        hand.gone();
        assert!(!hand.lost());
    }
}
