//! Rooms, simulated at 8 kHz: only envelopes matter here.

use sotto_instruments::Chance;

use super::*;

/// The rate of the simulation; a block of 10 ms has 80 samples.
const RATE: usize = 8_000;
const BLOCK: usize = RATE / 100;

/// Somebody who talks: syllables of 80 to 260 ms, some with a harmonic and some with a noisy sound, small gaps, and a
/// breath every few words; at −20 dBFS in syllables.
fn talk(seed: u64, seconds: usize) -> Vec<f32> {
    let mut chance = Chance::new(seed);
    let mut sound = Vec::with_capacity(seconds * RATE);
    let mut syllables = 0;
    let pitch = chance.between(90.0, 220.0);
    while sound.len() < seconds * RATE {
        let length = (chance.between(0.08, 0.26) * RATE as f32) as usize;
        let loud = 10_f32.powf(chance.between(-30.0, -14.0) / 20.0);
        let noisy = chance.percent(30);
        let mut phase = 0.0;
        for n in 0..length {
            let swell = (std::f32::consts::PI * n as f32 / length as f32)
                .sin()
                .sqrt();
            let hiss = chance.between(-1.7, 1.7);
            phase = (phase + pitch / RATE as f32).fract();
            let tone = (1..8)
                .map(|k| (std::f32::consts::TAU * phase * k as f32).sin() / k as f32)
                .sum::<f32>();
            sound.push(loud * swell * if noisy { hiss } else { tone });
        }
        syllables += 1;
        let pause = match syllables % 9 {
            0 => chance.between(0.4, 1.1),
            _ if chance.percent(40) => chance.between(0.02, 0.15),
            _ => 0.0,
        };
        sound.extend(std::iter::repeat_n(0.0, (pause * RATE as f32) as usize));
    }
    sound.truncate(seconds * RATE);
    sound
}

/// A way through a room: after `delay_ms` the direct sound, and a tail that has fallen by 60 dB after `decay` seconds.
fn through(sound: &[f32], delay_ms: f32, gain_db: f32, decay: f32, seed: u64) -> Vec<f32> {
    let mut chance = Chance::new(seed);
    let gain = 10_f32.powf(gain_db / 20.0);
    let mut response = vec![0.0; (decay * 0.6 * RATE as f32) as usize + 1];
    for (n, tap) in response.iter_mut().enumerate() {
        let fallen = 10_f32.powf(-3.0 * n as f32 / (decay * RATE as f32).max(1.0));
        // Sparse, so that a test takes no minutes; as loud together as the direct sound.
        *tap = if n % 23 == 11 {
            0.25 * fallen * chance.between(-1.0, 1.0)
        } else {
            0.0
        };
    }
    response[0] = 1.0;
    let taps: Vec<(usize, f32)> = response
        .into_iter()
        .enumerate()
        .filter(|(_, tap)| *tap != 0.0)
        .collect();
    let delay = (delay_ms / 1000.0 * RATE as f32) as usize;
    let mut heard = vec![0.0; sound.len()];
    for (tap, weight) in taps {
        for (n, sample) in sound.iter().enumerate() {
            if let Some(place) = heard.get_mut(n + tap + delay) {
                *place += gain * weight * sample;
            }
        }
    }
    heard
}

fn noise(level_db: f32, samples: usize, seed: u64) -> Vec<f32> {
    let mut chance = Chance::new(seed);
    let gain = 10_f32.powf(level_db / 20.0) * 3_f32.sqrt();
    (0..samples)
        .map(|_| gain * chance.between(-1.0, 1.0))
        .collect()
}

fn sum(parts: &[&[f32]]) -> Vec<f32> {
    let mut sum = vec![0.0; parts[0].len()];
    for part in parts {
        for (to, from) in sum.iter_mut().zip(*part) {
            *to += from;
        }
    }
    sum
}

