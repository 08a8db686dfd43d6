//! The icon, drawn in code: a speech bubble that says by shape and colour what the microphone does.
//!
//! A panel asks for one of several sizes, and each is drawn on its own pixel grid, so that straight edges fall between
//! pixels and stay crisp. Colours are mid-tones with white inside, to be seen on a dark and on a light panel. No two
//! states differ by colour alone.

/// The sizes that panels use, in pixels.
pub(crate) const SIZES: [u16; 6] = [16, 22, 24, 32, 48, 64];

/// What the icon shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Mood {
    /// No connection to the daemon: an empty outline.
    Disconnected,
    /// The daemon runs, no meeting: three dots, like somebody about to say something.
    Ready,
    /// In a meeting, the microphone open: a voice.
    Speaking,
    /// In a meeting, speaking to a few alone: a small voice between brackets.
    Whispering,
    /// In a meeting, the microphone closed: a voice crossed out.
    Muted,
    /// Away, or on the phone: two bars, as for a pause.
    Away,
}

/// The icon in one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Width and height in pixels.
    pub(crate) size: u16,
    /// `size × size` pixels of alpha, red, green, blue; not premultiplied.
    pub(crate) argb: Vec<u8>,
}

type Rgb = [f32; 3];

const fn rgb(hex: u32) -> Rgb {
    [
        (hex >> 16 & 255) as f32,
        (hex >> 8 & 255) as f32,
        (hex & 255) as f32,
    ]
}

const WHITE: Rgb = rgb(0xff_ff_ff);
const GREY: Rgb = rgb(0x8c_93_9e);
const SLATE: Rgb = rgb(0x5b_70_8c);
const GREEN: Rgb = rgb(0x1f_9d_57);
const VIOLET: Rgb = rgb(0x80_4f_c9);
const RED: Rgb = rgb(0xd4_3d_3d);
const AMBER: Rgb = rgb(0xc8_80_0a);
const BADGE: Rgb = rgb(0xff_8a_1f);

/// Draws the icon in every size. `badge` adds the dot for invitations that wait.
pub(crate) fn draw(mood: Mood, badge: bool) -> Vec<Picture> {
    SIZES
        .iter()
        .map(|size| draw_at(*size, mood, badge))
        .collect()
}

fn draw_at(size: u16, mood: Mood, badge: bool) -> Picture {
    let grid = Grid::of(size);
    let mut canvas = Canvas::new(size);
    match mood {
        Mood::Disconnected => {
            canvas.paint(GREY, 1.0, |x, y| grid.bubble(x, y));
            let thickness = grid.unit.max(1.5).round();
            canvas.erase(|x, y| grid.bubble(x, y) + thickness);
        }
        Mood::Ready => {
            canvas.paint(SLATE, 1.0, |x, y| grid.bubble(x, y));
            for column in 0..3 {
                canvas.paint(WHITE, 1.0, |x, y| grid.bar(column, grid.stroke, x, y));
            }
        }
        Mood::Speaking => {
            canvas.paint(GREEN, 1.0, |x, y| grid.bubble(x, y));
            grid.voice(&mut canvas, 1.0);
        }
        Mood::Whispering => {
            canvas.paint(VIOLET, 1.0, |x, y| grid.bubble(x, y));
            grid.whisper(&mut canvas);
        }
        Mood::Muted => {
            canvas.paint(RED, 1.0, |x, y| grid.bubble(x, y));
            // Faint enough for the stroke to be read at 16 pixels.
            grid.voice(&mut canvas, 0.4);
            canvas.paint(RED, 1.0, |x, y| grid.slash(x, y) - grid.unit * 0.8);
            canvas.paint(WHITE, 1.0, |x, y| grid.slash(x, y));
        }
        Mood::Away => {
            canvas.paint(AMBER, 1.0, |x, y| grid.bubble(x, y));
            grid.pause(&mut canvas);
        }
    }
    if badge {
        let gap = grid.unit.max(1.0);
        canvas.erase(|x, y| grid.dot(x, y) - gap);
        canvas.paint(BADGE, 1.0, |x, y| grid.dot(x, y));
    }
    canvas.finish()
}

