//! What answers on D-Bus.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::timeout;
use zbus::Connection;
use zbus::fdo::{DBusProxy, PropertiesProxy};
use zbus::names::InterfaceName;
use zbus::zvariant::OwnedValue;

/// The longest time that a bus may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

pub(super) const WATCHER: &str = "org.kde.StatusNotifierWatcher";
pub(super) const PORTAL: &str = "org.freedesktop.portal.Desktop";

/// A bus, as far as it answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bus {
    /// Names that a program owns.
    pub(super) owned: HashSet<String>,
    /// Names of programs that start when they are asked.
    pub(super) startable: HashSet<String>,
    /// Whether a panel shows icons.
    pub(super) has_tray_host: bool,
    /// Whether the portal gives programs keys.
    pub(super) gives_keys: bool,
}

impl Bus {
    /// Asks the bus of this session.
    pub(super) async fn of_session() -> Result<Self, String> {
        let connecting = async {
            let connection = Connection::session().await?;
            let mut bus = Self::names(&connection).await?;
            let watcher = (
                "/StatusNotifierWatcher",
                WATCHER,
                "IsStatusNotifierHostRegistered",
            );
            let hosted = property(&connection, WATCHER, watcher).await;
            bus.has_tray_host = hosted.is_some_and(|it| bool::try_from(it).unwrap_or(false));
            let keys = (
                "/org/freedesktop/portal/desktop",
                "org.freedesktop.portal.GlobalShortcuts",
                "version",
            );
            if bus.answers(PORTAL) {
                bus.gives_keys = property(&connection, PORTAL, keys).await.is_some();
            }
            Ok(bus)
        };
        limited(connecting).await
    }

    /// Asks the bus of the system.
    pub(super) async fn of_system() -> Result<Self, String> {
        limited(async { Self::names(&Connection::system().await?).await }).await
    }

    async fn names(connection: &Connection) -> zbus::Result<Self> {
        let bus = DBusProxy::new(connection).await?;
        let owned = bus.list_names().await?;
        let startable = bus.list_activatable_names().await?;
        Ok(Self {
            owned: owned.iter().map(ToString::to_string).collect(),
            startable: startable.iter().map(ToString::to_string).collect(),
            ..Self::default()
        })
    }

    /// Returns whether somebody has the name, or would be started.
    pub(super) fn answers(&self, name: &str) -> bool {
        self.owned.contains(name) || self.startable.contains(name)
    }
}

async fn limited(asking: impl Future<Output = zbus::Result<Bus>>) -> Result<Bus, String> {
    match timeout(ANSWER_WITHIN, asking).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err("it does not answer".to_owned()),
    }
}

async fn property(
    connection: &Connection,
    name: &'static str,
    (path, interface, property): (&'static str, &'static str, &str),
) -> Option<OwnedValue> {
    let proxy = PropertiesProxy::new(connection, name, path).await.ok()?;
    let interface = InterfaceName::try_from(interface).ok()?;
    proxy.get(interface, property).await.ok()
}
