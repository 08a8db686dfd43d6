//! What the linear filter leaves of echo is suppressed where nobody speaks here, and hardly touched where somebody
//! does.
//!
//! In each bin the power of what is left is estimated from the predicted echo, and taken away as a Wiener filter
//! would. How much of it is taken away depends on one judgement for the whole of the spectrum: near speech stands out
//! from what is left of echo by much, or it does not. AEC3 mutes every bin whose echo is less than 10 dB below near
//! speech; here near speech is left to mask it.

use realfft::num_complex::Complex;
use sonora::three_band_filter_bank::NUM_BANDS;

use super::canceller::{Bands, Hearing};
use super::comfort::ComfortNoise;
use super::linear::{self, Prediction};
use super::transform::Transform;

/// Samples from one spectrum to the next: 5 ms at 16 kHz.
const HOP: usize = 80;
const WINDOW: usize = 2 * HOP;
pub(super) const BINS: usize = HOP + 1;

/// How fast echo decays where the filter does not reach, in power for each hop: 60 dB within 600 ms.
const TAIL: f32 = 0.89;

/// Bins that share an estimate of how much is left of echo: 500 Hz.
const GROUP: usize = 5;
const GROUPS: usize = BINS / GROUP;

/// Bins of speech: 300 Hz to 4 kHz.
const SPEECH: std::ops::Range<usize> = 3..40;

/// Bins whose gains those above 8 kHz follow: 4 to 8 kHz.
const HIGH: std::ops::Range<usize> = 40..BINS;

/// What is left counts as so much more than was seen: it varies.
const SAFETY: f32 = 3.0;

/// How much of the linear filter's doubt counts, from the bins of two blocks without a window to these.
const DOUBT: f32 = 0.062_5;

/// At least so much of echo is expected to be left when near speech is looked for, in power: −9 dB.
const LEFT: f32 = 0.13;

/// Near speech is missing below the first and there above the second of these ratios to what is left of echo, in power.
const NEAR: (f32, f32) = (2.5, 8.0);

/// How much of near speech that was found is believed to go on for another hop.
const HELD: f32 = 0.93;

/// The power of speech bins that nobody hears: −80 dBFS.
const SILENCE: f32 = 1e4;

/// The least power that is counted with: numbers that shrink for ever become slow to reckon with.
const INAUDIBLE: f32 = 1e-6;

/// By how much a word stands out of the room's noise, in power.
const AUDIBLE: f32 = 4.0;

/// How many times what is left of echo is taken away without near speech, and with it.
const EXCESS: (f32, f32) = (8.0, 1.5);

/// By how much everything is lowered where there is nothing but echo: 30 dB.
const LOWERED: f32 = 0.03;

/// The lowest gain of a bin besides.
const LOWEST: f32 = 0.02;

/// How fast gains fall and rise, as shares of the way for each hop.
const FALL: f32 = 0.7;
const RISE: f32 = 0.8;

pub(super) type Powers = [f32; BINS];

/// A suppressor of residual echo in frames of three bands. What comes out is a hop late.
pub(super) struct Residual {
    transform: Transform<WINDOW, BINS>,
    window: [f32; WINDOW],
    rest: [f32; WINDOW],
    echo: [f32; WINDOW],
    overlap: [f32; HOP],
    /// The higher bands wait for the lowest.
    late: [[f32; HOP]; NUM_BANDS - 1],
    left: Left,
    near: Near,
    gains: Powers,
    comfort: ComfortNoise,
}

impl Residual {
    pub(super) fn new() -> Self {
        Self {
            transform: Transform::new(),
            window: std::array::from_fn(|n| {
                (std::f32::consts::PI * (n as f32 + 0.5) / WINDOW as f32).sin()
            }),
            rest: [0.0; WINDOW],
            echo: [0.0; WINDOW],
            overlap: [0.0; HOP],
            late: [[0.0; HOP]; NUM_BANDS - 1],
            left: Left::new(),
            near: Near::default(),
            gains: [1.0; BINS],
            comfort: ComfortNoise::new(),
        }
    }

    /// Puts what is to be sent of a frame in place of its bands.
    pub(super) fn process(&mut self, frame: &mut Bands, prediction: &Prediction, hearing: Hearing) {
        let (rests, _) = prediction.rest.as_chunks::<HOP>();
        let (echoes, _) = prediction.echo.as_chunks::<HOP>();
        for (index, (rest, echo)) in rests.iter().zip(echoes).enumerate() {
            let place = index * HOP..(index + 1) * HOP;
            let [low, high @ ..] = &mut *frame;
            let before = self.high_gain();
            low[place.clone()].copy_from_slice(&self.hop(rest, echo, &prediction.doubt, hearing));
            let step = (self.high_gain() - before) / HOP as f32;
            for (band, late) in high.iter_mut().zip(&mut self.late) {
                for (n, (sample, late)) in band[place.clone()].iter_mut().zip(late).enumerate() {
                    std::mem::swap(sample, late);
                    // Evenly from one gain to the next: a step would click.
                    *sample *= before + step * (n + 1) as f32;
                }
            }
        }
    }