/// The icon's measures in one size. Every length that makes an upright edge is a whole number of pixels.
struct Grid {
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
    fn of(size: u16) -> Self {
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

    fn middle(&self) -> (f32, f32) {
        (
            f32::midpoint(self.left, self.right),
            f32::midpoint(self.top, self.bottom),
        )
    }

    /// Distance to the bubble: a rounded body and a tail at its lower left.
    fn bubble(&self, x: f32, y: f32) -> f32 {
        let (middle_x, middle_y) = self.middle();
        let half = (
            f32::midpoint(self.right, -self.left),
            f32::midpoint(self.bottom, -self.top),
        );
        let body = rounded(x - middle_x, y - middle_y, half, self.size * 0.26);
        // Its root lies well inside the body; its left edge is upright and crisp.
        let left = self.left + (self.size * 0.16).round();
        let root = self.bottom - self.size * 0.15;
        let tail = triangle(
            (x, y),
            (left, root),
            (left + self.size * 0.42, root),
            (left, self.size),
        );
        body.min(tail)
    }

    /// Distance to one of three upright bars with round ends.
    fn bar(&self, column: u8, height: f32, x: f32, y: f32) -> f32 {
        let (middle_x, middle_y) = self.middle();
        let offset = (f32::from(column) - 1.0) * (self.stroke + self.gap);
        rounded(
            x - middle_x - offset,
            y - middle_y,
            (self.stroke / 2.0, height / 2.0),
            self.stroke / 2.0,
        )
    }

    /// `height` in pixels, with the parity that centres it.
    fn tall(&self, height: f32) -> f32 {
        let whole = (height * self.size).round();
        if whole % 2.0 == self.stroke % 2.0 {
            whole
        } else {
            whole + 1.0
        }
    }

    /// Three bars of a voice.
    fn voice(&self, canvas: &mut Canvas, opacity: f32) {
        for (column, height) in (0..).zip([0.24, 0.5, 0.34]) {
            let height = self.tall(height);
            canvas.paint(WHITE, opacity, |x, y| self.bar(column, height, x, y));
        }
    }

    /// A low voice, held back on both sides.
    fn whisper(&self, canvas: &mut Canvas) {
        let dot = self.tall(0.12);
        canvas.paint(WHITE, 1.0, |x, y| self.bar(1, dot, x, y));
        let (middle_x, middle_y) = self.middle();
        let radius = self.stroke + self.gap + self.stroke / 2.0;
        let thickness = self.stroke * 0.38;
        canvas.paint(WHITE, 1.0, |x, y| {
            let (across, down) = (x - middle_x, y - middle_y);
            let ring = (across.hypot(down) - radius).abs() - thickness;
            // Only what lies to the sides: two brackets.
            ring.max(down.abs() - across.abs() * 0.95)
        });
    }

    /// Two bars of a pause.
    fn pause(&self, canvas: &mut Canvas) {
        let (middle_x, middle_y) = self.middle();
        let half = (self.stroke / 2.0, self.tall(0.38) / 2.0);
        // Whole pixels on both sides of a middle that may lie between two.
        let aside = (self.stroke + self.gap) / 2.0
            + ((self.stroke + self.gap) % 2.0 - self.stroke % 2.0).abs() / 2.0;
        for side in [-aside, aside] {
            let at = (middle_x + side - half.0).round() + half.0;
            canvas.paint(WHITE, 1.0, |x, y| {
                rounded(x - at, y - middle_y, half, self.unit * 0.5)
            });
        }
    }

    /// Distance to the stroke that crosses out.
    fn slash(&self, x: f32, y: f32) -> f32 {
        let (middle_x, middle_y) = self.middle();
        let reach = self.size * 0.29;
        let from = (middle_x - reach, middle_y - reach);
        let to = (middle_x + reach, middle_y + reach);
        segment((x, y), from, to) - (self.stroke * 0.42).max(1.0)
    }

    /// Distance to the badge at the upper right.
    fn dot(&self, x: f32, y: f32) -> f32 {
        let radius = (self.size * 0.18).round();
        (x - (self.size - radius)).hypot(y - radius) - radius
    }
}

/// Distance to a rectangle around the origin with `half` its sides and rounded corners.
fn rounded(x: f32, y: f32, half: (f32, f32), radius: f32) -> f32 {
    let radius = radius.min(half.0).min(half.1);
    let (across, down) = (x.abs() - half.0 + radius, y.abs() - half.1 + radius);
    across.max(0.0).hypot(down.max(0.0)) + across.max(down).min(0.0) - radius
}

/// Distance to a line from `a` to `b`.
fn segment(point: (f32, f32), a: (f32, f32), b: (f32, f32)) -> f32 {
    let (across, down) = (b.0 - a.0, b.1 - a.1);
    let along =
        ((point.0 - a.0) * across + (point.1 - a.1) * down) / (across * across + down * down);
    let along = along.clamp(0.0, 1.0);
    (point.0 - a.0 - across * along).hypot(point.1 - a.1 - down * along)
}

/// Distance to a triangle whose corners go clockwise on screen.
fn triangle(point: (f32, f32), a: (f32, f32), b: (f32, f32), c: (f32, f32)) -> f32 {
    let beyond = |from: (f32, f32), to: (f32, f32)| {
        let (across, down) = (to.0 - from.0, to.1 - from.1);
        ((point.0 - from.0) * down - (point.1 - from.1) * across) / across.hypot(down)
    };
    beyond(a, b).max(beyond(b, c)).max(beyond(c, a))
}

/// Pixels of red, green, blue and opacity, all from 0 to 255 and 0 to 1.
struct Canvas {
    size: u16,
    pixels: Vec<(Rgb, f32)>,
}

impl Canvas {
    fn new(size: u16) -> Self {
        Self {
            size,
            pixels: vec![([0.0; 3], 0.0); usize::from(size) * usize::from(size)],
        }
    }

