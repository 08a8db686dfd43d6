//! What speakers and receivers of a whisper are told.

use super::*;

#[test]
fn a_deafened_receiver_is_reported_to_the_speaker_once() {
    let mut room = Room::new();
    room.deafens(CHEN);
    room.whisper(&[CHEN, BAO], WhisperMode::Latch).unwrap();
    assert_eq!(room.notices, [Notice::ReceiverDeafened(CHEN)]);
    room.attend();
    room.deafens(BAO);
    assert_eq!(
        room.notices,
        [
            Notice::ReceiverDeafened(CHEN),
            Notice::ReceiverDeafened(BAO)
        ]
    );
}

#[test]
fn receivers_learn_who_else_hears_and_when_it_is_over() {
    let mut room = Room::new();
    room.whisper(&[BAO, CHEN], WhisperMode::Latch).unwrap();
    room.shows(CHEN, LEFT);
    room.talk();
    let texts: Vec<_> = room
        .told
        .iter()
        .map(|(peer, notice)| (*peer, notice.others.clone()))
        .collect();
    let expected = [
        (BAO, Some(vec![CHEN])),
        (CHEN, Some(vec![BAO])),
        (CHEN, None),
        (BAO, Some(vec![])),
        (BAO, None),
    ];
    assert_eq!(texts, expected);
    assert!(
        room.told
            .windows(2)
            .all(|pair| pair[0].1.serial < pair[1].1.serial)
    );
}

#[test]
fn a_notice_that_did_not_arrive_is_repeated_with_growing_waits_and_then_given_up() {
    let mut room = Room::new();
    room.whisper(&[BAO], WhisperMode::Latch).unwrap();
    let serial = room.told[0].1.serial;
    let mut waits = Vec::new();
    loop {
        room.talk.told(BAO, serial, false, room.now);
        let Some(next) = room.talk.next_timeout() else {
            break;
        };
        waits.push((next - room.now).as_millis());
        room.wait(next - room.now);
    }
    assert_eq!(waits, [200, 400, 800, 1600]);
    assert_eq!(room.told.len(), 5);
}

#[test]
fn a_whisper_to_me_is_shown_with_its_other_receivers() {
    let mut room = Room::new();
    room.hears(CHEN, 5, Some(&[BAO, ME, PeerId([9; 32])]));
    let started = Notice::WhisperStarted {
        from: CHEN,
        others: vec![BAO],
        unheard: false,
    };
    assert_eq!(room.notices, [started], "only others on this roster count");
    assert_eq!(
        room.talk.whispers().collect::<Vec<_>>(),
        [(CHEN, &[BAO][..])]
    );
    room.hears(CHEN, 4, None);
    assert_eq!(room.notices.len(), 1, "an older notice changes nothing");
    room.hears(CHEN, 6, None);
    assert_eq!(room.notices[1], Notice::WhisperStopped { from: CHEN });
    room.hears(CHEN, 5, Some(&[]));
    assert_eq!(room.notices.len(), 2, "and does not start it again");
}

#[test]
fn a_deafened_receiver_gets_a_visible_notice() {
    let mut room = Room::new();
    room.talk.deafen(None);
    room.hears(CHEN, 1, Some(&[]));
    assert_eq!(
        room.notices,
        [Notice::WhisperStarted {
            from: CHEN,
            others: vec![],
            unheard: true
        }]
    );
}

#[test]
fn a_whisper_to_me_ends_when_its_speaker_goes() {
    for gone in [LOST, LEFT] {
        let mut room = Room::new();
        room.hears(CHEN, 1, Some(&[]));
        room.shows(CHEN, gone);
        assert_eq!(
            room.notices.last(),
            Some(&Notice::WhisperStopped { from: CHEN })
        );
    }
}

#[test]
fn nobody_who_is_not_present_whispers_to_me() {
    let mut room = Room::new();
    room.shows(CHEN, LEFT);
    room.hears(CHEN, 1, Some(&[]));
    room.hears(PeerId([9; 32]), 1, Some(&[]));
    assert_eq!(room.notices, []);
}

#[test]
fn a_notice_without_a_packet_of_its_whisper_is_worth_nothing() {
    let mut room = Room::new();
    room.hears(CHEN, 1, Some(&[]));
    room.notices.clear();
    room.is_told(BAO, 1, Some(&[]));
    room.is_told(BAO, 2, Some(&[DARA]));
    assert_eq!(room.talk.reply_to(), [CHEN]);
    assert_eq!(room.notices, []);
    assert_eq!(room.talk.whispers().count(), 1);
    room.is_told(BAO, 3, None);
    assert_eq!(room.notices, [], "and so is its end");
    room.is_told(BAO, 4, Some(&[DARA]));
    room.gets_a_packet(BAO);
    assert_eq!(room.talk.reply_to(), [BAO, DARA]);
    assert_eq!(room.notices.len(), 1);
}

#[test]
fn a_packet_counts_for_a_notice_that_comes_a_moment_later_but_not_for_another_whisper() {
    let mut room = Room::new();
    room.gets_a_packet(BAO);
    assert_eq!(room.notices, [], "nor does a packet say anything by itself");
    room.wait(Duration::from_millis(500));
    room.is_told(BAO, 1, Some(&[]));
    assert_eq!(room.talk.reply_to(), [BAO]);
    room.is_told(BAO, 2, None);
    room.hears(CHEN, 1, Some(&[]));
    room.is_told(BAO, 3, Some(&[]));
    assert_eq!(room.talk.reply_to(), [CHEN], "that packet was of the first");
    room.is_told(BAO, 4, None);
    room.gets_a_packet(BAO);
    room.wait(Duration::from_secs(3));
    room.is_told(BAO, 5, Some(&[]));
    assert_eq!(room.talk.reply_to(), [CHEN], "and that one was long ago");
}

#[test]
fn notices_of_one_speaker_are_limited_but_the_end_of_a_whisper_is_always_taken() {
    let mut room = Room::new();
    let notice = |serial, others| WhisperNotice { serial, others };
    let mut admitted = 0;
    for serial in 0..1000 {
        let notice = notice(serial, Some(vec![]));
        admitted += u32::from(room.talk.admits_notice(CHEN, &notice, room.now));
        room.now += Duration::from_millis(10);
    }
    assert!((30..=40).contains(&admitted), "{admitted} within 10 s");
    let over = notice(1000, None);
    assert!(room.talk.admits_notice(CHEN, &over, room.now));
    let other = notice(1, Some(vec![]));
    assert!(room.talk.admits_notice(BAO, &other, room.now));
}
