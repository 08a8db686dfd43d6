//! A microphone that is open while it is pressed.

use super::*;
use crate::bounds::{LONG_PRESS, LONGEST_PRESS};
use crate::command::PressMode;

const SECOND: Duration = Duration::from_secs(1);

/// A room in which the microphone must be pressed.
fn closed() -> Room {
    let mut room = Room::new();
    room.talk.need_press(true, None);
    room.drain();
    room
}

impl Room {
    fn press(&mut self, mode: PressMode) -> Result<(), TalkRefusal> {
        let result = self.talk.press(mode, None, self.now);
        self.drain();
        result
    }

    fn unpress(&mut self) {
        self.talk.unpress(None);
        self.drain();
    }
}

#[test]
fn nobody_hears_a_microphone_that_is_not_pressed() {
    let mut room = closed();
    assert_eq!(room.heard_by(), []);
    assert!(!room.talk.flags().muted, "others are not told");
    room.press(PressMode::Hold).unwrap();
    assert_eq!(room.heard_by(), [BAO, CHEN, DARA]);
    room.unpress();
    assert_eq!(room.heard_by(), []);
    room.unpress();
    room.talk.need_press(false, None);
    room.drain();
    assert_eq!(room.heard_by(), [BAO, CHEN, DARA]);
}

#[test]
fn a_press_speaks_to_whomever_is_chosen() {
    let mut room = closed();
    room.whisper(&[CHEN], WhisperMode::Latch).unwrap();
    assert_eq!(room.heard_by(), [], "a latched whisper waits for the key");
    room.press(PressMode::Hold).unwrap();
    assert_eq!(room.heard_by(), [CHEN]);
    room.unpress();
    room.whisper(&[BAO], WhisperMode::Hold).unwrap();
    assert_eq!(room.heard_by(), [BAO], "a held whisper has its own key");
    room.release();
    assert_eq!(room.heard_by(), []);
}

#[test]
fn a_press_opens_a_muted_microphone_and_a_mute_ends_it() {
    let mut room = Room::new();
    room.mute();
    room.press(PressMode::Latch).unwrap();
    assert_eq!(room.heard_by(), [BAO, CHEN, DARA]);
    room.mute();
    assert_eq!(room.heard_by(), []);
    room.unmute();
    room.press(PressMode::Hold).unwrap();
    assert!(!room.talk.is_pressed(), "it is open anyway");
    room.mute();
    assert_eq!(room.heard_by(), []);
}

#[test]
fn a_second_press_ends_the_first_however_it_was_made() {
    for first in [PressMode::Hold, PressMode::Latch] {
        for second in [PressMode::Hold, PressMode::Latch] {
            let mut room = closed();
            room.press(first).unwrap();
            room.wait(SECOND);
            room.press(second).unwrap();
            assert_eq!(room.heard_by(), [], "{first:?}, {second:?}");
        }
    }
}

#[test]
fn a_key_that_repeats_is_pressed_once() {
    let mut room = closed();
    room.press(PressMode::Latch).unwrap();
    room.wait(Duration::from_millis(660));
    for _ in 0..100 {
        room.press(PressMode::Latch).unwrap();
        room.wait(Duration::from_millis(40));
    }
    assert!(room.talk.is_pressed());
    room.wait(SECOND);
    room.press(PressMode::Latch).unwrap();
    assert!(!room.talk.is_pressed());
    // Still the same press.
    room.wait(Duration::from_millis(500));
    room.press(PressMode::Latch).unwrap();
    assert!(!room.talk.is_pressed());
}

#[test]
fn a_stuck_key_is_reminded_of_once_and_closes_in_the_end() {
    let mut room = closed();
    room.press(PressMode::Latch).unwrap();
    assert_eq!(room.talk.next_timeout(), Some(room.now + LONG_PRESS));
    room.wait(LONG_PRESS);
    room.wait(SECOND);
    assert_eq!(room.notices, [Notice::PressLong]);
    assert_eq!(room.heard_by(), [BAO, CHEN, DARA]);
    let rest = LONGEST_PRESS - LONG_PRESS - SECOND;
    assert_eq!(room.talk.next_timeout(), Some(room.now + rest));
    room.wait(rest);
    assert_eq!(room.notices, [Notice::PressLong, Notice::PressTooLong]);
    assert_eq!(room.heard_by(), []);
    assert_eq!(room.talk.next_timeout(), None);
}

#[test]
fn a_press_that_a_program_holds_ends_without_a_sign_of_life() {
    let mut room = closed();
    room.press(PressMode::Hold).unwrap();
    for _ in 0..5 {
        room.wait(Duration::from_secs(9));
        room.talk.renew_press(room.now).unwrap();
    }
    assert!(room.talk.is_pressed());
    room.wait(Duration::from_secs(10));
    assert_eq!(room.notices, [Notice::PressLost]);
    assert_eq!(room.heard_by(), []);
    let nothing = Err(TalkRefusal::NothingHeld);
    assert_eq!(room.talk.renew_press(room.now), nothing);
    room.press(PressMode::Latch).unwrap();
    assert_eq!(room.talk.renew_press(room.now), nothing, "nobody has to");
}

#[test]
fn whatever_takes_the_user_away_ends_a_press() {
    type Happening = fn(&mut Room);
    let happenings: [(&str, Happening); 5] = [
        ("away and back", |room| {
            room.talk.set_away(true);
            room.talk.set_away(false);
        }),
        ("a phone call", |room| {
            room.talk.interrupt();
            let attendees = room.attendees();
            room.talk.restore(&attendees, false);
        }),
        ("another meeting", |room| {
            room.talk.exit();
            let attendees = room.attendees();
            room.talk.enter(&attendees, None);
        }),
        ("deafening", |room| {
            room.talk.deafen(None);
            room.talk.undeafen(None);
        }),
        ("another mode and back", |room| {
            room.talk.need_press(false, None);
            room.talk.need_press(true, None);
        }),
    ];
    for (what, happens) in happenings {
        let mut room = closed();
        room.press(PressMode::Latch).unwrap();
        happens(&mut room);
        room.drain();
        assert_eq!(room.heard_by(), [], "{what}");
    }
}

#[test]
fn a_press_is_refused_where_nobody_could_be_spoken_to() {
    let mut room = closed();
    room.talk.deafen(None);
    assert_eq!(
        room.press(PressMode::Hold),
        Err(TalkRefusal::YouAreDeafened)
    );
    room.talk.undeafen(None);
    room.talk.set_away(true);
    assert_eq!(room.press(PressMode::Hold), Err(TalkRefusal::YouAreAway));
    room.talk.interrupt();
    assert_eq!(room.press(PressMode::Hold), Err(TalkRefusal::OnThePhone));
    room.talk.exit();
    assert_eq!(room.press(PressMode::Hold), Err(TalkRefusal::NotInMeeting));
}

#[test]
fn a_locked_screen_ends_a_press_and_says_so_once() {
    for mode in [PressMode::Hold, PressMode::Latch] {
        let mut room = closed();
        room.press(mode).unwrap();
        room.cut(Cut::ScreenSaver);
        assert_eq!(room.heard_by(), []);
        room.cut(Cut::ScreenLocked);
        assert_eq!(room.notices, [Notice::PressCut(Cut::ScreenSaver)]);
    }
}
