//! Shapes to SVG.

use std::fmt::Write;

use super::glyphs::Grid;
use super::shape::Shape;
use super::{BADGE, FAINT, Ink, Mood, WHITE, layers};

/// The way in which an SVG is painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// In the colours of the states.
    Colour,
    /// In one colour, which the desktop replaces by that of its text. It fills every shape with it, so that all are
    /// filled shapes.
    Symbolic,
}

/// The paint that desktops replace.
const SYMBOLIC: &str = "#2e3436";

impl Style {
    /// The size for which the shapes are laid out.
    const fn size(self) -> u16 {
        match self {
            Self::Colour => 64,
            Self::Symbolic => 16,
        }
    }
}

/// Returns the icon as an SVG file.
pub(crate) fn svg(style: Style, mood: Mood, badge: bool) -> String {
    let grid = Grid::of(style.size());
    let mut drawn = String::new();
    for layer in layers(&grid, mood, badge) {
        let (paint, shape) = match (layer.ink, style) {
            (Ink::Body, Style::Symbolic) => (SYMBOLIC.to_owned(), contour(&layer.shape, &grid)),
            (Ink::Glyph | Ink::Badge, Style::Symbolic) => (SYMBOLIC.to_owned(), layer.shape),
            // One colour alone: what is crossed out would run into what crosses it out.
            (Ink::Faint | Ink::Gap | Ink::Cut, Style::Symbolic) => continue,
            (Ink::Body | Ink::Gap, Style::Colour) => (hex(mood.colour()), layer.shape),
            (Ink::Glyph, Style::Colour) => (hex(WHITE), layer.shape),
            (Ink::Faint, Style::Colour) => {
                let mut faint = String::new();
                layer.shape.svg(&hex(WHITE), &mut faint);
                // Writing to a text does not fail.
                let _ = write!(drawn, "<g opacity=\"{FAINT}\">{faint}</g>");
                continue;
            }
            (Ink::Badge, Style::Colour) => (hex(BADGE), layer.shape),
            (Ink::Cut, Style::Colour) => {
                drawn = cut(&drawn, &layer.shape, style.size());
                continue;
            }
        };
        shape.svg(&paint, &mut drawn);
    }
    let size = style.size();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{size}\" height=\"{size}\" viewBox=\"0 0 {size} {size}\">\n\
         {drawn}</svg>\n"
    )
}

/// Makes a bubble hollow, so that what stands in it has its colour.
fn contour(shape: &Shape, grid: &Grid) -> Shape {
    match shape {
        Shape::Bubble(bubble) | Shape::Outline(bubble, _) => {
            Shape::Outline(bubble.clone(), grid.fine())
        }
        other => other.clone(),
    }
}

/// Cuts a shape out of what is drawn. A program that knows no masks draws it whole.
fn cut(drawn: &str, shape: &Shape, size: u16) -> String {
    let mut out = String::new();
    // Writing to a text does not fail.
    let _ = writeln!(
        out,
        "<defs><mask id=\"cut\" maskUnits=\"userSpaceOnUse\" x=\"0\" y=\"0\" width=\"{size}\" height=\"{size}\">\n\
         <rect fill=\"#fff\" width=\"{size}\" height=\"{size}\"/>"
    );
    shape.svg("#000", &mut out);
    let _ = writeln!(out, "</mask></defs>\n<g mask=\"url(#cut)\">\n{drawn}</g>");
    out
}

fn hex(colour: u32) -> String {
    format!("#{colour:06x}")
}
