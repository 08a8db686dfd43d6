//! The part of echo that is a linear function of what is played: an adaptive filter predicts it.
//!
//! This is a partitioned Kalman filter in the frequency domain (Enzner and Vary, *Frequency-domain adaptive Kalman
//! filter for acoustic echo control in hands-free telephones*, Signal Processing 86(6), 2006; Kuech, Mabande and
//! Enzner, *State-space architecture of the partitioned-block-based acoustic echo controller*, ICASSP 2014). In each
//! bin it weighs its doubt about the room against what else the microphone hears. So it learns fast, and near speech
//! does not lead it astray. AEC3's filters are led astray: while both speak they lower echo by a few dB, and what they
//! take for echo costs near speech (`benches/processing`, `double`).

use realfft::num_complex::Complex;

use super::canceller::Hearing;
use super::transform::Transform;

/// Samples at 16 kHz that are processed at once: 10 ms.
pub(super) const BLOCK: usize = 160;

const TRANSFORM: usize = 2 * BLOCK;
pub(super) const BINS: usize = BLOCK + 1;

/// Blocks that the filter reaches back: 140 ms.
const PARTITIONS: usize = 14;

/// By how much a room's response falls from one block to the next, in power: 60 dB within 400 ms.
const DECAY: f32 = 0.71;

/// How loud the echo of an unknown room may be, in power: 9 dB above what is played.
const UNKNOWN: f32 = 8.0;

/// The same for a room that has changed. More would let near speech be learned as echo.
const CHANGED: f32 = 0.6;

/// How much of the filter is believed to hold from one block to the next, in power.
const KEPT: f32 = 0.998;

/// An echo of this power, −20 dB, may begin at any time: headphones are put down, a loudspeaker is switched on.
const LEAST: f32 = 0.01;

/// How much of the last estimate of what else the microphone hears is kept.
const REMEMBERED: f32 = 0.6;

/// Powers of a bin below this are silence; full scale is 32768.
const SILENCE: f32 = 1e3;

/// The filter has gone wrong when it makes what is heard louder by this, in power.
const WORSE: f32 = 1.3;

/// Blocks after which it may be found wrong again: 300 ms.
const PATIENCE: u32 = 30;

type Spectrum = [Complex<f32>; BINS];
type Powers = [f32; BINS];

const NO_SPECTRUM: Spectrum = [Complex { re: 0.0, im: 0.0 }; BINS];

/// The filter's prediction for a block.
pub(super) struct Prediction {
    /// The microphone's sound without the predicted echo.
    pub(super) rest: [f32; BLOCK],
    /// The predicted echo.
    pub(super) echo: [f32; BLOCK],
    /// The power of the echo that the filter may have missed, in the bins of a transform of two blocks.
    pub(super) doubt: [f32; BINS],
}

/// A block of the room's response.
struct Partition {
    /// What was played when it applies.
    played: Spectrum,
    weights: Spectrum,
    /// The variance of the weights.
    doubt: Powers,
    /// How much of a room's power lies here.
    share: f32,
}

/// An adaptive filter that predicts echo from what is played.
pub(super) struct Linear {
    transform: Transform<TRANSFORM, BINS>,
    partitions: Vec<Partition>,
    /// The last two blocks that were played.
    played: [f32; TRANSFORM],
    /// The power of what else the microphone hears.
    besides: Powers,
    watch: Watch,
}

impl Linear {
    pub(super) fn new() -> Self {
        let partitions = (0..PARTITIONS)
            .map(|index| {
                let share = (1.0 - DECAY) * DECAY.powi(index as i32);
                Partition {
                    played: NO_SPECTRUM,
                    weights: NO_SPECTRUM,
                    doubt: [UNKNOWN * share; BINS],
                    share,
                }
            })
            .collect();
        Self {
            transform: Transform::new(),
            partitions,
            played: [0.0; TRANSFORM],
            besides: [SILENCE; BINS],
            watch: Watch::default(),
        }
    }

    /// Forgets the room and what was played: the filter begins anew.
    pub(super) fn forget(&mut self) {
        self.played.fill(0.0);
        for partition in &mut self.partitions {
            partition.played = NO_SPECTRUM;
            partition.weights = NO_SPECTRUM;
            partition.doubt = [UNKNOWN * partition.share; BINS];
        }
        self.watch = Watch::default();
    }

    /// Returns by how much echo is lowered, in dB.
    pub(super) fn lowered(&self) -> f64 {
        self.watch.lowered()
    }

    /// Predicts the echo of what was `played` in what is `heard`, and learns from the difference.
    pub(super) fn process(
        &mut self,
        heard: &[f32; BLOCK],
        played: &[f32; BLOCK],
        hearing: Hearing,
    ) -> Prediction {
        self.play(played);
        let mut sum = NO_SPECTRUM;
        let mut doubt = [0.0; BINS];
        for partition in &self.partitions {
            for bin in 0..BINS {
                let played = partition.played[bin];
                sum[bin] += partition.weights[bin] * played;
                doubt[bin] += partition.doubt[bin] * played.norm_sqr();
            }
        }
        let mut echo = [0.0; BLOCK];
        echo.copy_from_slice(&self.transform.sound(sum)[BLOCK..]);
        let mut rest: [f32; BLOCK] = std::array::from_fn(|n| heard[n] - echo[n]);
        if hearing == Hearing::Nothing {
            // There is no echo to be taken out. The room has not changed for that.
            return Prediction {
                rest: *heard,
                echo,
                doubt,
            };
        }
        if hearing == Hearing::Sound {
            self.learn(&rest, &doubt);
        }
        match self.watch.judge(heard, &rest, &echo) {
            Verdict::Better => {}
            Verdict::Worse => rest = *heard,
            Verdict::Wrong => {
                rest = *heard;
                self.doubt();
            }
        }
        Prediction { rest, echo, doubt }
    }

