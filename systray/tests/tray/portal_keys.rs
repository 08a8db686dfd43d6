//! Keys that the desktop portal gives.

use sotto_control::{KeyBackend, KeyReport, KeysReport, Request};

use super::fixture::{Daemon, Host, Portal, Session, in_a_meeting, portal};
use super::keys::{KEYS, key, report, reported, whispers_to_desk};

const PLASMA: [(&str, &str); 2] = [
    ("WAYLAND_DISPLAY", "wayland-0"),
    ("XDG_CURRENT_DESKTOP", "KDE"),
];

/// Those of [`KEYS`], as a portal is asked for them.
fn portal_keys() -> portal::Wanted {
    portal::Wanted::Keys(proposed())
}

fn proposed() -> Vec<(String, String)> {
    [
        ("talk", "CTRL+ALT+space"),
        ("mute", "CTRL+ALT+m"),
        ("whisper-desk", "CTRL+ALT+d"),
    ]
    .map(|(id, trigger)| (id.to_owned(), trigger.to_owned()))
    .to_vec()
}

#[tokio::test]
async fn a_key_of_the_portal_whispers_while_it_is_held() {
    let session = Session::start();
    session.configure(KEYS);
    let mut portal = Portal::start(&session, &[("mute", "Super+M")]).await;
    let mut daemon = Daemon::start(&session.places(), in_a_meeting());
    let _tray = session.tray_on(&[("WAYLAND_DISPLAY", "wayland-0")]);
    let id = portal::Wanted::Id("alt.sotto.Sotto".into());
    assert_eq!(portal.asked().await, id);
    // The one that it remembers too, for it forgets those that are not asked for.
    assert_eq!(portal.asked().await, portal_keys());
    let report = report(&session).await;
    assert_eq!(report.backend, KeyBackend::Portal);
    assert_eq!(
        key(&report, "hotkeys.mute").bound.as_deref(),
        Some("Super+M")
    );

    portal.strike_elsewhere("mute").await;
    portal.press("whisper-desk").await;
    let request = daemon.next_request().await;
    assert!(whispers_to_desk(&request), "{request:?}");
    // The keyboard's repetition, as some desktops pass it on.
    portal.press("whisper-desk").await;
    portal.release("whisper-desk").await;
    assert!(matches!(
        daemon.next_request().await,
        Request::TalkRelease(_)
    ));
}

#[tokio::test]
async fn changed_keys_are_asked_of_the_portal_in_a_new_session() {
    let session = Session::start();
    session.configure("[hotkeys]\nmute = \"Ctrl+Alt+M\"\n");
    let mut portal = Portal::start(&session, &[]).await;
    let mut daemon = Daemon::start(&session.places(), in_a_meeting());
    let tray = session.tray_on(&[("WAYLAND_DISPLAY", "wayland-0")]);
    let id = || portal::Wanted::Id("alt.sotto.Sotto".into());
    assert_eq!(portal.asked().await, id());
    let mute = || ("mute".to_owned(), "CTRL+ALT+m".to_owned());
    let desk = || ("whisper-desk".to_owned(), "CTRL+ALT+d".to_owned());
    assert_eq!(portal.asked().await, portal::Wanted::Keys(vec![mute()]));
    assert!(report(&session).await.dialog);
    session.configure("[hotkeys]\nmute = \"Ctrl+Alt+M\"\nwhisper.desk = \"Ctrl+Alt+D\"\n");
    assert_eq!(portal.asked().await, portal::Wanted::Closed);
    assert_eq!(portal.asked().await, id());
    // The one that the desktop knows too, for it forgets those that are not asked for.
    let keys = portal::Wanted::Keys(vec![mute(), desk()]);
    assert_eq!(portal.asked().await, keys);
    reported(&session, |report| report.keys.len() == 2).await;
    portal.press("whisper-desk").await;
    assert!(whispers_to_desk(&daemon.next_request().await));

    let panel = Host::of(&session, &tray).await;
    panel.ask_for("choose-keys").await;
    assert_eq!(portal.asked().await, portal::Wanted::Dialog);
    // Without keys there is nothing to ask for.
    session.configure("");
    assert_eq!(portal.asked().await, portal::Wanted::Closed);
    reported(&session, |report| report.keys.is_empty()).await;
}

#[tokio::test]
async fn plasma_is_not_asked_for_keys_that_it_knows() {
    let session = Session::start();
    session.configure(KEYS);
    // One of them without a trigger: the user has removed it.
    let known = [("talk", "F8"), ("mute", ""), ("whisper-desk", "F9")];
    let mut portal = Portal::start(&session, &known).await;
    let mut daemon = Daemon::start(&session.places(), in_a_meeting());
    let _tray = session.tray_on(&PLASMA);
    let id = portal::Wanted::Id("alt.sotto.Sotto".into());
    assert_eq!(portal.asked().await, id);
    let report = report(&session).await;
    assert_eq!(key(&report, "hotkeys.talk").bound.as_deref(), Some("F8"));
    assert_eq!(key(&report, "hotkeys.mute").bound, None);
    portal.press("whisper-desk").await;
    assert!(whispers_to_desk(&daemon.next_request().await));
    // Nothing between: no dialog at every login.
    session.configure("");
    assert_eq!(portal.asked().await, portal::Wanted::Closed);
}

