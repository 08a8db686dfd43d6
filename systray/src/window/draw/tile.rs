//! A participant's tile: whoever presses it whispers to that person.

use eframe::egui::accesskit::Action;
use eframe::egui::accesskit::Role;
use eframe::egui::{
    Color32, CornerRadius, CursorIcon, Event, Id, Key, Rect, Response, Sense, Stroke, StrokeKind,
    Ui, Vec2, WidgetInfo, pos2, vec2,
};

use super::control::{Control, Kind};
use super::face::{self, Ring};
use super::icon::{self, Icon};
use super::text::{self, Weight, fitted};
use crate::window::colour::Palette;
use crate::window::desk::{Act, Desk};
use crate::window::picture::{Mark, Quality, Tile};
use crate::window::push::Target;
use crate::wish::Wish;

/// The smallest tile.
pub(super) const SIZE: Vec2 = vec2(150.0, 168.0);
/// What a screen reader says of how a face is used.
const HOW: &str = "Hold Space to whisper to them while you hold. Enter whispers until Escape. Control and Enter \
                   chooses several.";

/// Draws a tile.
pub(super) fn show(
    ui: &mut Ui,
    rect: Rect,
    tile: &Tile,
    desk: &Desk,
    look: &Palette,
    acts: &mut Vec<Act>,
) {
    let response = sensed(ui, rect, tile, desk, acts);
    if !ui.is_rect_visible(rect) {
        return;
    }
    let ground = ground(tile, desk, &response, look);
    let painter = ui.painter().clone();
    let radius = CornerRadius::same(18);
    painter.rect_filled(rect, radius, ground);
    let edge = if desk.is_held(&tile.id) {
        Some(Stroke::new(3.0, look.whisper))
    } else if tile.chosen || tile.whispers || desk.is_chosen(&tile.id) {
        Some(Stroke::new(1.5, look.whisper))
    } else {
        None
    };
    if let Some(edge) = edge {
        painter.rect_stroke(rect, radius, edge, StrokeKind::Inside);
    }
    if response.has_focus() {
        let edge = Stroke::new(2.0, look.accent);
        painter.rect_stroke(rect.expand(2.0), radius, edge, StrokeKind::Outside);
    }
    let center = rect.center().x;
    let ring = ring(tile, desk);
    face::draw(
        &painter,
        pos2(center, rect.top() + 56.0),
        32.0,
        tile,
        ring,
        look,
        ground,
    );
    if desk.is_chosen(&tile.id) {
        let square = Rect::from_min_size(rect.min + vec2(12.0, 12.0), vec2(16.0, 16.0));
        icon::draw(&painter, Icon::Tick, square, look.whisper);
    }
    bars(
        ui,
        pos2(rect.right() - 26.0, rect.top() + 14.0),
        tile.quality,
        look,
    );

    let width = rect.width() - 20.0;
    let row = |text: &str, weight: Weight, colour: Color32, y: f32| {
        let (galley, _) = fitted(&painter, text, &weight.font(), colour, width);
        painter.galley(
            pos2(center - galley.size().x / 2.0, rect.top() + y),
            galley,
            colour,
        );
    };
    let name = match tile.you {
        true => format!("{} (you)", tile.label),
        false => tile.label.clone(),
    };
    let ink = if tile.mark == Mark::Offline {
        look.weak
    } else {
        look.text
    };
    row(&name, Weight::Name, ink, 101.0);
    row(&tile.presence, Weight::Small, look.weak, 123.0);
    if tile.same_room || tile.silenced {
        silence(ui, rect, tile, look, acts);
        return;
    }
    let (remark, colour) = if tile.whispers {
        ("whispers to you", look.whisper)
    } else if tile.chosen {
        ("hears your whisper", look.whisper)
    } else {
        (tile.quality.words(), look.warning)
    };
    row(remark, Weight::Small, colour, 141.0);
}

fn ground(tile: &Tile, desk: &Desk, response: &Response, look: &Palette) -> Color32 {
    if tile.chosen || desk.is_held(&tile.id) {
        look.whisper_ground
    } else if response.hovered() && tile.reachable() {
        look.card_hovered
    } else if tile.mark == Mark::Offline {
        look.card.lerp_to_gamma(look.ground, 0.6)
    } else {
        look.card
    }
}

/// The ring of whoever speaks.
pub(super) fn ring(tile: &Tile, desk: &Desk) -> Option<Ring> {
    let voices = desk.voices();
    let loudness = voices.loudness(&tile.id, tile.you)?;
    Some(Ring {
        loudness,
        whisper: tile.whispers || voices.whispers(&tile.id),
    })
}

