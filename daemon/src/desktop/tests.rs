//! Against mocked logind, ModemManager, oFono, Mutter and ScreenSaver on private buses.
//!
//! They need `dbus-daemon` and python-dbusmock (Debian: `dbus`, `python3-dbusmock`).

mod fixture;
mod logging_out;

use std::time::Duration;

use tokio::time::timeout;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, Value};

use super::knowledge::Knowledge;
use super::*;
use fixture::*;

#[tokio::test]
async fn a_screen_locked_before_the_start_is_seen_and_so_is_unlocking() {
    let mut bus = PrivateBus::started();
    let logind = bus.logind().await;
    let session = logind.add_session("c1").await;
    logind.set_hint(&session, "LockedHint", true).await;
    let (_watch, mut signals) = bus.watch();
    expect_session(&mut signals, SessionState::Locked).await;
    logind.set_hint(&session, "LockedHint", false).await;
    expect_session(&mut signals, SessionState::Active).await;
    // Desktops that keep no hint still send the signals.
    logind.lock(&session, true).await;
    expect_session(&mut signals, SessionState::Locked).await;
    logind.lock(&session, false).await;
    expect_session(&mut signals, SessionState::Active).await;
}

#[tokio::test]
async fn a_locked_screen_outranks_idleness() {
    let mut bus = PrivateBus::started();
    let logind = bus.logind().await;
    let session = logind.add_session("c1").await;
    logind.set_hint(&session, "IdleHint", true).await;
    let (_watch, mut signals) = bus.watch();
    expect_session(&mut signals, SessionState::Idle).await;
    logind.set_hint(&session, "LockedHint", true).await;
    expect_session(&mut signals, SessionState::Locked).await;
    logind.set_hint(&session, "IdleHint", false).await;
    logind.set_hint(&session, "LockedHint", false).await;
    expect_session(&mut signals, SessionState::Active).await;
}

#[tokio::test]
async fn another_session_of_the_machine_does_not_matter() {
    let mut bus = PrivateBus::started();
    let logind = bus.logind().await;
    let own = logind.add_session("c1").await;
    let other = logind.add_session("c2").await;
    logind.set_hint(&own, "IdleHint", true).await;
    let (_watch, mut signals) = bus.watch();
    expect_session(&mut signals, SessionState::Idle).await;
    logind.lock(&other, true).await;
    logind.set_hint(&other, "LockedHint", true).await;
    logind.set_hint(&own, "IdleHint", false).await;
    expect_session(&mut signals, SessionState::Active).await;
}

#[tokio::test]
async fn a_service_without_a_session_follows_the_users_graphical_one_as_it_comes_and_goes() {
    let mut bus = PrivateBus::started();
    let logind = bus.logind().await;
    let (_watch, mut signals) = watch(DesktopOptions {
        system_bus: BusAddress::At(bus.address()),
        session_bus: BusAddress::Absent,
        session_id: None,
        session_files: None,
        idle_after: Some(Duration::from_secs(600)),
        look_every: LOOK_EVERY,
    });
    logind.wait_for_inhibitors(1).await;
    let session = logind.add_session("c7").await;
    logind.set_hint(&session, "LockedHint", true).await;
    let uid = super::session::own_uid(&logind.bus).await.unwrap();
    let user = format!("/org/freedesktop/login1/user/{uid}");
    let path = ObjectPath::try_from(session.as_str()).unwrap();
    logind
        .set(
            &user,
            "org.freedesktop.login1.User",
            "Display",
            ("c7", &path).into(),
        )
        .await;
    logind
        .emit("SessionNew", "so", vec!["c7".into(), path.clone().into()])
        .await;
    expect_session(&mut signals, SessionState::Locked).await;
    let nothing = ObjectPath::try_from("/").unwrap();
    logind
        .set(
            &user,
            "org.freedesktop.login1.User",
            "Display",
            ("", &nothing).into(),
        )
        .await;
    logind
        .emit("SessionRemoved", "so", vec!["c7".into(), path.into()])
        .await;
    expect_session(&mut signals, SessionState::Active).await;
}

