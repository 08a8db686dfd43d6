//! The short-time objective intelligibility of Taal et al., 2011.
//!
//! What was said and what was heard are cut into frames of 25.6 ms; those in which nothing was said are left out of
//! both. Each frame's energy is taken in 15 bands, a third of an octave wide, from 150 Hz on. Then every stretch of
//! 30 frames of every band (384 ms) is compared: the heard energies are scaled to those of what was said, clipped at a
//! distortion of −15 dB, and correlated. STOI is the mean correlation. Section and equation numbers are the paper's.

use rustfft::algorithm::Radix4;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftDirection};

/// The rate of what goes in, in Hz (§II-A).
pub const RATE: usize = 10_000;

/// Samples in a frame, and from one to the next.
const FRAME: usize = 256;
const HOP: usize = FRAME / 2;
/// Points of the transform.
const TRANSFORM: usize = 512;
/// Bands of a third of an octave, and the middle of the lowest, in Hz.
const BANDS: usize = 15;
const LOWEST: f64 = 150.0;
/// Frames that are compared at once: 384 ms.
const STRETCH: usize = 30;
/// The least signal-to-distortion ratio, in dB (eq. 3).
const WORST: f64 = -15.0;
/// Frames this far below the loudest of what was said are silence, in dB.
const RANGE: f64 = 40.0;
/// Keeps logarithms and quotients finite.
const TINY: f64 = f64::EPSILON;

type Energies = [f64; BANDS];

/// How much of `said` is understood when `heard` is heard: up to 1. Both at [`RATE`], beginning with the same moment;
/// what one has beyond the other counts for nothing.
///
/// `None` when less than 384 ms of it is speech.
#[must_use]
pub fn stoi(said: &[f64], heard: &[f64]) -> Option<f64> {
    let length = said.len().min(heard.len());
    let (said, heard) = without_silence(&said[..length], &heard[..length]);
    let analysis = Analysis::new();
    let said = analysis.energies(&said);
    let heard = analysis.energies(&heard);
    let stretches = said.windows(STRETCH).zip(heard.windows(STRETCH));
    let mut sum = 0.0;
    let mut count = 0_u32;
    for (said, heard) in stretches {
        for band in 0..BANDS {
            sum += correlation(said, heard, band);
            count += 1;
        }
    }
    (count > 0).then(|| sum / f64::from(count))
}

