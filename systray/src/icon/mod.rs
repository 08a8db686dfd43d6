//! The icon, drawn in code: a speech bubble that says by shape and colour what the microphone does.
//!
//! [`layers`] makes an icon of shapes; pixels for panels, PNG files and SVG files are made of the same shapes. A panel
//! asks for one of several sizes, and each is drawn on its own pixel grid, so that straight edges fall between pixels and
//! stay crisp. Colours are mid-tones with white inside, to be seen on a dark and on a light panel. No two states differ
//! by colour alone.

pub(crate) mod files;
mod glyphs;
mod raster;
mod shape;
mod svg;
#[cfg(test)]
mod tests;

use glyphs::Grid;
use raster::{Canvas, Rgb, rgb};
use shape::Shape;
pub(crate) use svg::{Style, svg};

/// The sizes that panels use, in pixels.
pub(crate) const SIZES: [u16; 6] = [16, 22, 24, 32, 48, 64];

/// The state that the icon shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Mood {
    /// No connection to the daemon: a hollow bubble.
    Disconnected,
    /// The daemon runs, no meeting: three dots, like somebody about to say something.
    Ready,
    /// In a meeting, the microphone open: a microphone.
    Open,
    /// In a meeting, the user's voice goes out: a voice.
    Speaking,
    /// In a meeting, speaking to a few alone: a small voice between brackets.
    Whispering,
    /// Somebody whispers to the user: the bubble of somebody else, and a small voice that spreads.
    WhisperedTo,
    /// In a meeting, the microphone closed: a microphone crossed out.
    Muted,
    /// The microphone is closed, and the user speaks: an exclamation mark.
    MutedTalking,
    /// Away: two bars, as for a pause.
    Away,
    /// On the phone: a handset.
    Phone,
}

impl Mood {
    /// Every state.
    pub(crate) const ALL: [Self; 10] = [
        Self::Disconnected,
        Self::Ready,
        Self::Open,
        Self::Speaking,
        Self::Whispering,
        Self::WhisperedTo,
        Self::Muted,
        Self::MutedTalking,
        Self::Away,
        Self::Phone,
    ];

    /// Returns the state's name in the names of files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Disconnected => "offline",
            Self::Ready => "ready",
            Self::Open => "open",
            Self::Speaking => "speaking",
            Self::Whispering => "whispering",
            Self::WhisperedTo => "whispered-to",
            Self::Muted => "muted",
            Self::MutedTalking => "muted-talking",
            Self::Away => "away",
            Self::Phone => "phone",
        }
    }

    const fn colour(self) -> u32 {
        match self {
            Self::Disconnected => 0x8c_93_9e,
            Self::Ready => 0x5b_70_8c,
            Self::Open | Self::Speaking => 0x1f_9d_57,
            Self::Whispering | Self::WhisperedTo => 0x80_4f_c9,
            Self::Muted | Self::MutedTalking => 0xd4_3d_3d,
            Self::Away | Self::Phone => 0xc8_80_0a,
        }
    }
}

/// The colour of the dot for invitations.
const BADGE: u32 = 0xff_8a_1f;
/// The colour of what stands in a bubble.
const WHITE: u32 = 0xff_ff_ff;
/// How much of it is left where it is crossed out.
const FAINT: f32 = 0.6;

/// The effect of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ink {
    /// Paints in the colour of the state.
    Body,
    /// Paints what stands on the body.
    Glyph,
    /// Paints it so that what crosses it out is seen first.
    Faint,
    /// Parts what is painted from what follows: the body shows through, or nothing does.
    Gap,
    /// Cuts everything out.
    Cut,
    /// Paints the dot.
    Badge,
}

/// A part of an icon, over those before it.
#[derive(Debug, Clone, PartialEq)]
struct Layer {
    ink: Ink,
    shape: Shape,
}

/// The icon in one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Width and height in pixels.
    pub(crate) size: u16,
    /// `size × size` pixels of alpha, red, green, blue; not premultiplied.
    pub(crate) argb: Vec<u8>,
}

/// Draws the icon in every size for panels. `badge` adds the dot for invitations that wait.
pub(crate) fn draw(mood: Mood, badge: bool) -> Vec<Picture> {
    SIZES
        .iter()
        .map(|size| draw_at(*size, mood, badge))
        .collect()
}

/// Draws the icon in one size.
pub(crate) fn draw_at(size: u16, mood: Mood, badge: bool) -> Picture {
    let mut canvas = Canvas::new(size);
    let body: Rgb = rgb(mood.colour());
    for layer in layers(&Grid::of(size), mood, badge) {
        match layer.ink {
            Ink::Body | Ink::Gap => canvas.paint(body, 1.0, &layer.shape),
            Ink::Glyph => canvas.paint(rgb(WHITE), 1.0, &layer.shape),
            Ink::Faint => canvas.paint(rgb(WHITE), FAINT, &layer.shape),
            Ink::Badge => canvas.paint(rgb(BADGE), 1.0, &layer.shape),
            Ink::Cut => canvas.erase(&layer.shape),
        }
    }
    canvas.finish()
}

/// Makes an icon of shapes, the lowest first.
fn layers(grid: &Grid, mood: Mood, badge: bool) -> Vec<Layer> {
    let bubble = grid.bubble(mood == Mood::WhisperedTo);
    let body = if mood == Mood::Disconnected {
        Shape::Outline(bubble, grid.contour())
    } else {
        Shape::Bubble(bubble)
    };
    let mut layers = vec![Layer {
        ink: Ink::Body,
        shape: body,
    }];
    let mut add = |ink, shapes: Vec<Shape>| {
        layers.extend(shapes.into_iter().map(|shape| Layer { ink, shape }));
    };
    match mood {
        Mood::Disconnected => {}
        Mood::Ready => add(Ink::Glyph, grid.dots()),
        Mood::Open => add(Ink::Glyph, grid.microphone()),
        Mood::Speaking => add(Ink::Glyph, grid.voice()),
        Mood::Whispering => add(Ink::Glyph, grid.whisper()),
        Mood::WhisperedTo => add(Ink::Glyph, grid.incoming()),
        Mood::Muted => {
            add(Ink::Faint, grid.microphone());
            let slash = grid.slash();
            add(Ink::Gap, vec![slash.grown(grid.gap_around() * 0.8)]);
            add(Ink::Glyph, vec![slash]);
        }
        Mood::MutedTalking => add(Ink::Glyph, grid.exclamation()),
        Mood::Away => add(Ink::Glyph, grid.pause()),
        Mood::Phone => add(Ink::Glyph, grid.handset()),
    }
    if badge {
        let dot = grid.dot();
        add(Ink::Cut, vec![dot.grown(grid.gap_around())]);
        add(Ink::Badge, vec![dot]);
    }
    layers
}
