//! When the microphone is open, and when anything is played.

use super::*;

#[test]
fn nothing_is_captured_or_played_outside_a_meeting() {
    let mut talk = Talk::new(ME, 0);
    talk.attend(&[Attendee {
        peer: BAO,
        presence: Presence::Online,
        flags: Flags::default(),
    }]);
    talk.unmute(None).unwrap();
    assert_eq!(
        talk.whisper(&[BAO], WhisperMode::Hold, None, START),
        Err(TalkRefusal::NotInMeeting)
    );
    assert_eq!(talk.talk(None), Err(TalkRefusal::NotInMeeting));
    assert_eq!(talk.poll(), None);
}

#[test]
fn mute_closes_open_voice_but_a_held_whisper_speaks_while_it_is_held() {
    let mut room = Room::new();
    room.mute();
    assert_eq!(room.heard_by(), []);
    room.changes.clear();
    room.whisper(&[CHEN], WhisperMode::Hold).unwrap();
    assert_eq!(room.heard_by(), [CHEN]);
    let opened = [
        VoiceChange::Audience {
            at: None,
            audience: whisper_to(&[CHEN]),
        },
        VoiceChange::Microphone {
            at: None,
            open: true,
        },
    ];
    assert_eq!(
        room.changes, opened,
        "the microphone opens only to the whisper"
    );
    room.changes.clear();
    room.release();
    assert_eq!(room.heard_by(), []);
    let closed = [
        VoiceChange::Microphone {
            at: None,
            open: false,
        },
        VoiceChange::Audience {
            at: None,
            audience: everyone(),
        },
    ];
    assert_eq!(
        room.changes, closed,
        "and closes before everyone is addressed"
    );
}

#[test]
fn a_latched_whisper_chosen_while_muted_stays_muted_and_unmuting_speaks_to_it_alone() {
    let mut room = Room::new();
    room.mute();
    room.whisper(&[CHEN], WhisperMode::Latch).unwrap();
    assert_eq!(room.heard_by(), []);
    assert_eq!(
        room.told,
        [],
        "nothing to announce while nothing is to be heard"
    );
    room.unmute();
    assert_eq!(room.heard_by(), [CHEN]);
    assert_eq!(room.told.len(), 1);
}

#[test]
fn deafened_implies_muted_and_ends_as_it_was_before() {
    let mut room = Room::new();
    room.talk.deafen(None);
    room.drain();
    assert_eq!(
        room.talk.flags(),
        Flags {
            muted: true,
            deafened: true
        }
    );
    assert!(!room.microphone && !room.playback);
    assert_eq!(room.talk.unmute(None), Err(TalkRefusal::YouAreDeafened));
    room.talk.undeafen(None);
    room.drain();
    assert!(
        room.microphone && room.playback,
        "unmuted before, unmuted again"
    );
    room.mute();
    room.talk.deafen(None);
    room.talk.undeafen(None);
    room.drain();
    assert!(
        !room.microphone && room.playback,
        "muted before, muted again"
    );
}

#[test]
fn away_closes_the_microphone_and_hears_on() {
    let mut room = Room::new();
    room.whisper(&[CHEN], WhisperMode::Latch).unwrap();
    room.talk.set_away(true);
    room.drain();
    assert_eq!(room.heard_by(), []);
    assert!(room.playback);
    assert_eq!(
        room.whisper(&[CHEN], WhisperMode::Hold),
        Err(TalkRefusal::YouAreAway)
    );
    room.talk.set_away(false);
    room.drain();
    assert_eq!(room.heard_by(), [CHEN]);
}

#[test]
fn a_rejoin_after_a_crash_is_muted() {
    let mut room = Room::new();
    room.talk.exit();
    let attendees = room.attendees();
    room.talk.enter(&attendees, Some(true));
    room.drain();
    assert!(!room.microphone && room.playback);
}

#[test]
fn changes_carry_the_capture_time_of_the_wish() {
    let mut room = Room::new();
    room.changes.clear();
    room.talk
        .whisper(&[CHEN], WhisperMode::Latch, Some(4800), START)
        .unwrap();
    room.talk.mute(Some(9600));
    room.drain();
    let expected = [
        VoiceChange::Audience {
            at: Some(4800),
            audience: whisper_to(&[CHEN]),
        },
        VoiceChange::Microphone {
            at: Some(9600),
            open: false,
        },
    ];
    assert_eq!(room.changes, expected);
}
