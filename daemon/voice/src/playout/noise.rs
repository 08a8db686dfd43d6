//! The background noise of a sender, and its like for the pauses.
//!
//! Between talk spurts nothing arrives. Dead silence there would sound like a broken line, and the noise
//! would seem to be switched on and off with the voice.

/// The loudest comfort noise, RMS: −50 dBFS.
const LOUDEST: f32 = 0.003_16;
/// Below this there is nothing to imitate, RMS: −90 dBFS.
const SILENT: f32 = 0.000_032;
/// How fast the noise is faded in and out, per sample: 5 ms.
const RAMP: f32 = 1.0 / 240.0;

/// Tracks the quietest sound of a sender and imitates it.
#[derive(Debug)]
pub(super) struct Noise {
    enabled: bool,
    /// RMS of the background, once a frame has been heard.
    floor: Option<f32>,
    /// Fade, 0…1.
    fade: f32,
    state: u32,
    smoothed: f32,
}

impl Noise {
    pub(super) fn new(enabled: bool) -> Self {
        Self {
            enabled,
            floor: None,
            fade: 0.0,
            state: 0x9e37_79b9,
            smoothed: 0.0,
        }
    }

    pub(super) fn reset(&mut self) {
        self.floor = None;
        self.fade = 0.0;
    }

    /// The RMS below which a frame is background rather than voice.
    pub(super) fn quiet(&self) -> f32 {
        self.floor.unwrap_or(0.0).mul_add(2.0, 0.0005)
    }

    /// Learns from a frame that was received.
    pub(super) fn learn(&mut self, frame: &[f32]) {
        let level = rms(frame);
        let floor = self.floor.get_or_insert(level.min(LOUDEST));
        if level < *floor {
            *floor += 0.2 * (level - *floor);
        } else {
            // Doubles in 7 s of uninterrupted voice.
            let rise = 0.1 * frame.len() as f32 / 48_000.0;
            *floor = (*floor * (1.0 + rise)).clamp(1e-6, LOUDEST);
        }
    }

    /// Adds comfort noise to `out`, faded in during a pause and out otherwise.
    pub(super) fn add(&mut self, out: &mut [f32], pause: bool) {
        let floor = self.floor.unwrap_or(0.0);
        if !self.enabled || floor < SILENT {
            return;
        }
        if !pause && self.fade == 0.0 {
            return;
        }
        // Uniform noise through `y += (x − y) / 4` has an RMS of 1/√3 · √(1/7).
        let gain = floor * 4.583;
        for sample in out {
            let step = if pause { RAMP } else { -RAMP };
            self.fade = (self.fade + step).clamp(0.0, 1.0);
            // Marsaglia's xorshift.
            self.state ^= self.state << 13;
            self.state ^= self.state >> 17;
            self.state ^= self.state << 5;
            let white = (self.state as i32) as f32 / i32::MAX as f32;
            self.smoothed += 0.25 * (white - self.smoothed);
            *sample += self.smoothed * gain * self.fade;
        }
    }
}

pub(super) fn rms(samples: &[f32]) -> f32 {
    let sum: f32 = samples.iter().map(|sample| sample * sample).sum();
    f32::sqrt(sum / samples.len().max(1) as f32)
}
