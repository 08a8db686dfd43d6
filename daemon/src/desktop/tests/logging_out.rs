//! Logins and logouts, told by a mocked logind.

use std::time::Duration;

use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::time::timeout;
use zbus::zvariant::OwnedValue;

use super::fixture::*;
use crate::desktop::DesktopSignal;
use crate::desktop::bus::signals;
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

/// Has the mock tell whenever it is asked for sessions.
async fn looks(logind: &Logind) -> zbus::MessageStream {
    let code = "ret = [(k.split('/')[-1], objects[k].Get('org.freedesktop.login1.Session', 'User')[0], 'anna', 'seat0', k) \
                for k in objects if '/session/' in k]";
    let manager = "org.freedesktop.login1.Manager";
    let method = (manager, "ListSessions", "", "a(susso)", code);
    call(&logind.bus, LOGIND, MAIN, MOCK, "AddMethod", &method).await;
    signals(&logind.bus, LOGIND, MOCK, "MethodCalled")
        .await
        .unwrap()
}

/// Waits for the next look.
async fn look(looks: &mut zbus::MessageStream) {
    loop {
        let message = looks.next().await.unwrap().unwrap();
        let (name, ..): (String, Vec<OwnedValue>) = message.body().deserialize().unwrap();
        if name == "ListSessions" {
            return;
        }
    }
}

#[tokio::test]
async fn a_change_that_logind_only_writes_down_is_seen_at_once() {
    let mut bus = PrivateBus::started();
    let logind = bus.logind().await;
    let screen = logind.add_session("c1").await;
    let mut looks = looks(&logind).await;
    let (_watch, mut signals) = bus.watch();
    timeout(DEADLINE, look(&mut looks)).await.unwrap();
    // Those that follow a signal are over when none has come for longer than their longest pause.
    let pause = NOW_AND_THEN * 2 / 5;
    while timeout(pause, look(&mut looks)).await.is_ok() {}
    logind.close_session(&screen).await;
    bus.write_session_file("c1");
    let told = timeout(NOW_AND_THEN / 2, told(&mut signals)).await;
    assert_eq!(told, Ok(false), "it is only seen now and then");
}
