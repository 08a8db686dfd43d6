//! Whole conversations on a virtual clock: who hears what, through loss and changes of keys.

mod room;

use room::*;
use sotto_voice::{Audience, DownlinkCommand, DownlinkEvent, SampleCount};

#[test]
fn what_is_said_is_heard_by_everyone_else() {
    let mut room = Room::new(3, 1);
    room.members[0].voice = Box::new(voice);
    let from = room.now;
    room.run(ms(2000));
    let said: Vec<f32> = (0..48_000).map(voice).collect();
    for listener in [1, 2] {
        let heard = level(room.heard_since(listener, from + ms(500)));
        assert!(
            (heard - level(&said)).abs() < 3.0,
            "{heard} of {} dBFS",
            level(&said)
        );
        assert_eq!(room.stats(listener, 0).loss, 0.0);
        assert_eq!(room.stats(listener, 0).frames.concealed, 0);
    }
    assert!(level(room.heard_since(0, from)) < -70.0);
}

#[test]
fn a_whisper_is_heard_by_the_chosen_and_nobody_else_gets_a_packet() {
    let mut room = Room::new(4, 2);
    room.run(ms(500));
    room.members[0].voice = Box::new(voice);
    room.members[0].keep = true;
    let at = room.members[0].uplink.position().number();
    room.audience(0, Some(at), Audience::Whisper(slots(&[2])));
    let from = room.now;
    room.run(ms(1000));
    // The whisper's last sample comes before this one.
    let at = room.members[0].uplink.position().number();
    room.members[0].voice = Box::new(move |sample| if sample < at { voice(sample) } else { 0.0 });
    room.audience(0, Some(at), Audience::Open(slots(&[1, 2, 3])));
    let media: Vec<_> = room.members[0]
        .sent
        .iter()
        .filter(|sent| !sent.control)
        .collect();
    assert!(media.len() >= 99);
    assert!(
        media
            .iter()
            .all(|sent| sent.to == sotto_voice::Destination::Udp(address(2, 4000)))
    );
    room.run(ms(1000));
    assert!(level(room.heard_since(2, from + ms(200))) > -35.0);
    for listener in [1, 3] {
        let heard = level(room.heard_since(listener, from));
        assert!(heard < -70.0, "{listener} heard {heard} dBFS of it");
    }
    let whispers = room.members[2].events.iter().filter(|(_, event)| {
        matches!(
            event,
            DownlinkEvent::Speaking {
                whisper: true,
                speaking: true,
                ..
            }
        )
    });
    assert!(whispers.count() >= 5);
    let whispered = |member: usize| {
        let events = room.members[member].events.iter();
        events
            .filter(|(_, event)| matches!(event, DownlinkEvent::Whispered { .. }))
            .count()
    };
    assert!((4..=5).contains(&whispered(2)), "{}", whispered(2));
    assert_eq!((whispered(1), whispered(3)), (0, 0));
}

#[test]
fn loss_reordering_and_duplicates_are_survived_and_counted() {
    for seed in 0..3 {
        let mut room = Room::new(2, seed);
        room.weather = Weather {
            loss: 5,
            duplicates: 2,
            delay: (ms(1), ms(16)),
        };
        room.members[0].voice = Box::new(voice);
        let from = room.now;
        room.run(ms(20_000));
        let heard = level(room.heard_since(1, from + ms(1000)));
        let said: Vec<f32> = (0..48_000).map(voice).collect();
        assert!(
            (heard - level(&said)).abs() < 3.0,
            "seed {seed}: {heard} dBFS"
        );
        // Copies repair single losses: 5 % of 5 % is left.
        let concealed: u32 = room.members[1]
            .events
            .iter()
            .filter_map(|(_, event)| match event {
                DownlinkEvent::Stats(stats) => Some(stats.frames.concealed),
                _ => None,
            })
            .sum();
        assert!(
            concealed < 40,
            "seed {seed}: {concealed} of 2000 frames concealed"
        );
        let (loss, burst) = room.members[0].uplink.reported_loss(slot(1));
        assert!(
            (0.03..0.07).contains(&loss),
            "seed {seed}: {loss} reported lost"
        );
        assert!(burst >= 2, "seed {seed}");
        // Every duplicate was refused as a replay, and nothing else was.
        let dropped = room.members[1].downlink.dropped();
        assert!(dropped.refused > 20, "seed {seed}: {dropped:?}");
        assert_eq!(dropped.malformed + dropped.unknown + dropped.unreadable, 0);
        // Nobody was thought gone.
        assert_eq!(
            room.paths(0, 1).len(),
            1,
            "seed {seed}: {:?}",
            room.paths(0, 1)
        );
    }
}

