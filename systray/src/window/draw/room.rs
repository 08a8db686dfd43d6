//! The meeting that the user is in: its title, its faces, who hears the user, and the buttons.

use eframe::egui::{CornerRadius, Frame, Key, Margin, Rect, Sense, Stroke, Ui, pos2, vec2};

use super::band::{band, mark, troubles};
use super::control::{Control, Kind};
use super::icon::Icon;
use super::text::{self, Weight};
use super::{WIDE, roster, shortcut, side, talk, within};
use crate::window::colour::Palette;
use crate::window::desk::{Act, Desk};
use crate::window::picture::{Picture, Room, STEPS, Tone, You, plain};
use crate::window::push::Target;
use crate::wish::Wish;

/// Draws it.
pub(super) fn show(ui: &mut Ui, desk: &Desk, look: &Palette, acts: &mut Vec<Act>) {
    let picture = desk.picture();
    let Some(room) = &picture.room else { return };
    let narrow = ui.ctx().content_rect().width() < WIDE;
    head(ui, room, picture, narrow, look, acts);
    let area = ui.available_rect_before_wrap();
    let height = settled(ui);
    let (upper, lower) = area.split_top_bottom_at_y(area.bottom() - height);
    within(ui, upper.with_max_y(upper.bottom() - 12.0), |ui| {
        if narrow && ui.data(|data| data.get_temp::<bool>(behind()).unwrap_or(false)) {
            side::meetings(ui, desk, look, acts);
        } else {
            roster::show(ui, room, desk, look, acts);
        }
    });
    let drawn = within(ui, lower, |ui| {
        troubles(ui, picture, look);
        super::message(ui, desk, look, acts);
        for whisper in &room.whispers {
            let (ground, ink) = (look.whisper_ground, look.whisper);
            band(ui, Icon::Bubble, whisper, ground, ink, look);
        }
        audience(ui, room, desk, look, acts);
        ui.add_space(10.0);
        controls(ui, room, &picture.you, desk, look, acts);
    });
    settle(ui, drawn.height());
}

/// Returns the key for the height of the lower part.
fn height_id() -> eframe::egui::Id {
    eframe::egui::Id::unique("height of the controls")
}

/// Returns how high the lower part was in the last pass.
fn settled(ui: &Ui) -> f32 {
    ui.data(|data| data.get_temp::<f32>(height_id()))
        .unwrap_or(118.0)
}

/// What is drawn from the bottom stands where it had room in the last pass. If it has become higher or lower, this pass
/// is thrown away.
fn settle(ui: &Ui, height: f32) {
    if (settled(ui) - height).abs() > 0.5 {
        ui.data_mut(|data| data.insert_temp(height_id(), height));
        ui.ctx().request_discard("the controls have another height");
        ui.ctx().request_repaint();
    }
}

/// Returns the key for whether a narrow window shows the meetings instead of the faces.
fn behind() -> eframe::egui::Id {
    eframe::egui::Id::unique("meetings instead of faces")
}

fn head(
    ui: &mut Ui,
    room: &Room,
    picture: &Picture,
    narrow: bool,
    look: &Palette,
    acts: &mut Vec<Act>,
) {
    ui.horizontal(|ui| {
        let buttons = if narrow { 228.0 } else { 82.0 };
        ui.vertical(|ui| {
            ui.set_width((ui.available_width() - buttons).max(80.0));
            text::line(ui, &room.title, Weight::Title, look.text);
            text::line(ui, &room.count, Weight::Body, look.weak);
        });
        ui.with_layout(
            eframe::egui::Layout::right_to_left(eframe::egui::Align::TOP),
            |ui| {
                let shrink = Control::small(
                    Icon::Shrink,
                    "Shrink to a strip above all windows",
                    Kind::Bare,
                );
                if shrink.add(ui, look).clicked() {
                    acts.push(Act::Zoom);
                }
                let settings = Control::small(Icon::Sliders, "Settings", Kind::Bare);
                if settings.add(ui, look).clicked() {
                    acts.push(Act::Settings);
                }
                if narrow {
                    let shown = ui.data(|data| data.get_temp::<bool>(behind()).unwrap_or(false));
                    let text = match (shown, picture.invitations.len()) {
                        (true, _) => "Faces".to_owned(),
                        (false, 0) => "Meetings".to_owned(),
                        (false, count) => format!("Meetings ({count})"),
                    };
                    if Control::words(&text, Kind::Bare).add(ui, look).clicked() {
                        ui.data_mut(|data| data.insert_temp(behind(), !shown));
                    }
                }
            },
        );
    });
    ui.add_space(12.0);
}

