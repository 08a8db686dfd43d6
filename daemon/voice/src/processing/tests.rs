//! What users notice of echo cancellation: their words while both speak, and no echo while they are silent.

use sotto_instruments::Chance;

use super::canceller::Hearing;
use super::linear::{BLOCK, Linear, Prediction};
use super::residual::Residual;
use super::*;
use crate::FRAME_SAMPLES;

const SECOND: usize = 48_000;

const ECHO: ProcessorSettings = ProcessorSettings {
    echo_cancellation: true,
    noise_suppression: false,
    gain_control: false,
};

fn db(sound: &[f32]) -> f64 {
    let power: f64 = sound.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    10.0 * (power / sound.len() as f64 + 1e-14).log10()
}

/// Syllables of coloured noise at about −26 dBFS, `rate` a second.
fn talk(seconds: usize, rate: f64, seed: u64) -> Vec<f32> {
    let mut chance = Chance::new(seed);
    let mut low = 0.0_f32;
    (0..seconds * SECOND)
        .map(|n| {
            low += 0.25 * (chance.sample() - low);
            let phase = n as f64 / SECOND as f64 * rate * std::f64::consts::TAU;
            let syllable = phase.sin().max(0.0) * (0.37 * phase).sin().max(0.05);
            0.45 * low * syllable as f32
        })
        .collect()
}

/// The echo of `played` in a room, `delay` samples later and so much louder, in dB.
fn echo(played: &[f32], delay: usize, gain: f64, seed: u64) -> Vec<f32> {
    let mut chance = Chance::new(seed);
    let gain = 10.0_f32.powf(gain as f32 / 20.0);
    let mut taps = vec![(delay, 0.8 * gain)];
    for _ in 0..20 {
        let after = chance.below(2400) as usize;
        let decay = (-(after as f32) / 800.0).exp();
        taps.push((delay + after, 0.3 * gain * decay * chance.sample()));
    }
    (0..played.len())
        .map(|n| {
            taps.iter()
                .filter_map(|(delay, tap)| Some(tap * played.get(n.checked_sub(*delay)?)?))
                .sum()
        })
        .collect()
}

/// What is sent of `near` and the echo, on the time of the capture.
fn sent(near: &[f32], echo: &[f32], played: &[f32]) -> Vec<f32> {
    let mut processor = Processor::new(ECHO);
    let mut sent = Vec::new();
    for at in (0..near.len()).step_by(FRAME_SAMPLES) {
        let mut frame: [f32; FRAME_SAMPLES] = std::array::from_fn(|n| near[at + n] + echo[at + n]);
        let reference: [f32; FRAME_SAMPLES] = std::array::from_fn(|n| played[at + n]);
        processor.process(&mut frame, &reference);
        sent.extend(frame);
    }
    sent.drain(..processor.blur().delay.length());
    sent.resize(near.len(), 0.0);
    sent
}

/// By how much an echo of 10 to 19 s is lowered, in dB, while nobody speaks here.
fn lowered(gain: f64, delay: usize) -> f64 {
    let played = talk(20, 2.3, 1);
    let echo = echo(&played, delay, gain, 2);
    let sent = sent(&vec![0.0; played.len()], &echo, &played);
    db(&echo[10 * SECOND..19 * SECOND]) - db(&sent[10 * SECOND..19 * SECOND])
}

#[test]
fn echo_stays_away_while_nobody_speaks_here() {
    for gain in [-20.0, -6.0, 6.0] {
        let lowered = lowered(gain, 700);
        assert!(lowered > 35.0, "{lowered} dB of an echo at {gain} dB");
    }
}

#[test]
fn echo_that_comes_late_is_found() {
    // 150 ms: more than the linear filter reaches back.
    let lowered = lowered(-6.0, 7200);
    assert!(lowered > 35.0, "{lowered} dB");
}

#[test]
fn the_first_words_of_the_far_end_do_not_come_back() {
    let mut played = talk(2, 2.3, 1);
    played[..SECOND / 2].fill(0.0);
    let echo = echo(&played, 700, 0.0, 2);
    let sent = sent(&vec![0.0; played.len()], &echo, &played);
    let lowered = db(&echo[SECOND / 2..]) - db(&sent[SECOND / 2..]);
    assert!(lowered > 25.0, "{lowered} dB");
}

