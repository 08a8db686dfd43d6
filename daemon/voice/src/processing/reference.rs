//! What was played, one frame for each captured frame.
//!
//! Microphone and loudspeaker run on two clocks that differ by up to 200 ppm, and both hand over their blocks when it
//! suits them. An echo canceller wants what was played at a fixed distance in time from what is captured: a distance
//! that creeps by a millisecond is a room that changes, and one that jumps brings the echo back.
//!
//! So the reference is read through a resampler whose ratio follows the distance. Block sizes and late wake-ups make
//! that distance tremble by more than the clocks drift in seconds; every moment comes with a time stamp, therefore, and
//! once a second the mean of what was measured goes into a slow proportional-integral loop.

use std::collections::VecDeque;
use std::time::Duration;

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Adjustable, Async, FixedAsync, Indexing, Resampler, SincInterpolationParameters,
    SincInterpolationType, WindowFunction,
};

use crate::{FRAME_SAMPLES, SAMPLE_RATE, SampleCount};

/// What is kept beyond the playback device's block before a reference is due, so that a callback may come late.
const MARGIN: Duration = Duration::from_millis(3);

/// By so much the margin grows each time that a reference was not there in time, and at most to [`MOST_MARGIN`].
const MARGIN_STEP: Duration = Duration::from_millis(1);

/// The echo of what is played must not come before its reference.
const MOST_MARGIN: Duration = Duration::from_millis(20);

/// A distance that is off by more than this has jumped: alignment begins anew.
const JUMP: f64 = 0.040;

/// How long playback that reports nothing is believed to go on evenly.
const SILENT_DEVICE: Duration = Duration::from_millis(250);

/// The natural frequency of the loop, in radians a second: it settles in half a minute and lets a tenth of the
/// trembling through.
const LOOP: f64 = 0.15;

/// The ratio is bent by no more than this. Two bad clocks differ by 400 ppm.
const STEEPEST: f64 = 1e-3;

/// Frames between two corrections: a second.
const CORRECTION: u32 = 100;

/// Seconds of sound that are kept at most.
const KEPT: usize = 1;

/// Taps of the resampler. Its delay is part of the fixed distance.
const TAPS: usize = 64;

/// How a [`Reference`] is doing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ReferenceStats {
    /// By how much the loudspeaker's clock runs faster than the microphone's, in parts per million, as far as known.
    pub drift_ppm: f64,
    /// How often alignment began anew, the first time included.
    pub restarts: u64,
    /// Samples that were not there in time and replaced by silence.
    pub missing: u64,
}

/// Makes one frame of what was played for each captured frame.
pub struct Reference {
    resampler: Option<Async<f32>>,
    rate: f64,
    sound: VecDeque<f32>,
    /// The number of samples played before the first of `sound`.
    first: u64,
    /// The number of samples played by [`reported`](Self::reported).
    played: u64,
    reported: Option<Duration>,
    /// The largest usual block of the loudspeaker, in its samples.
    block: f64,
    /// Samples of the last block.
    taken: usize,
    margin: Duration,
    /// Whether the distance is being held.
    aligned: bool,
    /// The distance errors since the last correction, in seconds.
    error: f64,
    errors: u32,
    integral: f64,
    input: Vec<f32>,
    stats: ReferenceStats,
}

impl Reference {
    /// For a loudspeaker that plays `rate` samples a second. Allocates, and never again.
    ///
    /// With a rate that cannot be converted all references are silent.
    pub fn new(rate: u32) -> Self {
        let samples = f64::from(rate.max(1));
        let parameters = SincInterpolationParameters::new(TAPS, WindowFunction::BlackmanHarris2)
            .interpolation(SincInterpolationType::Linear);
        let resampler = Async::new_sinc(
            f64::from(SAMPLE_RATE) / samples,
            1.0 + 2.0 * STEEPEST,
            &parameters,
            FRAME_SAMPLES,
            1,
            FixedAsync::Output,
        )
        .ok();
        let most = resampler.as_ref().map_or(0, Resampler::input_frames_max);
        Self {
            resampler,
            rate: samples,
            sound: VecDeque::with_capacity(KEPT * rate as usize),
            first: 0,
            played: 0,
            reported: None,
            block: 0.0,
            taken: 0,
            margin: MARGIN,
            aligned: false,
            error: 0.0,
            errors: 0,
            integral: 0.0,
            input: vec![0.0; most],
            stats: ReferenceStats::default(),
        }
    }

    /// Another microphone listens: the distance is found anew.
    pub fn microphone(&mut self) {
        self.aligned = false;
    }

    /// How it is doing.
    pub fn stats(&self) -> ReferenceStats {
        self.stats
    }

    /// Notes what the loudspeaker took at `at`, of which `first` may be a part: f32 in −1…1, at its rate.
    pub fn played(&mut self, first: &[f32], at: Duration) {
        self.reported = Some(at);
        // Blocks of one device vary; the largest counts, and is slowly forgotten.
        self.block *= 0.999;
        self.taken = 0;
        self.played_on(first);
    }

