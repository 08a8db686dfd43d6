//! More open microphones than are decoded at a time.

mod room;

use room::*;
use sotto_instruments::Chance;
use sotto_voice::{Audience, DownlinkEvent};

/// Somebody who listens to twenty open microphones. Into most of them nobody speaks, and what they pick up
/// lies between −70 and −45 dBFS.
fn twenty_open_microphones(seed: u64) -> (Room, usize) {
    let listener = 20;
    let mut room = Room::strangers(21, seed);
    for sender in 0..20 {
        room.link(sender, listener, 1);
    }
    room.run(ms(100));
    for sender in 0..20 {
        room.audience(sender, None, Audience::Open(slots(&[listener])));
        room.microphone(sender, true);
        let loudness = 10.0_f32.powf((-70.0 + 25.0 * sender as f32 / 19.0) / 20.0) * 1.732;
        room.members[sender].voice = Box::new(hiss(sender as u64, loudness));
    }
    (room, listener)
}

/// White noise.
fn hiss(seed: u64, loudness: f32) -> impl FnMut(u64) -> f32 {
    let mut chance = Chance::new(seed);
    move |_| chance.sample() * loudness
}

#[test]
fn whoever_begins_to_speak_is_heard_at_once_however_many_microphones_are_open() {
    for speaker in [0, 10, 19] {
        let (mut room, listener) = twenty_open_microphones(3);
        room.run(ms(6_000));
        let from = room.now;
        room.members[speaker].voice = Box::new(voice);
        room.run(ms(2_000));
        let told = room.members[listener]
            .events
            .iter()
            .find_map(|(at, event)| match event {
                DownlinkEvent::Speaking {
                    slot: who,
                    speaking: true,
                    ..
                } if *at >= from && *who == slot(speaker) => Some(*at - from),
                _ => None,
            });
        println!("speaker {speaker}: told after {told:?}");
        assert!(
            told.is_some_and(|told| told < ms(150)),
            "speaker {speaker}: {told:?}"
        );
        let said: Vec<f32> = (0..48_000).map(voice).collect();
        let said = level(&said);
        // Whole from the first syllable on, and to the last.
        let heard = room.heard_since(listener, from + ms(100));
        for (index, part) in heard.chunks_exact(9_600).enumerate() {
            let part = level(part);
            assert!(
                (part - said).abs() < 4.0,
                "speaker {speaker}, after {} ms: {part} of {said} dBFS",
                100 + 200 * index
            );
        }
    }
}
