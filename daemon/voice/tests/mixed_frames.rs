//! Meetings in which some send frames of 5 ms and some of 10 ms.

// Whoever is asked about must be there.
#![allow(clippy::expect_used)]

mod room;

use room::*;
use sotto_voice::codec::Encoder;
use sotto_voice::{Audience, Destination, DownlinkEvent, FrameLength};

const USUAL: FrameLength = FrameLength::Usual;
const SHORT: FrameLength = FrameLength::Short;

/// What of `member`'s listening went wrong: frames concealed, late, discarded.
fn disturbed(room: &Room, member: usize) -> (u32, u32, u32) {
    let mut sum = (0, 0, 0);
    for (_, event) in &room.members[member].events {
        if let DownlinkEvent::Stats(stats) = event {
            sum.0 += stats.frames.concealed;
            sum.1 += stats.frames.late;
            sum.2 += stats.frames.discarded;
        }
    }
    sum
}

fn forget_events(room: &mut Room) {
    for member in &mut room.members {
        member.events.clear();
    }
}

/// How far what is played lies behind what is captured, in ms, at `listener` for `speaker`.
fn delay(room: &Room, listener: usize, speaker: usize) -> f64 {
    let captured = room.members[speaker].uplink.position().number();
    let played = room.members[listener].downlink.played(slot(speaker));
    let first = room.members[speaker].first_timestamp.expect("it spoke");
    let played = played.expect("somebody speaks");
    let sample = played.timestamp.since(first).number();
    let captured =
        captured as f64 + 48.0 * (room.now - room.members[speaker].captured).as_secs_f64() * 1e3;
    let late = room.now.saturating_sub(played.at).as_secs_f64() * 1e3;
    (captured - sample as f64) / 48.0 - late
}

#[test]
fn either_length_is_heard_whole_by_everybody() {
    for seed in 0..3 {
        let mut room = Room::with(&[SHORT, USUAL, SHORT], seed);
        for member in 0..3 {
            room.members[member].voice = Box::new(voice);
        }
        let from = room.now;
        room.run(ms(3000));
        forget_events(&mut room);
        room.run(ms(5000));
        let said: Vec<f32> = (0..48_000).map(voice).collect();
        for listener in 0..3 {
            // Two voices that are alike add up to 3 to 6 dB.
            let heard = level(room.heard_since(listener, from + ms(1000))) - level(&said);
            assert!((0.0..7.0).contains(&heard), "seed {seed}: {heard} dB");
            assert_eq!(disturbed(&room, listener), (0, 0, 0), "seed {seed}");
        }
    }
}

#[test]
fn short_frames_save_half_a_frame_of_waiting_a_copy_and_look_ahead() {
    let mut room = Room::with(&[SHORT, USUAL, SHORT], 4);
    for member in 0..3 {
        room.members[member].voice = Box::new(voice);
    }
    room.run(ms(6000));
    let lookahead = |length| {
        let mut encoder = Encoder::for_frames(length).unwrap();
        encoder.lookahead() as f64 / 48.0
    };
    let short = delay(&room, 2, 0) + lookahead(SHORT);
    let usual = delay(&room, 1, 0) + lookahead(SHORT);
    let slow = delay(&room, 2, 1) + lookahead(USUAL);
    println!("5 ms to 5 ms {short:.1} ms, 5 to 10 {usual:.1}, 10 to 5 {slow:.1}");
    // A frame, what is asked for at once, what is held before the link is known, the network, look-ahead.
    assert!(short < 5.0 + 5.0 + 5.0 + 0.5 + 2.5 + 0.5, "{short}");
    // A frame of 10 ms takes 5 more, and as much more is asked for at once.
    assert!(usual < 5.0 + 10.0 + 5.0 + 0.5 + 2.5, "{usual}");
    assert!(slow > short + 4.0, "{slow}");
}

