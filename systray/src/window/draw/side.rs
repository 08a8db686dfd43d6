//! Invitations and the other meetings: beside the faces, or in their place while the user is in no meeting.

use eframe::egui::{CornerRadius, Frame, Margin, ScrollArea, Sense, Stroke, Ui, vec2};

use super::control::{Control, Kind};
use super::icon::Icon;
use super::text::{self, Weight};
use super::{band, face};
use crate::window::colour::Palette;
use crate::window::desk::{Act, Desk};
use crate::window::picture::{Card, Invite, Line};
use crate::wish::Wish;

/// The widest column of cards.
const WIDEST: f32 = 520.0;

/// Draws all invitations and meetings.
pub(super) fn meetings(ui: &mut Ui, desk: &Desk, look: &Palette, acts: &mut Vec<Act>) {
    let picture = desk.picture();
    ScrollArea::vertical()
        .id_salt("meetings")
        .auto_shrink([false, false])
        .show(ui, |ui| {
            ui.set_width(ui.available_width() - 10.0);
            cards(ui, desk, look, acts);
            if picture.meetings.is_empty() && picture.invitations.is_empty() {
                text::paragraph(
                    ui,
                    "No other meetings. Invitations appear here.",
                    Weight::Body,
                    look.weak,
                );
                ui.add_space(10.0);
            }
            let start = Control::wide(Icon::Invite, "Start a meeting…", Kind::Plain);
            if start.add(ui, look).clicked() {
                acts.push(Act::Start);
            }
        });
}

/// Draws the window of a user who is in no meeting.
pub(super) fn no_meeting(ui: &mut Ui, desk: &Desk, look: &Palette, acts: &mut Vec<Act>) {
    let picture = desk.picture();
    let width = ui.available_width().min(WIDEST);
    let margin = (ui.available_width() - width) / 2.0;
    ScrollArea::vertical()
        .id_salt("no meeting")
        .auto_shrink([false, false])
        .show(ui, |ui| {
            let empty = picture.invitations.is_empty() && picture.meetings.is_empty();
            ui.add_space(if empty { ui.available_height() / 4.0 } else { 16.0 });
            ui.horizontal(|ui| {
                ui.add_space(margin);
                ui.vertical(|ui| {
                    ui.set_width(width);
                    band::troubles(ui, picture, look);
                    super::message(ui, desk, look, acts);
                    let (title, hint) = match picture.you.on_the_phone {
                        true => (
                            "You are on the phone",
                            "Nobody in the meeting hears you, and you hear nobody.",
                        ),
                        false => (
                            "You are not in a meeting",
                            "Start one with the colleagues on your network. Nothing is recorded, and no microphone is \
                             open until you join.",
                        ),
                    };
                    text::line(ui, title, Weight::Title, look.text);
                    ui.add_space(4.0);
                    text::paragraph(ui, hint, Weight::Body, look.weak);
                    ui.add_space(12.0);
                    ui.horizontal(|ui| {
                        let back = Control::wide(Icon::Clock, "I am back", Kind::Main);
                        if picture.you.on_the_phone && back.add(ui, look).clicked() {
                            acts.push(Act::Ask(Wish::Back));
                        }
                        let kind = match picture.you.on_the_phone {
                            true => Kind::Plain,
                            false => Kind::Main,
                        };
                        if Control::wide(Icon::Invite, "Start a meeting…", kind).add(ui, look).clicked() {
                            acts.push(Act::Start);
                        }
                        if Control::wide(Icon::Sliders, "Settings", Kind::Bare)
                            .add(ui, look)
                            .clicked()
                        {
                            acts.push(Act::Settings);
                        }
                    });
                    ui.add_space(20.0);
                    cards(ui, desk, look, acts);
                });
            });
        });
}

fn cards(ui: &mut Ui, desk: &Desk, look: &Palette, acts: &mut Vec<Act>) {
    let picture = desk.picture();
    if !picture.invitations.is_empty() {
        text::line(ui, "Invitations", Weight::Heading, look.text);
        ui.add_space(4.0);
    }
    for invite in &picture.invitations {
        invitation(
            ui,
            invite,
            picture.room.is_some(),
            desk.wanted(),
            look,
            acts,
        );
    }
    if !picture.meetings.is_empty() {
        ui.add_space(6.0);
        text::line(ui, "Your other meetings", Weight::Heading, look.text);
        ui.add_space(4.0);
    }
    for one in &picture.meetings {
        card(ui, one, look, acts);
    }
}