#[tokio::test]
async fn suspend_waits_for_the_guard_and_the_next_one_will_too() {
    let mut bus = PrivateBus::started();
    let logind = bus.logind().await;
    let (_watch, mut signals) = bus.watch();
    logind.wait_for_inhibitors(1).await;
    let (what, who, _, mode, ..) = logind.inhibitors().await.remove(0);
    assert_eq!(
        (what.as_str(), who.as_str(), mode.as_str()),
        ("sleep", "Sotto", "delay")
    );
    for _ in 0..2 {
        logind.emit("PrepareForSleep", "b", vec![true.into()]).await;
        let DesktopSignal::Suspend(guard) = next(&mut signals).await else {
            panic!("expected Suspend")
        };
        assert_eq!(
            logind.inhibitors().await.len(),
            1,
            "sleep must wait while the guard is held"
        );
        drop(guard);
        logind.wait_for_inhibitors(0).await;
        logind
            .emit("PrepareForSleep", "b", vec![false.into()])
            .await;
        assert!(matches!(next(&mut signals).await, DesktopSignal::Resume));
        logind.wait_for_inhibitors(1).await;
    }
}

#[tokio::test]
async fn a_ringing_phone_is_not_a_call_but_an_answered_or_dialled_one_is() {
    let mut bus = PrivateBus::started();
    let modem_manager = bus.modem_manager().await;
    let call = modem_manager.add_call(1, 4).await;
    modem_manager.add_modem(&[&call]).await;
    let (_watch, mut signals) = bus.watch();
    expect_call(&mut signals, true).await; // it was under way before the start
    modem_manager.change(&call, 4, 7).await;
    expect_call(&mut signals, false).await;

    // Rang and was not answered: nothing. Were ringing a call, the next two would come out of step.
    let missed = modem_manager.add_call(2, 3).await;
    modem_manager.change(&missed, 0, 3).await;
    modem_manager.change(&missed, 3, 7).await;
    let answered = modem_manager.add_call(3, 3).await;
    modem_manager.change(&answered, 0, 3).await;
    modem_manager.change(&answered, 3, 4).await;
    expect_call(&mut signals, true).await;
    modem_manager.change(&answered, 4, 5).await; // on hold
    modem_manager.change(&answered, 5, 7).await;
    expect_call(&mut signals, false).await;

    let dialled = modem_manager.add_call(4, 1).await;
    let path = OwnedObjectPath::try_from(dialled.as_str()).unwrap();
    let voice = ModemManager::VOICE;
    modem_manager
        .emit(
            ModemManager::MODEM,
            voice,
            "CallAdded",
            "o",
            vec![Value::from(path.clone())],
        )
        .await;
    expect_call(&mut signals, true).await;
    modem_manager
        .emit(
            ModemManager::MODEM,
            voice,
            "CallDeleted",
            "o",
            vec![Value::from(path)],
        )
        .await;
    expect_call(&mut signals, false).await;
}

#[tokio::test]
async fn a_call_ends_with_the_modem_manager() {
    let mut bus = PrivateBus::started();
    let modem_manager = bus.modem_manager().await;
    let call = modem_manager.add_call(1, 4).await;
    modem_manager.add_modem(&[&call]).await;
    let (_watch, mut signals) = bus.watch();
    expect_call(&mut signals, true).await;
    let mut mock = bus.children.pop().unwrap();
    mock.kill().unwrap();
    mock.wait().unwrap();
    expect_call(&mut signals, false).await;
}

#[tokio::test]
async fn a_bus_that_dies_and_returns_is_followed_again_and_a_locked_screen_stays_locked_meanwhile()
{
    let mut bus = PrivateBus::started();
    let logind = bus.logind().await;
    let session = logind.add_session("c1").await;
    logind.set_hint(&session, "LockedHint", true).await;
    let (_watch, mut signals) = bus.watch();
    expect_session(&mut signals, SessionState::Locked).await;

    bus.stop();
    bus.start();
    let logind = bus.logind().await;
    let session = logind.add_session("c1").await;
    logind.set_hint(&session, "LockedHint", true).await;
    logind
        .emit(
            "SessionNew",
            "so",
            vec![
                "c1".into(),
                ObjectPath::try_from(session.as_str()).unwrap().into(),
            ],
        )
        .await;
    logind.wait_for_inhibitors(1).await; // it is back
    logind.set_hint(&session, "LockedHint", false).await;
    // Were the loss of the bus taken for unlocking, there would be one more change before the last.
    expect_session(&mut signals, SessionState::Active).await;
    logind.set_hint(&session, "IdleHint", true).await;
    expect_session(&mut signals, SessionState::Idle).await;
}

