//! The keys that work in every program, shown and changed without a pointer.

use sotto_control::{KeyBackend, KeyReport, KeysReport};

use super::*;
use crate::window::errand::Errand;
use crate::window::keys::Facts;
use crate::window::settings::Settings;

const FILE: &str =
    "[groups]\ndesk = []\n[hotkeys]\ntalk = \"Ctrl+Alt+Space\"\nwhisper.desk = \"F9\"\n";
const PRESS: &str = "Press the keys to use; Esc keeps the old one.";

/// A window whose settings are open.
fn settings(report: Option<KeysReport>) -> Harness<'static, Stage> {
    let mut harness = window_of(picture());
    let desk = &mut harness.state_mut().desk;
    desk.see_keys(Facts::of(FILE, report));
    desk.open_settings(Settings::read(FILE, "anna"));
    harness.run();
    harness
}

/// Goes to the control with this name, and presses Enter.
fn enter(harness: &mut Harness<'_, Stage>, name: &str) {
    harness.get_by_label(name).focus();
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
}

fn press(harness: &mut Harness<'_, Stage>, key: Key, modifiers: Modifiers) {
    for pressed in [true, false] {
        harness.event(Event::Key {
            key,
            physical_key: Some(key),
            pressed,
            repeat: false,
            modifiers,
        });
        harness.run();
    }
}

fn given(setting: &str, key: Option<&str>) -> Act {
    Act::Errand(Errand::Key {
        setting: setting.into(),
        key: key.map(str::to_owned),
    })
}

fn last(harness: &Harness<'_, Stage>) -> Option<Act> {
    harness.state().acts.last().cloned()
}

#[test]
fn a_key_is_chosen_by_pressing_it() {
    let mut harness = settings(None);
    enter(&mut harness, "Mute or unmute: choose a key");
    assert_eq!(
        harness.get_by_label(PRESS).accesskit_node().live(),
        Live::Polite
    );
    press(&mut harness, Key::M, Modifiers::CTRL | Modifiers::ALT);
    assert_eq!(
        last(&harness),
        Some(given("hotkeys.mute", Some("Ctrl+Alt+M")))
    );
    assert!(harness.query_by_label(PRESS).is_none());
    // Super is no modifier to the toolkit, and Ctrl+C a command.
    enter(
        &mut harness,
        "Whisper to desk while held: change the key F9",
    );
    harness.event(Event::Key {
        key: Key::SuperLeft,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::NONE,
    });
    press(&mut harness, Key::D, Modifiers::NONE);
    assert_eq!(
        last(&harness),
        Some(given("hotkeys.whisper.desk", Some("Super+D")))
    );
    enter(&mut harness, "Deafen or undeafen: choose a key");
    harness.event_modifiers(Event::Copy, Modifiers::CTRL | Modifiers::ALT);
    harness.run();
    assert_eq!(
        last(&harness),
        Some(given("hotkeys.deafen", Some("Ctrl+Alt+C")))
    );
}

#[test]
fn while_a_key_is_waited_for_no_key_does_anything_else() {
    let mut harness = settings(None);
    let change = "Speak while held: change the key Ctrl+Alt+Space";
    enter(&mut harness, change);
    for (key, why) in [
        (Key::Tab, "Tab alone could not be typed any more."),
        (Key::ArrowDown, "Down alone could not be typed any more."),
        (Key::Enter, "Enter alone could not be typed any more."),
        (Key::Space, "Space alone could not be typed any more."),
        (Key::ControlLeft, "Ctrl alone cannot be a key"),
        (Key::F9, "F9 is the key for “Whisper to desk” already."),
    ] {
        press(&mut harness, key, Modifiers::NONE);
        harness.get_by_label_contains(why);
        harness.get_by_label(PRESS);
    }
    let before = harness.state().acts.len();
    press(&mut harness, Key::Escape, Modifiers::NONE);
    assert!(harness.query_by_label(PRESS).is_none());
    assert!(harness.state().desk.is_covered(), "the settings stay open");
    assert_eq!(harness.state().acts.len(), before);
    assert!(harness.get_by_label(change).is_focused());
    press(&mut harness, Key::Escape, Modifiers::NONE);
    assert!(!harness.state().desk.is_covered());
}

#[test]
fn a_key_is_removed_and_the_old_one_kept_by_a_click() {
    let mut harness = settings(None);
    enter(&mut harness, "Whisper to desk while held: remove the key");
    assert_eq!(last(&harness), Some(given("hotkeys.whisper.desk", None)));
    let desk = &mut harness.state_mut().desk;
    desk.see_keys(Facts::of("", None));
    harness.run();
    assert!(harness.query_by_label_contains("remove the key").is_none());
    enter(&mut harness, "Speak while held: choose a key");
    harness.get_by_label("Keep the old one").click_accesskit();
    harness.run();
    assert!(harness.query_by_label(PRESS).is_none());
}

#[test]
fn what_has_come_of_keys_is_said_and_the_desktops_own_dialog_is_offered() {
    let mut harness = settings(None);
    harness.get_by_label_contains("start sotto-tray");
    assert!(harness.query_by_label("Choose in the desktop…").is_none());
    let told = |setting: &str, key: &str, bound: Option<&str>, problem: Option<&str>| KeyReport {
        setting: setting.into(),
        key: key.into(),
        bound: bound.map(str::to_owned),
        problem: problem.map(str::to_owned),
    };
    let problem = "the desktop has not given it a key";
    let report = KeysReport {
        backend: KeyBackend::Portal,
        keys: vec![
            told("hotkeys.talk", "Ctrl+Alt+Space", Some("Super+T"), None),
            told("hotkeys.whisper.desk", "F9", None, Some(problem)),
        ],
        dialog: true,
        ..KeysReport::default()
    };
    let desk = &mut harness.state_mut().desk;
    desk.see_keys(Facts::of(FILE, Some(report)));
    harness.run();
    harness.get_by_label("The desktop has given it Super+T.");
    harness.get_by_label("Not held: the desktop has not given it a key.");
    harness.get_by_label_contains("Your desktop decides which keys these are");
    assert!(
        harness
            .query_by_label_contains("start sotto-tray")
            .is_none()
    );
    enter(&mut harness, "Choose in the desktop…");
    assert_eq!(last(&harness), Some(Act::Errand(Errand::ChooseKeys)));
}
