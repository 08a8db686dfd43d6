//! Voices to try things on: Debian's spoken prompts, as they are and in another pitch.

use crate::scene::{SECOND, scaled, speech_level};

const PROMPTS: &str = "/usr/share/sounds/alsa";

/// Speech of `seconds`, at −26 dBFS where it is no pause. `pitch` makes another talker of it. `None` without prompts.
pub(crate) fn talk(names: &[&str], pitch: f64, seconds: usize) -> Option<Vec<f32>> {
    let mut once: Vec<f32> = vec![0.0; 14_400];
    for name in names {
        let mut file = hound::WavReader::open(format!("{PROMPTS}/{name}.wav")).ok()?;
        if file.spec().sample_rate != 48_000 || file.spec().channels != 1 {
            return None;
        }
        let prompt: Vec<f32> = file
            .samples::<i16>()
            .map(|sample| sample.map_or(0.0, |sample| f32::from(sample) / 32_768.0))
            .collect();
        let length = (prompt.len() as f64 / pitch) as usize;
        once.extend((0..length.saturating_sub(1)).map(|n| {
            let place = n as f64 * pitch;
            let part = (place - place.floor()) as f32;
            let first = prompt[place as usize];
            let second = prompt.get(place as usize + 1).copied().unwrap_or(0.0);
            first + part * (second - first)
        }));
        once.extend([0.0; 12_000]);
    }
    let once = scaled(&once, -26.0 - speech_level(&once));
    Some(
        once.iter()
            .copied()
            .cycle()
            .take(seconds * SECOND)
            .collect(),
    )
}

pub(crate) fn far(seconds: usize) -> Option<Vec<f32>> {
    talk(
        &["Front_Center", "Rear_Left", "Side_Right", "Front_Left"],
        1.0,
        seconds,
    )
}

pub(crate) fn near(seconds: usize) -> Option<Vec<f32>> {
    talk(
        &["Rear_Center", "Side_Left", "Front_Right", "Rear_Right"],
        0.84,
        seconds,
    )
}

/// PESQ-WB.
pub(crate) fn pesq(clean: &[f32], heard: &[f32]) -> f64 {
    sotto_judge::Reference::new(clean).pesq(heard)
}
