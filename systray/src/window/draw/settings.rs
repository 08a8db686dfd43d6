//! The settings, over everything else.

use eframe::egui::accesskit::Role;
use eframe::egui::{
    Context, CornerRadius, CursorIcon, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo,
    pos2, vec2,
};
use sotto_control::DeviceRole;

use super::control::{Control, Kind};
use super::dialog::field;
use super::icon::Icon;
use super::text::{self, Weight};
use super::{keys, modal};
use crate::quiet::Quiet;
use crate::window::colour::Palette;
use crate::window::desk::{Act, Desk};
use crate::window::errand::Errand;
use crate::window::settings::{CHOICES, Settings};

/// The width of the settings.
const WIDTH: f32 = 460.0;
/// What is said of being left alone.
const QUIET: &str = "Do not disturb";
/// Draws them.
pub(super) fn show(ctx: &Context, desk: &mut Desk, look: &Palette, acts: &mut Vec<Act>) {
    let you = &desk.picture().you;
    let quiet = you.quiet.then(|| you.quiet_until.clone());
    let Some(settings) = desk.settings_mut() else {
        return;
    };
    let height = ctx.content_rect().height();
    modal::show(ctx, "settings", WIDTH, look, acts, |ui, acts| {
        text::line(ui, "Settings", Weight::Title, look.text);
        ui.add_space(8.0);
        ScrollArea::vertical()
            .id_salt("settings")
            .max_height(height - 256.0)
            .auto_shrink([false, true])
            .show(ui, |ui| {
                ui.set_width(ui.available_width() - 12.0);
                contents(ui, settings, quiet.as_ref(), look, acts);
            });
        ui.add_space(10.0);
        if settings.later() {
            let text = "Some of it holds once the daemon is started again.";
            text::paragraph(ui, text, Weight::Small, look.weak);
        }
        if let Some(trouble) = settings.trouble() {
            text::paragraph(ui, trouble, Weight::Small, look.warning);
        }
        if Control::words("Done", Kind::Main).add(ui, look).clicked() {
            acts.push(Act::Back);
        }
    });
}

fn contents(
    ui: &mut Ui,
    settings: &mut Settings,
    quiet: Option<&Option<String>>,
    look: &Palette,
    acts: &mut Vec<Act>,
) {
    if settings.reading() {
        text::line(ui, "Reading the settings…", Weight::Body, look.weak);
        return;
    }
    heading(ui, "Your name", look);
    let written = field(ui, &mut settings.name, "What colleagues call you", look);
    if let Some(name) = settings.new_name().filter(|_| written.lost_focus()) {
        acts.push(set("name", name));
    }
    heading(ui, QUIET, look);
    let mut row = vec![(Quiet::Off, "Off", quiet.is_none())];
    row.extend(Quiet::WAYS.map(|(way, name)| {
        let chosen = way == Quiet::On && quiet == Some(&None);
        (way, name, chosen)
    }));
    if let Some(way) = one_of(ui, QUIET, &row, look) {
        acts.push(Act::Errand(Errand::Quiet(way)));
    }
    if let Some(Some(until)) = quiet {
        let text = format!("On until {until}.");
        text::line(ui, &text, Weight::Body, look.text);
    }
    for (role, title) in [
        (DeviceRole::Input, "Microphone"),
        (DeviceRole::Output, "Loudspeaker"),
    ] {
        heading(ui, title, look);
        let devices = settings.devices(role);
        if devices.is_empty() && settings.trouble().is_none() {
            text::line(ui, "Looking…", Weight::Small, look.weak);
        }
        for (id, name, chosen) in devices {
            if option(ui, &name, &format!("{title}: {name}"), chosen, look) && !chosen {
                acts.push(Act::Errand(Errand::Use { device: id, role }));
            }
        }
        if role == DeviceRole::Input {
            trial(ui, settings, look, acts);
        }
    }
    for choice in CHOICES {
        heading(ui, choice.label, look);
        let now = settings.value(choice.key);
        let listed = choice.values.iter().map(|(value, name)| (*value, *name));
        // What was written by hand may be another.
        let known = choice.values.iter().any(|(value, _)| now == Some(*value));
        let other = now.filter(|_| !known).map(|value| (value, value));
        let row: Vec<_> = listed
            .chain(other)
            .map(|(value, name)| (value, name, now == Some(value)))
            .collect();
        if let Some(value) = one_of(ui, choice.label, &row, look) {
            acts.push(set(choice.key, value));
        }
    }
    heading(ui, "Keys that work in every program", look);
    keys::show(ui, &mut settings.keys, look, acts);
}

