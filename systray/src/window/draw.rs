//! The window on the screen: the desk's picture in, what the user does out.
//!
//! Nothing is decided here. Every control has a name that a screen reader says, and does with a key what it does with
//! the pointer.

mod band;
mod control;
mod dialog;
mod face;
mod icon;
mod keys;
mod modal;
mod room;
mod roster;
mod settings;
mod side;
pub(super) mod strip;
pub(super) mod style;
mod talk;
mod text;
mod tile;

use std::time::Duration;

use eframe::egui::accesskit::{Live, Role};
use eframe::egui::{
    self, CornerRadius, Event, Frame, Key, Margin, Rect, Sense, Ui, UiBuilder, WidgetInfo, vec2,
};

use super::colour::Palette;
use super::desk::{Act, Desk};
use control::{Control, Kind};
use icon::Icon;
use text::Weight;

/// Below this width the meetings hide behind the faces.
const WIDE: f32 = 760.0;
/// The width of the meetings beside the faces.
const SIDE: f32 = 280.0;

/// Draws the window, and returns what the user did.
pub(crate) fn window(ui: &mut Ui, desk: &mut Desk, look: &Palette) -> Vec<Act> {
    let mut acts = Vec::new();
    ui.painter().rect_filled(ui.max_rect(), 0, look.ground);
    live(ui, desk);
    let room = desk.picture().room.is_some();
    let connected = desk.picture().disconnected.is_none();
    let area = ui.max_rect().shrink(16.0);
    let beside = connected && room && ui.max_rect().width() >= WIDE;
    let edge = match beside {
        true => area.right() - SIDE,
        false => area.right(),
    };
    // In the order in which the Tab key goes: the faces, the buttons, the other meetings.
    let (main, side) = area.split_left_right_at_x(edge);
    within(ui, main, |ui| match (&desk.picture().disconnected, room) {
        (Some(why), _) => disconnected(ui, desk, why, look, &mut acts),
        (None, true) => room::show(ui, desk, look, &mut acts),
        (None, false) => side::no_meeting(ui, desk, look, &mut acts),
    });
    if beside {
        let side = side.with_min_x(side.left() + 20.0);
        within(ui, side, |ui| side::meetings(ui, desk, look, &mut acts));
    }
    if desk.dialog().is_some() {
        dialog::show(ui.ctx(), desk, look, &mut acts);
    }
    settings::show(ui.ctx(), desk, look, &mut acts);
    anywhere(ui, desk, &mut acts);
    acts
}

/// Draws something into a part of the window. Returns how much room it took.
pub(super) fn within(ui: &mut Ui, place: Rect, contents: impl FnOnce(&mut Ui)) -> Rect {
    let builder = UiBuilder::new().max_rect(place);
    let drawn = ui.scope_builder(builder, |ui| {
        ui.shrink_clip_rect(place.expand(4.0));
        contents(ui);
    });
    drawn.response.rect
}

/// Takes the keys and clicks that mean the same everywhere.
pub(super) fn anywhere(ui: &Ui, desk: &Desk, acts: &mut Vec<Act>) {
    talk::key(ui, desk, acts);
    let pressed = |act: &Act| matches!(act, Act::Press(_));
    let held = desk.holds() || acts.iter().any(pressed);
    ui.input(|input| {
        if held && (input.pointer.primary_released() || input.key_released(Key::Space)) {
            acts.push(Act::LetGo);
        }
        if held && input.events.contains(&Event::WindowFocused(false)) {
            acts.push(Act::Lose);
        }
        if input.key_pressed(Key::Escape) {
            acts.push(Act::Back);
        }
    });
}

/// Keyboard shortcuts of the controls, which no text field takes.
pub(super) fn shortcut(ui: &Ui, desk: &Desk, key: Key) -> bool {
    let free = !desk.is_covered() && !ui.ctx().text_edit_focused();
    free && fresh(ui, key)
}

/// Returns whether the key has gone down, which a key that repeats does once.
fn fresh(ui: &Ui, key: Key) -> bool {
    ui.input(|input| {
        let plain = input.modifiers.is_none();
        plain
            && input.events.iter().any(|event| match event {
                Event::Key {
                    key: one,
                    pressed: true,
                    repeat: false,
                    ..
                } => *one == key,
                _ => false,
            })
    })
}

/// What a screen reader says by itself, and the window's own name.
fn live(ui: &Ui, desk: &Desk) {
    let (text, live) = match desk.says() {
        Some(text) => (text, Live::Polite),
        // The end of a sentence is no news.
        None => ("", Live::Off),
    };
    let rect = Rect::from_min_size(ui.max_rect().min, vec2(1.0, 1.0));
    let id = egui::Id::unique("news");
    let response = ui.interact(rect, id, Sense::HOVER);
    response.widget_info(|| WidgetInfo::labeled(Role::Status, true, text));
    ui.ctx()
        .accesskit_node_builder(id, |node| node.set_live(live));
    let title = desk.picture().window_title();
    ui.ctx()
        .accesskit_node_builder(egui::accesskit_root_id(), |node| node.set_label(title));
}

/// Says why there is no connection, and offers a way to one.
fn disconnected(ui: &mut Ui, desk: &Desk, why: &str, look: &Palette, acts: &mut Vec<Act>) {
    if why.is_empty() {
        return;
    }
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() / 3.0).max(24.0));
        text::line(ui, "Not connected to Sotto", Weight::Title, look.text);
        ui.add_space(8.0);
        text::paragraph(ui, why, Weight::Body, look.weak);
        ui.add_space(8.0);
        let start = desk.start();
        if start.is_under_way() {
            announced(ui, "Starting Sotto…", look.text);
            return;
        }
        if let Some(trouble) = start.trouble() {
            announced(ui, trouble, look.warning);
            ui.add_space(8.0);
        }
        if desk.picture().startable {
            let control = Control::words("Start Sotto", Kind::Main);
            if control.add(ui, look).clicked() {
                acts.push(Act::StartDaemon);
            }
            return;
        }
        text::paragraph(
            ui,
            "This window connects by itself as soon as the daemon runs.",
            Weight::Body,
            look.weak,
        );
    });
}

/// A paragraph that a screen reader says by itself.
fn announced(ui: &mut Ui, text: &str, ink: egui::Color32) {
    let response = text::paragraph(ui, text, Weight::Body, ink);
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_live(Live::Polite));
}

/// The message of the moment, if there is one.
pub(super) fn message(ui: &mut Ui, desk: &Desk, look: &Palette, acts: &mut Vec<Act>) {
    let Some((news, wrong)) = desk.messages().newest() else {
        return;
    };
    let (ground, ink) = match wrong {
        true => (look.warning_ground, look.warning),
        false => (look.card, look.weak),
    };
    Frame::new()
        .fill(ground)
        .corner_radius(CornerRadius::same(12))
        .inner_margin(Margin::symmetric(14, 8))
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                let width = (ui.available_width() - 38.0).max(40.0);
                ui.vertical(|ui| {
                    ui.set_width(width);
                    ui.add_space(4.0);
                    text::paragraph(ui, news, Weight::Body, ink);
                });
                let dismiss = Control::small(Icon::Close, "Dismiss the message", Kind::Bare);
                if dismiss.add(ui, look).clicked() {
                    acts.push(Act::Dismiss);
                }
            });
        });
    ui.add_space(8.0);
}

/// Asks for the next frame when something changes with time alone.
pub(super) fn wake(ctx: &egui::Context, desk: &Desk, now: Duration) {
    if let Some(next) = desk.next(now) {
        ctx.request_repaint_after(next);
    }
}

#[cfg(test)]
mod tests;