#[test]
fn loss_is_repaired_either_way() {
    for seed in 0..3 {
        let mut room = Room::with(&[SHORT, USUAL], seed);
        room.weather = Weather {
            loss: 10,
            duplicates: 1,
            delay: (ms(1), ms(4)),
        };
        for member in 0..2 {
            room.members[member].voice = Box::new(voice);
        }
        room.run(ms(3000));
        forget_events(&mut room);
        room.run(ms(20_000));
        for (listener, frames) in [(0, 2000), (1, 4000)] {
            let (concealed, ..) = disturbed(&room, listener);
            assert!(
                concealed < frames / 100,
                "seed {seed}: {listener} concealed {concealed} of {frames}"
            );
            let said: Vec<f32> = (0..48_000).map(voice).collect();
            let heard = level(room.heard_since(listener, ms(4000))) - level(&said);
            assert!(heard.abs() < 3.0, "seed {seed}: {heard} dB");
        }
    }
}

#[test]
fn a_whisper_of_short_frames_reaches_the_chosen_alone_to_the_sample() {
    let mut room = Room::with(&[SHORT, USUAL, SHORT], 7);
    room.run(ms(500));
    room.members[0].voice = Box::new(voice);
    room.members[0].keep = true;
    let at = room.members[0].uplink.position().number() + 77;
    room.members[0].voice = Box::new(move |sample| if sample < at { 0.0 } else { voice(sample) });
    room.audience(0, Some(at), Audience::Whisper(slots(&[1])));
    let from = room.now;
    room.run(ms(1000));
    let end = room.members[0].uplink.position().number() + 100;
    room.members[0].voice = Box::new(move |sample| {
        if (at..end).contains(&sample) {
            voice(sample)
        } else {
            0.0
        }
    });
    room.audience(0, Some(end), Audience::Open(slots(&[1, 2])));
    room.run(ms(1000));
    let begun = from + ms(10);
    let others = room.members[0].sent.iter().filter(|sent| {
        let whispering = sent.at > begun && sent.at < from + ms(1000);
        !sent.control && whispering && sent.to != Destination::Udp(address(1, 4000))
    });
    assert_eq!(others.count(), 0);
    assert!(level(room.heard_since(1, from + ms(200))) > -35.0);
    let leaked = level(room.heard_since(2, from));
    assert!(leaked < -70.0, "{leaked} dBFS of it");
}

#[test]
fn a_sender_that_returns_with_the_other_length_is_heard_at_once() {
    for (before, after) in [(USUAL, SHORT), (SHORT, USUAL)] {
        let mut room = Room::with(&[before, USUAL], 6);
        room.members[0].voice = Box::new(voice);
        room.run(ms(2000));
        let mut reborn = Room::strangers_with(&[after, USUAL], 7);
        std::mem::swap(&mut room.members[0], &mut reborn.members[0]);
        room.members[0].voice = Box::new(voice);
        room.link(0, 1, 2);
        room.link(1, 0, 2);
        room.talk_to_all(0);
        room.microphone(0, true);
        let from = room.now;
        room.run(ms(3000));
        let heard = level(room.heard_since(1, from + ms(200)));
        assert!(heard > -25.0, "{after:?} after {before:?}: {heard} dBFS");
        forget_events(&mut room);
        room.run(ms(3000));
        assert_eq!(disturbed(&room, 1), (0, 0, 0), "{after:?} after {before:?}");
    }
}

#[test]
fn a_mute_in_short_frames_is_a_pause_and_no_loss() {
    let mut room = Room::with(&[SHORT, USUAL], 8);
    room.members[0].voice = Box::new(voice);
    room.run(ms(2000));
    forget_events(&mut room);
    for round in 0..20 {
        room.microphone(0, false);
        room.run(ms(100 + 7 * round));
        room.microphone(0, true);
        room.run(ms(300));
    }
    let (concealed, late, discarded) = disturbed(&room, 1);
    // An end that nobody announced is continued for 40 ms, and taken back when nothing comes of it.
    assert!(concealed <= 20 * 8, "{concealed} concealed");
    assert_eq!((late, discarded), (0, 0));
}
