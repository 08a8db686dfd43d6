//! All faces, in as many columns as there is room for, and a lasso around several.

use eframe::egui::scroll_area::DragScroll;
use eframe::egui::scroll_area::ScrollSource;
use eframe::egui::{
    CornerRadius, Id, Pos2, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, pos2, vec2,
};

use super::tile;
use crate::window::colour::Palette;
use crate::window::desk::{Act, Desk};
use crate::window::picture::Room;

/// Between tiles.
const GAP: f32 = 12.0;
/// The widest tile.
const WIDEST: f32 = 200.0;
/// A shorter drag is a click beside the faces.
const LASSO: f32 = 8.0;

/// Draws the faces of the room.
pub(super) fn show(ui: &mut Ui, room: &Room, desk: &Desk, look: &Palette, acts: &mut Vec<Act>) {
    // A drag throws the lasso; it does not scroll.
    let source = ScrollSource {
        drag: DragScroll::OnTouch,
        ..ScrollSource::default()
    };
    ScrollArea::vertical()
        .id_salt("faces")
        .scroll_source(source)
        .auto_shrink([false, false])
        .show(ui, |ui| {
            let places = places(ui.available_width() - 12.0, room.tiles.len());
            let height = places.last().map_or(0.0, |last| last.bottom()) + 4.0;
            let size = vec2(ui.available_width(), height.max(ui.available_height()));
            let (id, area) = ui.allocate_space(size);
            let origin = area.min.to_vec2() + vec2(2.0, 2.0);
            let places: Vec<Rect> = places.iter().map(|place| place.translate(origin)).collect();
            let faces = || room.tiles.iter().zip(&places);
            lasso(
                ui,
                id,
                area,
                faces().map(|(tile, place)| (tile.id.as_str(), *place)),
                look,
                acts,
            );
            for (tile, place) in faces() {
                tile::show(ui, *place, tile, desk, look, acts);
            }
        });
}

/// Returns the places of so many tiles in this width, from its corner.
fn places(width: f32, count: usize) -> Vec<Rect> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a handful
    let columns = (((width + GAP) / (tile::SIZE.x + GAP)).floor() as usize).max(1);
    #[allow(clippy::cast_precision_loss)] // a handful
    let share = (width + GAP) / columns as f32 - GAP;
    let size = vec2(share.clamp(60.0, WIDEST), tile::SIZE.y);
    let place = |index: usize| {
        #[allow(clippy::cast_precision_loss)] // rosters have at most some hundred lines
        let (column, row) = ((index % columns) as f32, (index / columns) as f32);
        let corner = pos2(column * (size.x + GAP), row * (size.y + GAP));
        Rect::from_min_size(corner, size)
    };
    (0..count).map(place).collect()
}

/// The beginning of a lasso; kept while it is thrown.
#[derive(Debug, Clone, Copy, Default)]
struct Thrown(Pos2);

/// Chooses the faces that a drag beside them goes round.
fn lasso<'a>(
    ui: &Ui,
    id: Id,
    area: Rect,
    faces: impl Iterator<Item = (&'a str, Rect)>,
    look: &Palette,
    acts: &mut Vec<Act>,
) {
    let response = ui.interact(area, id.with("lasso"), Sense::DRAG);
    let Some(here) = response.interact_pointer_pos() else {
        return;
    };
    if response.drag_started() {
        let origin = ui
            .input(|input| input.pointer.press_origin())
            .unwrap_or(here);
        ui.data_mut(|data| data.insert_temp(id, Thrown(origin)));
    }
    let Some(Thrown(origin)) = ui.data(|data| data.get_temp::<Thrown>(id)) else {
        return;
    };
    let around = Rect::from_two_pos(origin, here);
    if response.drag_stopped() {
        ui.data_mut(|data| data.remove_temp::<Thrown>(id));
        if around.size().max_elem() >= LASSO {
            let faces = faces.filter(|(_, place)| place.shrink(12.0).intersects(around));
            acts.push(Act::ChooseAll {
                faces: faces.map(|(id, _)| id.to_owned()).collect(),
                add: ui.input(|input| input.modifiers.command),
            });
        }
    } else if response.dragged() {
        let painter = ui.painter();
        let radius = CornerRadius::same(8);
        painter.rect_filled(around, radius, look.whisper.gamma_multiply(0.12));
        painter.rect_stroke(
            around,
            radius,
            Stroke::new(1.5, look.whisper),
            StrokeKind::Inside,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_fill_the_width_and_never_overlap() {
        for width in [40.0, 150.0, 480.0, 640.0, 1900.0] {
            let places = places(width, 30);
            for (index, place) in places.iter().enumerate() {
                assert!(place.right() <= width.max(60.0) + 0.5, "{width}: {place}");
                for other in places.iter().skip(index + 1) {
                    assert!(!place.shrink(0.5).intersects(*other), "{width}");
                }
            }
        }
    }
}
