//! What stands in the bubble, and the measures of it all in one size.

use super::shape::{Bubble, Point, Shape, on_circle};

/// The icon's measures in one size. Every length that makes an upright edge is a whole number of pixels.
pub(super) struct Grid {
    size: f32,
    /// A sixteenth of the size.
    unit: f32,
    left: f32,
    right: f32,
    top: f32,
    bottom: f32,
    /// The width of a bar.
    stroke: f32,
    /// The space between two bars.
    gap: f32,
}

impl Grid {
    pub(super) fn of(size: u16) -> Self {
        let size = f32::from(size);
        let unit = size / 16.0;
        let stroke = (size / 8.0).round();
        let gap = (size * 0.1).round().max(1.0);
        let margin = (unit * 0.8).round().max(0.0);
        let (left, top) = (margin, margin);
        // Three bars of an odd width are centred in an odd width only, and the same goes for the height.
        let odd = stroke % 2.0;
        let right = size - margin - odd;
        let mut bottom = (size * 0.8).round();
        if (bottom - top) % 2.0 != odd {
            bottom -= 1.0;
        }
        Self {
            size,
            unit,
            left,
            right,
            top,
            bottom,
            stroke,
            gap,
        }
    }

    /// Returns the width of a hollow bubble's contour.
    pub(super) fn contour(&self) -> f32 {
        self.unit.max(1.5).round()
    }

    /// Returns the width of a contour that leaves room for what stands in it.
    pub(super) const fn fine(&self) -> f32 {
        self.unit
    }

    /// Returns the space around what is set off from the rest.
    pub(super) fn gap_around(&self) -> f32 {
        self.unit.max(1.0)
    }

    /// Returns the bubble: the user's has its tail at the left, that of somebody else at the right.
    pub(super) fn bubble(&self, of_somebody_else: bool) -> Bubble {
        Bubble {
            left: self.left,
            right: self.right,
            top: self.top,
            bottom: self.bottom,
            radius: self.size * 0.26,
            tail: (
                self.left + (self.size * 0.16).round(),
                self.size * 0.42,
                self.size,
            ),
            mirrored: of_somebody_else.then_some(self.left + self.right),
        }
    }

    pub(super) fn middle(&self) -> Point {
        (
            f32::midpoint(self.left, self.right),
            f32::midpoint(self.top, self.bottom),
        )
    }

    /// Returns one of three upright bars with round ends.
    fn bar(&self, column: u8, height: f32) -> Shape {
        let (x, y) = self.middle();
        let offset = (f32::from(column) - 1.0) * (self.stroke + self.gap);
        Shape::Rect {
            middle: (x + offset, y),
            half: (self.stroke / 2.0, height / 2.0),
            radius: self.stroke / 2.0,
        }
    }

    /// Returns this part of the size in pixels, with the parity that centres it.
    fn tall(&self, part: f32) -> f32 {
        let whole = (part * self.size).round();
        if whole % 2.0 == self.stroke % 2.0 {
            whole
        } else {
            whole + 1.0
        }
    }

    /// Returns three dots.
    pub(super) fn dots(&self) -> Vec<Shape> {
        (0..3).map(|column| self.bar(column, self.stroke)).collect()
    }

    /// Returns the three bars of a voice.
    pub(super) fn voice(&self) -> Vec<Shape> {
        (0..)
            .zip([0.24, 0.5, 0.34])
            .map(|(column, part)| self.bar(column, self.tall(part)))
            .collect()
    }

    /// Returns a microphone on its stand.
    pub(super) fn microphone(&self) -> Vec<Shape> {
        let (x, y) = self.middle();
        let half = self.stroke / 2.0 + (self.unit * 0.55).round();
        let top = self.top + (self.unit * 1.6).round();
        let low = y + self.unit * 1.2;
        let line = self.line();
        let radius = half + self.unit * 1.35;
        let centre = low - half;
        vec![
            Shape::Rect {
                middle: (x, f32::midpoint(top, low)),
                half: (half, (low - top) / 2.0),
                radius: half,
            },
            Shape::Arc {
                middle: (x, centre),
                radius,
                from: 10.0,
                sweep: 160.0,
                width: line,
            },
            Shape::Line {
                from: (x, centre + radius),
                to: (x, self.bottom - self.unit * 1.5),
                width: line,
            },
        ]
    }

