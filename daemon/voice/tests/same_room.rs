//! Colleagues in one room are found through codec, network and jitter buffer; an echo is not.

// A test's fixtures fail the test by panicking.
#![allow(clippy::expect_used, clippy::panic)]

mod room;

use std::sync::Arc;
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use room::{Room, ms, silence, slot};
use sotto_voice::DownlinkEvent;

const SECONDS: usize = 40;

/// Somebody who talks: syllables of random length, loudness and sound, with pauses between phrases.
fn talk(seed: u64) -> Arc<Vec<f32>> {
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let mut between = |low: u32, high: u32| low + random.next_u32() % (high - low);
    let mut sound = Vec::with_capacity(SECONDS * 48_000);
    let mut syllables = 0;
    while sound.len() < SECONDS * 48_000 {
        let length = between(80, 260) as usize * 48;
        let loud = between(3, 20) as f32 / 100.0;
        let pitch = between(90, 220) as f32 / 48_000.0;
        for n in 0..length {
            let swell = (std::f32::consts::PI * n as f32 / length as f32)
                .sin()
                .sqrt();
            let phase = (pitch * n as f32).fract() * std::f32::consts::TAU;
            let tone: f32 = (1..8).map(|k| (phase * k as f32).sin() / k as f32).sum();
            sound.push(loud * swell * tone);
        }
        syllables += 1;
        let pause = match syllables % 9 {
            0 => between(400, 1100),
            3 | 5 => between(20, 150),
            _ => 0,
        };
        sound.resize(sound.len() + pause as usize * 48, 0.0);
    }
    Arc::new(sound)
}

/// What a microphone hears of somebody `delay` away, so much quieter.
fn heard(sound: &Arc<Vec<f32>>, delay: Duration, gain: f32) -> Box<dyn FnMut(u64) -> f32> {
    let sound = Arc::clone(sound);
    let delay = delay.as_millis() as u64 * 48;
    Box::new(move |sample| {
        let at = sample.checked_sub(delay).map(|at| at as usize);
        gain * at.and_then(|at| sound.get(at)).copied().unwrap_or(0.0)
    })
}

/// When a member was told that another one sits in the same room.
fn told(room: &Room, member: usize, about: usize) -> Option<Duration> {
    room.members[member]
        .events
        .iter()
        .find(|(_, event)| matches!(event, DownlinkEvent::SameRoom { slot: other } if *other == slot(about)))
        .map(|(at, _)| *at)
}

#[test]
fn a_colleague_whom_the_air_brings_before_the_network_is_in_the_same_room() {
    for seed in 1..=3 {
        let mut room = Room::new(3, seed);
        let voice = talk(seed);
        room.members[1].voice = heard(&voice, ms(0), 1.0);
        // Three metres are 9 ms.
        room.members[0].voice = heard(&voice, ms(9), 0.08);
        room.members[2].voice = Box::new(silence);
        room.run(Duration::from_secs(30));
        let at = told(&room, 0, 1);
        println!("seed {seed}: told after {at:?}");
        assert!(at.is_some(), "seed {seed}: member 0 was not told");
        for (member, about) in [(0, 2), (2, 0), (2, 1)] {
            assert_eq!(
                told(&room, member, about),
                None,
                "seed {seed}: {member}, {about}"
            );
        }
        let times = room.members[0]
            .events
            .iter()
            .filter(|(_, event)| matches!(event, DownlinkEvent::SameRoom { .. }))
            .count();
        assert_eq!(times, 1, "seed {seed}: told once");
    }
}

#[test]
fn a_loudspeakers_echo_is_nobody_in_the_same_room() {
    for seed in 1..=3 {
        let mut room = Room::new(2, seed);
        let voice = talk(seed);
        room.members[1].voice = heard(&voice, ms(0), 1.0);
        // Well after it was played here: capture, network and jitter buffer take some 30 ms.
        room.members[0].voice = heard(&voice, ms(120), 0.3);
        room.run(Duration::from_secs(30));
        assert_eq!(told(&room, 0, 1), None, "seed {seed}");
        // Nor is the other one deceived by its own voice, which comes back.
        assert_eq!(told(&room, 1, 0), None, "seed {seed}");
    }
}
