//! From one sample rate to another, on the voice thread's side of a ring.
//!
//! A windowed sinc of 128 taps delays by 1.5 ms at 44.1 kHz; a transform-based resampler would take 5 ms.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Async, FixedAsync, Indexing, Resampler, SincInterpolationParameters, WindowFunction};

/// Taps of the filter at the higher of both rates.
const TAPS: usize = 128;

/// The lowest and highest rates that a device may run at.
pub(crate) const RATES: std::ops::RangeInclusive<u32> = 4_000..=384_000;

/// Resamples a mono stream in chunks of 1 ms of its input.
pub(crate) struct StreamResampler {
    resampler: Async<f32>,
    chunk: usize,
    pending: Vec<f32>,
    output: Vec<f32>,
}

/// The two rates have no usable ratio.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot convert from {from} Hz to {to} Hz")]
pub(crate) struct RateError {
    from: u32,
    to: u32,
}

impl StreamResampler {
    /// From rate `from` to rate `to`, both in Hz.
    pub(crate) fn new(from: u32, to: u32) -> Result<Self, RateError> {
        let error = || RateError { from, to };
        if !RATES.contains(&from) || !RATES.contains(&to) {
            return Err(error());
        }
        let chunk = (from / 1000).max(1) as usize;
        let resampler = sinc(from, to, chunk).ok_or_else(error)?;
        let output = vec![0.0; resampler.output_frames_max()];
        Ok(Self {
            resampler,
            chunk,
            pending: Vec::with_capacity(chunk),
            output,
        })
    }

    /// How many input samples are worked on at once: 1 ms.
    pub(crate) fn chunk(&self) -> usize {
        self.chunk
    }

    /// How many input samples wait for a whole chunk.
    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Takes samples in and hands out what they make.
    pub(crate) fn process(&mut self, mut input: &[f32], mut sink: impl FnMut(&[f32])) {
        while !input.is_empty() {
            let take = (self.chunk - self.pending.len()).min(input.len());
            let (head, tail) = input.split_at(take);
            self.pending.extend_from_slice(head);
            input = tail;
            if self.pending.len() == self.chunk {
                let made = self.convert();
                sink(&self.output[..made]);
                self.pending.clear();
            }
        }
    }

    fn convert(&mut self) -> usize {
        let capacity = self.output.len();
        let Ok(source) = InterleavedSlice::new(&self.pending, 1, self.chunk) else {
            return 0;
        };
        let Ok(mut target) = InterleavedSlice::new_mut(&mut self.output, 1, capacity) else {
            return 0;
        };
        self.resampler
            .process_into_buffer(&source, &mut target, Some(&Indexing::new()))
            .map_or(0, |(_, made)| made)
    }
}

fn sinc(from: u32, to: u32, chunk: usize) -> Option<Async<f32>> {
    let parameters = SincInterpolationParameters::new(TAPS, WindowFunction::BlackmanHarris2);
    Async::new_sinc(
        f64::from(to) / f64::from(from),
        1.01,
        &parameters,
        chunk,
        1,
        FixedAsync::Input,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hertz: f32, rate: u32, samples: usize) -> Vec<f32> {
        (0..samples)
            .map(|n| 0.5 * (std::f32::consts::TAU * hertz * n as f32 / rate as f32).sin())
            .collect()
    }

    #[test]
    fn a_tone_keeps_its_frequency_and_its_level() {
        for rate in [8_000, 16_000, 44_100, 96_000] {
            let input = sine(1000.0, rate, rate as usize);
            let mut resampler = StreamResampler::new(rate, 48_000).unwrap();
            let mut output = Vec::new();
            for piece in input.chunks(333) {
                resampler.process(piece, |made| output.extend_from_slice(made));
            }
            assert!(
                (47_000..=48_100).contains(&output.len()),
                "{rate}: {}",
                output.len()
            );
            let middle = &output[10_000..40_000];
            let crossings = middle
                .windows(2)
                .filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0)
                .count();
            assert!(
                (624..=626).contains(&crossings),
                "{rate}: {crossings} periods in 625 ms"
            );
            let peak = middle
                .iter()
                .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
            assert!((0.48..0.52).contains(&peak), "{rate}: peak {peak}");
        }
    }

    /// How far a sine of `hertz` stands above everything else in `sound`, in dB: what is left after the best fit of that
    /// sine is taken off.
    fn signal_to_noise(sound: &[f32], hertz: f64, rate: u32) -> f64 {
        let turn = std::f64::consts::TAU * hertz / f64::from(rate);
        let (mut sine, mut cosine) = (0.0, 0.0);
        for (n, sample) in sound.iter().enumerate() {
            sine += f64::from(*sample) * (turn * n as f64).sin();
            cosine += f64::from(*sample) * (turn * n as f64).cos();
        }
        let (sine, cosine) = (
            2.0 * sine / sound.len() as f64,
            2.0 * cosine / sound.len() as f64,
        );
        let (mut signal, mut noise) = (0.0, 0.0);
        for (n, sample) in sound.iter().enumerate() {
            let phase = turn * n as f64;
            let fit = sine * phase.sin() + cosine * phase.cos();
            signal += fit * fit;
            noise += (f64::from(*sample) - fit).powi(2);
        }
        10.0 * (signal / noise.max(f64::MIN_POSITIVE)).log10()
    }

    fn resampled(hertz: f32, from: u32, to: u32) -> Vec<f32> {
        let mut resampler = StreamResampler::new(from, to).unwrap();
        let mut output = Vec::new();
        // Exact enough at the end of two seconds, unlike a phase in single precision.
        let input: Vec<f32> = (0..2 * from)
            .map(|n| {
                let phase =
                    std::f64::consts::TAU * f64::from(hertz) * f64::from(n) / f64::from(from);
                (0.5 * phase.sin()) as f32
            })
            .collect();
        for piece in input.chunks(480) {
            resampler.process(piece, |made| output.extend_from_slice(made));
        }
        output
    }

    #[test]
    fn resampling_is_cleaner_than_any_microphone() {
        for rate in [16_000, 44_100, 96_000] {
            for hertz in [100.0, 1000.0, 6000.0] {
                for (from, to) in [(rate, 48_000), (48_000, rate)] {
                    let output = resampled(hertz, from, to);
                    // A whole number of periods, after the filter has settled.
                    let begin = to as usize / 2;
                    let ratio =
                        signal_to_noise(&output[begin..begin + to as usize], f64::from(hertz), to);
                    println!("{from} Hz to {to} Hz: {hertz} Hz at {ratio:.0} dB above the rest");
                    assert!(ratio > 80.0, "{from} to {to}, {hertz} Hz: {ratio:.1} dB");
                }
            }
        }
    }

    #[test]
    fn what_a_lower_rate_cannot_carry_is_taken_out_and_not_folded_back() {
        for (hertz, from, to) in [(12_000.0, 48_000, 16_000), (30_000.0, 96_000, 48_000)] {
            let output = resampled(hertz, from, to);
            let begin = to as usize / 2;
            let power: f32 = output[begin..].iter().map(|it| it * it).sum();
            let level = 10.0 * (power / (output.len() - begin) as f32).log10();
            println!("{hertz} Hz from {from} Hz to {to} Hz: {level:.0} dBFS are left of -9");
            assert!(level < -80.0, "{hertz} Hz, {from} to {to}: {level:.1} dBFS");
        }
    }

    #[test]
    fn impossible_rates_are_refused() {
        assert!(StreamResampler::new(0, 48_000).is_err());
        assert!(StreamResampler::new(48_000, 10_000_000).is_err());
    }
}
