//! A chirp tells how long sound takes, disturbs nobody, and reaches nobody else.

// Whoever is asked about must be there.
#![allow(clippy::expect_used)]

mod room;

use std::time::Duration;

use room::*;
use sotto_voice::{
    ChirpOutcome, Destination, DownlinkCommand, DownlinkEvent, Timestamp, UplinkCommand,
    UplinkEvent,
};

/// Orders a chirp and announces it, as a daemon does.
fn chirp(room: &mut Room, from: usize, to: usize) -> Timestamp {
    let member = &mut room.members[from];
    let command = UplinkCommand::Chirp { slot: slot(to) };
    member.uplink.command(command).expect("taken");
    let events = std::iter::from_fn(|| member.uplink.poll_event());
    let timestamp = events
        .filter_map(|event| match event {
            UplinkEvent::Chirp { slot, timestamp } if slot.index() == to => Some(timestamp),
            _ => None,
        })
        .last()
        .expect("it is told which sample it begins with");
    let slot = slot(to);
    let command = DownlinkCommand::Chirp { slot, timestamp };
    member.downlink.command(command, room.now).expect("taken");
    timestamp
}

fn answers(room: &Room, whom: usize, of: Timestamp) -> Vec<ChirpOutcome> {
    let events = room.members[whom].events.iter();
    events
        .filter_map(|(_, event)| match event {
            DownlinkEvent::Chirp {
                timestamp, outcome, ..
            } if *timestamp == of => Some(*outcome),
            _ => None,
        })
        .collect()
}

#[track_caller]
fn assert_heard(room: &Room, whom: usize, of: Timestamp) {
    let told = answers(room, whom, of);
    assert!(matches!(told[..], [ChirpOutcome::Heard(_)]), "{told:?}");
}

#[test]
fn a_chirp_tells_what_the_clocks_tell_and_the_codec_beside() {
    for seed in 0..4 {
        let mut room = Room::new(2, seed);
        room.weather.delay = (ms(8), ms(9));
        room.members[0].voice = Box::new(voice);
        room.run(ms(4000));
        let look_ahead = room.members[0].uplink.look_ahead();
        let sent = chirp(&mut room, 0, 1);
        room.run(ms(1500));
        let told = answers(&room, 0, sent);
        let [ChirpOutcome::Heard(told)] = told[..] else {
            panic!("seed {seed}: {told:?}");
        };
        let transit = room.stats(1, 0).transit.expect("measured");
        let expected = transit + look_ahead;
        println!("seed {seed}: {told:?} by a chirp, {expected:?} by the clocks");
        assert!(
            told.abs_diff(expected) < ms(2),
            "seed {seed}: {told:?} instead of {expected:?}"
        );
    }
}

#[test]
fn a_muted_chirp_is_heard_by_no_person() {
    let mut room = Room::new(3, 5);
    room.members[0].voice = Box::new(voice);
    room.run(ms(3000));
    room.microphone(0, false);
    room.run(ms(1000));
    let before = room.members[1].heard.len();
    for member in &mut room.members {
        member.keep = true;
    }
    let sent = chirp(&mut room, 0, 1);
    room.run(ms(1500));
    assert_heard(&room, 0, sent);
    for listener in [1, 2] {
        // Comfort noise goes on.
        let heard = room.members[listener].heard[before..].chunks(480);
        let loudest = heard.map(level).fold(-120.0, f32::max);
        assert!(loudest < -45.0, "{listener} heard {loudest} dBFS");
    }
    let third = room.members[2].address;
    let media = room.members[0].sent.iter().filter(|sent| !sent.control);
    assert_eq!(media.clone().count(), 6);
    let whispered =
        |(_, event): &(_, DownlinkEvent)| matches!(event, DownlinkEvent::Whispered { .. });
    assert!(!room.members[1].events.iter().any(whispered), "no whisper");
    assert!(
        media
            .into_iter()
            .all(|sent| sent.to != Destination::Udp(third))
    );
}

#[test]
fn speech_goes_on_around_a_chirp_for_everybody() {
    let mut room = Room::new(3, 6);
    room.members[0].voice = Box::new(voice);
    room.run(ms(3000));
    let before = room.members[2].heard.len();
    chirp(&mut room, 0, 1);
    room.run(ms(2000));
    for listener in [1, 2] {
        let heard = &room.members[listener].heard[before..];
        let pause = heard.chunks(480).filter(|part| level(part) < -32.0);
        let pause = pause.count() as u64 * 10;
        assert!((20..=130).contains(&pause), "{listener}: {pause} ms");
    }
}

#[test]
fn who_plays_nothing_says_so() {
    let mut room = Room::new(2, 7);
    room.run(ms(1000));
    let command = DownlinkCommand::Playback { open: false };
    let now = room.now;
    room.members[1]
        .downlink
        .command(command, now)
        .expect("taken");
    room.run(ms(100));
    let sent = chirp(&mut room, 0, 1);
    room.run(ms(50));
    assert_eq!(answers(&room, 0, sent), [ChirpOutcome::Deaf]);
}

#[test]
fn what_is_lost_is_missed_and_the_next_one_is_heard() {
    let mut room = Room::new(2, 8);
    room.members[0].voice = Box::new(voice);
    room.run(ms(3000));
    let first = chirp(&mut room, 0, 1);
    room.run(ms(250));
    room.members[1].blocked = true;
    room.run(ms(200));
    room.members[1].blocked = false;
    room.run(Duration::from_secs(3));
    assert!(!matches!(
        answers(&room, 0, first)[..],
        [ChirpOutcome::Heard(_)]
    ));
    let second = chirp(&mut room, 0, 1);
    room.run(ms(1500));
    assert_heard(&room, 0, second);
}
