//! Correlation of two recordings.

use rustfft::algorithm::Radix4;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftDirection};

/// Returns the inner products of `short` with every stretch of `long` that it fits on.
#[must_use]
pub fn correlate(short: &[f32], long: &[f32]) -> Vec<f64> {
    let Some(places) = (long.len() + 1).checked_sub(short.len()) else {
        return Vec::new();
    };
    let size = (short.len() + long.len()).next_power_of_two();
    // A planner would have every algorithm compiled, which takes half a minute.
    let forward = Radix4::new(size, FftDirection::Forward);
    let inverse = Radix4::new(size, FftDirection::Inverse);
    let transform = |sound: &[f32]| {
        let mut bins: Vec<Complex<f64>> = sound
            .iter()
            .map(|sample| Complex::new(f64::from(*sample), 0.0))
            .collect();
        bins.resize(size, Complex::new(0.0, 0.0));
        forward.process(&mut bins);
        bins
    };
    let short_bins = transform(short);
    let mut product: Vec<Complex<f64>> = transform(long)
        .iter()
        .zip(&short_bins)
        .map(|(long, short)| long * short.conj())
        .collect();
    inverse.process(&mut product);
    product
        .iter()
        .take(places)
        .map(|bin| bin.re / size as f64)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_the_definition() {
        let short = [1.0, -2.0, 0.5];
        let long = [0.25, 1.0, -2.0, 0.5, 3.0];
        let expected = [-2.75, 5.25, -1.5];
        let found = correlate(&short, &long);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{found} for {expected}");
        }
    }

    #[test]
    fn what_is_longer_fits_nowhere() {
        assert!(correlate(&[1.0, 2.0], &[1.0]).is_empty());
    }
}