#[tokio::test]
async fn plasma_5_is_told_of_the_keys_with_the_session_which_has_always_the_same_name() {
    let session = Session::start();
    session.configure(KEYS);
    let mut portal = Portal::of(&session, portal::Kind::Plasma5, &[]).await;
    let mut daemon = Daemon::start(&session.places(), in_a_meeting());
    let mut tray = session.tray_on(&PLASMA);
    for _ in 0..2 {
        let id = portal::Wanted::Id("alt.sotto.Sotto".into());
        assert_eq!(portal.asked().await, id);
        let opened = portal::Wanted::SessionWith("Sotto".into(), proposed());
        assert_eq!(portal.asked().await, opened);
        reported(&session, |report| {
            report.keys.iter().all(|key| key.bound.is_some())
        })
        .await;
        portal.press("whisper-desk").await;
        assert!(whispers_to_desk(&daemon.next_request().await));
        drop(tray);
        tray = session.tray_on(&PLASMA);
    }
}

#[tokio::test]
async fn keys_that_the_portal_tells_by_signal_or_with_a_failure_are_held() {
    for kind in [portal::Kind::BySignal, portal::Kind::Gnome48] {
        let session = Session::start();
        session.configure(KEYS);
        let mut portal = Portal::of(&session, kind, &[]).await;
        let _tray = session.tray_on(&[("WAYLAND_DISPLAY", "wayland-0")]);
        let id = portal::Wanted::Id("alt.sotto.Sotto".into());
        assert_eq!(portal.asked().await, id);
        assert_eq!(portal.asked().await, portal_keys());
        let held = |key: &KeyReport| key.bound.is_some();
        reported(&session, |it| {
            it.keys.len() == 3 && it.keys.iter().all(held)
        })
        .await;
    }
}

#[tokio::test]
async fn a_key_that_is_changed_in_the_desktops_settings_is_said() {
    let session = Session::start();
    session.configure("[hotkeys]\nmute = \"Ctrl+Alt+M\"\n");
    let portal = Portal::start(&session, &[("mute", "F8")]).await;
    let mut daemon = Daemon::start(&session.places(), in_a_meeting());
    let _tray = session.tray_on(&[("WAYLAND_DISPLAY", "wayland-0")]);
    let is = |key: &'static str| {
        move |report: &KeysReport| {
            report
                .keys
                .iter()
                .any(|it| it.bound.as_deref() == Some(key))
        }
    };
    reported(&session, is("F8")).await;
    portal.choose("mute", "Super+F7").await;
    reported(&session, is("Super+F7")).await;
    portal.press("mute").await;
    assert_eq!(daemon.next_request().await.method(), "audio.mute");
}

#[tokio::test]
async fn a_portal_that_ends_ends_the_whisper_in_nobody_and_is_asked_again() {
    let session = Session::start();
    session.configure(KEYS);
    let mut portal = Portal::start(&session, &[]).await;
    let mut daemon = Daemon::start(&session.places(), in_a_meeting());
    let _tray = session.tray_on(&[("WAYLAND_DISPLAY", "wayland-0")]);
    let id = || portal::Wanted::Id("alt.sotto.Sotto".into());
    assert_eq!(portal.asked().await, id());
    assert_eq!(portal.asked().await, portal_keys());
    report(&session).await;
    portal.press("whisper-desk").await;
    assert!(whispers_to_desk(&daemon.next_request().await));
    portal.end().await;
    reported(&session, |report| report.keys.is_empty()).await;
    // The connection that held the whisper has ended, and nobody has released it.
    assert!(daemon.requests.try_recv().is_err());

    let mut portal = Portal::start(&session, &[]).await;
    assert_eq!(portal.asked().await, id());
    assert_eq!(portal.asked().await, portal_keys());
    report(&session).await;
    portal.press("whisper-desk").await;
    assert!(whispers_to_desk(&daemon.next_request().await));
}

#[tokio::test]
async fn what_the_user_does_not_allow_is_said_and_takes_no_other_key_away() {
    let session = Session::start();
    session.configure(KEYS);
    let mut portal = Portal::of(&session, portal::Kind::Denied, &[("mute", "F9")]).await;
    let mut daemon = Daemon::start(&session.places(), in_a_meeting());
    let _tray = session.tray_on(&[("WAYLAND_DISPLAY", "wayland-0")]);
    let id = || portal::Wanted::Id("alt.sotto.Sotto".into());
    assert_eq!(portal.asked().await, id());
    assert_eq!(portal.asked().await, portal_keys());
    let report = reported(&session, |report| report.problem.is_some()).await;
    assert!(report.problem.unwrap().contains("not allowed"));

    let mute = portal::Wanted::Keys(vec![("mute".into(), "CTRL+ALT+m".into())]);
    session.configure("[hotkeys]\nmute = \"Ctrl+Alt+M\"\n");
    assert_eq!(portal.asked().await, id());
    assert_eq!(portal.asked().await, mute);
    reported(&session, |report| report.keys.len() == 1).await;
    session.configure(KEYS);
    assert_eq!(portal.asked().await, portal::Wanted::Closed);
    assert_eq!(portal.asked().await, id());
    assert_eq!(portal.asked().await, portal_keys());
    assert_eq!(portal.asked().await, id());
    assert_eq!(portal.asked().await, mute);
    let report = reported(&session, |report| report.keys.len() == 3).await;
    assert!(key(&report, "hotkeys.talk").problem.is_some());
    assert_eq!(key(&report, "hotkeys.mute").problem, None);
    portal.press("mute").await;
    assert_eq!(daemon.next_request().await.method(), "audio.mute");
}

#[tokio::test]
async fn a_desktop_without_the_portal_is_said_with_what_helps() {
    let session = Session::start();
    session.configure(KEYS);
    let _tray = session.tray_on(&[("WAYLAND_DISPLAY", "wayland-0")]);
    let report = report(&session).await;
    assert!(report.problem.is_some());
    assert!(report.hint.unwrap().contains("sotto hotkeys"));
}
