//! Comparing sound: down to 16 kHz, correlation, levels, PESQ.
//!
//! Correlations are taken on whitened sound, because speech as it is resembles other speech too much: two
//! unrelated vowels of the same pitch correlate by 0.3.

use anyhow::{Context, Result};
use sotto_instruments::Chance;
use sotto_judge::correlate;

/// The rate of all recordings.
pub const RATE: usize = 48_000;

/// The rate of all comparisons, which is that of wide-band PESQ.
pub const NARROW: usize = 16_000;

/// Half the taps of the filter before decimation.
const HALF_TAPS: usize = 60;

/// What was said never counts as compared with less than this share of its own loudness: −40 dB. Below it,
/// resemblance of noise is no evidence.
const FLOOR: f64 = 0.01;

/// From 48 kHz to 16 kHz: a windowed sinc that passes 7.2 kHz and stops 8 kHz.
#[must_use]
pub fn narrow(sound: &[f32]) -> Vec<f32> {
    let cutoff = 7_600.0 / RATE as f64;
    let taps: Vec<f32> = (0..=2 * HALF_TAPS)
        .map(|tap| {
            let x = tap as f64 - HALF_TAPS as f64;
            let phase = std::f64::consts::PI * tap as f64 / HALF_TAPS as f64;
            // Blackman
            let window = 0.42 - 0.5 * phase.cos() + 0.08 * (2.0 * phase).cos();
            let angle = std::f64::consts::TAU * cutoff * x;
            let sinc = if x == 0.0 { 1.0 } else { angle.sin() / angle };
            (2.0 * cutoff * sinc * window) as f32
        })
        .collect();
    let mut padded = vec![0.0; HALF_TAPS];
    padded.extend_from_slice(sound);
    padded.resize(padded.len() + HALF_TAPS, 0.0);
    (0..sound.len())
        .step_by(RATE / NARROW)
        .map(|at| {
            padded[at..]
                .iter()
                .zip(&taps)
                .map(|(sample, tap)| sample * tap)
                .sum()
        })
        .collect()
}

/// Root mean square in dBFS.
#[must_use]
pub fn level(sound: &[f32]) -> f64 {
    let energy: f64 = sound.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    10.0 * (energy / sound.len().max(1) as f64).max(1e-12).log10()
}

/// The level of the loudest 20 ms, in dBFS.
#[must_use]
pub fn loudest(sound: &[f32], rate: usize) -> f64 {
    let window = rate / 50;
    sound
        .chunks(window.max(1))
        .map(level)
        .fold(-120.0, f64::max)
}

/// Where `said` lies in `heard`, and how much they are alike there, from 0 to 1. Both at the same rate.
///
/// `None` when there is nothing to compare.
#[must_use]
pub fn find(said: &[f32], heard: &[f32]) -> Option<(usize, f64)> {
    if said.is_empty() || heard.is_empty() {
        return None;
    }
    let said = whiten(said);
    // Something cut off at the end is still found.
    let mut heard = whiten(heard);
    let places = heard.len();
    heard.resize(places + said.len(), 0.0);
    let products = correlate(&said, &heard);
    let own: f64 = said.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    let mut sums = Vec::with_capacity(heard.len() + 1);
    let mut sum = 0.0;
    sums.push(sum);
    for sample in &heard {
        sum += f64::from(*sample).powi(2);
        sums.push(sum);
    }
    let mut best = (0, 0.0);
    for (at, product) in products.iter().take(places).enumerate() {
        let there = (sums[at + said.len()] - sums[at]).max(0.0);
        let scale = own.sqrt() * there.sqrt().max(FLOOR * own.sqrt());
        let alike = if scale > 0.0 {
            product.abs() / scale
        } else {
            0.0
        };
        if alike > best.1 {
            best = (at, alike);
        }
    }
    Some(best)
}

/// How much two stretches of the same length are alike, from 0 to 1, as they lie.
#[must_use]
pub fn alike(one: &[f32], other: &[f32]) -> f64 {
    let scale = (product(one, one) * product(other, other)).sqrt();
    if scale > 0.0 {
        product(one, other).abs() / scale
    } else {
        0.0
    }
}

/// The inner product of two stretches of the same length.
#[must_use]
pub fn product(one: &[f32], other: &[f32]) -> f64 {
    one.iter()
        .zip(other)
        .map(|(one, other)| f64::from(*one) * f64::from(*other))
        .sum()
}

/// A first difference: speech falls by about 6 dB an octave.
#[must_use]
pub fn whiten(sound: &[f32]) -> Vec<f32> {
    let mut last = 0.0;
    sound
        .iter()
        .map(|sample| {
            let whitened = sample - 0.95 * last;
            last = *sample;
            whitened
        })
        .collect()
}

/// Wide-band PESQ (ITU-T P.862.2), from 1.0 to 4.64. Both at 16 kHz.
///
/// # Errors
///
/// When there is no speech to compare.
pub fn pesq(said: &[f32], heard: &[f32]) -> Result<f64> {
    sotto_judge::pesq_wideband(said, heard).context("PESQ finds no speech to compare")
}

/// Noise from a seed, with peaks of ±0.1.
#[must_use]
pub fn noise(seed: u64, samples: usize) -> Vec<f32> {
    let mut chance = Chance::new(seed);
    (0..samples).map(|_| chance.sample() * 0.1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_found_where_it_lies() {
        let said = noise(1, 16_000);
        let mut heard = vec![0.0; 7_000];
        heard.extend(said.iter().map(|sample| sample * 0.3));
        heard.extend(noise(2, 20_000));
        let (at, alike) = find(&said, &heard).unwrap();
        assert_eq!(at, 7_000);
        assert!(alike > 0.99, "{alike}");
    }

    #[test]
    fn a_faint_leak_is_seen_and_silence_is_not() {
        let said = noise(1, 48_000);
        let leak: Vec<f32> = said.iter().map(|sample| sample * 0.003).collect();
        assert!(find(&said, &leak).unwrap().1 > 0.2, "a leak at -50 dB");
        assert!(find(&said, &vec![0.0; 48_000]).unwrap().1 < 1e-6);
        let faint: Vec<f32> = noise(2, 48_000)
            .iter()
            .map(|sample| sample * 0.005)
            .collect();
        assert!(find(&said, &faint).unwrap().1 < 0.05, "noise at -46 dB");
    }

    #[test]
    fn narrowing_keeps_speech_and_removes_what_would_fold() {
        let tone = |hertz: f64| -> Vec<f32> {
            (0..RATE)
                .map(|n| {
                    (0.5 * (std::f64::consts::TAU * hertz * n as f64 / RATE as f64).sin()) as f32
                })
                .collect()
        };
        // A tone that begins and ends at once is no tone there.
        let middle = |hertz| level(&narrow(&tone(hertz))[1_000..15_000]);
        let passed = middle(3_000.0) - level(&tone(3_000.0));
        assert!(passed.abs() < 0.1, "{passed} dB");
        assert!(middle(10_000.0) < -60.0);
    }
}