#[test]
fn delay_is_read_off_what_was_played_and_a_stall_shows_in_the_statistics() {
    let mut room = Room::new(2, 5);
    room.members[0].voice = Box::new(voice);
    room.run(ms(3000));
    let offset = |room: &Room| {
        let played = room.members[1].downlink.played(slot(0))?;
        let at = SampleCount::during(played.at);
        // Both run on: their distance is the delay.
        Some(played.timestamp - at)
    };
    let before = offset(&room).expect("somebody speaks");
    for _ in 0..2000 {
        room.run(ms(1));
        let now = offset(&room).expect("somebody speaks");
        let moved = before.ahead_of(now).number();
        assert!(moved.abs() < 240, "the delay moved by {moved} samples");
    }
    // For 60 ms all packets take 60 ms longer, and then come at once.
    room.members[1].events.clear();
    room.weather.delay = (ms(60), ms(60));
    room.run(ms(60));
    room.weather = CLEAR;
    room.run(ms(2000));
    let (mut late, mut outages) = (0, 0);
    for (_, event) in &room.members[1].events {
        if let DownlinkEvent::Stats(stats) = event {
            late += stats.frames.late + stats.frames.discarded;
            outages += stats.frames.outages;
        }
    }
    assert!((2..=7).contains(&late), "{late} frames were late");
    assert_eq!(outages, 1);
    let moved = before
        .ahead_of(offset(&room).expect("somebody speaks"))
        .number();
    assert!(moved.abs() < 480, "the delay moved by {moved} samples");
    room.members[0].voice = Box::new(silence);
    room.microphone(0, false);
    room.run(ms(500));
    assert_eq!(room.members[1].downlink.played(slot(0)), None);
}

#[test]
fn a_change_of_keys_in_mid_sentence_is_not_heard() {
    let mut room = Room::new(2, 4);
    room.members[0].voice = Box::new(voice);
    room.run(ms(1000));
    room.weather.delay = (ms(5), ms(9));
    // The receiver learns of the new keys first: it allots the stream numbers.
    let setup = room.setup(2);
    room.link_receiver(0, 1, &setup);
    room.run(ms(50));
    room.link_sender(0, 1, &setup);
    room.run(ms(3000));
    let concealed: u32 = room.members[1]
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            DownlinkEvent::Stats(stats) => Some(stats.frames.concealed),
            _ => None,
        })
        .sum();
    assert_eq!(concealed, 0);
    let dropped = room.members[1].downlink.dropped();
    assert_eq!((dropped.refused, dropped.unknown), (0, 0));
    assert!(level(room.heard_since(1, room.now - ms(500))) > -35.0);
}

#[test]
fn old_keys_open_for_two_seconds_and_no_longer() {
    let mut room = Room::new(2, 5);
    room.members[0].voice = Box::new(voice);
    room.run(ms(200));
    let setup = room.setup(2);
    room.link_receiver(0, 1, &setup);
    // The sender goes on with the old keys.
    room.run(ms(1900));
    assert_eq!(room.members[1].downlink.dropped().unknown, 0);
    room.run(ms(200));
    assert!(room.members[1].downlink.dropped().unknown > 0);
}

