//! Where media goes, and where it must not: proofs, moves, detours, and third machines.

mod room;

use std::time::Duration;

use room::*;
use sotto_voice::{Destination, PathState};

fn media(sent: &[Sent]) -> impl Iterator<Item = &Sent> {
    sent.iter().filter(|sent| !sent.control)
}

#[test]
fn the_first_word_leaves_within_50_ms_of_the_last_key() {
    let mut room = Room::strangers(2, 1);
    let (there, back) = (room.setup(1), room.setup(1));
    room.members[0].keep = true;
    room.link_receiver(1, 0, &back);
    room.link_sender(0, 1, &there);
    room.talk_to_all(0);
    room.microphone(0, true);
    // The other end learns of its keys a while later.
    room.run(ms(130));
    assert_eq!(media(&room.members[0].sent).count(), 0);
    room.link_receiver(0, 1, &there);
    room.link_sender(1, 0, &back);
    let linked = room.now;
    room.run(ms(200));
    let first = media(&room.members[0].sent).next().unwrap().at;
    assert!(first <= linked + ms(50), "{:?}", first - linked);
}

#[test]
fn a_third_machine_gets_a_few_challenges_and_never_media() {
    let mut room = Room::strangers(2, 2);
    let (there, back) = (room.setup(1), room.setup(1));
    let third = "10.0.0.99:4000".parse().unwrap();
    room.link_sender_at(0, 1, &there, third);
    room.link_receiver(1, 0, &back);
    room.link_receiver(0, 1, &there);
    room.link_sender(1, 0, &back);
    room.talk_to_all(0);
    room.microphone(0, true);
    room.run(ms(60_000));
    assert!(room.strays.iter().all(|sent| sent.control));
    let early = room.strays.iter().filter(|sent| sent.at < ms(2000)).count();
    assert!(early <= 35, "{early} packets in the first 2 s");
    let rest = room.strays.len() - early;
    assert!(rest <= 2 * 58 + 1, "{rest} packets in 58 s");
    let bytes: usize = room.strays.iter().map(|sent| sent.bytes.len()).sum();
    assert!(bytes < 60 * 150, "{bytes} bytes in 60 s");
    // Nor is anything taken from the machine that is not where it was said to be.
    assert!(room.members[0].downlink.dropped().misplaced > 0);
}

#[test]
fn genuine_packets_from_another_machine_are_ignored() {
    let mut room = Room::new(2, 3);
    room.run(ms(1000));
    let before = room.members[0].events.len();
    room.members[1].address = "10.0.0.77:4000".parse().unwrap();
    room.run(ms(1000));
    assert!(room.members[0].downlink.dropped().misplaced > 0);
    assert!(
        room.strays
            .iter()
            .all(|sent| sent.to == Destination::Udp(address(1, 4000)))
    );
    let heard = room.members[0].events[before..]
        .iter()
        .filter(|(_, event)| matches!(event, sotto_voice::DownlinkEvent::Heard { .. }))
        .count();
    assert!(heard <= 1, "{heard}");
}

#[test]
fn a_new_port_of_the_same_machine_is_challenged_before_it_gets_media() {
    let mut room = Room::new(2, 4);
    room.members[0].voice = Box::new(voice);
    room.run(ms(1000));
    room.members[0].keep = true;
    room.members[0].sent.clear();
    room.members[1].address = address(1, 5555);
    let moved = room.now;
    room.run(ms(1000));
    let to_new = Destination::Udp(address(1, 5555));
    let first_challenge = room.members[0]
        .sent
        .iter()
        .position(|sent| sent.control && sent.to == to_new)
        .unwrap();
    let first_media = room.members[0]
        .sent
        .iter()
        .position(|sent| !sent.control && sent.to == to_new)
        .unwrap();
    assert!(first_challenge < first_media);
    let at = room.members[0].sent[first_media].at;
    assert!(at < moved + ms(600), "{:?}", at - moved);
    assert!(media(&room.members[0].sent[first_media..]).all(|sent| sent.to == to_new));
}

