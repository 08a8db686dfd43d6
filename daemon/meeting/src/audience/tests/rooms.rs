//! Coming into a meeting, leaving it for another, and interrupting it.

use super::*;
use crate::presence::AwayCause;

#[test]
fn whoever_joins_speaks_to_everyone_present() {
    let mut room = Room::new();
    assert_eq!(room.audience, everyone());
    assert!(room.microphone && room.playback);
    room.shows(BAO, Presence::Away(AwayCause::ByHand));
    assert_eq!(room.audience, everyone(), "who is Away hears");
    room.shows(CHEN, LEFT);
    room.shows(DARA, LOST);
    assert_eq!(room.audience, Audience::Open(vec![BAO]));
}

#[test]
fn switching_meetings_ends_every_whisper() {
    let mut room = Room::new();
    room.whisper(&[CHEN], WhisperMode::Latch).unwrap();
    room.hears(BAO, 1, Some(&[]));
    room.talk.exit();
    room.drain();
    assert_eq!(
        (room.audience.clone(), room.microphone, room.playback),
        (Audience::Nobody, false, false)
    );
    assert_eq!(
        room.notices.last(),
        Some(&Notice::WhisperStopped { from: BAO })
    );
    let attendees = room.attendees();
    room.talk.enter(&attendees, None);
    room.drain();
    assert_eq!(room.audience, everyone());
    assert_eq!(room.reply(), Err(TalkRefusal::NothingToReplyTo));
}

#[test]
fn a_phone_call_does_not_open_a_whisper_to_everyone() {
    let mut room = Room::new();
    room.whisper(&[CHEN], WhisperMode::Latch).unwrap();
    room.talk.interrupt();
    room.drain();
    assert_eq!((room.heard_by(), room.playback), (vec![], false));
    assert_eq!(
        room.whisper(&[CHEN], WhisperMode::Hold),
        Err(TalkRefusal::OnThePhone)
    );
    let attendees = room.attendees();
    room.talk.restore(&attendees, false);
    room.drain();
    assert_eq!(room.heard_by(), [CHEN]);
    room.talk.interrupt();
    room.talk.restore(&attendees, true);
    room.drain();
    assert_eq!(room.heard_by(), [], "restored by itself: muted");
    assert_eq!(room.audience, whisper_to(&[CHEN]));
}
