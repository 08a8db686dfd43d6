//! Shapes to pixels.

use super::Picture;
use super::shape::Shape;

/// Red, green and blue from 0 to 255.
pub(super) type Rgb = [f32; 3];

/// Splits a colour as it is written, `0xRRGGBB`.
pub(super) const fn rgb(hex: u32) -> Rgb {
    [
        (hex >> 16 & 255) as f32,
        (hex >> 8 & 255) as f32,
        (hex & 255) as f32,
    ]
}

/// Pixels of colour, and opacity from 0 to 1.
pub(super) struct Canvas {
    size: u16,
    pixels: Vec<(Rgb, f32)>,
}

impl Canvas {
    pub(super) fn new(size: u16) -> Self {
        Self {
            size,
            pixels: vec![([0.0; 3], 0.0); usize::from(size) * usize::from(size)],
        }
    }

    /// Calls `change` with each pixel and how much of it the shape covers.
    fn cover(&mut self, shape: &Shape, change: impl Fn(&mut (Rgb, f32), f32)) {
        let size = self.size;
        let places = (0..size).flat_map(|y| (0..size).map(move |x| (x, y)));
        for (pixel, (x, y)) in self.pixels.iter_mut().zip(places) {
            let distance = shape.distance(f32::from(x) + 0.5, f32::from(y) + 0.5);
            let covered = (0.5 - distance).clamp(0.0, 1.0);
            if covered > 0.0 {
                change(pixel, covered);
            }
        }
    }

    /// Paints a shape over what is there.
    pub(super) fn paint(&mut self, colour: Rgb, opacity: f32, shape: &Shape) {
        self.cover(shape, |(below, alpha), covered| {
            let over = covered * opacity;
            let sum = over + *alpha * (1.0 - over);
            for (channel, new) in below.iter_mut().zip(colour) {
                *channel = (new * over + *channel * *alpha * (1.0 - over)) / sum;
            }
            *alpha = sum;
        });
    }

    /// Cuts a shape out.
    pub(super) fn erase(&mut self, shape: &Shape) {
        self.cover(shape, |(_, alpha), covered| *alpha *= 1.0 - covered);
    }

    pub(super) fn finish(self) -> Picture {
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
