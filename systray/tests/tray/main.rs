//! The running program between a daemon that pretends and a panel that pretends.
//!
//! They need `dbus-daemon` (Debian: `dbus`), and neither a display nor a desktop.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // also outside #[test]: in the fixture

mod fixture;
mod installing;
mod keys;
mod notifications;
mod portal_keys;
mod starting;
mod window;
mod windows;

use std::process::Command;

use fixture::{Daemon, Host, Session, in_a_meeting, invitation};
use sotto_control::Request;
use sotto_control::model::{Levels, Snapshot};

#[tokio::test]
async fn the_menu_shows_the_meeting_and_mute_reaches_the_daemon() {
    let session = Session::start();
    let mut daemon = Daemon::start(&session.places(), in_a_meeting());
    let tray = session.tray();
    let mut panel = Host::of(&session, &tray).await;
    panel.wait_for("Planning").await;
    for label in [
        "3 inside",
        "Anna (you)",
        "Bao",
        "Mute",
        "Leave “Planning”",
        "Quit Sotto",
    ] {
        panel.wait_for(label).await;
    }
    let open = panel.icon().await;
    assert_eq!(
        panel.tooltip().await,
        ("Sotto: Planning".into(), "Anna (you)\nBao\nChen".into())
    );

    panel.click("Mute").await;
    assert!(matches!(daemon.next_request().await, Request::AudioMute(_)));
    daemon.change(|snapshot| {
        snapshot.status.muted = true;
        snapshot.talk.microphone_open = false;
    });
    panel.wait_for("Unmute").await;
    assert_ne!(
        panel.icon().await,
        open,
        "the icon shows that the microphone is closed"
    );

    panel.click("Unmute").await;
    assert!(matches!(
        daemon.next_request().await,
        Request::AudioUnmute(_)
    ));
    panel.click("Leave “Planning”").await;
    let Request::MeetingLeave(leave) = daemon.next_request().await else {
        panic!("expected meeting.leave")
    };
    assert_eq!(leave.meeting.as_deref(), Some("aa11"));
    daemon.change(|snapshot| *snapshot = Snapshot::default());
    panel.wait_for("Not in a meeting").await;
}

#[tokio::test]
async fn the_icon_shows_that_the_user_speaks_and_the_menu_is_not_built_anew() {
    let session = Session::start();
    let daemon = Daemon::start(&session.places(), in_a_meeting());
    let tray = session.tray();
    let mut panel = Host::of(&session, &tray).await;
    panel.wait_for("Planning").await;
    // With the numbers of its lines, by which a click is told.
    let menu = panel.menu().await;
    let silent = panel.icon().await;
    let speaks = |you_speak| Levels {
        microphone_dbfs: Some(-20.0),
        you_speak,
        ..Levels::default()
    };
    for (you_speak, looks_silent) in [(true, false), (false, true)] {
        daemon.levels(speaks(you_speak));
        panel
            .wait_until(async |it| (it.icon().await == silent) == looks_silent)
            .await;
        assert_eq!(panel.menu().await, menu);
    }
}

#[tokio::test]
async fn an_invitation_appears_by_itself_and_is_joined_or_declined_with_one_click() {
    let session = Session::start();
    let mut daemon = Daemon::start(&session.places(), Snapshot::default());
    let tray = session.tray();
    let mut panel = Host::of(&session, &tray).await;
    panel.wait_for("Not in a meeting").await;
    let calm = panel.icon().await;
    daemon.change(|snapshot| snapshot.invitations.push(invitation("Budget")));
    panel
        .wait_for("Dara invites you to “Budget” (1 inside)")
        .await;
    assert_ne!(panel.icon().await, calm, "the icon shows a dot");
    panel.click("Decline “Budget”").await;
    let Request::MeetingDecline(decline) = daemon.next_request().await else {
        panic!("expected meeting.decline")
    };
    assert_eq!(decline.meeting.as_deref(), Some("bb22"));
    panel.click("Join “Budget”").await;
    let Request::MeetingJoin(join) = daemon.next_request().await else {
        panic!("expected meeting.join")
    };
    assert_eq!(join.meeting.as_deref(), Some("bb22"));
}

#[tokio::test]
async fn quit_takes_the_user_offline_first_and_then_ends() {
    let session = Session::start();
    let mut daemon = Daemon::start(&session.places(), in_a_meeting());
    let tray = session.tray();
    let mut panel = Host::of(&session, &tray).await;
    panel.wait_for("Quit Sotto").await;
    panel.click("Quit Sotto").await;
    assert!(matches!(
        daemon.next_request().await,
        Request::DaemonQuit(_)
    ));
    assert!(tray.exit().await.success());
}