fn set(key: &'static str, value: &str) -> Act {
    let value = value.to_owned();
    Act::Errand(Errand::Set { key, value })
}

/// Values in a row, each with its name and whether it is chosen. Returns the one that was clicked.
fn one_of<T: Copy>(ui: &mut Ui, label: &str, row: &[(T, &str, bool)], look: &Palette) -> Option<T> {
    let mut clicked = None;
    ui.horizontal_wrapped(|ui| {
        for (value, name, chosen) in row {
            let kind = if *chosen { Kind::Main } else { Kind::Plain };
            let full = match chosen {
                true => format!("{label}: {name}, chosen"),
                false => format!("{label}: {name}"),
            };
            let control = Control::words(name, kind).name(&full);
            if control.add(ui, look).clicked() && !chosen {
                clicked = Some(*value);
            }
        }
    });
    clicked
}

fn heading(ui: &mut Ui, title: &str, look: &Palette) {
    ui.add_space(12.0);
    text::line(ui, title, Weight::Name, look.text);
    ui.add_space(2.0);
}

/// One of several, of which one is chosen. Returns whether it was clicked.
fn option(ui: &mut Ui, label: &str, name: &str, chosen: bool, look: &Palette) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 30.0), Sense::click());
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, chosen, name));
    if ui.is_rect_visible(rect) {
        let painter = ui.painter().clone();
        if response.hovered() {
            painter.rect_filled(rect, CornerRadius::same(9), look.card_hovered);
        }
        if response.has_focus() {
            let edge = Stroke::new(2.0, look.accent);
            painter.rect_stroke(rect, CornerRadius::same(9), edge, StrokeKind::Inside);
        }
        let at = pos2(rect.left() + 16.0, rect.center().y);
        let ink = if chosen { look.accent } else { look.weak };
        painter.circle_stroke(at, 7.0, Stroke::new(1.5, ink));
        if chosen {
            painter.circle_filled(at, 3.8, ink);
        }
        let room = rect.width() - 40.0;
        let (galley, _) = text::fitted(&painter, label, &Weight::Body.font(), look.text, room);
        let corner = pos2(rect.left() + 32.0, rect.center().y - galley.size().y / 2.0);
        painter.galley(corner, galley, look.text);
    }
    response.on_hover_cursor(CursorIcon::PointingHand).clicked()
}

fn trial(ui: &mut Ui, settings: &Settings, look: &Palette, acts: &mut Vec<Act>) {
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        let control = Control::wide(Icon::Microphone, "Try it", Kind::Plain);
        let control =
            control.name("Try the microphone: it plays a sound, listens, and plays what it heard");
        if control.enabled(!settings.tries()).add(ui, look).clicked() {
            acts.push(Act::Errand(Errand::Try));
        }
        let Some((words, level)) = settings.trial() else {
            return;
        };
        ui.vertical(|ui| {
            text::paragraph(ui, words, Weight::Body, look.text);
            if let Some(level) = level {
                let (rect, _) =
                    ui.allocate_exact_size(vec2(ui.available_width(), 6.0), Sense::hover());
                ui.painter().rect_filled(rect, 3.0, look.card_hovered);
                let full = Rect::from_min_size(rect.min, vec2(rect.width() * level, rect.height()));
                ui.painter().rect_filled(full, 3.0, look.accent);
            }
        });
    });
}
