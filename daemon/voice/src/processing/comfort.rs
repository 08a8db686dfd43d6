//! The room's noise, put in place of echo: a line that falls silent with every word from the far end sounds broken.

use realfft::num_complex::Complex;

use super::residual::{BINS, Powers};

/// Hops after which a minimum is given up: 1.5 s, and another such time.
const MINIMUM: u32 = 300;

/// Hops before anything is known: 100 ms.
const FIRST: u32 = 20;

/// The least of many falls short of the mean by so much, in power.
const BIAS: f32 = 1.6;

/// A source of noise like that of the room.
pub(super) struct ComfortNoise {
    level: Powers,
    smooth: Powers,
    lowest: [Powers; 2],
    hops: u32,
    random: u32,
}

impl ComfortNoise {
    pub(super) fn new() -> Self {
        Self {
            level: [0.0; BINS],
            smooth: [0.0; BINS],
            lowest: [[f32::MAX; BINS]; 2],
            hops: 0,
            random: 1,
        }
    }

    /// Learns from the power of what is heard beside echo.
    pub(super) fn learn(&mut self, rest: &Powers) {
        for (smooth, rest) in self.smooth.iter_mut().zip(rest) {
            // A little more, for numbers that shrink for ever become slow to reckon with.
            *smooth += 0.1 * (rest - *smooth) + 1e-12;
        }
        self.hops = self.hops.wrapping_add(1);
        if self.hops < FIRST {
            return;
        }
        if self.hops.is_multiple_of(MINIMUM) {
            self.lowest = [self.smooth, self.lowest[0]];
        }
        for bin in 0..BINS {
            self.lowest[0][bin] = self.lowest[0][bin].min(self.smooth[bin]);
            self.level[bin] = BIAS * self.lowest[0][bin].min(self.lowest[1][bin]);
        }
    }

    /// Returns the noise's power.
    pub(super) fn level(&self) -> &Powers {
        &self.level
    }

    /// Returns a value of the noise.
    pub(super) fn sample(&mut self, bin: usize) -> Complex<f32> {
        // Of variance 1 when both are even in −1…1.
        let scale = (1.5 * self.level[bin]).sqrt();
        Complex::new(scale * self.even(), scale * self.even())
    }

    fn even(&mut self) -> f32 {
        self.random = self
            .random
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        (self.random >> 8) as f32 / 8_388_608.0 - 1.0
    }
}
