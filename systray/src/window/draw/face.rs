//! A face: the circle with initials, the ring of whoever speaks, and the mark of where they are.

use eframe::egui::{Color32, Painter, Pos2, Rect, Stroke, vec2};

use super::icon::{self, Icon};
use super::text;
use crate::window::colour::{Palette, circle};
use crate::window::picture::{Mark, Tile, Voice};

/// The meaning of a ring around a face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ring {
    /// How loud, from 1.
    pub(crate) loudness: u8,
    /// Whether it is a whisper to the user.
    pub(crate) whisper: bool,
}

/// Draws a circle with initials.
pub(crate) fn disc(painter: &Painter, at: Pos2, radius: f32, initials: &str, ground: Color32) {
    painter.circle_filled(at, radius, ground);
    let size = if initials.chars().count() > 1 {
        0.72
    } else {
        0.86
    };
    let font = eframe::egui::FontId::proportional(radius * size);
    let galley = text::layout(painter, initials, &font, Color32::WHITE);
    painter.galley(at - galley.size() / 2.0, galley, Color32::WHITE);
}

/// Draws a participant's face. `ground` is what it stands on.
pub(crate) fn draw(
    painter: &Painter,
    at: Pos2,
    radius: f32,
    tile: &Tile,
    ring: Option<Ring>,
    look: &Palette,
    ground: Color32,
) {
    let colour = circle(tile.colour);
    let colour = match tile.mark {
        Mark::Online => colour,
        // Whoever does not hear is paler than whoever is only away.
        Mark::Away => colour.lerp_to_gamma(ground, 0.35),
        Mark::Offline => colour.lerp_to_gamma(ground, 0.7),
    };
    if let Some(ring) = ring {
        let ink = if ring.whisper {
            look.whisper
        } else {
            look.accent
        };
        let width = 1.5 + f32::from(ring.loudness);
        painter.circle_stroke(at, radius + 3.5 + width / 2.0, Stroke::new(width, ink));
    }
    disc(painter, at, radius, &tile.initials, colour);
    let shift = radius * 0.72;
    presence(
        painter,
        at + vec2(shift, shift),
        radius * 0.24,
        tile.mark,
        look,
        ground,
    );
    if tile.mark != Mark::Offline && tile.voice != Voice::Open {
        let badge = at + vec2(-shift, shift);
        let size = (radius * 0.36).max(8.0);
        painter.circle_filled(badge, size + 2.0, ground);
        painter.circle_filled(badge, size, look.card_hovered);
        let one = match tile.voice {
            Voice::Deafened => Icon::Deafened,
            Voice::Open | Voice::Muted => Icon::Muted,
        };
        let square = Rect::from_center_size(badge, vec2(size, size) * 1.35);
        icon::draw(painter, one, square, look.danger);
    }
}

/// Draws the mark of where somebody is: full, half, or empty, so that it is told without colour too.
pub(crate) fn presence(
    painter: &Painter,
    at: Pos2,
    radius: f32,
    mark: Mark,
    look: &Palette,
    ground: Color32,
) {
    painter.circle_filled(at, radius + 2.0, ground);
    match mark {
        Mark::Online => {
            painter.circle_filled(at, radius, look.accent);
        }
        Mark::Away => {
            painter.circle_filled(at, radius, look.warning);
            painter.circle_filled(at + vec2(radius, -radius) * 0.4, radius * 0.7, ground);
        }
        Mark::Offline => {
            painter.circle_filled(at, radius, ground);
            let edge = Stroke::new((radius * 0.4).max(1.2), look.weak);
            painter.circle_stroke(at, radius * 0.8, edge);
        }
    }
}
