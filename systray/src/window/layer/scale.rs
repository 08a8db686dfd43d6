//! How many pixels a point has. Pure.

/// The parts that Wayland divides a scale into.
const PARTS: u32 = 120;

/// The scale that the compositor prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// Whole pixels, which every compositor knows.
    Whole(u32),
    /// This many parts of a hundred and twenty.
    Parts(u32),
}

impl Scale {
    /// Takes a scale that is whole. Parts are more exact: where they are told, the whole ones do not count.
    pub(super) fn whole(self, scale: i32) -> Self {
        match self {
            Self::Whole(_) => Self::Whole(u32::try_from(scale).unwrap_or(1).max(1)),
            Self::Parts(parts) => Self::Parts(parts),
        }
    }

    /// Returns the pixels of a point.
    pub(super) fn factor(self) -> f32 {
        #[allow(clippy::cast_precision_loss)] // a few thousand at most
        match self {
            Self::Whole(scale) => scale as f32,
            Self::Parts(parts) => parts as f32 / PARTS as f32,
        }
    }

    /// Returns the pixels of a surface of this size.
    pub(super) fn pixels(self, (width, height): (u32, u32)) -> (u32, u32) {
        let of = |points: u32| match self {
            Self::Whole(scale) => points.saturating_mul(scale),
            // Halves are rounded up, as the protocol says.
            Self::Parts(parts) => points.saturating_mul(parts).saturating_add(PARTS / 2) / PARTS,
        };
        (of(width).max(1), of(height).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_surface_has_as_many_pixels_as_the_scale_says() {
        let size = (246, 96);
        assert_eq!(Scale::Whole(1).pixels(size), size);
        assert_eq!(Scale::Whole(2).pixels(size), (492, 192));
        assert_eq!(Scale::Parts(150).pixels(size), (308, 120), "1.25");
        assert_eq!(Scale::Parts(180).pixels((33, 1)), (50, 2), "1.5");
        assert_eq!(Scale::Parts(180).factor().to_bits(), 1.5_f32.to_bits());
    }

    #[test]
    fn parts_are_more_exact_than_whole_pixels() {
        assert_eq!(Scale::Whole(1).whole(2), Scale::Whole(2));
        assert_eq!(Scale::Whole(1).whole(-1), Scale::Whole(1));
        assert_eq!(Scale::Parts(180).whole(2), Scale::Parts(180));
    }
}
