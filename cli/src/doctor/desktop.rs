//! The desktop: the session's bus, the tray, notifications, and keys that work everywhere.

use std::ffi::OsString;

use sotto_control::{APP_ID, data_directories};

use super::bus::{Bus, PORTAL, WATCHER};
use super::finding::{Area, Finding, Help};
use super::machine::Machine;

const NOTIFICATIONS: &str = "org.freedesktop.Notifications";
const LOGIND: &str = "org.freedesktop.login1";

/// Judges the desktop, if there is one.
pub(super) fn judge(
    machine: &Machine,
    session: &Result<Bus, String>,
    system: &Result<Bus, String>,
) -> Vec<Finding> {
    let wayland = machine.variable("WAYLAND_DISPLAY").is_some();
    let shown = wayland || machine.variable("DISPLAY").is_some();
    let mut found = Vec::new();
    if !shown {
        found.push(Finding::note(
            Area::Desktop,
            "desktop",
            "there is no desktop here: icon, window, notifications and keys are not looked at",
        ));
    } else {
        match session {
            Err(error) => found.push(no_session_bus(error)),
            Ok(bus) => {
                found.push(tray_runs(bus));
                found.push(tray_host(machine, bus));
                found.push(notifications(bus));
                if wayland {
                    found.push(keys(bus));
                    found.extend(desktop_file(machine));
                }
            }
        }
    }
    found.extend(login(system));
    found
}

fn no_session_bus(error: &str) -> Finding {
    Finding::problem(
        Area::Desktop,
        "session_bus",
        format!("this session has no D-Bus: {error}"),
    )
    .because("there is no icon, and no invitation is shown")
    .helped_by(
        "log in through the system's login screen; in a bare session: dbus-run-session sotto-tray",
    )
}

fn tray_runs(bus: &Bus) -> Finding {
    if bus.owned.contains(APP_ID) {
        return Finding::fine(Area::Desktop, "tray", "sotto-tray runs");
    }
    Finding::note(Area::Desktop, "tray", "sotto-tray does not run")
        .because("there is no icon, and no invitation is shown")
        .helped_by(Help::command("sotto-tray"))
}

fn tray_host(machine: &Machine, bus: &Bus) -> Finding {
    if bus.owned.contains(WATCHER) && bus.has_tray_host {
        return Finding::fine(Area::Desktop, "tray_host", "a panel shows icons");
    }
    let desktop = machine
        .variable("XDG_CURRENT_DESKTOP")
        .unwrap_or_default()
        .to_lowercase();
    let help = if desktop.contains("gnome") {
        "install gnome-shell-extension-appindicator and switch it on; meanwhile: sotto-tray --open"
    } else if desktop.contains("sway") || desktop.contains("hyprland") {
        "start a bar with a tray, such as waybar; meanwhile: sotto-tray --open"
    } else {
        "add a tray (\"status notifier\", \"indicators\") to a panel; meanwhile: sotto-tray --open"
    };
    Finding::problem(
        Area::Desktop,
        "tray_host",
        "no panel of this desktop shows icons",
    )
    .because("sotto-tray cannot be seen; its window and notifications work all the same")
    .helped_by(help)
}

fn notifications(bus: &Bus) -> Finding {
    if bus.answers(NOTIFICATIONS) {
        return Finding::fine(Area::Desktop, "notifications", "notifications are shown");
    }
    Finding::problem(
        Area::Desktop,
        "notifications",
        "nothing on this desktop shows notifications",
    )
    .because("invitations are seen in the icon, the window and 'sotto invites' alone")
    .helped_by("start a notification server, such as dunst or mako")
}

fn keys(bus: &Bus) -> Finding {
    if bus.gives_keys {
        return Finding::fine(
            Area::Desktop,
            "keys",
            "the desktop portal gives programs keys",
        );
    }
    let what = if bus.answers(PORTAL) {
        "the desktop portal gives programs no keys"
    } else {
        "there is no desktop portal"
    };
    Finding::note(Area::Desktop, "keys", what)
        .because("keys that work everywhere must be set in the desktop's own settings")
        .helped_by(Help::command("sotto hotkeys"))
}

/// The file by which portals know a program.
fn desktop_file(machine: &Machine) -> Option<Finding> {
    let name = format!("applications/{APP_ID}.desktop");
    let places = data_directories(|name| machine.variable(name).map(OsString::from));
    if places.iter().any(|place| machine.exists(place.join(&name))) {
        return None;
    }
    let what = format!("the desktop does not know Sotto: {APP_ID}.desktop is not installed");
    Some(
        Finding::note(Area::Desktop, "app_id", what)
            .because("the portal refuses keys to programs that it does not know")
            .helped_by(Help::command("sotto-tray install")),
    )
}

fn login(system: &Result<Bus, String>) -> Option<Finding> {
    let known = system.as_ref().is_ok_and(|bus| bus.answers(LOGIND));
    (!known).then(|| {
        Finding::note(Area::Desktop, "logind", "there is no logind")
            .because("a locked screen, sleep and a logout are not noticed")
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::Weight;
    use super::*;

    fn bus(owned: &[&str]) -> Bus {
        Bus {
            owned: owned.iter().map(|&name| name.to_owned()).collect(),
            ..Bus::default()
        }
    }

    fn checks(found: &[Finding], weight: Weight) -> Vec<&'static str> {
        let of = found.iter().filter(|it| it.weight == weight);
        of.map(|it| it.check).collect()
    }

    #[test]
    fn a_bare_wayland_session_lacks_everything_and_each_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let machine = Machine::pretended(
            directory.path(),
            &[("WAYLAND_DISPLAY", "wayland-0"), ("HOME", "/home/anna")],
        );
        let found = judge(&machine, &Ok(bus(&[])), &Err("none".into()));
        assert_eq!(
            checks(&found, Weight::Problem),
            ["tray_host", "notifications"]
        );
        assert_eq!(
            checks(&found, Weight::Note),
            ["tray", "keys", "app_id", "logind"]
        );
    }

    #[test]
    fn a_whole_desktop_is_fine() {
        let directory = tempfile::tempdir().unwrap();
        let file = format!("/home/anna/.local/share/applications/{APP_ID}.desktop");
        let machine = Machine::pretended(
            directory.path(),
            &[("WAYLAND_DISPLAY", "wayland-0"), ("HOME", "/home/anna")],
        )
        .with(&file, "");
        let mut session = bus(&[APP_ID, WATCHER, NOTIFICATIONS, PORTAL]);
        session.has_tray_host = true;
        session.gives_keys = true;
        let found = judge(&machine, &Ok(session), &Ok(bus(&[LOGIND])));
        assert_eq!(checks(&found, Weight::Fine).len(), found.len(), "{found:?}");
    }

    #[test]
    fn gnome_is_told_of_its_extension_and_a_terminal_of_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let gnome = Machine::pretended(
            directory.path(),
            &[("DISPLAY", ":0"), ("XDG_CURRENT_DESKTOP", "ubuntu:GNOME")],
        );
        let help = tray_host(&gnome, &bus(&[])).help.unwrap();
        assert!(help.contains("appindicator"), "{help}");
        let bare = Machine::pretended(directory.path(), &[]);
        let found = judge(&bare, &Err("none".into()), &Ok(bus(&[LOGIND])));
        assert_eq!(checks(&found, Weight::Note), ["desktop"]);
        let x11 = Machine::pretended(directory.path(), &[("DISPLAY", ":0")]);
        let found = judge(&x11, &Err("none".into()), &Ok(bus(&[LOGIND])));
        assert_eq!(checks(&found, Weight::Problem), ["session_bus"]);
    }
}
