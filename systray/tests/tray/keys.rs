//! Keys that work everywhere.

use std::time::Duration;

use sotto_control::model::WhisperMode;
use sotto_control::{KeyBackend, KeyReport, KeysReport, Request, TalkPress, keys_report};

use super::fixture::{DEADLINE, Daemon, Display, Host, Session, in_a_meeting};

const CTRL: u32 = 0xffe3;
const ALT: u32 = 0xffe9;
const SPACE: u32 = 0x20;
const D: u32 = 0x64;
const M: u32 = 0x6d;
const F9: u32 = 0xffc6;

pub(crate) const KEYS: &str =
    "[hotkeys]\ntalk = \"Ctrl+Alt+Space\"\nmute = \"Ctrl+Alt+M\"\nwhisper.desk = \"Ctrl+Alt+D\"\n";

/// Waits until what has come of the keys is as it should be.
pub(crate) async fn reported(session: &Session, is: impl Fn(&KeysReport) -> bool) -> KeysReport {
    let places = session.places();
    let waited = async {
        // Nobody tells when a file changes.
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        loop {
            looks.tick().await;
            if let Ok(Some(report)) = keys_report(&places)
                && is(&report)
            {
                return report;
            }
        }
    };
    tokio::time::timeout(DEADLINE, waited)
        .await
        .expect("no report of the keys in time")
}

pub(crate) async fn report(session: &Session) -> KeysReport {
    reported(session, |it| !it.keys.is_empty() || it.problem.is_some()).await
}

pub(crate) fn key<'a>(report: &'a KeysReport, setting: &str) -> &'a KeyReport {
    let mut keys = report.keys.iter();
    keys.find(|key| key.setting == setting).unwrap()
}

pub(crate) fn whispers_to_desk(request: &Request) -> bool {
    match request {
        Request::TalkWhisper(whisper) => {
            whisper.names == ["@desk"] && whisper.mode == WhisperMode::Hold
        }
        _ => false,
    }
}

#[tokio::test]
async fn keys_of_the_x_server_whisper_and_speak_while_they_are_held_and_mute() {
    let session = Session::start();
    session.configure(KEYS);
    let display = Display::start();
    let mut daemon = Daemon::start(&session.places(), in_a_meeting());
    let _tray = session.tray_on(&[("DISPLAY", &display.name)]);
    let report = report(&session).await;
    assert_eq!(report.backend, KeyBackend::X11);
    assert!(
        report.keys.iter().all(|key| key.bound.is_some()),
        "{report:?}"
    );

    for key in [CTRL, ALT, D] {
        display.press(key);
    }
    let request = daemon.next_request().await;
    assert!(whispers_to_desk(&request), "{request:?}");
    // What is held beside it may be let go first.
    for key in [CTRL, ALT, D] {
        display.release(key);
    }
    assert!(matches!(
        daemon.next_request().await,
        Request::TalkRelease(_)
    ));

    for key in [CTRL, ALT, SPACE] {
        display.press(key);
    }
    // Held by the connection, with which it ends.
    let press = TalkPress { lasting: false };
    assert_eq!(daemon.next_request().await, press.into());
    for key in [SPACE, ALT, CTRL] {
        display.release(key);
    }
    assert!(matches!(
        daemon.next_request().await,
        Request::TalkRelease(_)
    ));

    for (muted, expected) in [(false, "audio.mute"), (true, "audio.unmute")] {
        daemon.change(|snapshot| snapshot.status.muted = muted);
        for key in [CTRL, ALT, M] {
            display.press(key);
        }
        assert_eq!(daemon.next_request().await.method(), expected);
        for key in [M, ALT, CTRL] {
            display.release(key);
        }
    }
}

/// Without the key to speak, and with another to mute.
const OTHER_KEYS: &str = "[hotkeys]\nmute = \"F9\"\nwhisper.desk = \"Ctrl+Alt+D\"\n";

fn holds_the_other_keys(report: &KeysReport) -> bool {
    report.keys.len() == 2 && report.keys[0].bound.as_deref() == Some("F9")
}

#[tokio::test]
async fn changed_keys_of_the_x_server_hold_at_once() {
    let session = Session::start();
    session.configure(KEYS);
    let display = Display::start();
    let mut daemon = Daemon::start(&session.places(), in_a_meeting());
    let _tray = session.tray_on(&[("DISPLAY", &display.name)]);
    report(&session).await;
    session.configure(OTHER_KEYS);
    reported(&session, holds_the_other_keys).await;
    for key in [CTRL, ALT, M] {
        display.press(key);
    }
    for key in [M, ALT, CTRL] {
        display.release(key);
    }
    display.press(F9);
    display.release(F9);
    // What the old key did before would have come first.
    assert_eq!(daemon.next_request().await.method(), "audio.mute");
    daemon.change(|snapshot| snapshot.status.muted = true);
    display.press(F9);
    display.release(F9);
    assert_eq!(daemon.next_request().await.method(), "audio.unmute");

    session.configure("");
    reported(&session, |report| report.keys.is_empty()).await;
    session.configure(KEYS);
    report(&session).await;
    for key in [CTRL, ALT, M] {
        display.press(key);
    }
    assert_eq!(daemon.next_request().await.method(), "audio.unmute");
}