    fn play(&mut self, played: &[f32; BLOCK]) {
        self.played.copy_within(BLOCK.., 0);
        self.played[BLOCK..].copy_from_slice(played);
        let mut newest = self.transform.spectrum(self.played);
        for partition in &mut self.partitions {
            std::mem::swap(&mut partition.played, &mut newest);
        }
    }

    fn learn(&mut self, rest: &[f32; BLOCK], doubt: &Powers) {
        let mut padded = [0.0; TRANSFORM];
        padded[BLOCK..].copy_from_slice(rest);
        let rest = self.transform.spectrum(padded);
        let whole: Powers = std::array::from_fn(|bin| {
            let power = rest[bin].norm_sqr();
            let smooth = REMEMBERED * self.besides[bin] + (1.0 - REMEMBERED) * power;
            // Whoever begins to speak must not be learned as echo.
            self.besides[bin] = smooth.max(power).max(SILENCE);
            1.0 / (doubt[bin] + self.besides[bin])
        });
        let response = self.response();
        let audible = self.audible();
        for partition in &mut self.partitions {
            let mut step = NO_SPECTRUM;
            for bin in 0..BINS {
                // Silence teaches nothing about the room.
                if !audible[bin] {
                    continue;
                }
                let played = partition.played[bin];
                let gain = partition.doubt[bin] * whole[bin];
                step[bin] = played.conj() * rest[bin] * gain;
                // The rest fills half of a transform, so that a step teaches half.
                let unknown = 1.0 - 0.5 * gain * played.norm_sqr();
                let moved =
                    partition.weights[bin].norm_sqr() + partition.share * response[bin].max(LEAST);
                partition.doubt[bin] = KEPT * unknown * partition.doubt[bin] + (1.0 - KEPT) * moved;
            }
            // What reaches beyond a block belongs to the next.
            let mut sound = self.transform.sound(step);
            sound[BLOCK..].fill(0.0);
            let step = self.transform.spectrum(sound);
            for (weight, step) in partition.weights.iter_mut().zip(&step) {
                *weight += step;
            }
        }
    }

    /// Returns in which bins anything was played whose echo the filter could predict.
    fn audible(&self) -> [bool; BINS] {
        std::array::from_fn(|bin| {
            self.partitions
                .iter()
                .any(|partition| partition.played[bin].norm_sqr() > SILENCE)
        })
    }

    /// Returns the power of the whole response.
    fn response(&self) -> Powers {
        let mut response = [0.0; BINS];
        for partition in &self.partitions {
            for (sum, weight) in response.iter_mut().zip(&partition.weights) {
                *sum += weight.norm_sqr();
            }
        }
        response
    }

    /// Doubts all that is known of the room, as if it were another.
    fn doubt(&mut self) {
        let response = self.response();
        for partition in &mut self.partitions {
            for (doubt, response) in partition.doubt.iter_mut().zip(&response) {
                *doubt = doubt.max((response + CHANGED) * partition.share);
            }
        }
    }
}

/// A judgement of a prediction.
enum Verdict {
    Better,
    /// It is better not used.
    Worse,
    /// The room must have changed.
    Wrong,
}

/// A watch over whether the filter does good.
#[derive(Default)]
struct Watch {
    /// Powers over some 50 ms.
    heard: f32,
    rest: f32,
    /// The same over a second, where there is echo.
    echo: (f32, f32),
    /// Blocks since the room changed.
    since: u32,
}

impl Watch {
    fn judge(&mut self, heard: &[f32; BLOCK], rest: &[f32; BLOCK], echo: &[f32; BLOCK]) -> Verdict {
        let power = |sound: &[f32; BLOCK]| sound.iter().map(|sample| sample * sample).sum::<f32>();
        let (heard, rest, echo) = (power(heard), power(rest), power(echo));
        self.heard += 0.2 * (heard - self.heard);
        self.rest += 0.2 * (rest - self.rest);
        if echo > SILENCE && echo > 0.5 * heard {
            self.echo.0 += 0.01 * (heard - self.echo.0);
            self.echo.1 += 0.01 * (rest - self.echo.1);
        }
        self.since = self.since.saturating_add(1);
        if self.rest <= WORSE * self.heard + SILENCE || rest <= heard {
            Verdict::Better
        } else if self.since <= PATIENCE {
            Verdict::Worse
        } else {
            self.since = 0;
            Verdict::Wrong
        }
    }

    fn lowered(&self) -> f64 {
        let (heard, rest) = (f64::from(self.echo.0), f64::from(self.echo.1));
        if heard > 1.0 && rest > 1.0 {
            10.0 * (heard / rest).log10()
        } else {
            0.0
        }
    }
}
