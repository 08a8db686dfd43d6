//! What heard speech is worth against what was said, and what is said for it.
//!
//! Two published measures, for benchmarks and tests alone:
//!
//! - **PESQ-WB** (ITU-T P.862.2), 1.04 to 4.64: how good it sounds. Of the `pesq` crate; `cargo xtask
//!   pesq-agreement` compares it with the reference implementation.
//! - **STOI** (Taal, Hendriks, Heusdens and Jensen, *An Algorithm for Intelligibility Prediction of
//!   Time–Frequency Weighted Noisy Speech*, IEEE TASLP 19(7), 2011), up to 1: how much of it is understood. Written
//!   here, see `stoi.rs`.
//!
//! Everything that goes in is 48 kHz mono, f32 in −1…1. STOI compares moments, so heard sound must lie where it was
//! said; PESQ finds delays by itself.

mod correlation;
mod resample;
mod sentences;
mod stoi;

pub use correlation::correlate;
pub use resample::resample;
pub use sentences::SENTENCES;
pub use stoi::{RATE as STOI_RATE, stoi};

/// The rate of what goes in, in Hz.
pub const RATE: usize = 48_000;

/// The rate of wide-band PESQ, in Hz.
const PESQ_RATE: usize = 16_000;

/// What was said, made ready for comparisons.
#[derive(Debug, Clone)]
pub struct Reference {
    wide: Vec<i16>,
    narrow: Vec<f64>,
}

/// What heard sound is worth. `NaN` where it cannot be judged: an empty or silent stretch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// PESQ-WB, 1.04…4.64.
    pub pesq: f64,
    /// STOI, at most 1.
    pub stoi: f64,
}

impl Reference {
    /// Of `said`: 48 kHz mono.
    #[must_use]
    pub fn new(said: &[f32]) -> Self {
        Self {
            wide: to_pcm(said),
            narrow: resample(said, RATE, stoi::RATE),
        }
    }

    /// Judges `heard` (48 kHz mono), which begins with the same moment.
    #[must_use]
    pub fn judge(&self, heard: &[f32]) -> Score {
        Score {
            pesq: self.pesq(heard),
            stoi: stoi(&self.narrow, &resample(heard, RATE, stoi::RATE)).unwrap_or(f64::NAN),
        }
    }

    /// PESQ-WB alone, for sound that was shifted or stretched.
    #[must_use]
    pub fn pesq(&self, heard: &[f32]) -> f64 {
        pesq::pesq_wb(&self.wide, &to_pcm(heard)).map_or(f64::NAN, f64::from)
    }
}

/// Returns PESQ-WB of two recordings at 16 kHz; `None` when there is no speech to compare.
#[must_use]
pub fn pesq_wideband(said: &[f32], heard: &[f32]) -> Option<f64> {
    let pcm = |sound: &[f32]| -> Vec<i16> {
        sound
            .iter()
            .map(|sample| (sample * 32_767.0).clamp(-32_768.0, 32_767.0) as i16)
            .collect()
    };
    pesq::pesq_wb(&pcm(said), &pcm(heard)).ok().map(f64::from)
}

fn to_pcm(sound: &[f32]) -> Vec<i16> {
    resample(sound, RATE, PESQ_RATE)
        .into_iter()
        .map(|sample| (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16)
        .collect()
}
