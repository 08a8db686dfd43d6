//! What the daemon tells, and its end.

use super::super::state::Input;
use super::{ask, event, letter, lines, scene};
use sotto_control::model::{Notice, Severity};
use sotto_control::{AudioMute, Event};

#[test]
fn a_daemon_that_stops_is_shown_and_one_that_returns_is_followed() {
    let mut screen = scene();
    letter(&mut screen, 'w');
    screen.update(Input::Lost);
    assert_eq!(screen.picker, None);
    assert_eq!(letter(&mut screen, 'm'), []);
    let snapshot = scene().snapshot;
    screen.update(Input::Found(Box::new(snapshot)));
    assert!(screen.connected);
    assert_eq!(letter(&mut screen, 'm'), ask(AudioMute {}));
}

#[test]
fn what_happened_is_not_told_for_ever() {
    let mut screen = scene();
    let warning = Notice {
        severity: Severity::Warning,
        text: "meetings are not saved".into(),
        ..Notice::default()
    };
    screen.snapshot.status.warnings.push(warning);
    screen.update(Input::Found(Box::new(screen.snapshot.clone())));
    let notice = Notice {
        text: "your microphone is open".into(),
        ..Notice::default()
    };
    screen.update(Input::Event(Box::new(Event::Notice { notice })));
    assert_eq!(screen.notices.len(), 2);
    for _ in 0..11 {
        screen.update(Input::Second);
        assert_eq!(screen.notices.len(), 2);
    }
    screen.update(Input::Second);
    let told: Vec<&str> = screen.notices.iter().map(|one| one.text.as_str()).collect();
    // What the daemon's status warns of is still so.
    assert_eq!(told, ["meetings are not saved"]);
    assert!(!screen.wants_seconds());
}

#[test]
fn what_a_newer_daemon_says_is_shown_as_far_as_it_is_known() {
    let mut screen = scene();
    for json in [
        r#"{"event":"notice","notice":{"kind":"walk","severity":"critical","text":"Dara walks"}}"#,
        r#"{"event":"hologram","of":"Bao"}"#,
        r#"{"event":"talk","talk":{"to":{"audience":"telepathy"},"microphone_open":true}}"#,
    ] {
        event(&mut screen, serde_json::from_str(json).unwrap());
    }
    let participants = &mut screen.snapshot.meetings[0].participants;
    participants[1].presence =
        serde_json::from_str(r#"{"state":"offline","reason":"walk"}"#).unwrap();
    let shown = lines(&screen, 100, 20).join("\n");
    assert!(shown.contains("SPEAKING TO SOME"), "{shown}");
    assert!(
        shown.contains("Dara walks") && shown.contains("offline"),
        "{shown}"
    );
}
