//! The keys that work in every program, in the settings.

use eframe::egui::accesskit::{Live, Role};
use eframe::egui::{Event, EventFilter, Key, Modifiers, Sense, Ui, WidgetInfo};

use super::control::{Control, Kind};
use super::text::{self, Weight};
use crate::window::colour::Palette;
use crate::window::desk::Act;
use crate::window::errand::Errand;
use crate::window::keys::{Keys, Row, Stroke};

/// The width of a key's name.
const KEY_WIDTH: f32 = 180.0;
/// What is said while a key is waited for.
const PRESS: &str = "Press the keys to use; Esc keeps the old one.";
/// What is said where the desktop has the last word.
const PROPOSED: &str = "Your desktop decides which keys these are: what you choose here is proposed to it, and what it has \
    once accepted is changed there.";

/// Draws them.
pub(super) fn show(ui: &mut Ui, keys: &mut Keys, look: &Palette, acts: &mut Vec<Act>) {
    let set = strokes(ui, keys)
        .into_iter()
        .filter_map(|it| keys.stroke(it));
    acts.extend(set.map(Act::Errand));
    if let Some(trouble) = keys.trouble() {
        text::paragraph(ui, &trouble, Weight::Small, look.warning);
    }
    if keys.are_proposed() {
        text::paragraph(ui, PROPOSED, Weight::Small, look.weak);
    }
    if keys.has_dialog() {
        let control = Control::words("Choose in the desktop…", Kind::Plain);
        if control.add(ui, look).clicked() {
            acts.push(Act::Errand(Errand::ChooseKeys));
        }
    }
    for row in keys.rows() {
        ui.add_space(6.0);
        text::line(ui, &row.does, Weight::Body, look.text);
        match keys.asks_for(&row.action) {
            true => waiting(ui, keys, look),
            false => set_key(ui, keys, &row, look, acts),
        }
    }
}

/// A key, and what can be done about it.
fn set_key(ui: &mut Ui, keys: &mut Keys, row: &Row, look: &Palette, acts: &mut Vec<Act>) {
    let does = &row.does;
    ui.horizontal(|ui| {
        let (key, ink) = match row.key {
            Some(key) => (key.to_string(), look.text),
            None => ("No key".to_owned(), look.weak),
        };
        ui.vertical(|ui| {
            ui.set_width(KEY_WIDTH);
            ui.add_space(8.0);
            text::line(ui, &key, Weight::Name, ink);
        });
        let name = match row.key {
            Some(key) => format!("{does}: change the key {key}"),
            None => format!("{does}: choose a key"),
        };
        let change = Control::words("Change…", Kind::Plain)
            .name(&name)
            .add(ui, look);
        if keys.has_answered(&row.action) {
            change.request_focus();
        }
        if change.clicked() {
            keys.ask(row.action.clone());
        }
        if row.key.is_some() {
            let name = format!("{does}: remove the key");
            let remove = Control::words("Remove", Kind::Bare).name(&name);
            if remove.add(ui, look).clicked() {
                acts.push(Act::Errand(Errand::Key {
                    setting: row.action.setting(),
                    key: None,
                }));
            }
        }
    });
    if let Some((remark, wrong)) = &row.remark {
        let ink = if *wrong { look.warning } else { look.weak };
        text::paragraph(ui, remark, Weight::Small, ink);
    }
}

/// Waits for a key, with the focus, so that none does anything else.
fn waiting(ui: &mut Ui, keys: &mut Keys, look: &Palette) {
    let said = text::paragraph(ui, PRESS, Weight::Body, look.accent);
    let response = said.interact(Sense::focusable_noninteractive());
    let id = response.id;
    response.widget_info(|| WidgetInfo::labeled(Role::Status, true, PRESS));
    if !response.has_focus() {
        response.request_focus();
        response.scroll_to_me(None);
    }
    ui.memory_mut(|memory| {
        memory.set_focus_lock_filter(
            id,
            EventFilter {
                tab: true,
                horizontal_arrows: true,
                vertical_arrows: true,
                escape: true,
            },
        );
    });
    ui.ctx()
        .accesskit_node_builder(id, |node| node.set_live(Live::Polite));
    if let Some(why) = keys.refused() {
        super::announced(ui, why, look.warning);
    }
    if Control::words("Keep the old one", Kind::Bare)
        .add(ui, look)
        .clicked()
    {
        keys.keep();
    }
}

/// Takes what is pressed and let go from everything else while a key is waited for.
fn strokes(ui: &Ui, keys: &Keys) -> Vec<Stroke> {
    if !keys.asks() {
        return Vec::new();
    }
    ui.input_mut(|input| {
        let held = input.modifiers;
        let strokes = input.events.iter().filter_map(|event| stroke(event, held));
        let strokes = strokes.collect();
        input
            .events
            .retain(|event| !matches!(event, Event::Key { .. } | Event::Text(_)));
        strokes
    })
}

fn stroke(event: &Event, now: Modifiers) -> Option<Stroke> {
    let down = |key, held: Modifiers| Stroke::Down {
        key,
        held: [held.ctrl, held.alt, held.shift],
    };
    // The toolkit takes these for what they mean in a text.
    match event {
        Event::Copy => return Some(down(Some("C"), now)),
        Event::Cut => return Some(down(Some("X"), now)),
        Event::Paste(_) | Event::PasteImage(_) => return Some(down(Some("V"), now)),
        _ => {}
    }
    let Event::Key {
        key,
        physical_key,
        pressed,
        repeat: false,
        modifiers,
    } = event
    else {
        return None;
    };
    if let Some(name) = modifier(*key) {
        return Some(Stroke::Held {
            name,
            down: *pressed,
        });
    }
    // With Shift, a key may stand for a character that is on no key alone.
    let name = || name(*key).or_else(|| name(physical_key.as_ref().copied()?));
    pressed.then(|| down(name(), *modifiers))
}

const fn modifier(key: Key) -> Option<&'static str> {
    Some(match key {
        Key::ControlLeft | Key::ControlRight => "Ctrl",
        Key::AltLeft | Key::AltRight => "Alt",
        Key::ShiftLeft | Key::ShiftRight => "Shift",
        Key::SuperLeft | Key::SuperRight => "Super",
        _ => return None,
    })
}

/// Returns a key's name in the settings.
fn name(key: Key) -> Option<&'static str> {
    let name = match key {
        Key::Equals => "Equal",
        Key::Quote => "Apostrophe",
        Key::Backtick => "Grave",
        Key::OpenBracket => "BracketLeft",
        Key::CloseBracket => "BracketRight",
        Key::PrintScreen => "Print",
        Key::MediaPlayPause => "MediaPlay",
        Key::MediaTrackNext => "MediaNext",
        Key::MediaTrackPrevious => "MediaPrevious",
        Key::AudioVolumeMute => "Mute",
        other => other.name(),
    };
    let known = format!("Ctrl+{name}").parse::<sotto_control::config::Trigger>();
    known.is_ok().then_some(name)
}