#[test]
fn a_sender_that_started_anew_is_heard_at_once() {
    let mut room = Room::new(2, 6);
    room.members[0].voice = Box::new(voice);
    room.run(ms(2000));
    // The same machine with another program run: clock, numbers and keys are new.
    let mut reborn = Room::strangers(2, 7);
    std::mem::swap(&mut room.members[0], &mut reborn.members[0]);
    room.members[0].voice = Box::new(voice);
    room.link(0, 1, 2);
    room.link(1, 0, 2);
    room.talk_to_all(0);
    room.microphone(0, true);
    let from = room.now;
    room.run(ms(2000));
    assert!(level(room.heard_since(1, from + ms(200))) > -25.0);
    // Both conversations were two seconds long and the second did not wait for the first to end.
    let concealed = room.stats(1, 0).frames.concealed;
    assert!(concealed <= 1, "{concealed}");
}

#[test]
fn the_deafened_hear_nothing_and_still_report() {
    let mut room = Room::new(2, 8);
    room.members[0].voice = Box::new(voice);
    room.run(ms(1000));
    let close = DownlinkCommand::Playback { open: false };
    room.members[1].downlink.command(close, room.now).unwrap();
    room.run(ms(100));
    let from = room.now;
    let events = room.members[0].events.len();
    room.run(ms(3000));
    assert!(level(room.heard_since(1, from)) < -90.0);
    let heard = room.members[0].events[events..]
        .iter()
        .filter(|(_, event)| matches!(event, DownlinkEvent::Heard { .. }))
        .count();
    assert!((6..=12).contains(&heard), "{heard}");
    let open = DownlinkCommand::Playback { open: true };
    room.members[1].downlink.command(open, room.now).unwrap();
    let from = room.now;
    room.run(ms(1000));
    assert!(level(room.heard_since(1, from + ms(200))) > -25.0);
}

#[test]
fn heartbeats_and_reports_go_on_while_muted() {
    let mut room = Room::new(2, 9);
    room.microphone(0, false);
    room.run(ms(1000));
    room.members[0].keep = true;
    room.run(ms(10_000));
    let sent = &room.members[0].sent;
    assert!(sent.iter().all(|sent| sent.control));
    // Two challenges and two echoes a second, and one report; reports are the longest.
    let reports = sent.iter().filter(|sent| sent.bytes.len() > 44).count();
    assert!((9..=11).contains(&reports), "{reports}");
    assert!((45..=55).contains(&sent.len()), "{}", sent.len());
    let heard = room.members[1]
        .events
        .iter()
        .filter(|(at, event)| *at > ms(1000) && matches!(event, DownlinkEvent::Heard { .. }))
        .count();
    assert!((20..=44).contains(&heard), "{heard} in 10 s");
}

#[test]
fn a_lost_packet_is_told_within_100_ms() {
    let mut room = Room::new(2, 10);
    room.members[0].voice = Box::new(voice);
    room.run(ms(2000));
    room.members[1].keep = true;
    room.members[1].swallow = 3;
    let lost = room.now;
    while room.members[1].swallow > 0 {
        room.run(ms(1));
    }
    while room.members[0].uplink.reported_loss(slot(1)).1 == 0 {
        room.run(ms(1));
        assert!(room.now < lost + ms(300), "no feedback came");
    }
    // Three packets take 30 ms to be missed; and the uplink looks every 10 ms.
    assert!(
        room.now <= lost + ms(30) + ms(100) + ms(10),
        "{:?}",
        room.now - lost
    );
    assert_eq!(room.members[0].uplink.reported_loss(slot(1)).1, 3);
}

#[test]
fn bursts_of_losses_are_repeated_on_demand() {
    for seed in 0..4 {
        let mut room = Room::new(2, seed);
        room.members[0].voice = Box::new(voice);
        room.run(ms(2000));
        let mut concealed = Vec::new();
        for _ in 0..12 {
            room.members[1].events.clear();
            // 80 ms without a packet: more than any set of near copies bridges.
            room.members[1].swallow = 8;
            room.run(ms(1000));
            let stats = room.stats(1, 0);
            concealed.push(stats.frames.concealed);
        }
        // The first bursts come as a surprise; then playback waits for what is repeated.
        let settled: u32 = concealed[6..].iter().sum();
        assert!(settled <= 6, "seed {seed}: {concealed:?}");
        assert!(concealed[0] >= 3, "seed {seed}: {concealed:?}");
        let delay = room.stats(1, 0).target_delay;
        assert!(delay < ms(130), "seed {seed}: {delay:?}");
    }
}