#[test]
fn packets_from_a_port_that_never_answers_change_nothing() {
    let mut room = Room::new(2, 5);
    room.members[0].voice = Box::new(voice);
    room.members[0].keep = true;
    room.members[1].keep = true;
    room.run(ms(500));
    // Somebody on the way sends copies of genuine packets on from another port, before the originals.
    let forged = Destination::Udp(address(1, 6666));
    for _ in 0..3000 {
        room.run(ms(1));
        let now = room.now;
        let genuine: Vec<_> = std::mem::take(&mut room.members[1].sent);
        for sent in genuine {
            room.members[0].downlink.receive(forged, &sent.bytes, now);
        }
    }
    assert!(room.strays.iter().all(|sent| sent.control));
    assert!(room.strays.len() <= 40, "{}", room.strays.len());
    assert!(media(&room.members[0].sent).all(|sent| sent.to == Destination::Udp(address(1, 4000))));
    assert_eq!(room.paths(0, 1).len(), 1);
}

#[test]
fn where_udp_is_blocked_packets_take_the_connection_and_return_when_it_opens() {
    let mut room = Room::strangers(2, 6);
    room.members[1].blocked = true;
    room.link(0, 1, 1);
    room.link(1, 0, 1);
    room.talk_to_all(0);
    room.microphone(0, true);
    room.members[0].voice = Box::new(voice);
    room.run(ms(4000));
    let paths = room.paths(0, 1);
    assert_eq!(paths.len(), 1);
    assert_eq!(paths[0].1, PathState::Stream);
    assert!(
        (ms(2000)..ms(2200)).contains(&paths[0].0),
        "{:?}",
        paths[0].0
    );
    assert!(level(room.heard_since(1, ms(2500))) > -25.0);
    let stats = room.stats(1, 0);
    assert_eq!((stats.path, stats.loss), (PathState::Stream, 0.0));
    // Heartbeats come that way too, or the two would think each other lost.
    let heard = room.members[0]
        .events
        .iter()
        .filter(|(at, event)| {
            *at > ms(2500) && matches!(event, sotto_voice::DownlinkEvent::Heard { .. })
        })
        .count();
    assert!(heard >= 3, "{heard}");

    room.members[1].blocked = false;
    let opened = room.now;
    room.run(ms(1000));
    let paths = room.paths(0, 1);
    assert_eq!(paths[1].1, PathState::Udp(address(1, 4000)));
    assert!(paths[1].0 < opened + ms(600));
    assert!(level(room.heard_since(1, room.now - ms(500))) > -25.0);
}

#[test]
fn five_seconds_without_an_echo_end_a_path() {
    let mut room = Room::new(2, 7);
    room.members[0].voice = Box::new(voice);
    room.members[0].keep = true;
    room.run(ms(1000));
    room.members[1].blocked = true;
    let blocked = room.now;
    room.run(ms(8000));
    let last = media(&room.members[0].sent)
        .filter(|sent| matches!(sent.to, Destination::Udp(_)))
        .last()
        .unwrap()
        .at;
    assert!(
        (ms(4400)..ms(5100)).contains(&(last - blocked)),
        "{:?}",
        last - blocked
    );
    assert_eq!(room.paths(0, 1).last().unwrap().1, PathState::Stream);
    let since = room.members[0]
        .sent
        .iter()
        .filter(|sent| sent.at > last + ms(20) && matches!(sent.to, Destination::Udp(_)))
        .count();
    assert!(since <= 7, "{since} datagrams into the void");
}

#[test]
fn a_new_address_in_the_link_is_proven_before_it_is_used() {
    let mut room = Room::new(2, 8);
    room.members[0].voice = Box::new(voice);
    room.run(ms(500));
    room.members[0].keep = true;
    let (there, back) = (room.setup(2), room.setup(2));
    room.members[1].address = address(1, 7777);
    room.link_receiver(0, 1, &there);
    room.link_sender(0, 1, &there);
    room.link_receiver(1, 0, &back);
    room.link_sender(1, 0, &back);
    room.run(ms(200));
    let to_new = Destination::Udp(address(1, 7777));
    let sent = &room.members[0].sent;
    let media_at = sent.iter().position(|sent| !sent.control).unwrap();
    assert_eq!(sent[media_at].to, to_new);
    assert!(
        sent[..media_at]
            .iter()
            .any(|sent| sent.control && sent.to == to_new)
    );
    assert!(sent[media_at].at < room.now - ms(200) + ms(60));
}

#[test]
fn the_round_trip_is_measured() {
    let mut room = Room::strangers(2, 9);
    room.weather.delay = (Duration::from_millis(7), Duration::from_millis(7));
    room.link(0, 1, 1);
    room.link(1, 0, 1);
    room.run(ms(3000));
    let round_trip = room.stats(0, 1).round_trip.unwrap();
    assert!((ms(14)..=ms(16)).contains(&round_trip), "{round_trip:?}");
}