/// Runs the detector over what the microphone heard and what was played of one voice; after how many seconds it found
/// somebody, and the comparisons that it made.
fn run(microphone: &[f32], played: &[f32]) -> (Option<f32>, Vec<Comparison>) {
    let slot = Slot::from_index(3).unwrap();
    let mut detector = SameRoom::new();
    let mut found = None;
    let mut seen = Vec::new();
    let start = Duration::from_secs(100);
    for (n, (heard, sound)) in microphone
        .chunks_exact(BLOCK)
        .zip(played.chunks_exact(BLOCK))
        .enumerate()
    {
        // 10 ms in both, off the detector's grid.
        let begin = start + BIN * n as u32 + Duration::from_micros(3_700);
        let power = heard.iter().map(|it| it * it).sum::<f32>() / BLOCK as f32;
        detector.microphone(begin + BIN, 480, power);
        // As many samples of the same mean square as 10 ms have at 48 kHz.
        let power = sound.iter().map(|it| it * it).sum::<f32>() / BLOCK as f32;
        if power > 0.0 {
            detector.played(slot, begin, &[power.sqrt(); 480]);
        }
        let due = detector.watched.first().map(|watched| watched.due);
        if detector.poll(begin + BIN).is_some() {
            found.get_or_insert(n as f32 / 100.0);
        }
        if let Some(watched) = detector.watched.first()
            && Some(watched.due) != due
        {
            let first = bin_of(begin + BIN) - (WINDOW + MOST_LAG + AROUND + 2) as u64;
            let mut voice = [0.0; WINDOW];
            let mut heard = [0.0; WINDOW + MOST_LEAD + MOST_LAG];
            seen.extend(comparison(
                &detector.microphone,
                &watched.envelope,
                first,
                &mut voice,
                &mut heard,
            ));
        }
    }
    (found, seen)
}

fn shown(seen: &[Comparison]) -> String {
    seen.iter()
        .map(|it| {
            format!(
                "{:.2}@{} {:.2} {:+.0}",
                it.leading.0, it.leading.1, it.lagging, it.louder
            )
        })
        .collect::<Vec<_>>()
        .join(" | ")
}

const SECONDS: usize = 40;

#[test]
fn a_colleague_in_the_room_is_found_within_half_a_minute() {
    let mut slowest = 0.0_f32;
    for seed in 1..=6 {
        for (network_ms, gain_db, noise_db) in [
            (35.0, -18.0, -60.0),
            (45.0, -25.0, -58.0),
            (110.0, -22.0, -60.0),
            (25.0, -12.0, -50.0),
        ] {
            let voice = talk(seed, SECONDS);
            // Two or three metres off, through a room, in some noise.
            let room = through(&voice, 8.0 + 10.0, gain_db, 0.4, seed);
            let microphone = sum(&[&room, &noise(noise_db, voice.len(), seed)]);
            let played = through(&voice, 18.0 + network_ms, 0.0, 0.0, 1);
            let (found, seen) = run(&microphone, &played);
            let found = found.unwrap_or_else(|| {
                panic!(
                    "seed {seed}, {network_ms} ms, {gain_db} dB: {}",
                    shown(&seen)
                )
            });
            slowest = slowest.max(found);
        }
    }
    println!("the slowest took {slowest} s");
    assert!(slowest < 30.0);
}

#[test]
fn a_colleague_is_found_in_spite_of_their_echo_and_of_ones_own_voice() {
    for seed in 1..=6 {
        let voice = talk(seed, SECONDS);
        let room = through(&voice, 18.0, -16.0, 0.4, seed);
        let played = through(&voice, 60.0, 0.0, 0.0, 1);
        // From my own loudspeaker, quieter than the voice itself.
        let echo = through(&played, 30.0, -24.0, 0.4, seed + 100);
        // I answer now and then.
        let mut own = talk(seed + 1000, SECONDS);
        for (n, sample) in own.iter_mut().enumerate() {
            if !(n / (2 * RATE)).is_multiple_of(4) {
                *sample = 0.0;
            }
        }
        let microphone = sum(&[&room, &echo, &own, &noise(-60.0, voice.len(), seed)]);
        let (found, seen) = run(&microphone, &played);
        assert!(found.is_some(), "seed {seed}: {}", shown(&seen));
    }
}