#[tokio::test]
async fn it_waits_for_a_daemon_and_finds_it_again_after_a_crash() {
    let session = Session::start();
    let tray = session.tray();
    let mut panel = Host::of(&session, &tray).await;
    panel
        .wait_for("the Sotto daemon is not running; start it with 'sotto start'")
        .await;
    let disconnected = panel.icon().await;
    let daemon = Daemon::start(&session.places(), Snapshot::default());
    panel.wait_for("Not in a meeting").await;
    assert_ne!(panel.icon().await, disconnected);
    daemon.crash().await;
    panel.wait_for("Not connected").await;
    assert_eq!(panel.icon().await, disconnected);
    let _daemon = Daemon::start(&session.places(), in_a_meeting());
    panel.wait_for("Planning").await;
}

#[tokio::test]
async fn without_a_daemon_quit_just_ends() {
    let session = Session::start();
    let tray = session.tray();
    let mut panel = Host::of(&session, &tray).await;
    panel.wait_for("Start Sotto").await;
    panel.click("Quit").await;
    assert!(tray.exit().await.success());
}

#[tokio::test]
async fn what_the_daemon_refuses_is_said_in_the_menu() {
    let session = Session::start();
    let mut daemon = Daemon::start(&session.places(), in_a_meeting());
    let tray = session.tray();
    let mut panel = Host::of(&session, &tray).await;
    panel.wait_for("Mute").await;
    daemon.refuse("the microphone is on fire", "call for help");
    panel.click("Mute").await;
    panel
        .wait_for("⚠ the microphone is on fire; call for help")
        .await;
    assert!(matches!(daemon.next_request().await, Request::AudioMute(_)));
}

#[tokio::test]
async fn names_are_text_and_never_markup() {
    let session = Session::start();
    let _daemon = Daemon::start(&session.places(), {
        let mut snapshot = in_a_meeting();
        snapshot.meetings[0].participants[1].person.label = "<img src='http://x/'>&lt;_".into();
        snapshot
    });
    let tray = session.tray();
    let mut panel = Host::of(&session, &tray).await;
    panel.wait_for("<img src='http://x/'>&lt;__").await; // underscores doubled: no access key
    let (_, text) = panel.tooltip().await;
    assert!(!text.contains(['<', '&']), "{text}");
}

#[tokio::test]
async fn it_ends_with_the_desktop_session() {
    let mut session = Session::start();
    let tray = session.tray();
    let _panel = Host::of(&session, &tray).await;
    session.end();
    assert!(!tray.exit().await.success());
}

#[tokio::test]
async fn every_icon_size_is_offered_with_four_bytes_a_pixel() {
    let session = Session::start();
    let tray = session.tray();
    let panel = Host::of(&session, &tray).await;
    let icon = panel.icon().await;
    let sizes: Vec<_> = icon.iter().map(|(width, ..)| *width).collect();
    assert_eq!(sizes, [16, 22, 24, 32, 48, 64]);
    for (width, height, pixels) in icon {
        assert_eq!(width, height);
        assert_eq!(pixels.len(), usize::try_from(width * height * 4).unwrap());
    }
}

#[tokio::test]
async fn the_icon_has_a_name_once_it_is_installed() {
    let session = Session::start();
    let name = async || {
        let tray = session.tray();
        let panel = Host::of(&session, &tray).await;
        String::try_from(panel.property("IconName").await).unwrap()
    };
    assert_eq!(name().await, "", "a panel would look for it in vain");
    assert!(session.run(&["install"]).await.success());
    let named = name().await;
    assert!(named.starts_with("alt.sotto.Sotto-"), "{named}");
}

#[test]
fn without_a_session_bus_it_says_what_helps() {
    let directory = tempfile::tempdir().unwrap();
    let nothing = format!("unix:path={}", directory.path().join("nothing").display());
    let output = Command::new(env!("CARGO_BIN_EXE_sotto-tray"))
        .env("DBUS_SESSION_BUS_ADDRESS", nothing)
        .env("SOTTO_HOME", directory.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains("no desktop session bus") && message.contains("sotto top"),
        "{message}"
    );
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn help_and_version_need_no_desktop() {
    for (argument, expected) in [
        ("--help", "SOTTO_HOME"),
        ("--version", env!("CARGO_PKG_VERSION")),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_sotto-tray"))
            .arg(argument)
            .output()
            .unwrap();
        assert!(output.status.success());
        assert!(String::from_utf8(output.stdout).unwrap().contains(expected));
    }
}
