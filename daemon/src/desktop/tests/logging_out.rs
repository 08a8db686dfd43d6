//! Logins and logouts, told by a mocked logind.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::fixture::*;
use crate::desktop::DesktopSignal;
use crate::desktop::logins::NOW_AND_THEN;

const SESSION: &str = "org.freedesktop.login1.Session";

async fn told(signals: &mut mpsc::Receiver<DesktopSignal>) -> bool {
    match next(signals).await {
        DesktopSignal::LoggedIn => true,
        DesktopSignal::LoggedOut => false,
        other => panic!("expected a login or logout, got {other:?}"),
    }
}

/// Has the user's services run without any session.
async fn lingers(logind: &Logind) {
    let uid = crate::desktop::session::own_uid(&logind.bus).await.unwrap();
    call(
        &logind.bus,
        LOGIND,
        MAIN,
        MOCK,
        "AddUser",
        &(uid, "anna", false),
    )
    .await;
    let user = format!("/org/freedesktop/login1/user/{uid}");
    let interface = "org.freedesktop.login1.User";
    logind
        .set(&user, interface, "State", "lingering".into())
        .await;
}

#[tokio::test]
async fn the_end_of_the_last_session_at_this_machine_is_a_logout() {
    let mut bus = PrivateBus::started();
    let logind = bus.logind().await;
    let screen = logind.add_session("c1").await;
    let console = logind.add_session("c2").await;
    let remote = logind.add_session("c3").await;
    logind.set(&remote, SESSION, "Remote", true.into()).await;
    logind.set(&remote, SESSION, "Type", "tty".into()).await;
    let (_watch, mut signals) = bus.watch();
    logind.wait_for_inhibitors(1).await; // it listens
    logind.remove_session(&screen).await;
    // It looks at once, and twice more within this time.
    let told_early = timeout(Duration::from_millis(800), signals.recv()).await;
    assert!(told_early.is_err(), "one is left: {told_early:?}");
    logind.remove_session(&console).await;
    assert!(!told(&mut signals).await, "a remote login is nobody here");
    let again = logind.add_session("c4").await;
    logind.tell_session(&again).await;
    assert!(told(&mut signals).await);
}

#[tokio::test]
async fn a_session_that_is_closing_is_over_although_a_program_is_left_in_it() {
    let mut bus = PrivateBus::started();
    let logind = bus.logind().await;
    let screen = logind.add_session("c1").await;
    let (_watch, mut signals) = bus.watch();
    logind.wait_for_inhibitors(1).await;
    // The login screen comes to the front, of which logind tells; of what follows it does not.
    logind.set(&screen, SESSION, "Active", false.into()).await;
    logind.close_session(&screen).await;
    assert!(!told(&mut signals).await);
}

#[tokio::test]
async fn a_service_that_runs_before_any_login_knows_that_nobody_is_there() {
    let mut bus = PrivateBus::started();
    let logind = bus.logind().await;
    lingers(&logind).await;
    let (_watch, mut signals) = bus.watch();
    assert!(!told(&mut signals).await);
    let session = logind.add_session("c1").await;
    logind.tell_session(&session).await;
    assert!(told(&mut signals).await);
}

#[tokio::test]
async fn a_change_that_logind_only_writes_down_is_seen_at_once() {
    let mut bus = PrivateBus::started();
    let logind = bus.logind().await;
    lingers(&logind).await;
    let (_watch, mut signals) = bus.watch();
    assert!(!told(&mut signals).await);
    let begin = Instant::now();
    let session = logind.add_session("c1").await;
    bus.write_session_file("c1");
    assert!(told(&mut signals).await);
    logind.close_session(&session).await;
    bus.write_session_file("c1");
    assert!(!told(&mut signals).await);
    // Without the files it would look now and then.
    assert!(begin.elapsed() < NOW_AND_THEN);
}
