//! The verdict on a microphone, from a recording.

use sotto_control::model::{MicrophoneTest, TestVerdict};
use sotto_voice::Level;

/// Levels are judged over so many samples: 20 ms.
const BLOCK: usize = 960;

/// A sample at or above this is clipped.
const CLIPPED: f32 = 0.999;

/// So many clipped samples are heard.
const CLIPPED_SAMPLES: u64 = 8;

/// A recording that never comes above this is silent, in dBFS: the least that 16 bits tell apart is at −90.
const NOTHING: f32 = -80.0;

/// Speech stands at least so far above the noise, in dB.
const SPEECH: f32 = 10.0;

/// Speech that stands less far above the noise is tiring, in dB.
const CLEAR: f32 = 15.0;

/// Noise alone that is louder than this is a fault, in dBFS.
const LOUD_NOISE: f32 = -40.0;

/// Speech below this is too quiet, in dBFS.
const FAINT: f32 = -45.0;

/// Judges a recording, 48 kHz mono.
pub(super) fn measure(recorded: &[f32], result: &mut MicrophoneTest) {
    result.recorded_ms = super::milliseconds(recorded.len());
    let peak = recorded
        .iter()
        .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    result.peak_dbfs = decibels(peak * peak);
    result.clipped_samples = recorded
        .iter()
        .filter(|sample| sample.abs() >= CLIPPED)
        .count() as u64;
    let mut levels: Vec<f32> = recorded.chunks_exact(BLOCK).map(level).collect();
    levels.sort_by(f32::total_cmp);
    let at = |share: f32| {
        let index = (share * levels.len() as f32) as usize;
        levels
            .get(index.min(levels.len().saturating_sub(1)))
            .copied()
            .unwrap_or(decibels(0.0))
    };
    result.speech_dbfs = at(0.95);
    result.noise_dbfs = at(0.1);
    let above = result.speech_dbfs - result.noise_dbfs;
    result.verdict = if result.peak_dbfs < NOTHING {
        TestVerdict::Silent
    } else if result.clipped_samples >= CLIPPED_SAMPLES {
        TestVerdict::Clipped
    } else if above < SPEECH && result.noise_dbfs > LOUD_NOISE {
        TestVerdict::Noisy
    } else if above < SPEECH {
        TestVerdict::NoSpeech
    } else if result.speech_dbfs < FAINT {
        TestVerdict::Faint
    } else if above < CLEAR {
        TestVerdict::Noisy
    } else {
        TestVerdict::Good
    };
}

/// The root mean square in dBFS.
pub(super) fn level(samples: &[f32]) -> f32 {
    Level::of(samples).db()
}

fn decibels(power: f32) -> f32 {
    Level::from_power(power).db()
}

#[cfg(test)]
mod tests {
    use sotto_instruments::Chance;

    use super::*;

    /// Three seconds: noise at `noise` dBFS, and in every other half second a tone at `speech` dBFS.
    fn recording(noise: f32, speech: Option<f32>) -> Vec<f32> {
        let amplitude = |db: f32| 10.0_f32.powf(db / 20.0);
        let mut chance = Chance::new(1);
        (0..144_000)
            .map(|n| {
                // Uniform noise has a root mean square of 1/√3.
                let hiss = chance.sample();
                let spoken = speech.filter(|_| n / 24_000 % 2 == 1).map_or(0.0, |db| {
                    2.0_f32.sqrt() * amplitude(db) * (n as f32 * 0.05).sin()
                });
                hiss * amplitude(noise) * 3.0_f32.sqrt() + spoken
            })
            .collect()
    }

    fn verdict(recorded: &[f32]) -> MicrophoneTest {
        let mut result = MicrophoneTest::default();
        measure(recorded, &mut result);
        result
    }

    #[test]
    fn each_fault_has_its_verdict() {
        for (recorded, expected) in [
            (vec![0.0; 144_000], TestVerdict::Silent),
            (recording(-70.0, None), TestVerdict::NoSpeech),
            (recording(-30.0, None), TestVerdict::Noisy),
            (recording(-70.0, Some(-55.0)), TestVerdict::Faint),
            (recording(-35.0, Some(-23.0)), TestVerdict::Noisy),
            (recording(-70.0, Some(-20.0)), TestVerdict::Good),
            (vec![], TestVerdict::Silent),
        ] {
            let result = verdict(&recorded);
            assert_eq!(result.verdict, expected, "{result:?}");
        }
        let mut loud = recording(-70.0, Some(1.0));
        loud.iter_mut()
            .for_each(|sample| *sample = sample.clamp(-1.0, 1.0));
        assert_eq!(verdict(&loud).verdict, TestVerdict::Clipped);
    }

    /// JSON has no NaN and no infinity: it would say null, and no client could read the test.
    #[test]
    fn a_recording_that_is_no_sound_has_levels_that_are_numbers() {
        for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX] {
            let mut recorded = recording(-70.0, Some(-20.0));
            recorded.iter_mut().step_by(500).for_each(|it| *it = broken);
            for recorded in [&recorded[..], &recorded[..1]] {
                let result = verdict(recorded);
                let levels = [result.peak_dbfs, result.speech_dbfs, result.noise_dbfs];
                assert!(levels.iter().all(|level| level.is_finite()), "{result:?}");
                assert!(level(recorded).is_finite());
            }
        }
    }

    #[test]
    fn levels_are_what_they_are() {
        let result = verdict(&recording(-60.0, Some(-20.0)));
        assert!((result.speech_dbfs + 20.0).abs() < 0.5, "{result:?}");
        assert!((result.noise_dbfs + 60.0).abs() < 1.0, "{result:?}");
        assert_eq!(result.recorded_ms, 3000);
        assert_eq!(result.clipped_samples, 0);
    }
}