    /// Returns a low voice, held back on both sides.
    pub(super) fn whisper(&self) -> Vec<Shape> {
        let middle = self.middle();
        let radius = self.stroke + self.gap + self.stroke / 2.0;
        let bracket = |from| Shape::Arc {
            middle,
            radius,
            from,
            sweep: 80.0,
            width: self.stroke * 0.76,
        };
        vec![self.bar(1, self.tall(0.12)), bracket(-40.0), bracket(140.0)]
    }

    /// Returns a low voice that spreads from the right.
    pub(super) fn incoming(&self) -> Vec<Shape> {
        let (x, y) = self.middle();
        let middle = (x + self.unit * 3.2, y);
        let wave = |radius| Shape::Arc {
            middle,
            radius: self.unit * radius,
            from: 140.0,
            sweep: 80.0,
            width: self.line() * 1.1,
        };
        vec![
            Shape::Disc {
                middle,
                radius: self.unit * 1.25,
            },
            wave(3.4),
            wave(6.2),
        ]
    }

    /// Returns the two bars of a pause.
    pub(super) fn pause(&self) -> Vec<Shape> {
        let (x, y) = self.middle();
        let half = (self.stroke / 2.0, self.tall(0.38) / 2.0);
        // Whole pixels on both sides of a middle that may lie between two.
        let aside = (self.stroke + self.gap) / 2.0
            + ((self.stroke + self.gap) % 2.0 - self.stroke % 2.0).abs() / 2.0;
        [-aside, aside]
            .map(|side| Shape::Rect {
                middle: ((x + side - half.0).round() + half.0, y),
                half,
                radius: self.unit * 0.5,
            })
            .into()
    }

    /// Returns a telephone's handset.
    pub(super) fn handset(&self) -> Vec<Shape> {
        let (x, y) = self.middle();
        let centre = (x + self.unit * 1.9, y - self.unit * 1.9);
        let radius = self.unit * 4.6;
        let (from, sweep) = (80.0, 110.0);
        let end = |angle: f32| {
            let (outer, inner) = (
                on_circle(centre, radius + self.unit * 0.2, angle),
                on_circle(centre, radius - self.unit * 1.1, angle),
            );
            Shape::Line {
                from: outer,
                to: inner,
                width: self.unit * 2.5,
            }
        };
        vec![
            Shape::Arc {
                middle: centre,
                radius,
                from,
                sweep,
                width: self.unit * 1.7,
            },
            end(from - 4.0),
            end(from + sweep + 4.0),
        ]
    }

    /// Returns an exclamation mark.
    pub(super) fn exclamation(&self) -> Vec<Shape> {
        let (x, _) = self.middle();
        let half = self.stroke / 2.0;
        let (top, low) = (
            self.top + (self.unit * 1.8).round(),
            self.bottom - (self.unit * 1.8).round(),
        );
        let dot = low - half;
        let end = dot - half - self.gap;
        vec![
            Shape::Rect {
                middle: (x, f32::midpoint(top, end)),
                half: (half, (end - top) / 2.0),
                radius: half,
            },
            Shape::Disc {
                middle: (x, dot),
                radius: half,
            },
        ]
    }

    /// Returns the stroke that crosses out.
    pub(super) fn slash(&self) -> Shape {
        let (x, y) = self.middle();
        let reach = self.size * 0.235;
        Shape::Line {
            from: (x - reach, y - reach),
            to: (x + reach, y + reach),
            width: self.stroke * 0.95,
        }
    }

    /// Returns the dot for invitations, at the upper right.
    pub(super) fn dot(&self) -> Shape {
        let radius = (self.size * 0.18).round();
        Shape::Disc {
            middle: (self.size - radius, radius),
            radius,
        }
    }

    /// Returns the width of a fine line.
    fn line(&self) -> f32 {
        (self.unit * 1.25).max(1.2)
    }
}

#[cfg(test)]
mod tests {
    use super::super::SIZES;
    use super::*;

    #[test]
    fn upright_edges_are_crisp_in_every_size() {
        for size in SIZES {
            let grid = Grid::of(size);
            for edge in [grid.left, grid.right, grid.top, grid.bottom] {
                assert_eq!(edge.fract(), 0.0, "at {size} pixels");
            }
            // The middle bar's sides lie between pixels.
            let side = grid.middle().0 - grid.stroke / 2.0;
            assert_eq!(side.fract(), 0.0, "at {size} pixels");
        }
    }
}