    /// Notes the rest of what the loudspeaker took then.
    pub fn played_on(&mut self, rest: &[f32]) {
        self.taken += rest.len();
        self.block = self.block.max(self.taken as f64);
        // What silence has stood in for already comes too late.
        let late = self.first.saturating_sub(self.played);
        self.played += rest.len() as u64;
        let late = usize::try_from(late).unwrap_or(usize::MAX).min(rest.len());
        let rest = &rest[late..];
        let room = KEPT * self.rate as usize;
        let over = (self.sound.len() + rest.len()).saturating_sub(room);
        let old = over.min(self.sound.len());
        self.sound.drain(..old);
        self.sound.extend(&rest[(over - old).min(rest.len())..]);
        self.first += over as u64;
    }

    /// Samples were lost on the way here: what was played is unknown.
    pub fn lost(&mut self, samples: u64) {
        self.sound.clear();
        self.played += samples;
        self.first = self.played;
        self.aligned = false;
    }

    /// Captured samples (48 kHz) were lost.
    pub fn skip(&mut self, captured: SampleCount) {
        let samples = captured.number() as f64 * self.rate / f64::from(SAMPLE_RATE);
        self.discard(samples.round() as usize);
    }

    fn discard(&mut self, samples: usize) {
        let there = samples.min(self.sound.len());
        self.sound.drain(..there);
        self.first += samples as u64;
    }

    /// What was played while the frame was captured whose last sample came at `at`; 480 samples, 48 kHz mono.
    pub fn frame(&mut self, at: Duration) -> [f32; FRAME_SAMPLES] {
        let mut frame = [0.0; FRAME_SAMPLES];
        let Some(mut resampler) = self.resampler.take() else {
            return frame;
        };
        if self.hold_distance(at, &mut resampler) {
            self.read(&mut resampler, &mut frame);
        }
        self.resampler = Some(resampler);
        frame
    }

    /// How far the next sample to be read lies behind what is being played at `at`, in seconds.
    fn distance(&self, at: Duration) -> Option<f64> {
        let reported = self.reported?;
        let since = at.as_secs_f64() - reported.as_secs_f64();
        if since > SILENT_DEVICE.as_secs_f64() {
            return None;
        }
        Some((self.played as f64 - self.first as f64) / self.rate + since)
    }

    /// The distance to be held at the end of a frame: what must have been reported by then has been.
    fn target(&self) -> f64 {
        self.block / self.rate
            + self.margin.as_secs_f64()
            + FRAME_SAMPLES as f64 / f64::from(SAMPLE_RATE)
    }

    /// Finds the distance, or corrects it. `false` while nothing is played.
    fn hold_distance(&mut self, at: Duration, resampler: &mut Async<f32>) -> bool {
        let error = |reference: &Self| Some(reference.distance(at)? - reference.target());
        match error(self).filter(|error| self.aligned && error.abs() <= JUMP) {
            Some(error) => {
                self.correct(error, resampler);
                true
            }
            None => {
                // Whatever was skipped ahead of the loudspeaker is void.
                self.first = self.played - self.sound.len() as u64;
                // Below zero, not enough was played yet.
                let error = error(self).filter(|error| *error >= 0.0);
                self.aligned = error.is_some();
                if let Some(error) = error {
                    self.discard((error * self.rate).round() as usize);
                    resampler.reset();
                    self.error = 0.0;
                    self.errors = 0;
                    self.stats.restarts += 1;
                    self.bend(resampler, self.integral);
                }
                self.aligned
            }
        }
    }

    /// Takes note of an error, and bends the ratio once a second.
    fn correct(&mut self, error: f64, resampler: &mut Async<f32>) {
        self.error += error;
        self.errors += 1;
        if self.errors == CORRECTION {
            let mean = self.error / f64::from(self.errors);
            self.error = 0.0;
            self.errors = 0;
            self.integral = (self.integral + LOOP * LOOP * mean).clamp(-STEEPEST, STEEPEST);
            self.stats.drift_ppm = self.integral * 1e6;
            self.bend(resampler, self.integral + 2.0 * LOOP * mean);
        }
    }

    /// Reads faster by `share` than at the nominal rate.
    fn bend(&self, resampler: &mut Async<f32>, share: f64) {
        let relative = 1.0 / (1.0 + share.clamp(-STEEPEST, STEEPEST));
        // It lies within the bounds that the resampler was made with.
        let _ = resampler.set_resample_ratio_relative(relative, true);
    }

    fn read(&mut self, resampler: &mut Async<f32>, frame: &mut [f32; FRAME_SAMPLES]) {
        let needed = resampler.input_frames_next().min(self.input.len());
        let there = needed.min(self.sound.len());
        for (place, sample) in self.input.iter_mut().zip(self.sound.drain(..there)) {
            *place = sample;
        }
        self.input[there..needed].fill(0.0);
        self.first += needed as u64;
        if there < needed {
            // What comes late is left out, so that the distance stays; next time it is waited for a little longer.
            self.stats.missing += (needed - there) as u64;
            self.margin = (self.margin + MARGIN_STEP).min(MOST_MARGIN);
        }
        let input = InterleavedSlice::new(&self.input[..needed], 1, needed);
        let output = InterleavedSlice::new_mut(frame.as_mut_slice(), 1, FRAME_SAMPLES);
        if let (Ok(input), Ok(mut output)) = (input, output) {
            // Both are as long as the resampler asked for.
            let _ = resampler.process_into_buffer(&input, &mut output, Some(&Indexing::new()));
        }
    }
}

impl std::fmt::Debug for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reference")
            .field("rate", &self.rate)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
