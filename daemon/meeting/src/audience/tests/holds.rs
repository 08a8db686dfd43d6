//! A whisper for as long as a key is held.

use super::*;

#[test]
fn a_held_whisper_returns_to_what_was_before_it() {
    let mut room = Room::new();
    room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
    room.release();
    assert_eq!(room.audience, everyone());
    room.whisper(&[BAO], WhisperMode::Latch).unwrap();
    room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
    room.release();
    assert_eq!(room.audience, whisper_to(&[BAO]));
    room.talk();
    assert_eq!(room.audience, everyone());
}

#[test]
fn a_latched_whisper_that_empties_while_another_is_held_does_not_become_everyone() {
    let mut room = Room::new();
    room.whisper(&[BAO], WhisperMode::Latch).unwrap();
    room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
    room.shows(BAO, LEFT);
    room.release();
    assert_eq!(room.audience, Audience::Nobody);
    assert_eq!(room.notices, [Notice::WhisperEmpty]);
}

#[test]
fn a_held_whisper_that_nobody_releases_any_more_ends_in_nobody() {
    let mut room = Room::new();
    room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
    room.abandon();
    assert_eq!(room.audience, Audience::Nobody);
    assert_eq!(room.notices, [Notice::HoldLost]);
    assert_eq!(
        room.talk.target(),
        Target::Nobody(NobodyBecause::HoldLost),
        "and it is shown why"
    );
    room.release();
    room.unmute();
    room.shows(BAO, LEFT);
    room.shows(BAO, Presence::Online);
    assert_eq!(
        room.audience,
        Audience::Nobody,
        "nobody until the user says whom"
    );
    room.talk();
    assert_eq!(room.audience, everyone());
}

#[test]
fn a_held_whisper_without_a_sign_of_life_ends_in_nobody() {
    let mut room = Room::new();
    room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
    for _ in 0..30 {
        room.wait(Duration::from_millis(9999));
        assert_eq!(room.renew(), Ok(()));
    }
    assert_eq!(room.audience, whisper_to(&[CHEN]));
    assert_eq!(
        room.talk.next_timeout(),
        Some(room.now + Duration::from_secs(10))
    );
    room.wait(Duration::from_secs(10));
    assert_eq!(room.audience, Audience::Nobody);
    assert_eq!(room.notices, [Notice::HoldLost]);
    assert_eq!(
        room.renew(),
        Err(TalkRefusal::NothingHeld),
        "whoever wakes up too late holds nothing"
    );
    room.release();
    assert_eq!(room.audience, Audience::Nobody);
}

#[test]
fn a_lost_hold_does_not_return_to_a_latched_whisper_either() {
    let mut room = Room::new();
    room.whisper(&[BAO], WhisperMode::Latch).unwrap();
    room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
    room.abandon();
    assert_eq!(room.audience, Audience::Nobody);
}

#[test]
fn a_lost_hold_closes_a_muted_microphone_before_its_audience_changes() {
    let mut room = Room::new();
    room.mute();
    room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
    room.changes.clear();
    room.abandon();
    let closed = [
        VoiceChange::Microphone {
            at: None,
            open: false,
        },
        VoiceChange::Audience {
            at: None,
            audience: Audience::Nobody,
        },
    ];
    assert_eq!(room.changes, closed);
}

#[test]
fn only_a_held_whisper_can_be_lost() {
    for mode in [WhisperMode::Latch, WhisperMode::For(MAX_WHISPER)] {
        let mut room = Room::new();
        room.whisper(&[CHEN], mode).unwrap();
        room.abandon();
        room.wait(Duration::from_secs(60));
        assert_eq!(room.audience, whisper_to(&[CHEN]));
        assert_eq!(room.renew(), Err(TalkRefusal::NothingHeld));
    }
    let mut room = Room::new();
    room.abandon();
    assert_eq!(room.audience, everyone());
}

#[test]
fn a_lost_hold_whose_receivers_have_gone_is_told_once() {
    let mut room = Room::new();
    room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
    room.shows(CHEN, LEFT);
    room.notices.clear();
    room.abandon();
    assert_eq!(room.notices, []);
    assert_eq!(room.audience, Audience::Nobody);
    assert_eq!(
        room.talk.target(),
        Target::Nobody(NobodyBecause::ReceiversGone)
    );
}

/// Whoever held the first is still pressing a key, and speaks to those chosen with it.
#[test]
fn a_whisper_over_one_that_is_still_held_ends_in_nobody() {
    for mode in [WhisperMode::Hold, WhisperMode::For(Duration::from_secs(5))] {
        let mut room = Room::new();
        room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
        room.whisper(&[BAO], mode).unwrap();
        assert_eq!(room.audience, whisper_to(&[BAO]));
        room.release();
        room.wait(Duration::from_secs(5));
        assert_eq!(room.audience, Audience::Nobody);
        assert_eq!(room.notices.last(), Some(&Notice::HoldLost));
    }
    let mut room = Room::new();
    room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
    assert_eq!(
        room.whisper(&[], WhisperMode::Hold),
        Err(TalkRefusal::NobodyNamed)
    );
    room.release();
    assert_eq!(room.audience, everyone(), "a refused one covers nothing");
}

#[test]
fn a_locked_screen_a_saver_and_sleep_end_a_hold_in_nobody_and_say_so() {
    for cut in [Cut::ScreenLocked, Cut::ScreenSaver, Cut::Suspended] {
        let mut room = Room::new();
        room.whisper(&[BAO], WhisperMode::Latch).unwrap();
        room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
        room.cut(cut);
        assert_eq!(room.audience, Audience::Nobody, "{cut:?}");
        assert_eq!(room.notices, [Notice::HoldCut(cut)]);
        let because = NobodyBecause::HoldCut(cut);
        assert_eq!(room.talk.target(), Target::Nobody(because));
        assert_eq!(room.renew(), Err(TalkRefusal::NothingHeld));
        room.release();
        room.cut(cut);
        assert_eq!(room.audience, Audience::Nobody);
        assert_eq!(room.notices.len(), 1, "told once");
        room.talk();
        assert_eq!(room.audience, everyone());
    }
}

#[test]
fn what_is_not_held_outlasts_a_locked_screen() {
    for mode in [WhisperMode::Latch, WhisperMode::For(MAX_WHISPER)] {
        let mut room = Room::new();
        room.whisper(&[CHEN], mode).unwrap();
        room.cut(Cut::ScreenLocked);
        assert_eq!(room.audience, whisper_to(&[CHEN]));
        assert_eq!(room.notices, []);
    }
}