    /// Calls `change` with each pixel and how much of it the shape covers.
    fn cover(&mut self, distance: impl Fn(f32, f32) -> f32, change: impl Fn(&mut (Rgb, f32), f32)) {
        let size = self.size;
        let places = (0..size).flat_map(|y| (0..size).map(move |x| (x, y)));
        for (pixel, (x, y)) in self.pixels.iter_mut().zip(places) {
            let covered = (0.5 - distance(f32::from(x) + 0.5, f32::from(y) + 0.5)).clamp(0.0, 1.0);
            if covered > 0.0 {
                change(pixel, covered);
            }
        }
    }

    /// Paints a shape, given by its signed distance, over what is there.
    fn paint(&mut self, colour: Rgb, opacity: f32, distance: impl Fn(f32, f32) -> f32) {
        self.cover(distance, |(below, alpha), covered| {
            let over = covered * opacity;
            let sum = over + *alpha * (1.0 - over);
            for (channel, new) in below.iter_mut().zip(colour) {
                *channel = (new * over + *channel * *alpha * (1.0 - over)) / sum;
            }
            *alpha = sum;
        });
    }

    /// Cuts a shape out.
    fn erase(&mut self, distance: impl Fn(f32, f32) -> f32) {
        self.cover(distance, |(_, alpha), covered| *alpha *= 1.0 - covered);
    }

    fn finish(self) -> Picture {
        // In range by construction: channels are means of channels.
        let byte = |value: f32| value.round().clamp(0.0, 255.0) as u8;
        let argb = self
            .pixels
            .iter()
            .flat_map(|([red, green, blue], alpha)| {
                [byte(alpha * 255.0), byte(*red), byte(*green), byte(*blue)]
            })
            .collect();
        Picture {
            size: self.size,
            argb,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const MOODS: [Mood; 6] = [
        Mood::Disconnected,
        Mood::Ready,
        Mood::Speaking,
        Mood::Whispering,
        Mood::Muted,
        Mood::Away,
    ];

    fn pixel(picture: &Picture, x: u16, y: u16) -> [u8; 4] {
        let at = (usize::from(y) * usize::from(picture.size) + usize::from(x)) * 4;
        picture.argb[at..at + 4].try_into().unwrap()
    }

    #[test]
    fn every_size_has_four_bytes_a_pixel() {
        for picture in MOODS.into_iter().flat_map(|mood| draw(mood, true)) {
            assert_eq!(
                picture.argb.len(),
                usize::from(picture.size) * usize::from(picture.size) * 4
            );
        }
    }

    #[test]
    fn no_two_states_look_alike_even_without_colour() {
        for size in SIZES {
            let shapes: HashSet<Vec<u8>> = MOODS
                .into_iter()
                .flat_map(|mood| [(mood, false), (mood, true)])
                .map(|(mood, badge)| {
                    let picture = draw_at(size, mood, badge);
                    // White, coloured or nothing: what is left when colours are not told apart.
                    picture
                        .argb
                        .chunks_exact(4)
                        .map(|pixel| match pixel {
                            [alpha, ..] if *alpha < 128 => 0,
                            [_, red, green, blue] if (*red).min(*green).min(*blue) > 200 => 2,
                            _ => 1,
                        })
                        .collect()
                })
                .collect();
            assert_eq!(shapes.len(), 2 * MOODS.len(), "at {size} pixels");
        }
    }

    #[test]
    fn alpha_comes_first_and_then_red_green_blue() {
        let picture = draw_at(48, Mood::Muted, false);
        assert_eq!(pixel(&picture, 0, 47), [0, 0, 0, 0], "the corner is clear");
        let [alpha, red, green, blue] = pixel(&picture, 6, 16);
        assert_eq!(alpha, 255);
        assert!(red > 180 && green < 90 && blue < 90, "the body is red");
    }

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

    #[test]
    fn the_badge_is_set_off_from_the_bubble() {
        let with = draw_at(24, Mood::Speaking, true);
        assert_eq!(pixel(&with, 19, 4)[0], 255);
        assert!(pixel(&with, 19, 8)[0] < 128, "a gap around the dot");
    }
}
