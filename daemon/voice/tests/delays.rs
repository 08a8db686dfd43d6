//! Where sound spends its time, as both sides know it.

// Whoever is asked about must be there.
#![allow(clippy::expect_used)]

mod room;

use std::time::Duration;

use room::*;
use sotto_voice::wire::delays::SendingDelays;
use sotto_voice::{DownlinkCommand, FrameLength, mix};

/// From a sample's capture at `speaker` to its turn at `listener`, as only the room knows it.
fn transit(room: &Room, listener: usize, speaker: usize) -> Duration {
    let member = &room.members[speaker];
    let played = room.members[listener].downlink.played(slot(speaker));
    let played = played.expect("somebody speaks");
    let first = member.first_timestamp.expect("it spoke");
    let sample = played.timestamp.since(first).number() as u64;
    let ago = (member.uplink.position().number() - sample) * 1_000_000_000 / 48_000;
    let captured = member.captured - Duration::from_nanos(ago);
    played.at - captured
}

#[test]
fn both_sides_know_how_long_sound_takes_and_what_the_other_says_of_it() {
    for seed in 0..3 {
        let mut room = Room::with(&[FrameLength::Short, FrameLength::Usual], seed);
        room.weather.delay = (ms(8), ms(9));
        let said = SendingDelays {
            capture: ms(1),
            frame: ms(5),
            processing: ms(9),
            look_ahead: Duration::from_micros(2500),
        };
        let command = DownlinkCommand::Sending(said);
        room.members[0].downlink.command(command, room.now).unwrap();
        room.members[1].downlink.set_playback_delay(ms(7));
        for member in 0..2 {
            room.members[member].voice = Box::new(voice);
        }
        room.run(ms(6000));
        for (listener, speaker) in [(0, 1), (1, 0)] {
            let told = room.stats(listener, speaker).transit.expect("measured");
            let real = transit(&room, listener, speaker);
            assert!(
                told.abs_diff(real) < ms(2),
                "seed {seed}: {told:?} instead of {real:?}"
            );
            // The other side was told, at most a second ago.
            let delays = room.stats(speaker, listener).delays.expect("told");
            let told = delays.transit.expect("told");
            assert!(told.abs_diff(real) < ms(2), "seed {seed}: {told:?}");
        }
        let delays = room.stats(1, 0).delays.expect("told");
        assert_eq!(delays.sending, said);
        let delays = room.stats(0, 1).delays.expect("told");
        let mixing = Duration::from_nanos(mix::DELAY as u64 * 1_000_000_000 / 48_000);
        assert!(delays.playback.abs_diff(ms(7) + mixing) < Duration::from_micros(2));
    }
}

#[test]
fn what_was_never_heard_was_never_measured() {
    let mut room = Room::new(2, 1);
    room.microphone(0, false);
    room.run(ms(4000));
    let stats = room.stats(0, 1);
    assert!(stats.transit.is_some());
    assert_eq!(stats.delays.expect("told").transit, None);
}
