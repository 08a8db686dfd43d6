//! A whisper that is held with a key.

use super::super::state::{Effect, Holding, Input, Refusal, Screen};
use super::{ask, event, letter, lines, scene, talk, whisper_to};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use sotto_control::model::{OfflineReason, Person, Presence, Severity, TalkTo, WhisperMode};
use sotto_control::{
    AbsentPerson, CallError, ControlError, ErrorCode, TalkAbandon, TalkRelease, TalkRenew,
    TalkWhisper,
};

fn holding() -> Screen {
    let mut screen = scene();
    letter(&mut screen, 'w');
    letter(&mut screen, 'h');
    event(&mut screen, talk(whisper_to("Bao", WhisperMode::Hold)));
    screen
}

#[test]
fn a_held_whisper_ends_with_the_next_key_but_not_with_its_own_repetition() {
    let mut screen = scene();
    letter(&mut screen, 'w');
    let expected = TalkWhisper {
        names: vec!["id-Bao".into()],
        mode: WhisperMode::Hold,
    };
    assert_eq!(letter(&mut screen, 'h'), ask(expected));
    let all = lines(&screen, 100, 12);
    assert!(
        all[11].contains("press any key but h to stop"),
        "{}",
        all[11]
    );
    assert_eq!(letter(&mut screen, 'h'), []);
    event(&mut screen, talk(whisper_to("Bao", WhisperMode::Hold)));
    assert_eq!(letter(&mut screen, 'h'), []);
    assert_eq!(letter(&mut screen, 'm'), ask(TalkRelease {}));
    assert_eq!(screen.holding, Holding::No);
}

#[test]
fn a_terminal_that_tells_releases_ends_a_held_whisper_with_the_key() {
    let mut screen = scene();
    screen.set_key_releases(true);
    letter(&mut screen, 'w');
    letter(&mut screen, 'h');
    let key = |kind| {
        Input::Key(KeyEvent::new_with_kind(
            KeyCode::Char('h'),
            KeyModifiers::NONE,
            kind,
        ))
    };
    assert_eq!(screen.update(key(KeyEventKind::Repeat)), []);
    assert_eq!(
        screen.update(key(KeyEventKind::Release)),
        ask(TalkRelease {})
    );
}

#[test]
fn a_held_whisper_is_renewed_every_second_once_the_daemon_knows_of_it() {
    let mut screen = scene();
    assert!(!screen.wants_seconds());
    letter(&mut screen, 'w');
    letter(&mut screen, 'h');
    assert!(screen.wants_seconds());
    assert_eq!(screen.update(Input::Second), []);
    event(&mut screen, talk(whisper_to("Bao", WhisperMode::Hold)));
    assert_eq!(screen.update(Input::Second), ask(TalkRenew {}));
    assert_eq!(letter(&mut screen, 'm'), ask(TalkRelease {}));
    assert_eq!(screen.update(Input::Second), []);
}

#[test]
fn a_held_whisper_that_another_program_has_covered_is_not_held_here() {
    let mut screen = holding();
    assert_eq!(screen.update(Input::NotHeld), []);
    assert_eq!(screen.holding, Holding::No);
    assert_eq!(
        screen.notices.back().unwrap().text,
        "the whisper was ended elsewhere"
    );
    // A renewal that crossed the release says nothing.
    let told = screen.notices.len();
    assert_eq!(screen.update(Input::NotHeld), []);
    assert_eq!(screen.notices.len(), told);
}

#[test]
fn a_window_that_loses_the_keyboard_cannot_tell_when_the_key_is_let_go() {
    let mut screen = holding();
    assert_eq!(
        screen.update(Input::FocusLost),
        [],
        "here any key ends it, and the next one is pressed here again"
    );
    let mut screen = holding();
    screen.set_key_releases(true);
    assert_eq!(screen.update(Input::FocusLost), ask(TalkAbandon {}));
    assert_eq!(screen.holding, Holding::No);
    assert_eq!(screen.update(Input::FocusLost), []);
}

#[test]
fn control_c_lets_go_of_a_held_whisper_before_the_program_ends() {
    let mut screen = holding();
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(
        screen.update(Input::Key(control_c)),
        [Effect::Ask(TalkRelease {}.into()), Effect::Quit]
    );
}

#[test]
fn control_z_lets_go_of_a_held_whisper_before_the_program_stops() {
    let mut screen = holding();
    let control_z = |kind| {
        let code = KeyCode::Char('z');
        Input::Key(KeyEvent::new_with_kind(code, KeyModifiers::CONTROL, kind))
    };
    assert_eq!(
        screen.update(control_z(KeyEventKind::Press)),
        [Effect::Ask(TalkRelease {}.into()), Effect::Suspend]
    );
    // Its release, if the terminal tells it.
    assert_eq!(screen.update(control_z(KeyEventKind::Release)), []);
    screen.update(Input::Lost);
    assert_eq!(
        screen.update(control_z(KeyEventKind::Press)),
        [Effect::Suspend]
    );
}

#[test]
fn a_held_whisper_that_the_daemon_ends_or_refuses_is_not_held() {
    let mut screen = scene();
    letter(&mut screen, 'w');
    letter(&mut screen, 'h');
    event(&mut screen, talk(whisper_to("Bao", WhisperMode::Hold)));
    event(&mut screen, talk(TalkTo::Nobody));
    assert_eq!(screen.holding, Holding::No);
    letter(&mut screen, 'w');
    letter(&mut screen, 'h');
    let absent = AbsentPerson {
        person: Person {
            label: "Bao".into(),
            ..Person::default()
        },
        presence: Presence::offline(OfflineReason::Phone),
    };
    let error = ControlError::new(ErrorCode::Absent, "Bao is not present")
        .with_absent(vec![absent])
        .with_hint("try again later");
    screen.update(Input::Refused(Refusal::of(&CallError::Refused(error))));
    assert_eq!(screen.holding, Holding::No);
    let told = screen.notices.back().unwrap();
    assert_eq!(told.severity, Severity::Warning);
    assert_eq!(told.text, "Bao is not present (Bao: offline, on the phone)");
    assert_eq!(told.hint.as_deref(), Some("try again later"));
    let ambiguous = ControlError::new(ErrorCode::Ambiguous, "\"em\" fits 2 colleagues")
        .with_candidates(vec!["Emil".into(), "Emilia".into()]);
    let refusal = Refusal::of(&CallError::Refused(ambiguous));
    assert_eq!(refusal.text, "\"em\" fits 2 colleagues (Emil, Emilia)");
}
