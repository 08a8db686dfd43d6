//! The strip: the meeting as a small bar above all other windows.

use eframe::egui::{
    self, CornerRadius, CursorIcon, Id, Rect, Sense, Stroke, StrokeKind, Ui, Vec2, pos2, vec2,
};

use super::control::{Control, Kind};
use super::icon::{self, Icon};
use super::text::{self, Weight, fitted};
use super::{anywhere, face, talk, tile};
use crate::window::colour::Palette;
use crate::window::desk::{Act, Desk};
use crate::window::picture::{Part, Tile, Tone, You, plain};
use crate::wish::Wish;

/// The height of the strip.
const HEIGHT: f32 = 96.0;
/// The width of a face.
const FACE: f32 = 66.0;
/// The most faces; the rest is a number.
const MOST: usize = 9;
/// What stands beside the faces.
const HANDLE: f32 = 22.0;
const BUTTONS: f32 = 92.0;
/// What the microphone is called while nobody hears what the user says.
const UNHEARD: &str = "Unmute: you are talking, but nobody hears you";

/// Those on the strip: everyone inside, whoever whispers or speaks first, the user last of all left out.
fn faces(desk: &Desk) -> (Vec<&Tile>, usize) {
    let tiles = desk.picture().room.iter().flat_map(|room| &room.tiles);
    let mut inside: Vec<&Tile> = tiles.filter(|tile| tile.reachable()).collect();
    let rest = inside.len().saturating_sub(MOST);
    if rest > 0 {
        // A face that must be seen is not among the rest. Nobody else moves.
        inside.sort_by_key(|tile| !(tile.whispers || tile.chosen));
        inside.truncate(MOST);
    }
    (inside, rest)
}

/// Returns the size of the strip for this picture.
pub(crate) fn size(desk: &Desk) -> Vec2 {
    let (faces, rest) = faces(desk);
    let places = (faces.len() + usize::from(rest > 0)).max(2);
    #[allow(clippy::cast_precision_loss)] // at most ten
    let width = HANDLE + places as f32 * FACE + BUTTONS;
    vec2(width, HEIGHT)
}

/// Draws the strip, and returns what the user did.
pub(crate) fn show(ui: &mut Ui, desk: &Desk, look: &Palette) -> Vec<Act> {
    let mut acts = Vec::new();
    let area = ui.max_rect();
    super::live(ui, desk);
    let tone = desk.picture().room.as_ref().map(|room| room.audience.tone);
    let (ground, edge) = match tone {
        Some(Tone::Whisper) => (look.whisper_ground, look.whisper),
        Some(Tone::Lost) => (look.warning_ground, look.warning),
        _ => (look.card, look.line),
    };
    ui.painter().rect_filled(area, CornerRadius::ZERO, ground);
    let stroke = Stroke::new(1.5, edge);
    ui.painter()
        .rect_stroke(area, CornerRadius::ZERO, stroke, StrokeKind::Inside);
    drag(ui, area, look, &mut acts);
    let mut left = area.left() + HANDLE;
    let (faces, rest) = faces(desk);
    for one in &faces {
        let place = Rect::from_min_size(pos2(left, area.top() + 4.0), vec2(FACE, 72.0));
        small_face(ui, place, one, desk, look, ground, &mut acts);
        left += FACE;
    }
    let center = |left: f32| pos2(left + FACE / 2.0, area.top() + 32.0);
    if rest > 0 {
        let label = format!("+{rest}");
        let galley = text::layout(ui.painter(), &label, &Weight::Name.font(), look.weak);
        ui.painter()
            .galley(center(left) - galley.size() / 2.0, galley, look.weak);
        let place = Rect::from_min_size(pos2(left, area.top() + 4.0), vec2(FACE, 72.0));
        let response = ui.interact(place, Id::unique("rest"), Sense::hover());
        text::named(&response, &format!("{rest} more inside"));
    } else if faces.is_empty() {
        let text = match desk.picture().room {
            Some(_) => "Nobody else is here",
            None => "Not in a meeting",
        };
        let galley = text::layout(ui.painter(), text, &Weight::Small.font(), look.weak);
        let at = pos2(left + 2.0, area.top() + 30.0);
        ui.painter().galley(at, galley, look.weak);
    }
    audience(ui, area, desk, look);
    buttons(ui, area, desk, look, &mut acts);
    anywhere(ui, desk, &mut acts);
    acts
}

/// Everything beside faces and buttons moves the strip.
fn drag(ui: &Ui, area: Rect, look: &Palette, acts: &mut Vec<Act>) {
    let response = ui.interact(area, Id::unique("drag"), Sense::DRAG);
    let response = response.on_hover_cursor(CursorIcon::Grab);
    if response.drag_started_by(egui::PointerButton::Primary) {
        acts.push(Act::Drag);
    }
    let handle = Rect::from_center_size(
        pos2(area.left() + 12.0, area.top() + 34.0),
        vec2(18.0, 18.0),
    );
    icon::draw(ui.painter(), Icon::Handle, handle, look.weak);
}

