//! Whom a whisper reaches, and that it never reaches more.

use super::*;

#[test]
fn a_whisper_goes_to_the_chosen_alone_until_everyone_is_addressed_again() {
    let mut room = Room::new();
    assert_eq!(
        room.whisper(&[CHEN, BAO, CHEN], WhisperMode::Latch),
        Ok(vec![CHEN, BAO])
    );
    assert_eq!(room.audience, whisper_to(&[CHEN, BAO]));
    room.talk();
    assert_eq!(room.audience, everyone());
}

#[test]
fn an_absent_receiver_is_refused_by_name_and_reason() {
    let mut room = Room::new();
    room.shows(CHEN, Presence::Offline(OfflineReason::Phone));
    let absent = TalkRefusal::Absent {
        peer: CHEN,
        presence: Presence::Offline(OfflineReason::Phone),
    };
    assert_eq!(room.whisper(&[BAO, CHEN], WhisperMode::Latch), Err(absent));
    assert_eq!(
        room.audience,
        Audience::Open(vec![BAO, DARA]),
        "nothing has changed"
    );
    assert_eq!(
        absent.named(|_| "Chen".into()).to_string(),
        "Chen is not there: Offline (phone)"
    );
    let stranger = PeerId([9; 32]);
    assert_eq!(
        room.whisper(&[stranger], WhisperMode::Hold),
        Err(TalkRefusal::NotOnRoster { peer: stranger })
    );
    assert_eq!(
        room.whisper(&[ME], WhisperMode::Hold),
        Err(TalkRefusal::Yourself)
    );
    assert_eq!(
        room.whisper(&[], WhisperMode::Hold),
        Err(TalkRefusal::NobodyNamed)
    );
}

#[test]
fn a_whisper_goes_on_with_the_rest_when_a_receiver_leaves_or_switches() {
    let mut room = Room::new();
    room.whisper(&[BAO, CHEN, DARA], WhisperMode::Latch)
        .unwrap();
    room.shows(CHEN, Presence::Offline(OfflineReason::Elsewhere));
    assert_eq!(room.audience, whisper_to(&[BAO, DARA]));
    assert_eq!(room.notices, [Notice::ReceiverGone(CHEN)]);
    room.shows(CHEN, Presence::Online);
    assert_eq!(
        room.audience,
        whisper_to(&[BAO, DARA]),
        "who left and came back is not included again"
    );
}

#[test]
fn a_whisper_never_widens_when_its_last_receiver_leaves() {
    for mode in [
        WhisperMode::Latch,
        WhisperMode::Hold,
        WhisperMode::For(Duration::from_secs(60)),
    ] {
        let mut room = Room::new();
        room.whisper(&[CHEN], mode).unwrap();
        room.shows(CHEN, LEFT);
        assert_eq!(room.audience, Audience::Nobody);
        assert_eq!(
            room.notices,
            [Notice::ReceiverGone(CHEN), Notice::WhisperEmpty]
        );
        assert_eq!(
            room.talk.target(),
            Target::Nobody(NobodyBecause::ReceiversGone)
        );
        room.shows(CHEN, Presence::Online);
        assert_eq!(
            room.audience,
            Audience::Nobody,
            "nobody until the user says whom"
        );
        room.talk();
        assert_eq!(room.audience, everyone());
    }
}

#[test]
fn a_receiver_that_was_cut_off_and_returns_is_included_again() {
    let mut room = Room::new();
    room.whisper(&[CHEN], WhisperMode::Latch).unwrap();
    room.shows(CHEN, LOST);
    assert_eq!(room.audience, Audience::Nobody);
    room.shows(CHEN, Presence::Online);
    assert_eq!(room.audience, whisper_to(&[CHEN]));
    assert_eq!(
        room.notices,
        [
            Notice::ReceiverGone(CHEN),
            Notice::WhisperEmpty,
            Notice::ReceiverBack(CHEN)
        ]
    );
}

#[test]
fn a_newcomer_is_never_added_to_a_whisper() {
    let mut room = Room::new();
    room.whisper(&[BAO], WhisperMode::Latch).unwrap();
    room.shows(PeerId([7; 32]), Presence::Online);
    assert_eq!(room.audience, whisper_to(&[BAO]));
}

#[test]
fn a_whisper_for_a_stated_time_ends_by_itself_and_says_so() {
    let mut room = Room::new();
    room.whisper(&[CHEN], WhisperMode::For(Duration::from_secs(5)))
        .unwrap();
    assert_eq!(
        room.talk.next_timeout(),
        Some(START + Duration::from_secs(5))
    );
    room.wait(Duration::from_millis(4999));
    assert_eq!(room.audience, whisper_to(&[CHEN]));
    room.wait(Duration::from_millis(1));
    assert_eq!(room.audience, everyone());
    assert_eq!(room.notices, [Notice::WhisperOver]);
    for time in [Duration::ZERO, Duration::from_secs(4000)] {
        assert_eq!(
            room.whisper(&[CHEN], WhisperMode::For(time)),
            Err(TalkRefusal::WrongDuration)
        );
    }
}

#[test]
fn a_timed_whisper_over_a_latched_one_returns_to_it() {
    let mut room = Room::new();
    room.whisper(&[BAO], WhisperMode::Latch).unwrap();
    room.whisper(&[CHEN], WhisperMode::For(Duration::from_secs(5)))
        .unwrap();
    room.wait(Duration::from_secs(5));
    assert_eq!(room.audience, whisper_to(&[BAO]));
}
