//! What is said: Debian's spoken prompts of alsa-utils, at −26 dBov.

use sotto_judge::SENTENCES;

const PROMPTS: &str = "/usr/share/sounds/alsa";

/// The prompts one after the other; `None` where they are not installed.
pub(crate) fn sentence() -> Option<Vec<f32>> {
    let mut sound = vec![0.0; 24_000];
    for name in SENTENCES[0] {
        let mut file = hound::WavReader::open(format!("{PROMPTS}/{name}.wav")).ok()?;
        if file.spec().sample_rate != 48_000 || file.spec().channels != 1 {
            return None;
        }
        for sample in file.samples::<i16>() {
            sound.push(f32::from(sample.ok()?) / 32_768.0);
        }
        sound.extend([0.0; 9_600]);
    }
    let spoken: Vec<f32> = sound
        .iter()
        .copied()
        .filter(|sample| sample.abs() > 0.001)
        .collect();
    let gain = 10.0_f64.powf((-26.0 - crate::simulated::level(&spoken)) / 20.0) as f32;
    for sample in &mut sound {
        *sample *= gain;
    }
    // Whole frames of both programs.
    sound.truncate(sound.len() / 960 * 960);
    Some(sound)
}

/// The end of the sentence, said before it: so long that the network is known when it counts.
pub(crate) fn settling(sentence: &[f32], seconds: usize) -> &[f32] {
    let samples = seconds * 48_000;
    &sentence[sentence.len().saturating_sub(samples) / 960 * 960..]
}