fn framed(ui: &mut Ui, look: &Palette, marked: bool, contents: impl FnOnce(&mut Ui)) {
    let edge = match marked {
        true => Stroke::new(2.0, look.accent),
        false => Stroke::new(1.0, look.line),
    };
    Frame::new()
        .fill(look.card)
        .stroke(edge)
        .corner_radius(CornerRadius::same(14))
        .inner_margin(Margin::symmetric(14, 12))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            contents(ui);
        });
    ui.add_space(8.0);
}

fn invitation(
    ui: &mut Ui,
    invite: &Invite,
    elsewhere: bool,
    wanted: Option<&str>,
    look: &Palette,
    acts: &mut Vec<Act>,
) {
    let marked = wanted == Some(invite.id.as_str());
    framed(ui, look, marked, |ui| {
        let title = text::line(ui, &invite.title, Weight::Name, look.text);
        if marked {
            title.scroll_to_me(None);
        }
        text::line(
            ui,
            &format!("From {}", invite.from),
            Weight::Small,
            look.weak,
        );
        text::line(ui, &invite.inside, Weight::Small, look.weak);
        ui.add_space(6.0);
        ui.horizontal_wrapped(|ui| {
            let join = format!("Join {}. {}", invite.title, invite.sentence);
            let text = if elsewhere { "Switch to it" } else { "Join" };
            if Control::words(text, Kind::Main)
                .name(&join)
                .add(ui, look)
                .clicked()
            {
                acts.push(Act::Ask(Wish::Join(invite.id.clone())));
            }
            let decline = format!("Decline {}", invite.title);
            if Control::words("Decline", Kind::Plain)
                .name(&decline)
                .add(ui, look)
                .clicked()
            {
                acts.push(Act::Ask(Wish::Decline(invite.id.clone())));
            }
        });
    });
}

fn card(ui: &mut Ui, card: &Card, look: &Palette, acts: &mut Vec<Act>) {
    framed(ui, look, false, |ui| {
        text::line(ui, &card.title, Weight::Name, look.text);
        text::line(ui, &card.summary, Weight::Small, look.weak);
        ui.add_space(4.0);
        for line in &card.roster {
            roster_line(ui, line, look);
        }
        ui.add_space(6.0);
        ui.horizontal_wrapped(|ui| {
            let (text, name, wish) = match card.switches {
                true => (
                    "Switch",
                    format!("Switch to {}", card.title),
                    Wish::Switch(card.id.clone()),
                ),
                false => (
                    "Join",
                    format!("Join {}", card.title),
                    Wish::Join(card.id.clone()),
                ),
            };
            if Control::words(text, Kind::Plain)
                .name(&name)
                .add(ui, look)
                .clicked()
            {
                acts.push(Act::Ask(wish));
            }
        });
    });
}

/// A name with where they are; the words fit beside a name of any length.
fn roster_line(ui: &mut Ui, line: &Line, look: &Palette) {
    let width = ui.available_width();
    let (rect, response) = ui.allocate_exact_size(vec2(width, 20.0), Sense::hover());
    text::named(&response, &format!("{}, {}", line.label, line.presence));
    if !ui.is_rect_visible(rect) {
        return;
    }
    let painter = ui.painter().clone();
    let middle = rect.center().y;
    let at = eframe::egui::pos2(rect.left() + 6.0, middle);
    face::presence(&painter, at, 4.0, line.mark, look, look.card);
    let font = Weight::Small.font();
    let (words, _) = text::fitted(&painter, &line.presence, &font, look.weak, width * 0.5);
    let left = rect.left() + 18.0;
    let room = width - 18.0 - words.size().x - 10.0;
    let (name, cut) = text::fitted(&painter, &line.label, &font, look.text, room);
    painter.galley(
        eframe::egui::pos2(left, middle - name.size().y / 2.0),
        name,
        look.text,
    );
    let right = rect.right() - words.size().x;
    painter.galley(
        eframe::egui::pos2(right, middle - words.size().y / 2.0),
        words,
        look.weak,
    );
    if cut {
        text::full_on_hover(response, &line.label);
    }
}