#[test]
fn who_speaks_while_the_far_end_does_is_understood() {
    let played = talk(20, 2.3, 1);
    let mut near = talk(20, 1.7, 3);
    near[..5 * SECOND].fill(0.0);
    let range = 10 * SECOND..19 * SECOND;
    let understood = |sound: &[f32]| {
        sotto_judge::Reference::new(&near[range.clone()])
            .judge(&sound[range.clone()])
            .stoi
    };
    for (gain, least) in [(-20.0, 0.95), (-6.0, 0.85)] {
        let echo = echo(&played, 700, gain, 2);
        let sent = sent(&near, &echo, &played);
        let stoi = understood(&sent);
        assert!(stoi > least, "STOI {stoi} with an echo at {gain} dB");
        let level = db(&sent[range.clone()]) - db(&near[range.clone()]);
        assert!(level.abs() < 3.0, "{level} dB with an echo at {gain} dB");
    }
}

#[test]
fn who_speaks_alone_is_sent_as_they_are() {
    let near = talk(5, 1.7, 3);
    let silence = vec![0.0; near.len()];
    let sent = sent(&near, &silence, &silence);
    let range = SECOND..4 * SECOND;
    let stoi = sotto_judge::Reference::new(&near[range.clone()])
        .judge(&sent[range])
        .stoi;
    assert!(stoi > 0.98, "{stoi}");
}

#[test]
fn another_echo_is_learned_within_two_seconds() {
    let played = talk(20, 2.3, 1);
    let mut heard = echo(&played, 700, -6.0, 2);
    let other = echo(&played, 1500, -6.0, 9);
    heard[10 * SECOND..].copy_from_slice(&other[10 * SECOND..]);
    let sent = sent(&vec![0.0; played.len()], &heard, &played);
    let range = 12 * SECOND..19 * SECOND;
    let lowered = db(&heard[range.clone()]) - db(&sent[range]);
    assert!(lowered > 30.0, "{lowered} dB");
}

/// Seventy seconds of steady noise: a room's, a good microphone's own, and none.
fn noises() -> [Vec<f32>; 3] {
    [0.001, 0.000_02, 0.0].map(|level| {
        let mut chance = Chance::new(5);
        let noise = (0..70 * SECOND).map(|_| level * chance.sample());
        noise.collect()
    })
}

/// By how much an echo is lowered, in dB, that begins after a minute of `before` from the far end without one: from 3 s
/// after that on.
fn lowered_after_a_minute(before: &[f32], noise: &[f32]) -> f64 {
    let begin = 60 * SECOND;
    let mut played = talk(70, 2.3, 1);
    played[..begin].copy_from_slice(&before[..begin]);
    let mut echo = echo(&played, 700, -6.0, 2);
    echo[..begin].fill(0.0);
    let sent = sent(noise, &echo, &played);
    let range = 63 * SECOND..69 * SECOND;
    db(&echo[range.clone()]) - db(&sent[range])
}

#[test]
fn echo_is_learned_after_a_long_silence() {
    let silence = vec![0.0; 70 * SECOND];
    for noise in noises() {
        let lowered = lowered_after_a_minute(&silence, &noise);
        assert!(lowered > 30.0, "{lowered} dB");
    }
}

#[test]
fn echo_is_learned_when_headphones_are_put_down() {
    let played = talk(70, 2.3, 1);
    for noise in noises() {
        let lowered = lowered_after_a_minute(&played, &noise);
        assert!(lowered > 20.0, "{lowered} dB");
    }
}

/// By how much an echo is lowered, in dB, in the second after `change` was done to what is heard from 8 to 13 s.
fn lowered_after(change: impl Fn(f32) -> f32) -> f64 {
    let played = talk(20, 2.3, 1);
    let echo = echo(&played, 700, -6.0, 2);
    let mut heard = echo.clone();
    for sample in &mut heard[8 * SECOND..13 * SECOND] {
        *sample = change(*sample);
    }
    let sent = sent(&vec![0.0; played.len()], &heard, &played);
    let range = 13 * SECOND + 1000..14 * SECOND;
    db(&echo[range.clone()]) - db(&sent[range])
}