    /// Returns what comes out of the lowest band.
    fn hop(
        &mut self,
        rest: &[f32; HOP],
        echo: &[f32; HOP],
        doubt: &[f32; linear::BINS],
        hearing: Hearing,
    ) -> [f32; HOP] {
        let mut spectrum = windowed(&mut self.transform, &self.window, &mut self.rest, rest);
        let echo = windowed(&mut self.transform, &self.window, &mut self.echo, echo);
        let rest = spectrum.map(|bin| bin.norm_sqr());
        self.comfort.learn(&rest);
        self.left.expect(&echo.map(|bin| bin.norm_sqr()));
        if hearing == Hearing::Sound {
            self.left.learn(&rest, self.comfort.level());
        }
        let left = self.left.powers(doubt);
        let near = self
            .near
            .find(&rest, &left, &self.left.tail, self.comfort.level());
        self.weigh(&rest, &left, near);
        for (bin, value) in spectrum.iter_mut().enumerate() {
            let gain = self.gains[bin];
            *value *= gain;
            *value += self.comfort.sample(bin) * (1.0 - gain * gain).max(0.0).sqrt();
        }
        let mut sound = self.transform.sound(spectrum);
        for (sample, weight) in sound.iter_mut().zip(&self.window) {
            *sample *= weight;
        }
        let out = std::array::from_fn(|n| self.overlap[n] + sound[n]);
        self.overlap.copy_from_slice(&sound[HOP..]);
        out
    }

    /// Finds the gains where near speech is there by so much, 0…1.
    fn weigh(&mut self, rest: &Powers, left: &Powers, near: f32) {
        let excess = EXCESS.0.powf(1.0 - near) * EXCESS.1.powf(near);
        let lowered = LOWERED.powf(1.0 - near);
        for (gain, (rest, left)) in self.gains.iter_mut().zip(rest.iter().zip(left)) {
            let wanted = 1.0 - excess * left / (rest + 1.0);
            let wanted = wanted.clamp(LOWEST, 1.0) * lowered;
            let share = if wanted < *gain { FALL } else { RISE };
            *gain += share * (wanted - *gain);
        }
    }

    /// Returns the gain of the higher bands: the mean of those next to them.
    fn high_gain(&self) -> f32 {
        self.gains[HIGH].iter().sum::<f32>() / HIGH.len() as f32
    }
}

/// Puts `new` behind the last hop, and returns the spectrum of both.
fn windowed(
    transform: &mut Transform<WINDOW, BINS>,
    window: &[f32; WINDOW],
    sound: &mut [f32; WINDOW],
    new: &[f32; HOP],
) -> [Complex<f32>; BINS] {
    sound.copy_within(HOP.., 0);
    sound[HOP..].copy_from_slice(new);
    transform.spectrum(std::array::from_fn(|n| sound[n] * window[n]))
}

/// An estimate of how much the linear filter leaves of echo.
struct Left {
    /// The predicted echo's power, with a tail.
    tail: Powers,
    /// How much is left of it in each group of bins.
    shares: [f32; GROUPS],
}

impl Left {
    fn new() -> Self {
        Self {
            tail: [0.0; BINS],
            shares: [0.5; GROUPS],
        }
    }

    /// Takes note of the predicted echo's power.
    fn expect(&mut self, echo: &Powers) {
        for (tail, echo) in self.tail.iter_mut().zip(echo) {
            *tail = (TAIL * *tail).max(*echo).max(INAUDIBLE);
        }
    }

    /// Learns how much of it is left.
    fn learn(&mut self, rest: &Powers, noise: &Powers) {
        for (group, share) in self.shares.iter_mut().enumerate() {
            let sum = |powers: &Powers| -> f32 {
                powers[group * GROUP..(group + 1) * GROUP].iter().sum()
            };
            let (tail, noise) = (sum(&self.tail), sum(noise));
            if tail < 4.0 * noise + 1e4 {
                continue;
            }
            // A quantile of what is seen. Near speech is no part of it: far above, the share only creeps up.
            let seen = (sum(rest) - noise).max(0.0) / tail;
            *share *= match seen / *share {
                4.0.. => 1.01,
                1.0.. => 1.03,
                _ => 0.97,
            };
            *share = share.clamp(0.001, 1.0);
        }
    }

    /// Estimates the power of the echo that is left.
    fn powers(&self, doubt: &[f32; linear::BINS]) -> Powers {
        std::array::from_fn(|bin| {
            let share = self.shares[(bin / GROUP).min(GROUPS - 1)];
            // Two bins of the linear filter's for one here.
            let center = 2 * bin;
            let sides = doubt[center.saturating_sub(1)] + doubt[(center + 1).min(linear::BINS - 1)];
            let missed = DOUBT * (doubt[center] + sides) / 3.0;
            (SAFETY * share * self.tail[bin]).max(missed)
        })
    }
}

/// A detector of near speech.
#[derive(Default)]
struct Near {
    rest: f32,
    left: f32,
    /// How much of it is believed to go on, 0…1.
    held: f32,
}

impl Near {
    /// Returns by how much near speech is there, 0…1; 1 also where there is no echo.
    fn find(&mut self, rest: &Powers, left: &Powers, echo: &Powers, noise: &Powers) -> f32 {
        let speech = |powers: &Powers| powers[SPEECH].iter().sum::<f32>();
        let left: f32 = left[SPEECH]
            .iter()
            .zip(&echo[SPEECH])
            .map(|(left, echo)| left.max(LEFT * echo))
            .sum();
        self.rest = 0.5 * (self.rest + speech(rest));
        self.left = 0.5 * (self.left + left);
        // Where there is neither, there is nothing to be lowered.
        let ratio = (self.rest + SILENCE) / (self.left + SILENCE / NEAR.1);
        let now = ((ratio / NEAR.0).ln() / (NEAR.1 / NEAR.0).ln()).clamp(0.0, 1.0);
        let there = now.max(self.held);
        // The room's noise does not go on like a word: the next echo would be let through with it.
        let is_word = self.rest > AUDIBLE * speech(noise) + SILENCE;
        self.held = if is_word { HELD * there } else { 0.0 };
        there
    }
}
