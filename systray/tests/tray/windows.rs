//! The window that the tray starts, and the second start of the tray.

use std::process::Stdio;

use super::fixture::{Daemon, Host, Session, Window, in_a_meeting};

#[tokio::test]
async fn the_first_line_of_the_menu_opens_the_window_and_a_window_that_runs_is_shown_again() {
    let session = Session::start();
    let _daemon = Daemon::start(&session.places(), in_a_meeting());
    let window = Window::stand_in(&session);
    let tray = session.tray_with(&window.options(), Stdio::inherit());
    let mut panel = Host::of(&session, &tray).await;
    panel.wait_for("Planning").await;
    let menu = panel.menu().await;
    assert_eq!(menu[0].1, "Open Sotto");
    panel.click("Open Sotto").await;
    assert_eq!(window.next_line().await, "started  token=");
    panel.click("Start a meeting…").await;
    assert_eq!(window.next_line().await, r#"{"show":{"page":"start"}}"#);
    panel.activate("token-2").await;
    assert_eq!(window.next_line().await, r#"{"show":{"token":"token-2"}}"#);
    panel.click("Quit Sotto").await;
    assert!(tray.exit().await.success());
}

#[tokio::test]
async fn a_click_on_the_icon_opens_the_window_with_leave_to_come_to_the_front() {
    let session = Session::start();
    let window = Window::stand_in(&session);
    let tray = session.tray_with(&window.options(), Stdio::inherit());
    let panel = Host::of(&session, &tray).await;
    panel.activate("token-1").await;
    assert_eq!(window.next_line().await, "started  token=token-1");
}

#[tokio::test]
async fn a_window_that_ends_badly_is_said_and_can_be_opened_again() {
    let session = Session::start();
    let _daemon = Daemon::start(&session.places(), in_a_meeting());
    let window = Window::stand_in(&session);
    let tray = session.tray_with(&window.options(), Stdio::inherit());
    let mut panel = Host::of(&session, &tray).await;
    panel.wait_for("Planning").await;
    // The stand-in fails at its settings.
    panel.click("Settings…").await;
    assert_eq!(window.next_line().await, "started  token=");
    assert_eq!(window.next_line().await, r#"{"show":{"page":"settings"}}"#);
    panel
        .wait_for(
            "⚠ the window has ended (exit status: 3); 'sotto-tray window' in a terminal says why, and 'sotto top' \
             does without it",
        )
        .await;
    panel.click("Open Sotto").await;
    assert_eq!(window.next_line().await, "started  token=");
}

#[tokio::test]
async fn a_second_start_opens_the_window_of_the_first_and_ends() {
    let session = Session::start();
    let window = Window::stand_in(&session);
    let tray = session.tray_with(&window.options(), Stdio::inherit());
    let _panel = Host::of(&session, &tray).await;
    assert!(session.run(&[]).await.success());
    assert_eq!(window.next_line().await, "started  token=");
    assert!(session.run(&["--open", "new-meeting"]).await.success());
    assert_eq!(window.next_line().await, r#"{"show":{"page":"start"}}"#);
}

#[tokio::test]
async fn the_window_opens_with_the_icon_if_that_is_wanted() {
    let session = Session::start();
    let window = Window::stand_in(&session);
    let mut options = window.options().to_vec();
    options.push("--open");
    let _tray = session.tray_with(&options, Stdio::inherit());
    assert_eq!(window.next_line().await, "started  token=");
}
