//! What keys ask for.

use super::super::picker::Picker;
use super::super::state::{Effect, Input};
use super::{ask, invitation, letter, lines, person, press, scene};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use sotto_control::model::{OfflineReason, Presence, WhisperMode};
use sotto_control::{
    AudioDeafen, AudioMute, AudioUnmute, MeetingJoin, MeetingLeave, MeetingSwitch, PresenceAway,
    TalkEveryone, TalkReplyTo, TalkToggle, TalkWhisper,
};

#[test]
fn keys_ask_for_what_they_say() {
    let mut screen = scene();
    assert_eq!(letter(&mut screen, 'm'), ask(AudioMute {}));
    screen.snapshot.status.muted = true;
    assert_eq!(letter(&mut screen, 'm'), ask(AudioUnmute {}));
    assert_eq!(letter(&mut screen, 'd'), ask(AudioDeafen {}));
    assert_eq!(letter(&mut screen, 't'), ask(TalkEveryone {}));
    assert_eq!(letter(&mut screen, ' '), ask(TalkToggle {}));
    assert_eq!(letter(&mut screen, 'r'), ask(TalkReplyTo::default()));
    assert_eq!(letter(&mut screen, 'a'), ask(PresenceAway {}));
    assert_eq!(letter(&mut screen, 'z'), []);
    assert_eq!(letter(&mut screen, 'q'), [Effect::Quit]);
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(screen.update(Input::Key(control_c)), [Effect::Quit]);
}

#[test]
fn enter_in_the_picker_latches_a_whisper_to_the_chosen() {
    let mut screen = scene();
    letter(&mut screen, 'w');
    letter(&mut screen, ' ');
    press(&mut screen, KeyCode::Down);
    letter(&mut screen, ' ');
    let all = lines(&screen, 100, 14).join("\n");
    assert!(
        all.contains("◉ Bao  online") && all.contains("◉ Chen  away"),
        "{all}"
    );
    let names = vec!["id-Bao".into(), "id-Chen".into()];
    let expected = TalkWhisper {
        names,
        mode: WhisperMode::Latch,
    };
    assert_eq!(press(&mut screen, KeyCode::Enter), ask(expected));
    assert_eq!(screen.picker, None);
}

#[test]
fn without_a_choice_the_one_under_the_cursor_is_meant() {
    let mut screen = scene();
    letter(&mut screen, 'w');
    press(&mut screen, KeyCode::Up);
    let expected = TalkWhisper {
        names: vec!["id-Chen".into()],
        ..TalkWhisper::default()
    };
    assert_eq!(press(&mut screen, KeyCode::Enter), ask(expected));
}

#[test]
fn somebody_chosen_who_has_gone_is_asked_for_nevertheless() {
    let mut screen = scene();
    letter(&mut screen, 'w');
    letter(&mut screen, ' ');
    screen.snapshot.meetings[0].participants[0].presence = Presence::offline(OfflineReason::Left);
    let expected = TalkWhisper {
        names: vec!["id-Bao".into()],
        ..TalkWhisper::default()
    };
    assert_eq!(press(&mut screen, KeyCode::Enter), ask(expected));
}

#[test]
fn a_reply_is_meant_for_those_who_are_shown() {
    let mut screen = scene();
    screen.snapshot.talk.reply_to = vec![person("Chen"), person("Bao")];
    let expected = TalkReplyTo {
        to: vec!["id-Chen".into(), "id-Bao".into()],
        ..TalkReplyTo::default()
    };
    assert_eq!(letter(&mut screen, 'r'), ask(expected));
}

#[test]
fn switching_joining_and_leaving_go_through_a_list_or_a_question() {
    let mut screen = scene();
    letter(&mut screen, 's');
    let expected = MeetingSwitch {
        meeting: "retro".into(),
    };
    assert_eq!(press(&mut screen, KeyCode::Enter), ask(expected));
    let join = |title: &str| {
        ask(MeetingJoin {
            meeting: Some(title.into()),
            muted: false,
        })
    };
    // One invitation needs no list.
    assert_eq!(letter(&mut screen, 'j'), join("design"));
    screen.snapshot.invitations.push(invitation("Lunch"));
    assert_eq!(letter(&mut screen, 'j'), []);
    letter(&mut screen, 'j');
    assert_eq!(press(&mut screen, KeyCode::Enter), join("lunch"));
    letter(&mut screen, 'l');
    assert_eq!(letter(&mut screen, 'n'), []);
    assert_eq!(screen.picker, None);
    letter(&mut screen, 'l');
    assert_eq!(letter(&mut screen, 'y'), ask(MeetingLeave::default()));
}

#[test]
fn a_list_with_nothing_in_it_does_not_open_but_says_why() {
    let mut screen = scene();
    screen.snapshot.invitations.clear();
    letter(&mut screen, 'j');
    assert_eq!(screen.picker, None);
    assert_eq!(
        screen.notices.back().unwrap().text,
        "there is no invitation"
    );
}

#[test]
fn the_cursor_stays_in_a_list_that_shrinks() {
    let mut screen = scene();
    letter(&mut screen, 'w');
    press(&mut screen, KeyCode::Down);
    screen.snapshot.meetings[0].participants.truncate(2);
    let picker = screen.picker.clone().unwrap();
    assert_eq!(picker.position(&screen.snapshot), Some(0));
    screen.snapshot.meetings.clear();
    assert_eq!(picker.position(&screen.snapshot), None);
    assert_eq!(press(&mut screen, KeyCode::Enter), []);
    assert!(matches!(picker, Picker::Whisper { .. }));
}