fn small_face(
    ui: &Ui,
    place: Rect,
    one: &Tile,
    desk: &Desk,
    look: &Palette,
    ground: egui::Color32,
    acts: &mut Vec<Act>,
) {
    let response = tile::sensed(ui, place, one, desk, acts);
    let painter = ui.painter();
    if desk.is_held(&one.id) || one.chosen || response.hovered() {
        let inner = place.shrink2(vec2(2.0, 0.0));
        painter.rect_filled(inner, CornerRadius::same(12), look.card_hovered);
        if desk.is_held(&one.id) || one.chosen {
            let edge = Stroke::new(2.0, look.whisper);
            painter.rect_stroke(inner, CornerRadius::same(12), edge, StrokeKind::Inside);
        }
    }
    let at = pos2(place.center().x, place.top() + 29.0);
    face::draw(painter, at, 20.0, one, tile::ring(one, desk), look, ground);
    let font = egui::FontId::proportional(11.0);
    let (name, _) = fitted(painter, &one.label, &font, look.text, FACE - 8.0);
    let corner = pos2(
        place.center().x - name.size().x / 2.0,
        place.bottom() - 15.0,
    );
    painter.galley(corner, name, look.text);
}

/// Shows in one line below the faces who whispers to the user and who hears the user.
fn audience(ui: &Ui, area: Rect, desk: &Desk, look: &Palette) {
    let picture = desk.picture();
    let sentence = match (&picture.disconnected, &picture.room) {
        (Some(why), _) => vec![Part::Text(why.clone())],
        (None, Some(room)) => {
            // Whoever whispers to the user comes first.
            let mut parts = Vec::new();
            for whisper in &room.whispers {
                parts.extend_from_slice(whisper);
                parts.push(Part::Text(" ".into()));
            }
            parts.extend_from_slice(&room.audience.sentence);
            parts
        }
        (None, None) => return,
    };
    let place = Rect::from_min_max(
        pos2(area.left() + 10.0, area.bottom() - 19.0),
        pos2(area.right() - 10.0, area.bottom() - 3.0),
    );
    let font = egui::FontId::proportional(11.0);
    let cut = text::one_line(ui.painter(), &sentence, &font, look.text, place);
    let response = ui.interact(place, Id::unique("audience"), Sense::hover());
    let sentence = plain(&sentence);
    text::named(&response, &sentence);
    if cut {
        text::full_on_hover(response, &sentence);
    }
}

fn buttons(ui: &mut Ui, area: Rect, desk: &Desk, look: &Palette, acts: &mut Vec<Act>) {
    let picture = desk.picture();
    let you = &picture.you;
    let place = Rect::from_min_max(
        pos2(area.right() - BUTTONS + 6.0, area.top() + 6.0),
        pos2(area.right() - 6.0, area.bottom() - 20.0),
    );
    ui.scope_builder(egui::UiBuilder::new().max_rect(place), |ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
        ui.horizontal(|ui| {
            if picture.room.is_some() {
                let response = match you.push_to_talk {
                    true => talk::small(ui, desk, look, acts),
                    false => microphone(ui, you, look, acts),
                };
                mark(ui, &response, you, look);
            }
            let grow = Control::small(Icon::Grow, "Back to the window", Kind::Bare);
            if grow.add(ui, look).clicked() {
                acts.push(Act::Zoom);
            }
        });
        ui.horizontal(|ui| {
            let widens = picture
                .room
                .as_ref()
                .is_some_and(|room| room.audience.can_widen);
            let everyone = Control::small(Icon::People, "Speak to everyone", Kind::Main);
            if widens && everyone.add(ui, look).clicked() {
                acts.push(Act::Everyone);
            }
            let close = Control::small(Icon::Close, "Close", Kind::Bare);
            if close.add(ui, look).clicked() {
                acts.push(Act::Close);
            }
        });
    });
}

/// Mutes and unmutes.
fn microphone(ui: &mut Ui, you: &You, look: &Palette, acts: &mut Vec<Act>) -> egui::Response {
    let (one, name, kind, wish) = match (you.muted, you.unheard) {
        (true, true) => (Icon::Muted, UNHEARD, Kind::Danger, Wish::Unmute),
        (true, false) => (Icon::Muted, "Unmute", Kind::Danger, Wish::Unmute),
        (false, _) => (Icon::Microphone, "Mute", Kind::Plain, Wish::Mute),
    };
    let control = Control::small(one, name, kind);
    let response = control.enabled(!you.deafened).add(ui, look);
    if response.clicked() {
        acts.push(Act::Ask(wish));
    }
    response
}

/// Marks the microphone of whoever is not heard.
fn mark(ui: &Ui, microphone: &egui::Response, you: &You, look: &Palette) {
    if you.unheard {
        let at = microphone.rect.right_top() + vec2(-4.0, 4.0);
        let ring = Stroke::new(1.5, look.warning_ground);
        ui.painter().circle(at, 5.0, look.warning, ring);
    }
}
