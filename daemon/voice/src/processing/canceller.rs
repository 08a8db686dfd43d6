//! Takes what the loudspeaker plays out of what the microphone hears.
//!
//! Three parts: the [distance](Distance) between what is played and its echo, which WebRTC's AEC3 finds; a
//! [linear filter](Linear) that predicts the echo; and a [suppressor](Residual) of what that leaves.

use sonora::three_band_filter_bank::{NUM_BANDS, SPLIT_BAND_SIZE};

use super::distance::Distance;
use super::linear::Linear;
use super::residual::Residual;

/// A frame of 10 ms in three bands of 8 kHz each, samples in −32768…32767.
pub(super) type Bands = [[f32; SPLIT_BAND_SIZE]; NUM_BANDS];

/// A canceller for one microphone and one loudspeaker.
pub(super) struct Canceller {
    distance: Distance,
    linear: Linear,
    residual: Residual,
}

impl Canceller {
    pub(super) fn new() -> Self {
        Self {
            distance: Distance::new(),
            linear: Linear::new(),
            residual: Residual::new(),
        }
    }

    /// Takes out of `frame` the echo of what was `played`.
    pub(super) fn process(&mut self, frame: &mut Bands, played: &Bands) {
        let (aligned, moved) = self.distance.align(&frame[0], &played[0]);
        if moved {
            self.linear.forget();
        }
        let prediction = self.linear.process(&frame[0], &aligned);
        self.residual.process(frame, &prediction);
    }

    /// Returns by how much the linear filter lowers echo now, in dB, and how long after it was played echo comes, in ms.
    pub(super) fn state(&self) -> (f64, i32) {
        (self.linear.lowered(), self.distance.milliseconds())
    }
}