/// Makes a face something to press, by pointer, key and screen reader.
pub(super) fn sensed(
    ui: &Ui,
    rect: Rect,
    tile: &Tile,
    desk: &Desk,
    acts: &mut Vec<Act>,
) -> Response {
    let id = Id::unique(("face", &tile.id));
    let sense = match tile.you {
        true => Sense::focusable_noninteractive(),
        false => Sense::click_and_drag(),
    };
    let response = ui.interact(rect, id, sense);
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    let name = tile.accessible();
    if tile.you {
        text::named(&response, &name);
    } else {
        let on = tile.chosen || desk.is_chosen(&tile.id);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, on, &name));
        ui.ctx()
            .accesskit_node_builder(id, |node| node.set_description(HOW));
        pressed(ui, &response, tile, desk, acts);
    }
    let cursor = match tile.reachable() {
        true => CursorIcon::PointingHand,
        false => CursorIcon::Default,
    };
    details(response.on_hover_cursor(cursor), tile, desk)
}

fn pressed(ui: &Ui, response: &Response, tile: &Tile, desk: &Desk, acts: &mut Vec<Act>) {
    let press = || Act::Press(Target::Faces(desk.with_chosen(&tile.id)));
    let choose = || Act::Choose(tile.id.clone());
    // Within the reader of the input nothing else of egui may be asked.
    let (focused, clicked) = (response.has_focus(), response.clicked());
    ui.input(|input| {
        let down = response.is_pointer_button_down_on() && input.pointer.primary_pressed();
        // Press and release may come at once.
        let both = input.pointer.primary_pressed() && input.pointer.primary_released();
        if down || both && clicked {
            let several = input.modifiers.command;
            acts.push(if several { choose() } else { press() });
        }
        if input.has_accesskit_action_request(response.id, Action::Click) {
            acts.push(Act::Click(tile.id.clone()));
        }
        if !focused {
            return;
        }
        for event in &input.events {
            let Event::Key {
                key,
                pressed: true,
                repeat: false,
                modifiers,
                ..
            } = event
            else {
                continue;
            };
            match (key, modifiers.command) {
                (Key::Space, false) => acts.push(press()),
                (Key::Enter, false) => acts.push(Act::Click(tile.id.clone())),
                (Key::Space | Key::Enter, true) => acts.push(choose()),
                _ => {}
            }
        }
    });
}

/// The whole name, and the figures of the network, while the pointer rests on the face.
fn details(response: Response, tile: &Tile, desk: &Desk) -> Response {
    if desk.holds() || desk.is_covered() {
        return response;
    }
    response.on_hover_ui(|ui| {
        ui.set_max_width(320.0);
        let (text, weak) = (ui.visuals().text_color(), ui.visuals().weak_text_color());
        text::line(ui, &tile.label, Weight::Name, text);
        text::paragraph(ui, &tile.remarks().join(", "), Weight::Small, weak);
        for line in desk.figures(&tile.id).unwrap_or_default().lines() {
            text::line(ui, line, Weight::Small, weak);
        }
        if tile.reachable() {
            let how =
                "Hold to whisper, click to whisper until Esc. Ctrl and click chooses several.";
            text::paragraph(ui, how, Weight::Small, weak);
        }
        if desk.figures(&tile.id).is_some() {
            // The figures change each second.
            ui.ctx()
                .request_repaint_after(std::time::Duration::from_secs(1));
        }
    })
}

/// Three bars, of which as many are full as the connection is good.
fn bars(ui: &Ui, at: eframe::egui::Pos2, quality: Quality, look: &Palette) {
    let (full, colour) = match quality {
        Quality::Unknown => return,
        Quality::Good => (3, look.accent),
        Quality::Fair => (2, look.warning),
        Quality::Poor => (1, look.danger),
    };
    for (bar, height) in [5.0, 8.5, 12.0].into_iter().enumerate() {
        #[allow(clippy::cast_precision_loss)] // 0, 1 or 2
        let left = at.x + bar as f32 * 5.0;
        let rect = Rect::from_min_max(
            pos2(left, at.y + 12.0 - height),
            pos2(left + 3.0, at.y + 12.0),
        );
        let colour = if bar < full { colour } else { look.line };
        ui.painter().rect_filled(rect, 1.5, colour);
    }
}

/// Whoever sits in the same room is heard twice, unless they are not played here.
fn silence(ui: &mut Ui, rect: Rect, tile: &Tile, look: &Palette, acts: &mut Vec<Act>) {
    let (text, name, wish) = match tile.silenced {
        true => (
            "Play here",
            format!("Play {} here again", tile.label),
            Wish::Unsilence(tile.id.clone()),
        ),
        false => (
            "Same room: don't play",
            format!(
                "Do not play {} here: you hear them through the room",
                tile.label
            ),
            Wish::Silence(tile.id.clone()),
        ),
    };
    let place = Rect::from_min_max(
        pos2(rect.left() + 6.0, rect.bottom() - 32.0),
        rect.max - vec2(6.0, 4.0),
    );
    let builder = eframe::egui::UiBuilder::new().max_rect(place);
    ui.scope_builder(builder, |ui| {
        ui.centered_and_justified(|ui| {
            if Control::link(text, Kind::Bare)
                .name(&name)
                .add(ui, look)
                .clicked()
            {
                acts.push(Act::Ask(wish));
            }
        });
    });
}
