//! The button to talk, in the window and on the strip, and the key that does the same.

use eframe::egui::accesskit::Toggled;
use eframe::egui::{Key, Response, Sense, Ui};

use super::control::{Control, Kind};
use super::icon::Icon;
use super::{fresh, shortcut};
use crate::window::colour::Palette;
use crate::window::desk::{Act, Desk};
use crate::window::push::Target;
use crate::wish::Wish;

/// What it is called.
const NAME: &str = "Talk";

/// Draws it as the window has it.
pub(super) fn tall(ui: &mut Ui, desk: &Desk, look: &Palette, acts: &mut Vec<Act>) {
    let control = Control::tall(icon(desk), NAME, kind(desk)).key(Key::Space);
    held(ui, control, desk, look, acts);
}

/// Draws it as the strip has it.
pub(super) fn small(ui: &mut Ui, desk: &Desk, look: &Palette, acts: &mut Vec<Act>) -> Response {
    let control = Control::small(icon(desk), NAME, kind(desk));
    held(ui, control, desk, look, acts)
}

fn is_on(desk: &Desk) -> bool {
    desk.talks() || desk.picture().you.pressed
}

fn icon(desk: &Desk) -> Icon {
    match is_on(desk) {
        true => Icon::Microphone,
        false => Icon::Muted,
    }
}

fn kind(desk: &Desk) -> Kind {
    match is_on(desk) {
        true => Kind::Main,
        false => Kind::Plain,
    }
}

/// Talks while it is pressed. A click without a press, as the Enter key and a screen reader do, talks until the next.
fn held(
    ui: &mut Ui,
    control: Control<'_>,
    desk: &Desk,
    look: &Palette,
    acts: &mut Vec<Act>,
) -> Response {
    let can = desk.picture().you.can_press();
    let response = control
        .enabled(can)
        .add_with(ui, look, Sense::click_and_drag());
    let on = Toggled::from(desk.picture().you.pressed);
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_toggled(on));
    if !can {
        return response;
    }
    let space = response.has_focus() && ui.input(|input| input.key_pressed(Key::Space));
    let begins = response.has_focus() && fresh(ui, Key::Space);
    let (pressed, released) = ui.input(|input| {
        (
            input.pointer.primary_pressed(),
            input.pointer.primary_released(),
        )
    });
    if pressed && (response.is_pointer_button_down_on() || released && response.clicked()) || begins
    {
        acts.push(Act::Press(Target::Talk));
    } else if response.clicked() && !released && !space {
        acts.push(Act::Ask(Wish::TogglePress));
    }
    response
}

/// Talks while the space bar is held, wherever it does nothing else.
pub(super) fn key(ui: &Ui, desk: &Desk, acts: &mut Vec<Act>) {
    let focused = ui.memory(|memory| memory.focused().is_some());
    let room = desk.picture().room.is_some();
    if room && !focused && desk.picture().you.can_press() && shortcut(ui, desk, Key::Space) {
        acts.push(Act::Press(Target::Talk));
    }
}