/// One band of one stretch (eqs. 2 to 5).
fn correlation(said: &[Energies], heard: &[Energies], band: usize) -> f64 {
    let said: [f64; STRETCH] = std::array::from_fn(|frame| said[frame][band]);
    let heard: [f64; STRETCH] = std::array::from_fn(|frame| heard[frame][band]);
    let scale = norm(&said) / (norm(&heard) + TINY);
    let clip = 1.0 + 10_f64.powf(-WORST / 20.0);
    let heard: [f64; STRETCH] =
        std::array::from_fn(|frame| (heard[frame] * scale).min(said[frame] * clip));
    let (said, heard) = (centred(&said), centred(&heard));
    let product: f64 = said.iter().zip(&heard).map(|(a, b)| a * b).sum();
    product / ((norm(&said) + TINY) * (norm(&heard) + TINY))
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

fn centred(values: &[f64; STRETCH]) -> [f64; STRETCH] {
    let mean = values.iter().sum::<f64>() / STRETCH as f64;
    values.map(|value| value - mean)
}

/// A Hann window without its zeros.
fn window() -> [f64; FRAME] {
    std::array::from_fn(|index| {
        let phase = std::f64::consts::TAU * (index + 1) as f64 / (FRAME + 1) as f64;
        0.5 - 0.5 * phase.cos()
    })
}

/// Where frames begin in so many samples.
fn frames(length: usize) -> impl Iterator<Item = usize> {
    (0..(length + 1).saturating_sub(FRAME)).step_by(HOP)
}

/// Both without the frames in which nothing was said, the others added up where they overlap.
fn without_silence(said: &[f64], heard: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let window = window();
    let loudness: Vec<f64> = frames(said.len())
        .map(|at| {
            let frame: Vec<f64> = said[at..at + FRAME]
                .iter()
                .zip(&window)
                .map(|(sample, weight)| sample * weight)
                .collect();
            20.0 * (norm(&frame) + TINY).log10()
        })
        .collect();
    let loudest = loudness.iter().copied().fold(f64::MIN, f64::max);
    let spoken: Vec<usize> = frames(said.len())
        .zip(&loudness)
        .filter(|(_, level)| **level > loudest - RANGE)
        .map(|(at, _)| at)
        .collect();
    let joined = |sound: &[f64]| {
        let mut out = vec![0.0; spoken.len().saturating_sub(1) * HOP + FRAME];
        for (index, at) in spoken.iter().enumerate() {
            let place = out[index * HOP..].iter_mut();
            for ((out, sample), weight) in place.zip(&sound[*at..at + FRAME]).zip(&window) {
                *out += sample * weight;
            }
        }
        out
    };
    (joined(said), joined(heard))
}

/// The transform and the bands' bins.
struct Analysis {
    transform: Radix4<f64>,
    bands: [std::ops::Range<usize>; BANDS],
    window: [f64; FRAME],
}

impl Analysis {
    fn new() -> Self {
        // The bin nearest to an edge.
        let bin = |frequency: f64| (frequency * TRANSFORM as f64 / RATE as f64).round() as usize;
        let edge = |sixths: f64| LOWEST * 2_f64.powf(sixths / 6.0);
        Self {
            transform: Radix4::new(TRANSFORM, FftDirection::Forward),
            bands: std::array::from_fn(|band| {
                let band = band as f64;
                bin(edge(2.0 * band - 1.0))..bin(edge(2.0 * band + 1.0))
            }),
            window: window(),
        }
    }

    /// The root of each band's energy, for every frame (eq. 1).
    fn energies(&self, sound: &[f64]) -> Vec<Energies> {
        let mut bins = [Complex::new(0.0, 0.0); TRANSFORM];
        frames(sound.len())
            .map(|at| {
                bins.fill(Complex::new(0.0, 0.0));
                for (index, bin) in bins.iter_mut().take(FRAME).enumerate() {
                    bin.re = sound[at + index] * self.window[index];
                }
                self.transform.process(&mut bins);
                std::array::from_fn(|band| {
                    let energy: f64 = bins[self.bands[band].clone()]
                        .iter()
                        .map(Complex::norm_sqr)
                        .sum();
                    energy.sqrt()
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use sotto_instruments::Chance;

    use super::*;

    /// Noise with syllables, from a seed.
    fn speech_like(seconds: usize, seed: u64) -> Vec<f64> {
        let mut chance = Chance::new(seed);
        (0..seconds * RATE)
            .map(|n| {
                let noise = f64::from(chance.sample());
                let time = n as f64 / RATE as f64;
                let syllable = (std::f64::consts::TAU * 2.7 * time).sin().max(0.0);
                let word = (std::f64::consts::TAU * 0.31 * time).sin().max(0.02);
                0.3 * noise * syllable * word
            })
            .collect()
    }

    fn mixed(said: &[f64], noise: &[f64], snr: f64) -> Vec<f64> {
        let gain = norm(said) / norm(noise) * 10_f64.powf(-snr / 20.0);
        said.iter().zip(noise).map(|(a, b)| a + gain * b).collect()
    }

    #[test]
    fn what_was_said_is_understood_however_loud() {
        let said = speech_like(8, 1);
        let softer: Vec<f64> = said.iter().map(|sample| sample * 0.1).collect();
        for heard in [&said, &softer] {
            let score = stoi(&said, heard).unwrap();
            assert!((score - 1.0).abs() < 1e-6, "{score}");
        }
    }

    #[test]
    fn the_more_noise_the_less_is_understood() {
        let said = speech_like(8, 1);
        let mut chance = Chance::new(7);
        let noise: Vec<f64> = said.iter().map(|_| f64::from(chance.sample())).collect();
        let scores: Vec<f64> = [30.0, 10.0, 0.0, -10.0]
            .iter()
            .map(|snr| stoi(&said, &mixed(&said, &noise, *snr)).unwrap())
            .collect();
        assert!(scores[0] > 0.9, "{scores:?}");
        assert!(
            scores.windows(2).all(|pair| pair[0] > pair[1]),
            "{scores:?}"
        );
        // What has nothing to do with it.
        let unrelated = stoi(&said, &noise).unwrap();
        assert!(unrelated < 0.4, "{unrelated}");
    }

    #[test]
    fn silence_and_less_than_a_stretch_cannot_be_judged() {
        let said = speech_like(1, 1);
        assert_eq!(stoi(&said[..3_000], &said[..3_000]), None);
        assert_eq!(stoi(&[], &[]), None);
        let silence = vec![0.0; said.len()];
        assert!(stoi(&said, &silence).unwrap().abs() < 1e-6);
    }

    #[test]
    fn a_second_that_is_missing_costs_its_share() {
        let said = speech_like(8, 3);
        let mut heard = said.clone();
        heard[4 * RATE..5 * RATE].fill(0.0);
        let score = stoi(&said, &heard).unwrap();
        assert!((0.6..0.95).contains(&score), "{score}");
    }
}
