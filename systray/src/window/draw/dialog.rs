//! The dialogs that start a meeting and that invite to one.

use eframe::egui::accesskit::Role;
use eframe::egui::{
    Context, CornerRadius, CursorIcon, Key, Margin, ScrollArea, Sense, Stroke, StrokeKind,
    TextEdit, Ui, WidgetInfo, pos2, vec2,
};

use super::control::{Control, Kind};
use super::icon::{self, Icon};
use super::text::{self, Weight};
use super::{face, modal};
use crate::window::colour::{Palette, circle};
use crate::window::desk::{Act, Desk};
use crate::window::dialog::Dialog;
use crate::window::picture::Colleague;

/// The width of a dialog.
const WIDTH: f32 = 420.0;

/// Draws the open dialog over everything else.
pub(super) fn show(ctx: &Context, desk: &mut Desk, look: &Palette, acts: &mut Vec<Act>) {
    let colleagues = desk.picture().colleagues.clone();
    let Some(dialog) = desk.dialog_mut() else {
        return;
    };
    let list = (ctx.content_rect().height() - 372.0).clamp(96.0, 360.0);
    modal::show(ctx, "dialog", WIDTH, look, acts, |ui, acts| {
        contents(ui, dialog, &colleagues, list, look, acts);
    });
}

fn contents(
    ui: &mut Ui,
    dialog: &mut Dialog,
    colleagues: &[Colleague],
    list: f32,
    look: &Palette,
    acts: &mut Vec<Act>,
) {
    let first = !std::mem::replace(&mut dialog.drawn, true);
    let heading = match dialog.inviting() {
        Some(title) => format!("Invite to {title}"),
        None => "Start a meeting".to_owned(),
    };
    text::line(ui, &heading, Weight::Title, look.text);
    ui.add_space(10.0);
    let starts = dialog.inviting().is_none();
    let mut entered = false;
    if starts {
        let field = field(ui, &mut dialog.title, "Title, for instance Planning", look);
        if first {
            field.request_focus();
        }
        entered |= enter_in(ui, &field);
    }
    ui.add_space(4.0);
    let search = field(ui, &mut dialog.search, "Search colleagues and groups", look);
    if first && !starts {
        search.request_focus();
    }
    entered |= enter_in(ui, &search);
    ui.add_space(8.0);
    let mut picked = None;
    ScrollArea::vertical()
        .id_salt("colleagues")
        .max_height(list)
        .auto_shrink([false, true])
        .show(ui, |ui| {
            let mut any = false;
            for colleague in dialog.listed(colleagues) {
                any = true;
                if row(ui, colleague, dialog.is_picked(&colleague.key), look) {
                    picked = Some(colleague.key.clone());
                }
            }
            if !any {
                let text = match (colleagues.is_empty(), dialog.search.trim().is_empty()) {
                    (true, _) => {
                        "No colleague is known yet. Whoever runs Sotto on this network appears here within seconds."
                    }
                    (false, false) => "Nobody fits what you search for.",
                    (false, true) => "Everyone you know is inside already.",
                };
                text::paragraph(ui, text, Weight::Body, look.weak);
            }
        });
    if let Some(key) = picked {
        dialog.pick(&key);
    }
    ui.add_space(12.0);
    let missing = dialog.missing();
    if let Some(missing) = &missing {
        text::paragraph(ui, missing, Weight::Small, look.weak);
    }
    ui.horizontal(|ui| {
        let action = match (starts, dialog.count()) {
            (true, _) => "Start the meeting".to_owned(),
            (false, 0) => "Invite".to_owned(),
            (false, count) => format!("Invite {count}"),
        };
        let control = Control::words(&action, Kind::Main).enabled(missing.is_none());
        if control.add(ui, look).clicked() || entered && missing.is_none() {
            acts.push(Act::Confirm);
        }
        if Control::words("Cancel", Kind::Bare).add(ui, look).clicked() {
            acts.push(Act::Back);
        }
    });
}

/// Returns whether the user has ended a field with the Enter key.
fn enter_in(ui: &Ui, field: &eframe::egui::Response) -> bool {
    field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
}

/// A line to write in.
pub(super) fn field(
    ui: &mut Ui,
    text: &mut String,
    hint: &str,
    look: &Palette,
) -> eframe::egui::Response {
    let edit = TextEdit::singleline(text)
        .id_salt(hint)
        .hint_text(hint.to_owned())
        .font(Weight::Name.font())
        .background_color(look.ground)
        .margin(Margin::symmetric(12, 9))
        .char_limit(256)
        .desired_width(f32::INFINITY);
    ui.add(edit).accessible_name(hint)
}

/// Somebody to pick. Returns whether that was done.
fn row(ui: &mut Ui, colleague: &Colleague, picked: bool, look: &Palette) -> bool {
    let width = ui.available_width() - 10.0;
    let (rect, response) = ui.allocate_exact_size(vec2(width, 46.0), Sense::click());
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    let name = format!("{}, {}", colleague.label, colleague.remark);
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, picked, &name));
    if ui.is_rect_visible(rect) {
        let painter = ui.painter().clone();
        let radius = CornerRadius::same(12);
        if picked || response.hovered() {
            painter.rect_filled(rect, radius, look.card_hovered);
        }
        if response.has_focus() {
            painter.rect_stroke(
                rect,
                radius,
                Stroke::new(2.0, look.accent),
                StrokeKind::Inside,
            );
        }
        let middle = rect.center().y;
        let colour = match colleague.running {
            true => circle(colleague.colour),
            false => circle(colleague.colour).lerp_to_gamma(look.card, 0.6),
        };
        face::disc(
            &painter,
            pos2(rect.left() + 26.0, middle),
            15.0,
            &colleague.initials,
            colour,
        );
        let room = width - 100.0;
        let (label, _) = text::fitted(
            &painter,
            &colleague.label,
            &Weight::Name.font(),
            look.text,
            room,
        );
        painter.galley(pos2(rect.left() + 52.0, middle - 19.0), label, look.text);
        let (remark, _) = text::fitted(
            &painter,
            &colleague.remark,
            &Weight::Small.font(),
            look.weak,
            room,
        );
        painter.galley(pos2(rect.left() + 52.0, middle + 3.0), remark, look.weak);
        let square = eframe::egui::Rect::from_center_size(
            pos2(rect.right() - 24.0, middle),
            vec2(22.0, 22.0),
        );
        if picked {
            painter.rect_filled(square, CornerRadius::same(7), look.accent);
            icon::draw(&painter, Icon::Tick, square.shrink(5.0), look.on_accent);
        } else {
            let edge = Stroke::new(1.5, look.weak);
            painter.rect_stroke(square, CornerRadius::same(7), edge, StrokeKind::Inside);
        }
    }
    response.on_hover_cursor(CursorIcon::PointingHand).clicked()
}
