//! Message buses of our own with mocked services on them.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use zbus::zvariant::{ObjectPath, Value};
use zbus::{Connection, connection};

use super::super::bus::Presence;
use super::super::*;

pub(super) const DEADLINE: Duration = Duration::from_secs(20);
pub(super) const LOGIND: &str = "org.freedesktop.login1";
const MODEM_MANAGER: &str = "org.freedesktop.ModemManager1";
pub(super) const MUTTER: &str = "org.gnome.Mutter.IdleMonitor";
pub(super) const SCREEN_SAVER: &str = "org.freedesktop.ScreenSaver";
const OFONO: &str = "org.ofono";
pub(super) const MOCK: &str = "org.freedesktop.DBus.Mock";

/// A message bus of our own, without anything that it could start by itself.
pub(super) struct PrivateBus {
    directory: tempfile::TempDir,
    pub(super) children: Vec<Child>,
}

impl PrivateBus {
    pub(super) fn planned() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("sessions")).unwrap();
        Self {
            directory,
            children: Vec::new(),
        }
    }

    pub(super) fn started() -> Self {
        let mut bus = Self::planned();
        bus.start();
        bus
    }

    pub(super) fn address(&self) -> String {
        format!("unix:path={}", self.socket().display())
    }

    pub(super) fn socket(&self) -> std::path::PathBuf {
        self.directory.path().join("bus")
    }

    /// Returns the folder of a mocked logind's files of sessions.
    pub(super) fn session_files(&self) -> PathBuf {
        self.directory.path().join("sessions")
    }

    /// Writes a session's file as logind does.
    pub(super) fn write_session_file(&self, name: &str) {
        let (files, file) = (self.session_files(), self.directory.path().join(name));
        std::fs::write(&file, "").unwrap();
        std::fs::rename(&file, files.join(name)).unwrap();
    }

    pub(super) fn start(&mut self) {
        let configuration = self.directory.path().join("bus.conf");
        std::fs::write(
            &configuration,
            format!(
                "<busconfig><type>session</type><listen>{}</listen><policy context='default'>\
                 <allow send_destination='*'/><allow eavesdrop='true'/><allow own='*'/></policy></busconfig>",
                self.address()
            ),
        )
        .unwrap();
        let mut daemon = Command::new("dbus-daemon")
            .args(["--nofork", "--print-address", "--config-file"])
            .arg(&configuration)
            .stdout(Stdio::piped())
            .stderr(Stdio::null()) // it complains of not being root, or of being it
            .spawn()
            .expect("dbus-daemon is needed for this test (Debian: dbus)");
        // It prints its address once it listens.
        let mut line = String::new();
        BufReader::new(daemon.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        self.children.push(daemon);
    }

    /// Ends the bus and everything mocked on it, as a crash would.
    pub(super) fn stop(&mut self) {
        for mut child in self.children.drain(..) {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = std::fs::remove_file(self.socket());
    }

    /// Runs `python3 -m dbusmock` and waits until it owns `service`.
    pub(super) async fn mock(&mut self, service: &'static str, arguments: &[&str]) -> Connection {
        let connection = connection::Builder::address(self.address().as_str())
            .unwrap()
            .build()
            .await
            .unwrap();
        let mut presence = Presence::of(&connection, service).await.unwrap();
        let child = Command::new(python())
            .args(["-m", "dbusmock", "--system"])
            .args(arguments)
            .env("DBUS_SYSTEM_BUS_ADDRESS", self.address())
            .env("DBUS_SESSION_BUS_ADDRESS", self.address())
            .stdout(Stdio::null())
            .spawn()
            .expect("python-dbusmock is needed for this test (Debian: python3-dbusmock)");
        self.children.push(child);
        let present = timeout(DEADLINE, presence.changed()).await;
        assert_eq!(
            present.expect("python-dbusmock (Debian: python3-dbusmock) did not start"),
            Some(true)
        );
        connection
    }

    pub(super) async fn logind(&mut self) -> Logind {
        let bus = self.mock(LOGIND, &["--template", "logind"]).await;
        // The template's own adds a number to a text.
        let code = "ret = f'/org/freedesktop/login1/user/{args[0]}'";
        let method = ("org.freedesktop.login1.Manager", "GetUser", "u", "o", code);
        call(
            &bus,
            LOGIND,
            "/org/freedesktop/login1",
            MOCK,
            "AddMethod",
            &method,
        )
        .await;
        Logind { bus }
    }

    pub(super) async fn modem_manager(&mut self) -> ModemManager {
        let path = "/org/freedesktop/ModemManager1";
        let interface = "org.freedesktop.ModemManager1";
        let bus = self
            .mock(
                MODEM_MANAGER,
                &["--is-object-manager", MODEM_MANAGER, path, interface],
            )
            .await;
        ModemManager { bus }
    }

    pub(super) async fn ofono(&mut self) -> Ofono {
        let bus = self.mock(OFONO, &["--template", "ofono"]).await;
        Ofono { bus }
    }

    pub(super) fn watch(&self) -> (DesktopWatch, mpsc::Receiver<DesktopSignal>) {
        watch(DesktopOptions {
            system_bus: BusAddress::At(self.address()),
            session_bus: BusAddress::Absent,
            session_id: Some("c1".into()),
            session_files: Some(self.session_files()),
            idle_after: Some(Duration::from_secs(60)),
            look_every: LOOK_EVERY,
        })
    }
}

impl Drop for PrivateBus {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Debian's interpreter, for which its packages are; a newer one in the path may lack them.
fn python() -> &'static Path {
    let debian = Path::new("/usr/bin/python3");
    if debian.exists() {
        debian
    } else {
        Path::new("python3")
    }
}

pub(super) async fn call<B>(
    bus: &Connection,
    service: &str,
    path: &str,
    interface: &str,
    method: &str,
    body: &B,
) -> zbus::Message
where
    B: serde::Serialize + zbus::zvariant::DynamicType,
{
    bus.call_method(Some(service), path, Some(interface), method, body)
        .await
        .unwrap()
}

pub(super) type Properties<'a> = HashMap<&'a str, Value<'a>>;
pub(super) type Methods<'a> = Vec<(&'a str, &'a str, &'a str, &'a str)>;

pub(super) struct Logind {
    pub(super) bus: Connection,
}

/// The object of logind's manager.
pub(super) const MAIN: &str = "/org/freedesktop/login1";

impl Logind {
    pub(super) async fn add_session(&self, id: &str) -> String {
        let uid = super::super::session::own_uid(&self.bus).await.unwrap();
        let arguments = (id, "seat0", uid, "anna", true);
        call(
            &self.bus,
            LOGIND,
            "/org/freedesktop/login1",
            MOCK,
            "AddSession",
            &arguments,
        )
        .await;
        format!("/org/freedesktop/login1/session/{id}")
    }

    pub(super) async fn set(&self, object: &str, interface: &str, name: &str, value: Value<'_>) {
        let properties = "org.freedesktop.DBus.Properties";
        call(
            &self.bus,
            LOGIND,
            object,
            properties,
            "Set",
            &(interface, name, value),
        )
        .await;
    }

    /// Ends a session, as logind does when nothing runs in it any more.
    pub(super) async fn remove_session(&self, session: &str) {
        let id = session.rsplit('/').next().unwrap();
        call(&self.bus, LOGIND, MAIN, MOCK, "RemoveObject", &session).await;
        let path = ObjectPath::try_from(session).unwrap();
        self.emit("SessionRemoved", "so", vec![id.into(), path.into()])
            .await;
    }

    /// Lets a session be closing, which logind tells nobody.
    pub(super) async fn close_session(&self, session: &str) {
        const MANAGER: &str = "org.freedesktop.login1.Manager";
        let code = format!(
            "objects['{session}'].props['org.freedesktop.login1.Session']['State'] = 'closing'"
        );
        let method = (MANAGER, "CloseQuietly", "", "", code.as_str());
        call(&self.bus, LOGIND, MAIN, MOCK, "AddMethod", &method).await;
        call(&self.bus, LOGIND, MAIN, MANAGER, "CloseQuietly", &()).await;
    }

    /// Tells that a session has begun.
    pub(super) async fn tell_session(&self, session: &str) {
        let id = session.rsplit('/').next().unwrap();
        let path = ObjectPath::try_from(session).unwrap();
        self.emit("SessionNew", "so", vec![id.into(), path.into()])
            .await;
    }

    pub(super) async fn set_hint(&self, session: &str, name: &str, value: bool) {
        self.set(
            session,
            "org.freedesktop.login1.Session",
            name,
            value.into(),
        )
        .await;
    }

    pub(super) async fn lock(&self, session: &str, lock: bool) {
        let method = if lock { "Lock" } else { "Unlock" };
        call(
            &self.bus,
            LOGIND,
            session,
            "org.freedesktop.login1.Session",
            method,
            &(),
        )
        .await;
    }

    pub(super) async fn emit(&self, signal: &str, signature: &str, arguments: Vec<Value<'_>>) {
        let manager = "org.freedesktop.login1.Manager";
        let arguments = (manager, signal, signature, arguments);
        call(
            &self.bus,
            LOGIND,
            "/org/freedesktop/login1",
            MOCK,
            "EmitSignal",
            &arguments,
        )
        .await;
    }

    pub(super) async fn inhibitors(&self) -> Vec<(String, String, String, String, u32, u32)> {
        let manager = "org.freedesktop.login1.Manager";
        let reply = call(
            &self.bus,
            LOGIND,
            "/org/freedesktop/login1",
            manager,
            "ListInhibitors",
            &(),
        )
        .await;
        reply.body().deserialize().unwrap()
    }

    pub(super) async fn wait_for_inhibitors(&self, count: usize) {
        timeout(DEADLINE, async {
            while self.inhibitors().await.len() != count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await
        .expect("the inhibitor did not change");
    }
}

pub(super) struct ModemManager {
    pub(super) bus: Connection,
}

impl ModemManager {
    pub(super) const MODEM: &str = "/org/freedesktop/ModemManager1/Modem/0";
    pub(super) const VOICE: &str = "org.freedesktop.ModemManager1.Modem.Voice";
    pub(super) const CALL: &str = "org.freedesktop.ModemManager1.Call";

    pub(super) async fn add(&self, path: &str, interface: &str, properties: Properties<'_>) {
        let arguments = (path, interface, properties, Methods::new());
        call(
            &self.bus,
            MODEM_MANAGER,
            "/org/freedesktop/ModemManager1",
            MOCK,
            "AddObject",
            &arguments,
        )
        .await;
    }

    pub(super) async fn add_modem(&self, calls: &[&str]) {
        let calls: Vec<ObjectPath<'_>> = calls
            .iter()
            .map(|path| ObjectPath::try_from(*path).unwrap())
            .collect();
        self.add(
            Self::MODEM,
            Self::VOICE,
            Properties::from([("Calls", calls.into())]),
        )
        .await;
    }

    pub(super) async fn add_call(&self, number: u32, state: i32) -> String {
        let path = format!("/org/freedesktop/ModemManager1/Call/{number}");
        self.add(
            &path,
            Self::CALL,
            Properties::from([("State", state.into())]),
        )
        .await;
        path
    }

    pub(super) async fn emit(
        &self,
        object: &str,
        interface: &str,
        signal: &str,
        signature: &str,
        arguments: Vec<Value<'_>>,
    ) {
        call(
            &self.bus,
            MODEM_MANAGER,
            object,
            MOCK,
            "EmitSignal",
            &(interface, signal, signature, arguments),
        )
        .await;
    }

    pub(super) async fn change(&self, call: &str, old: i32, new: i32) {
        self.emit(
            call,
            Self::CALL,
            "StateChanged",
            "iiu",
            vec![old.into(), new.into(), 0u32.into()],
        )
        .await;
    }
}

/// oFono with the one modem of dbusmock's template.
pub(super) struct Ofono {
    bus: Connection,
}

impl Ofono {
    const MODEM: &str = "/ril_0";
    const CALLS: &str = "org.ofono.VoiceCallManager";
    const CALL: &str = "org.ofono.VoiceCall";

    /// Dials, and returns the call.
    pub(super) async fn dial(&self) -> String {
        let number = ("123", "");
        let reply = call(&self.bus, OFONO, Self::MODEM, Self::CALLS, "Dial", &number).await;
        reply.body().deserialize().unwrap()
    }

    async fn emit(
        &self,
        object: &str,
        interface: &str,
        signal: &str,
        signature: &str,
        arguments: Vec<Value<'_>>,
    ) {
        let arguments = (interface, signal, signature, arguments);
        call(&self.bus, OFONO, object, MOCK, "EmitSignal", &arguments).await;
    }

    /// Tells of a call that somebody else began.
    pub(super) async fn added(&self, number: u32, state: &str) -> String {
        let path = format!("{}/voicecall{number:02}", Self::MODEM);
        let object = (path.as_str(), Self::CALL, Properties::new(), Methods::new());
        call(&self.bus, OFONO, Self::MODEM, MOCK, "AddObject", &object).await;
        let properties = Properties::from([("State", state.into())]);
        let arguments = vec![
            ObjectPath::try_from(path.as_str()).unwrap().into(),
            properties.into(),
        ];
        self.emit(Self::MODEM, Self::CALLS, "CallAdded", "oa{sv}", arguments)
            .await;
        path
    }

    pub(super) async fn state(&self, call: &str, state: &str) {
        let arguments = vec!["State".into(), Value::from(state)];
        self.emit(call, Self::CALL, "PropertyChanged", "sv", arguments)
            .await;
    }

    pub(super) async fn removed(&self, call: &str) {
        let path = ObjectPath::try_from(call).unwrap();
        self.emit(
            Self::MODEM,
            Self::CALLS,
            "CallRemoved",
            "o",
            vec![path.into()],
        )
        .await;
    }
}

pub(super) async fn next(signals: &mut mpsc::Receiver<DesktopSignal>) -> DesktopSignal {
    timeout(DEADLINE, signals.recv())
        .await
        .expect("no signal in time")
        .expect("the watch ended")
}

pub(super) async fn expect_session(
    signals: &mut mpsc::Receiver<DesktopSignal>,
    expected: SessionState,
) {
    loop {
        match next(signals).await {
            DesktopSignal::Session(state) => return assert_eq!(state, expected),
            // A mocked logind begins without any session, and so does one that comes back.
            DesktopSignal::LoggedIn | DesktopSignal::LoggedOut => {}
            other => panic!("expected {expected:?}, got {other:?}"),
        }
    }
}

pub(super) async fn expect_call(signals: &mut mpsc::Receiver<DesktopSignal>, expected: bool) {
    match next(signals).await {
        DesktopSignal::PhoneCall { active } => assert_eq!(active, expected),
        other => panic!("expected a call to be {expected}, got {other:?}"),
    }
}