#[test]
fn a_microphone_that_gives_nothing_teaches_nothing() {
    for nothing in [0.0, 0.01] {
        let lowered = lowered_after(|_| nothing);
        assert!(lowered > 35.0, "{lowered} dB");
    }
}

#[test]
fn a_filter_that_begins_anew_expects_no_echo_of_what_was_played_before() {
    let mut linear = Linear::new();
    let mut chance = Chance::new(4);
    for _ in 0..20 {
        let played = std::array::from_fn(|_| 3000.0 * chance.sample());
        linear.process(&[1.0; BLOCK], &played, Hearing::Sound);
    }
    linear.forget();
    let prediction = linear.process(&[1.0; BLOCK], &[0.0; BLOCK], Hearing::Sound);
    assert_eq!(prediction.doubt.iter().sum::<f32>(), 0.0);
}

#[test]
fn what_is_high_does_not_jump_when_echo_begins() {
    let mut residual = Residual::new();
    let mut chance = Chance::new(4);
    let mut high = Vec::new();
    for frame in 0..20 {
        let level = if frame < 10 { 0.0 } else { 3000.0 };
        let noise: [f32; BLOCK] = std::array::from_fn(|_| level * chance.sample());
        let prediction = Prediction {
            rest: noise,
            echo: noise,
            doubt: [0.0; 161],
        };
        let mut bands = [noise, [1000.0; BLOCK], [1000.0; BLOCK]];
        residual.process(&mut bands, &prediction, Hearing::Sound);
        high.extend(bands[1]);
    }
    assert!(high[19 * BLOCK] < 100.0, "{}", high[19 * BLOCK]);
    for pair in high[BLOCK..].windows(2) {
        let step = (pair[1] - pair[0]).abs();
        assert!(step < 13.0, "{step}");
    }
}

#[test]
fn nothing_of_a_sound_comes_out_before_the_frame_that_it_begins_in() {
    for noise_suppression in [false, true] {
        let settings = ProcessorSettings {
            noise_suppression,
            ..ECHO
        };
        for offset in [0, 100, 239, 300, 479] {
            let played = talk(2, 2.3, 1);
            let heard = echo(&played, 700, -6.0, 2);
            let mut with = Processor::new(settings);
            let mut without = Processor::new(settings);
            let mut chance = Chance::new(3);
            for at in (0..=SECOND).step_by(FRAME_SAMPLES) {
                let reference = std::array::from_fn(|n| played[at + n]);
                let mut alone: [f32; FRAME_SAMPLES] = std::array::from_fn(|n| heard[at + n]);
                let mut both = alone;
                if at == SECOND {
                    for sample in &mut both[offset..] {
                        *sample += 0.2 * chance.sample();
                    }
                }
                with.process(&mut both, &reference);
                without.process(&mut alone, &reference);
                // The last of these frames is the first that may differ.
                assert_eq!(both == alone, at < SECOND, "{offset}, {settings:?}");
            }
        }
    }
}

#[test]
fn nothing_of_a_sound_comes_out_outside_of_its_blur() {
    for echo_cancellation in [false, true] {
        for noise_suppression in [false, true] {
            let mut processor = Processor::new(ProcessorSettings {
                echo_cancellation,
                noise_suppression,
                gain_control: true,
            });
            let blur = processor.blur();
            let mut chance = Chance::new(3);
            let mut sent = Vec::new();
            for frame in 0..220_u32 {
                let speaks = (100..200).contains(&frame);
                if frame == 200 {
                    processor.forget();
                }
                let mut sound = [0.0; FRAME_SAMPLES];
                if speaks {
                    sound = std::array::from_fn(|_| 0.3 * chance.sample());
                }
                let mut reference = [0.0; FRAME_SAMPLES];
                if (10..90).contains(&frame) {
                    reference = std::array::from_fn(|_| 0.1 * chance.sample());
                }
                processor.process(&mut sound, &reference);
                sent.extend(sound);
            }
            let begin = SECOND + blur.early.length();
            let end = 2 * SECOND + blur.late.length();
            for quiet in [&sent[begin - 480..begin], &sent[end..]] {
                let loudest = quiet.iter().fold(0.0_f32, |most, s| most.max(s.abs()));
                assert!(loudest < 1e-4, "{loudest}, {:?}", processor.settings());
            }
        }
    }
}
