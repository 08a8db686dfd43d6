//! The desktop: a bus of the test's own, with and without what a desktop has on it.
//!
//! Needs `dbus-daemon` (Debian: `dbus-daemon`).

use std::process::Stdio;

use sotto_control::APP_ID;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use zbus::Connection;
use zbus::connection::Builder;

use crate::fixture::Diagnosis;
use crate::support::home::{Home, soon};

/// A bus, and a program that owns names on it.
pub(crate) struct Session {
    directory: TempDir,
    _bus: Child,
    _owner: Connection,
}

/// A panel's list of icons, which a panel shows.
struct Watcher;

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }
}

/// The part of a portal that gives programs keys.
struct Shortcuts;

#[zbus::interface(name = "org.freedesktop.portal.GlobalShortcuts")]
impl Shortcuts {
    #[zbus(property, name = "version")]
    fn version(&self) -> u32 {
        1
    }
}

impl Session {
    /// Starts a bus on which somebody owns these names.
    pub(crate) async fn start(names: &[&'static str]) -> Self {
        let directory = TempDir::new().unwrap();
        let address = address_in(&directory);
        let configuration = directory.path().join("bus.conf");
        // Without directories of services, nothing starts by itself.
        let text = format!(
            "<busconfig><type>session</type><listen>{address}</listen><policy context='default'>\
             <allow send_destination='*'/><allow eavesdrop='true'/><allow own='*'/></policy></busconfig>"
        );
        std::fs::write(&configuration, text).unwrap();
        let mut bus = Command::new("dbus-daemon")
            .args(["--nofork", "--print-address", "--config-file"])
            .arg(&configuration)
            .stdout(Stdio::piped())
            // It complains of not being root, or of being it.
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("dbus-daemon is needed for this test (Debian: dbus-daemon)");
        // It prints its address once it listens.
        let mut lines = BufReader::new(bus.stdout.take().unwrap()).lines();
        soon(lines.next_line()).await.unwrap().unwrap();
        let mut owner = Builder::address(address.as_str())
            .unwrap()
            .serve_at("/StatusNotifierWatcher", Watcher)
            .unwrap()
            .serve_at("/org/freedesktop/portal/desktop", Shortcuts)
            .unwrap();
        for &name in names {
            owner = owner.name(name).unwrap();
        }
        Self {
            _owner: soon(owner.build()).await.unwrap(),
            directory,
            _bus: bus,
        }
    }

    pub(crate) fn address(&self) -> String {
        address_in(&self.directory)
    }

    /// The script that makes a sandbox one of this session.
    fn on(&self, display: &str) -> String {
        format!(
            "export {display} DBUS_SESSION_BUS_ADDRESS='{}'",
            self.address()
        )
    }
}

fn address_in(directory: &TempDir) -> String {
    format!("unix:path={}", directory.path().join("bus").display())
}

const X11: &str = "DISPLAY=:0";
const WAYLAND: &str = "WAYLAND_DISPLAY=wayland-0";

#[tokio::test]
async fn a_session_without_a_bus_is_found() {
    let home = Home::with_daemon();
    // A dead address, and none at all.
    for script in [
        format!("export {X11} DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere"),
        format!("export {X11}\nunset DBUS_SESSION_BUS_ADDRESS\nmount -t tmpfs tmpfs /run"),
    ] {
        let found = Diagnosis::after(&home, &script).await;
        found.tells("session_bus", ("problem", "this session has no D-Bus"));
        found.tells("logind", ("note", "no logind"));
    }
}

#[tokio::test]
async fn a_bare_desktop_lacks_tray_and_notifications() {
    let home = Home::with_daemon();
    let bare = Session::start(&[]).await;
    let found = Diagnosis::after(&home, &bare.on(X11)).await;
    found.tells("tray", ("note", "sotto-tray does not run"));
    found.tells("tray_host", ("problem", "no panel of this desktop"));
    found.tells("notifications", ("problem", "shows notifications"));
    found.is_silent_about("session_bus");
    found.is_silent_about("keys");
}

#[tokio::test]
async fn a_bare_wayland_desktop_lacks_a_portal_and_sottos_own_file_as_well() {
    let home = Home::with_daemon();
    let bare = Session::start(&[]).await;
    // No desktop file of this machine is seen.
    let script = format!(
        "{}\nexport HOME=\"$SOTTO_HOME\" XDG_DATA_DIRS=/nowhere\nunset XDG_DATA_HOME",
        bare.on(WAYLAND)
    );
    let found = Diagnosis::after(&home, &script).await;
    found.tells("keys", ("note", "there is no desktop portal"));
    found.tells("app_id", ("note", "the desktop does not know Sotto"));
    let installed = format!(
        "mkdir -p \"$HOME/.local/share/applications\"
touch \"$HOME/.local/share/applications/{APP_ID}.desktop\""
    );
    let found = Diagnosis::after(&home, &format!("{script}\n{installed}")).await;
    found.is_silent_about("app_id");
}

#[tokio::test]
async fn a_whole_desktop_is_well() {
    let home = Home::with_daemon();
    let whole = Session::start(&[
        "org.kde.StatusNotifierWatcher",
        "org.freedesktop.Notifications",
        "org.freedesktop.portal.Desktop",
    ])
    .await;
    let found = Diagnosis::after(&home, &whole.on(WAYLAND)).await;
    found.tells("tray_host", ("fine", "a panel shows icons"));
    found.tells("notifications", ("fine", "notifications are shown"));
    found.tells("keys", ("fine", "gives programs keys"));
}
