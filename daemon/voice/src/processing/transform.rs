//! Spectra of real sound, and back.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

/// A transform of `LENGTH` samples to `BINS` bins: half as many, and one.
pub(super) struct Transform<const LENGTH: usize, const BINS: usize> {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    scratch: Vec<Complex<f32>>,
}

impl<const LENGTH: usize, const BINS: usize> Transform<LENGTH, BINS> {
    pub(super) fn new() -> Self {
        const { assert!(BINS == LENGTH / 2 + 1) };
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(LENGTH);
        let inverse = planner.plan_fft_inverse(LENGTH);
        let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
        Self {
            forward,
            inverse,
            scratch: vec![Complex::default(); scratch],
        }
    }

    /// Returns the spectrum of `sound`.
    pub(super) fn spectrum(&mut self, mut sound: [f32; LENGTH]) -> [Complex<f32>; BINS] {
        let mut spectrum = [Complex::default(); BINS];
        // The lengths are those that it was planned for.
        let _ = self
            .forward
            .process_with_scratch(&mut sound, &mut spectrum, &mut self.scratch);
        spectrum
    }

    /// Returns the sound of `spectrum`.
    pub(super) fn sound(&mut self, mut spectrum: [Complex<f32>; BINS]) -> [f32; LENGTH] {
        // A real sound has no phase here; anything else would be refused.
        spectrum[0].im = 0.0;
        spectrum[BINS - 1].im = 0.0;
        let mut sound = [0.0; LENGTH];
        let _ = self
            .inverse
            .process_with_scratch(&mut spectrum, &mut sound, &mut self.scratch);
        sound.map(|sample| sample / LENGTH as f32)
    }
}