#[tokio::test]
async fn a_key_that_is_down_while_others_change_is_held_on_and_one_that_is_taken_away_ends_in_nobody()
 {
    let session = Session::start();
    session.configure(KEYS);
    let display = Display::start();
    let mut daemon = Daemon::start(&session.places(), in_a_meeting());
    let _tray = session.tray_on(&[("DISPLAY", &display.name)]);
    report(&session).await;
    let press = || {
        for key in [CTRL, ALT, D] {
            display.press(key);
        }
    };
    let release = || {
        for key in [D, ALT, CTRL] {
            display.release(key);
        }
    };
    press();
    assert!(whispers_to_desk(&daemon.next_request().await));
    session.configure(OTHER_KEYS);
    reported(&session, holds_the_other_keys).await;
    daemon.renewed().await;
    assert!(daemon.requests.try_recv().is_err());
    release();
    let request = daemon.next_request().await;
    assert!(matches!(request, Request::TalkRelease(_)), "{request:?}");

    press();
    assert!(whispers_to_desk(&daemon.next_request().await));
    session.configure("[hotkeys]\nmute = \"F9\"\n");
    reported(&session, |report| report.keys.len() == 1).await;
    release();
    display.press(F9);
    // Nobody has released it: its connection has ended, and with it the whisper in nobody.
    assert_eq!(daemon.next_request().await.method(), "audio.mute");
}

#[tokio::test]
async fn keys_do_nothing_while_one_is_chosen_in_the_window() {
    let session = Session::start();
    session.configure(OTHER_KEYS);
    let display = Display::start();
    let mut daemon = Daemon::start(&session.places(), in_a_meeting());
    let tray = session.tray_on(&[("DISPLAY", &display.name)]);
    let panel = Host::of(&session, &tray).await;
    report(&session).await;
    // Nobody tells when a key is given back, or taken again.
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    // With an end that is asked for, and with that of a window that has died and says no more.
    for end in [Some("keys-back"), None] {
        panel.ask_for("keys-aside").await;
        let given_back = async {
            while display.is_taken(F9) {
                looks.tick().await;
            }
        };
        tokio::time::timeout(DEADLINE, given_back).await.unwrap();
        // As long as they are aside, the report stands.
        assert!(holds_the_other_keys(&report(&session).await));
        assert!(daemon.requests.try_recv().is_err());
        if let Some(end) = end {
            panel.ask_for(end).await;
        }
        let pressed = async {
            loop {
                display.press(F9);
                display.release(F9);
                looks.tick().await;
                if let Ok(request) = daemon.requests.try_recv() {
                    return request;
                }
            }
        };
        let request = tokio::time::timeout(DEADLINE, pressed).await.unwrap();
        assert_eq!(request.method(), "audio.mute");
        // What was pressed meanwhile comes before what is pressed now.
        for key in [CTRL, ALT, D] {
            display.press(key);
        }
        for key in [CTRL, ALT, D] {
            display.release(key);
        }
        while !matches!(daemon.next_request().await, Request::TalkRelease(_)) {}
    }
}

#[tokio::test]
async fn a_mistake_changes_no_key_and_what_is_put_right_holds() {
    let session = Session::start();
    session.configure("[hotkeys]\nmute = \"Space\"\n");
    let display = Display::start();
    let mut daemon = Daemon::start(&session.places(), in_a_meeting());
    let _tray = session.tray_on(&[("DISPLAY", &display.name)]);
    assert!(report(&session).await.problem.is_some());
    session.configure(OTHER_KEYS);
    reported(&session, holds_the_other_keys).await;
    session.configure("[hotkeys]\nmute = \"Space\"\n");
    session.configure("[hotkeys]\nmute = \"F9\"\ntalk = \"Ctrl+Alt+Space\"\n");
    let talks = |key: &KeyReport| key.setting == "hotkeys.talk" && key.bound.is_some();
    reported(&session, |report| report.keys.iter().any(talks)).await;
    display.press(F9);
    assert_eq!(daemon.next_request().await.method(), "audio.mute");
}

#[tokio::test]
async fn a_key_that_another_program_has_is_said() {
    let session = Session::start();
    session.configure(KEYS);
    let display = Display::start();
    let other = Session::start();
    other.configure("[hotkeys]\nmute = \"Ctrl+Alt+M\"\n");
    let _first = other.tray_on(&[("DISPLAY", &display.name)]);
    assert!(report(&other).await.keys[0].bound.is_some());
    let _tray = session.tray_on(&[("DISPLAY", &display.name)]);
    let report = report(&session).await;
    assert_eq!(
        key(&report, "hotkeys.mute").problem.as_deref(),
        Some("Ctrl+Alt+M belongs to another program")
    );
    assert!(key(&report, "hotkeys.talk").bound.is_some());
}

#[tokio::test]
async fn a_display_that_goes_ends_the_whisper_in_nobody_and_is_said() {
    let session = Session::start();
    session.configure(KEYS);
    let mut display = Display::start();
    let mut daemon = Daemon::start(&session.places(), in_a_meeting());
    let _tray = session.tray_on(&[("DISPLAY", &display.name)]);
    report(&session).await;
    for key in [CTRL, ALT, D] {
        display.press(key);
    }
    assert!(whispers_to_desk(&daemon.next_request().await));
    display.end();
    let report = reported(&session, |it| it.problem.is_some()).await;
    assert!(report.keys.is_empty());
    // The connection that held the whisper has ended, and nobody has released it.
    assert!(daemon.requests.try_recv().is_err());
}

#[tokio::test]
async fn a_mistake_in_the_settings_is_said() {
    let session = Session::start();
    session.configure("[hotkeys]\nmute = \"Space\"\n");
    let _tray = session.tray_on(&[("DISPLAY", ":0")]);
    let report = report(&session).await;
    assert!(report.problem.unwrap().contains("hotkeys.mute"));
}