#[tokio::test]
async fn a_bus_that_appears_later_is_found() {
    let mut bus = PrivateBus::planned();
    let (_watch, mut signals) = bus.watch();
    bus.start();
    let logind = bus.logind().await;
    let session = logind.add_session("c1").await;
    logind.set_hint(&session, "IdleHint", true).await;
    logind
        .emit(
            "SessionNew",
            "so",
            vec![
                "c1".into(),
                ObjectPath::try_from(session.as_str()).unwrap().into(),
            ],
        )
        .await;
    expect_session(&mut signals, SessionState::Idle).await;
}

#[tokio::test]
async fn a_known_idle_time_is_measured_against_our_own_setting() {
    let mut bus = PrivateBus::started();
    let path = "/org/gnome/Mutter/IdleMonitor/Core";
    let mock = bus.mock(MUTTER, &[MUTTER, path, MUTTER]).await;
    let answer = async |milliseconds: u32| {
        let code = format!("ret = {milliseconds}");
        let arguments = (MUTTER, "GetIdletime", "", "t", code.as_str());
        call(&mock, MUTTER, path, MOCK, "AddMethod", &arguments).await;
    };
    answer(60_000).await;
    let (_watch, mut signals) = watch(DesktopOptions {
        system_bus: BusAddress::Absent,
        session_bus: BusAddress::At(bus.address()),
        session_id: None,
        session_files: None,
        idle_after: Some(Duration::from_secs(60)),
        look_every: LOOK_EVERY,
    });
    expect_session(&mut signals, SessionState::Idle).await;
    answer(10).await;
    expect_session(&mut signals, SessionState::Active).await;
}

#[tokio::test]
async fn the_idle_time_is_changed_while_it_is_watched() {
    let mut bus = PrivateBus::started();
    let logind = bus.logind().await;
    let session = logind.add_session("c1").await;
    logind.set_hint(&session, "IdleHint", true).await;
    let (watch, mut signals) = bus.watch();
    expect_session(&mut signals, SessionState::Idle).await;
    watch.set_idle_after(None);
    expect_session(&mut signals, SessionState::Active).await;
    logind.set_hint(&session, "LockedHint", true).await;
    expect_session(&mut signals, SessionState::Locked).await;
    logind.set_hint(&session, "LockedHint", false).await;
    expect_session(&mut signals, SessionState::Active).await;
    watch.set_idle_after(Some(Duration::from_secs(30)));
    expect_session(&mut signals, SessionState::Idle).await;
}

/// Desktops differ in the unit of the idle time that they tell.
#[tokio::test]
async fn a_screen_saver_tells_the_idle_time_in_seconds_or_in_milliseconds() {
    const MILLISECONDS: &str = "import time; ret = 61000 + int(time.monotonic() * 1000)";
    for (idle, active) in [("ret = 90", "ret = 0"), (MILLISECONDS, "ret = 10")] {
        let mut bus = PrivateBus::started();
        let path = "/org/freedesktop/ScreenSaver";
        let mock = bus
            .mock(SCREEN_SAVER, &[SCREEN_SAVER, path, SCREEN_SAVER])
            .await;
        let answer = async |code: &str| {
            let arguments = (SCREEN_SAVER, "GetSessionIdleTime", "", "u", code);
            call(&mock, SCREEN_SAVER, path, MOCK, "AddMethod", &arguments).await;
        };
        answer(idle).await;
        let (_watch, mut signals) = watch(DesktopOptions {
            system_bus: BusAddress::Absent,
            session_bus: BusAddress::At(bus.address()),
            session_id: None,
            session_files: None,
            idle_after: Some(Duration::from_secs(60)),
            look_every: Duration::from_millis(50),
        });
        expect_session(&mut signals, SessionState::Idle).await;
        answer(active).await;
        expect_session(&mut signals, SessionState::Active).await;
    }
}

