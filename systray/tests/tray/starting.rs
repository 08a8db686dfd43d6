//! The daemon that is not there, and what a meeting's menu asks of the one that is.

use std::collections::HashMap;

use sotto_control::Request;
use sotto_control::model::{Meeting, Snapshot};

use zbus::zvariant::Value;

use super::fixture::{Daemon, Host, Session, Window, in_a_meeting};

/// A daemon that runs until the session's directory goes.
const RUNS: &str = "#!/bin/sh\nwhile [ -e \"$0\" ]; do sleep 0.1; done\n";

#[tokio::test]
async fn a_daemon_beside_the_tray_is_started_and_connected_to() {
    let session = Session::start();
    let tray = session.tray_beside(Some(RUNS));
    let mut panel = Host::of(&session, &tray).await;
    panel.wait_for("Start Sotto").await;
    panel.click("Start Sotto").await;
    panel.wait_for("Starting Sotto…").await;
    let _daemon = Daemon::start(&session.places(), Snapshot::default());
    panel.wait_for("Not in a meeting").await;
}

#[tokio::test]
async fn a_daemon_that_does_not_start_is_said_and_can_be_tried_again() {
    let session = Session::start();
    let tray = session.tray_beside(Some("#!/bin/sh\nexit 4\n"));
    let mut panel = Host::of(&session, &tray).await;
    panel.wait_for("Start Sotto").await;
    panel.click("Start Sotto").await;
    let program = session.directory.path().join("programs/sottod");
    let said = format!(
        "⚠ sottod has ended (exit status: 4); '{}' in a terminal says why",
        program.display()
    );
    panel.wait_for(&said).await;
    panel.wait_for("Start Sotto").await;
}

#[tokio::test]
async fn a_daemon_that_is_not_installed_is_said() {
    let session = Session::start();
    let tray = session.tray_beside(None);
    let mut panel = Host::of(&session, &tray).await;
    panel.wait_for("Start Sotto").await;
    panel.click("Start Sotto").await;
    panel
        .wait_for(
            "⚠ there is no sottod beside this program, nor in PATH; install it, or start it by hand",
        )
        .await;
}

#[tokio::test]
async fn a_launcher_starts_it_over_the_bus_and_raises_its_window_with_leave_to_come_to_the_front() {
    let session = Session::start();
    let window = Window::stand_in(&session);
    assert!(session.run(&["install"]).await.success());
    // As it is installed, but for the window.
    let service = session
        .directory
        .path()
        .join("data/dbus-1/services/alt.sotto.Sotto.service");
    let installed = std::fs::read_to_string(&service).unwrap();
    let options = window.options().join(" ");
    std::fs::write(&service, format!("{} {options}\n", installed.trim_end())).unwrap();
    let bus = session.connect().await;
    let launch = async |method: &str, action: &[&str], token: &str| {
        let platform = HashMap::from([("activation-token", Value::from(token))]);
        let (name, path) = ("alt.sotto.Sotto", "/alt/sotto/Sotto");
        let interface = Some("org.freedesktop.Application");
        let called = match action {
            [action] => {
                let body = (*action, Vec::<Value<'_>>::new(), platform);
                bus.call_method(Some(name), path, interface, method, &body)
                    .await
            }
            _ => {
                bus.call_method(Some(name), path, interface, method, &(platform,))
                    .await
            }
        };
        called.unwrap();
    };
    launch("Activate", &[], "token-1").await;
    assert_eq!(window.next_line().await, "started  token=token-1");
    launch("ActivateAction", &["settings"], "token-2").await;
    let told = r#"{"show":{"page":"settings","token":"token-2"}}"#;
    assert_eq!(window.next_line().await, told);
}

#[tokio::test]
async fn other_meetings_are_switched_to_and_the_user_can_be_away_deafened_or_on_the_phone() {
    let session = Session::start();
    let mut daemon = Daemon::start(&session.places(), {
        let mut snapshot = in_a_meeting();
        snapshot.meetings.push(Meeting {
            id: "cc33".into(),
            title: "Retro".into(),
            ..Meeting::default()
        });
        snapshot
    });
    let tray = session.tray();
    let mut panel = Host::of(&session, &tray).await;
    panel.wait_for("Switch to “Retro”").await;
    panel.click("Switch to “Retro”").await;
    let Request::MeetingSwitch(switch) = daemon.next_request().await else {
        panic!("expected meeting.switch")
    };
    assert_eq!(switch.meeting, "cc33");
    panel.click("Deafen").await;
    assert!(matches!(
        daemon.next_request().await,
        Request::AudioDeafen(_)
    ));
    panel.click("I am away").await;
    assert!(matches!(
        daemon.next_request().await,
        Request::PresenceAway(_)
    ));
    panel.click("I am on the phone").await;
    assert!(matches!(
        daemon.next_request().await,
        Request::PresencePhone(_)
    ));
}
