//! Takes what the loudspeaker plays out of what the microphone hears.
//!
//! Three parts: the [distance](Distance) between what is played and its echo, which WebRTC's AEC3 finds; a
//! [linear filter](Linear) that predicts the echo; and a [suppressor](Residual) of what that leaves.

use sonora::three_band_filter_bank::{NUM_BANDS, SPLIT_BAND_SIZE};

use super::distance::Distance;
use super::linear::Linear;
use super::residual::Residual;

/// Samples from here on are taken for clipped.
const CLIPPED: f32 = 0.98;

/// A microphone whose samples differ by less than this hears nothing: −100 dBFS.
const NOTHING: f32 = 1e-5;

/// A frame of 10 ms in three bands of 8 kHz each, samples in −32768…32767.
pub(super) type Bands = [[f32; SPLIT_BAND_SIZE]; NUM_BANDS];

/// The kind of sound that a microphone gave in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hearing {
    Sound,
    /// More than it can give: echo in it is not what the room makes of what is played.
    Clipped,
    /// Nothing at all, as when it is muted by a switch of its own.
    Nothing,
}

impl Hearing {
    /// Judges captured samples, in −1…1.
    pub(super) fn of(frame: &[f32]) -> Self {
        // Also finds what is not a number.
        let fits = |sample: &f32| sample.abs() < CLIPPED;
        if !frame.iter().all(fits) {
            return Self::Clipped;
        }
        let lowest = frame.iter().copied().fold(f32::MAX, f32::min);
        let highest = frame.iter().copied().fold(f32::MIN, f32::max);
        if highest - lowest < NOTHING {
            Self::Nothing
        } else {
            Self::Sound
        }
    }
}

/// A canceller for one microphone and one loudspeaker.
pub(super) struct Canceller {
    distance: Distance,
    linear: Linear,
    residual: Residual,
    /// What the microphone gave in the frame before.
    before: Hearing,
}

impl Canceller {
    pub(super) fn new() -> Self {
        Self {
            distance: Distance::new(),
            linear: Linear::new(),
            residual: Residual::new(),
            before: Hearing::Sound,
        }
    }

    /// Takes out of `frame`, in which there is `hearing`, the echo of what was `played`.
    pub(super) fn process(&mut self, frame: &mut Bands, played: &Bands, hearing: Hearing) {
        // The bands hold the end of the frame before, too.
        let before = std::mem::replace(&mut self.before, hearing);
        let hearing = match before {
            Hearing::Clipped => before,
            _ => hearing,
        };
        let (aligned, moved) = self.distance.align(&frame[0], &played[0]);
        if moved {
            self.linear.forget();
        }
        let prediction = self.linear.process(&frame[0], &aligned, hearing);
        self.residual.process(frame, &prediction, hearing);
    }

    /// Returns by how much the linear filter lowers echo now, in dB, and how long after it was played echo comes, in ms.
    pub(super) fn state(&self) -> (f64, i32) {
        (self.linear.lowered(), self.distance.milliseconds())
    }
}