#[tokio::test]
async fn a_screen_saver_of_any_desktop_is_told_when_it_comes_on() {
    const XFCE: &str = "org.xfce.ScreenSaver";
    for (saver, path) in [
        (SCREEN_SAVER, "/ScreenSaver"),
        (XFCE, "/org/xfce/ScreenSaver"),
    ] {
        let mut bus = PrivateBus::started();
        let mock = bus.mock(saver, &[saver, path, saver]).await;
        let comes_on = async |active: bool| {
            let values: Vec<Value<'_>> = vec![active.into()];
            let arguments = (saver, "ActiveChanged", "b", values);
            call(&mock, saver, path, MOCK, "EmitSignal", &arguments).await;
        };
        let (_watch, mut signals) = watch(DesktopOptions {
            system_bus: BusAddress::Absent,
            session_bus: BusAddress::At(bus.address()),
            session_id: None,
            session_files: None,
            idle_after: None,
            look_every: LOOK_EVERY,
        });
        // It is told as soon as the watch has found the bus.
        let told = timeout(DEADLINE, async {
            loop {
                comes_on(false).await;
                comes_on(true).await;
                let soon = Duration::from_millis(100);
                if let Ok(signal) = timeout(soon, signals.recv()).await {
                    return signal;
                }
            }
        });
        let told = told.await.expect("no signal in time");
        assert!(matches!(told, Some(DesktopSignal::ScreenSaver)), "{told:?}");
    }
}

#[tokio::test]
async fn ofono_tells_of_calls_too_and_ringing_is_none() {
    let mut bus = PrivateBus::started();
    let ofono = bus.ofono().await;
    let first = ofono.dial().await;
    let (_watch, mut signals) = bus.watch();
    expect_call(&mut signals, true).await; // it was under way before the start
    ofono.state(&first, "active").await;
    ofono.state(&first, "disconnected").await;
    ofono.removed(&first).await;
    expect_call(&mut signals, false).await;

    // Rang and was not answered: nothing. Were ringing a call, the next two would come out of step.
    let missed = ofono.added(2, "incoming").await;
    ofono.state(&missed, "disconnected").await;
    ofono.removed(&missed).await;
    let answered = ofono.added(3, "incoming").await;
    ofono.state(&answered, "active").await;
    expect_call(&mut signals, true).await;
    ofono.state(&answered, "held").await;
    ofono.removed(&answered).await;
    expect_call(&mut signals, false).await;
}

#[tokio::test]
async fn a_call_that_both_telephone_services_see_ends_with_the_last() {
    let mut bus = PrivateBus::started();
    let modem_manager = bus.modem_manager().await;
    let call = modem_manager.add_call(1, 4).await;
    modem_manager.add_modem(&[&call]).await;
    let ofono = bus.ofono().await;
    let dialled = ofono.dial().await;
    let (_watch, mut signals) = bus.watch();
    expect_call(&mut signals, true).await;
    ofono.removed(&dialled).await;
    modem_manager.change(&call, 4, 7).await;
    expect_call(&mut signals, false).await;
}

#[tokio::test]
async fn dropping_the_watch_ends_it() {
    let (watch, mut signals) = watch(DesktopOptions {
        system_bus: BusAddress::At("unix:path=/nonexistent/bus".into()),
        session_bus: BusAddress::At("not an address".into()),
        session_id: None,
        session_files: None,
        idle_after: Some(Duration::from_secs(600)),
        look_every: LOOK_EVERY,
    });
    drop(watch);
    assert!(
        timeout(DEADLINE, signals.recv())
            .await
            .expect("the tasks did not end")
            .is_none()
    );
}

#[test]
fn an_idle_time_overrules_the_hint_and_a_lock_overrules_both() {
    let known = |locked, idle_hint, idle_by_time| {
        Knowledge {
            locked,
            idle_hint,
            idle_by_time,
        }
        .state(true)
    };
    assert_eq!(known(false, false, None), SessionState::Active);
    assert_eq!(known(false, true, None), SessionState::Idle);
    assert_eq!(known(false, true, Some(false)), SessionState::Active);
    assert_eq!(known(false, false, Some(true)), SessionState::Idle);
    assert_eq!(known(true, false, Some(false)), SessionState::Locked);
    let never = |locked| {
        Knowledge {
            locked,
            idle_hint: true,
            idle_by_time: Some(true),
        }
        .state(false)
    };
    assert_eq!(never(false), SessionState::Active);
    assert_eq!(never(true), SessionState::Locked);
}