#[test]
fn the_echo_of_ones_own_loudspeaker_is_no_colleague_in_the_room() {
    let mut nearest = f32::MIN;
    for seed in 1..=12 {
        for (delay_ms, gain_db, decay) in [
            (12.0, -6.0, 0.2),
            (25.0, -15.0, 0.5),
            (60.0, 0.0, 0.7),
            (180.0, -10.0, 0.4),
            (300.0, -20.0, 0.3),
        ] {
            let voice = talk(seed, SECONDS);
            let echo = through(&voice, delay_ms, gain_db, decay, seed);
            let microphone = sum(&[&echo, &noise(-62.0, voice.len(), seed)]);
            let (found, seen) = run(&microphone, &voice);
            assert_eq!(
                found,
                None,
                "seed {seed}, {delay_ms} ms, {gain_db} dB: {}",
                shown(&seen)
            );
            for it in &seen {
                nearest = nearest.max(it.leading.0 - it.lagging);
            }
        }
    }
    println!("an echo's lead over its lag is at most {nearest:.2}");
}

#[test]
fn echo_under_ones_own_voice_is_no_colleague_in_the_room() {
    for seed in 1..=12 {
        let voice = talk(seed, SECONDS);
        let echo = through(&voice, 40.0, -8.0, 0.4, seed);
        let own = talk(seed + 500, SECONDS);
        let microphone = sum(&[&echo, &own, &noise(-60.0, voice.len(), seed)]);
        let (found, seen) = run(&microphone, &voice);
        assert_eq!(found, None, "seed {seed}: {}", shown(&seen));
    }
}

#[test]
fn two_who_talk_at_once_in_two_rooms_are_not_in_one() {
    let mut best = 0.0_f32;
    for seed in 1..=20 {
        let voice = talk(seed, SECONDS);
        let own = talk(seed + 500, SECONDS);
        let microphone = sum(&[&own, &noise(-60.0, own.len(), seed)]);
        let (found, seen) = run(&microphone, &voice);
        assert_eq!(found, None, "seed {seed}: {}", shown(&seen));
        best = seen.iter().map(|it| it.leading.0).fold(best, f32::max);
    }
    println!("strangers agree at best {best:.2}");
}

#[test]
fn ones_own_voice_that_a_colleague_sends_back_is_no_colleague_in_the_room() {
    for seed in 1..=12 {
        for (delay_ms, gain_db) in [(90.0, -15.0), (150.0, -25.0), (60.0, -8.0)] {
            let own = talk(seed, SECONDS);
            let microphone = sum(&[&own, &noise(-60.0, own.len(), seed)]);
            let back = through(&own, delay_ms, gain_db, 0.5, seed);
            let (found, seen) = run(&microphone, &back);
            assert_eq!(
                found,
                None,
                "seed {seed}, {delay_ms} ms, {gain_db} dB: {}",
                shown(&seen)
            );
        }
    }
}

#[test]
fn a_beat_that_repeats_itself_is_told_by_its_echo() {
    // Every 250 ms, so that an echo after 40 ms looks like a lead of 210 ms too.
    let beat: Vec<f32> = (0..SECONDS * RATE)
        .map(|n| {
            let within = n % (RATE / 4);
            if within < RATE / 20 {
                0.3 * (n as f32 * 0.9).sin()
            } else {
                0.0
            }
        })
        .collect();
    let echo = through(&beat, 40.0, -10.0, 0.3, 1);
    let microphone = sum(&[&echo, &noise(-62.0, beat.len(), 1)]);
    let (found, seen) = run(&microphone, &beat);
    assert_eq!(found, None, "{}", shown(&seen));
}

#[test]
fn more_voices_than_are_watched_take_turns() {
    let mut detector = SameRoom::new();
    for n in 0..3 * WATCHED {
        let slot = Slot::from_index(n).unwrap();
        let begin = Duration::from_secs(10 * n as u64);
        for step in 0..200 {
            detector.played(slot, begin + BIN * step, &[0.1; 480]);
        }
        assert!(detector.watched.len() <= WATCHED);
        assert!(detector.watched.iter().any(|it| it.slot == slot), "{n}");
    }
    detector.forget(Slot::from_index(3 * WATCHED - 1).unwrap());
    assert_eq!(detector.watched.len(), WATCHED - 1);
}