/// Shows the audience, always.
fn audience(ui: &mut Ui, room: &Room, desk: &Desk, look: &Palette, acts: &mut Vec<Act>) {
    let audience = &room.audience;
    let (one, ground, ink) = match audience.tone {
        Tone::Open => (Icon::People, look.card, look.accent),
        Tone::Closed => (Icon::Muted, look.card, look.weak),
        Tone::Whisper => (Icon::Bubble, look.whisper_ground, look.whisper),
        Tone::Lost => (Icon::Warning, look.warning_ground, look.warning),
    };
    let chosen = desk.chosen().len();
    let everyone = audience.can_widen.then_some("Speak to everyone");
    let whisper = match chosen {
        0 => None,
        1 => Some("Whisper to 1 chosen".to_owned()),
        count => Some(format!("Whisper to {count} chosen")),
    };
    Frame::new()
        .fill(ground)
        .stroke(Stroke::new(1.0, look.line))
        .corner_radius(CornerRadius::same(14))
        .inner_margin(Margin::symmetric(14, 10))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal(|ui| {
                mark(ui, one, ink);
                let names = if audience.tone == Tone::Whisper {
                    ink
                } else {
                    look.text
                };
                text::parts(ui, &audience.sentence, Weight::Body, look.text, names);
            });
            if everyone.is_none() && whisper.is_none() && !audience.can_unmute {
                return;
            }
            ui.add_space(4.0);
            ui.horizontal(|ui| {
                ui.add_space(26.0);
                if audience.can_unmute {
                    let control = Control::wide(Icon::Microphone, "Unmute", Kind::Main);
                    let control = control.name("Unmute: nobody hears what you say");
                    if control.add(ui, look).clicked() {
                        acts.push(Act::Ask(Wish::Unmute));
                    }
                }
                if let Some(text) = &whisper
                    && Control::wide(Icon::Bubble, text, Kind::Whisper)
                        .add(ui, look)
                        .clicked()
                {
                    acts.push(Act::WhisperToChosen);
                }
                if let Some(text) = everyone {
                    let control = Control::wide(Icon::People, text, Kind::Main);
                    if control
                        .name("Speak to everyone (Esc)")
                        .add(ui, look)
                        .clicked()
                    {
                        acts.push(Act::Everyone);
                    }
                }
            });
        });
}

fn controls(ui: &mut Ui, room: &Room, you: &You, desk: &Desk, look: &Palette, acts: &mut Vec<Act>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
        if you.push_to_talk {
            talk::tall(ui, desk, look, acts);
        }
        microphone(ui, you, desk, look, acts);
        let (one, text, kind, wish) = match you.deafened {
            true => (Icon::Deafened, "Undeafen", Kind::Danger, Wish::Undeafen),
            false => (Icon::Headphones, "Deafen", Kind::Plain, Wish::Deafen),
        };
        let key = shortcut(ui, desk, Key::D);
        if Control::tall(one, text, kind)
            .key(Key::D)
            .add(ui, look)
            .clicked()
            || key
        {
            acts.push(Act::Ask(wish));
        }
        reply(ui, room, desk, look, acts);
        if you.away || you.on_the_phone {
            if Control::tall(Icon::Clock, "I am back", Kind::Main)
                .add(ui, look)
                .clicked()
            {
                acts.push(Act::Ask(Wish::Back));
            }
        } else {
            if Control::tall(Icon::Clock, "Away", Kind::Plain)
                .add(ui, look)
                .clicked()
            {
                acts.push(Act::Ask(Wish::Away));
            }
            if Control::tall(Icon::Phone, "Phone", Kind::Plain)
                .name("Take a phone call: both devices close")
                .add(ui, look)
                .clicked()
            {
                acts.push(Act::Ask(Wish::Phone));
            }
        }
        if Control::tall(Icon::Invite, "Invite…", Kind::Plain)
            .add(ui, look)
            .clicked()
        {
            acts.push(Act::Invite);
        }
        if Control::tall(Icon::Leave, "Leave", Kind::Danger)
            .add(ui, look)
            .clicked()
        {
            acts.push(Act::Ask(Wish::Leave(room.id.clone())));
        }
    });
}

/// Mutes and unmutes; shows how loud the microphone is.
fn microphone(ui: &mut Ui, you: &You, desk: &Desk, look: &Palette, acts: &mut Vec<Act>) {
    let (one, text, kind, wish) = match you.muted {
        true => (Icon::Muted, "Unmute", Kind::Danger, Wish::Unmute),
        false => (Icon::Microphone, "Mute", Kind::Plain, Wish::Mute),
    };
    let key = shortcut(ui, desk, Key::M);
    let control = Control::tall(one, text, kind)
        .key(Key::M)
        .enabled(!you.deafened);
    let response = control.add(ui, look);
    if response.clicked() || key && !you.deafened {
        acts.push(Act::Ask(wish));
    }
    if let Some(step) = desk.voices().microphone().filter(|_| you.microphone_open) {
        let rect = response.rect;
        let full = rect.height() - 20.0;
        let height = full * f32::from(step) / f32::from(STEPS);
        let bottom = rect.bottom() - 10.0;
        let bar = Rect::from_min_max(
            pos2(rect.left() + 7.0, bottom - height),
            pos2(rect.left() + 10.0, bottom),
        );
        ui.painter().rect_filled(bar, 1.5, look.accent);
    }
}

/// Answers the last whisper, while it is pressed or until it is said otherwise.
fn reply(ui: &mut Ui, room: &Room, desk: &Desk, look: &Palette, acts: &mut Vec<Act>) {
    if room.reply_to.is_empty() {
        return;
    }
    let name = format!("Reply to {}", plain(&room.reply_names));
    let control = Control::tall(Icon::Reply, "Reply", Kind::Whisper)
        .name(&name)
        .key(Key::R);
    let response = control.add_with(ui, look, Sense::click_and_drag());
    let to = || room.reply_to.clone();
    let space = response.has_focus() && ui.input(|input| input.key_pressed(Key::Space));
    let (pressed, released) = ui.input(|input| {
        (
            input.pointer.primary_pressed(),
            input.pointer.primary_released(),
        )
    });
    if pressed && (response.is_pointer_button_down_on() || released && response.clicked())
        || space && !desk.holds()
    {
        acts.push(Act::Press(Target::Reply(to())));
    } else if response.clicked() && !released && !space || shortcut(ui, desk, Key::R) {
        acts.push(Act::ClickReply(to()));
    }
}
