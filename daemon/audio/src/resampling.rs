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

/// Resamples a whole recording, without the filter's delay.
pub(crate) fn resample_whole(input: &[f32], from: u32, to: u32) -> Result<Vec<f32>, RateError> {
    if from == to {
        return Ok(input.to_vec());
    }
    let error = || RateError { from, to };
    if !RATES.contains(&from) || !RATES.contains(&to) {
        return Err(error());
    }
    let mut resampler = sinc(from, to, 1024).ok_or_else(error)?;
    let source = InterleavedSlice::new(input, 1, input.len()).map_err(|_| error())?;
    let mut output = vec![0.0; resampler.process_all_needed_output_len(input.len())];
    let capacity = output.len();
    let mut target = InterleavedSlice::new_mut(&mut output, 1, capacity).map_err(|_| error())?;
    let (_, made) = resampler
        .process_all_into_buffer(&source, &mut target, input.len(), None)
        .map_err(|_| error())?;
    output.truncate(made);
    Ok(output)
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

    #[test]
    fn a_whole_recording_keeps_its_length_and_its_beginning() {
        let output = resample_whole(&sine(300.0, 44_100, 44_100), 44_100, 48_000).unwrap();
        assert!(
            (47_990..=48_010).contains(&output.len()),
            "{}",
            output.len()
        );
        let expected = sine(300.0, 48_000, 48_000);
        let worst = (1000..40_000)
            .map(|n| (output[n] - expected[n]).abs())
            .fold(0.0, f32::max);
        assert!(worst < 0.01, "off by {worst}");
    }

    #[test]
    fn impossible_rates_are_refused() {
        assert!(StreamResampler::new(0, 48_000).is_err());
        assert!(StreamResampler::new(48_000, 10_000_000).is_err());
    }
}
