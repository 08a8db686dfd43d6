//! A connection to a message bus that comes back after it broke.

use std::time::Duration;

use futures::StreamExt;
use tokio::time::Instant;
use zbus::message::Type;
use zbus::names::{BusName, WellKnownName};
use zbus::{Connection, MatchRule, MessageStream, connection};

use super::BusAddress;

/// The first pause after a failure; doubled after each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause. A machine without a bus costs one failed `connect` a minute.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A connection that lasted this long was a good one: the next pause is the first again.
const LASTING: Duration = Duration::from_secs(10);
/// How long a service may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Signals that may wait in one stream before reading from the bus pauses.
const SIGNAL_QUEUE: usize = 64;

/// One of the two buses, connected to as often as it takes.
pub(super) struct Bus {
    kind: BusKind,
    address: BusAddress,
    pause: Duration,
    connected_at: Option<Instant>,
}

/// The bus of the machine or that of the user's desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BusKind {
    System,
    Session,
}

impl Bus {
    pub(super) fn new(kind: BusKind, address: BusAddress) -> Self {
        Self {
            kind,
            address,
            pause: Duration::ZERO,
            connected_at: None,
        }
    }

    /// Waits for the next connection. `None` if there is to be none, ever.
    ///
    /// The first try is made at once; pauses grow while connections fail or break soon.
    pub(super) async fn connect(&mut self) -> Option<Connection> {
        let kind = self.kind;
        loop {
            let lasted = self.connected_at.take().map(|at| at.elapsed());
            if lasted.is_some_and(|lasted| lasted >= LASTING) {
                self.pause = FIRST_PAUSE;
            }
            tokio::time::sleep(self.pause).await;
            self.pause = (self.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
            let builder = match (&self.address, kind) {
                (BusAddress::Absent, _) => return None,
                (BusAddress::At(address), _) => connection::Builder::address(address.as_str()),
                (BusAddress::Standard, BusKind::Session) => connection::Builder::session(),
                (BusAddress::Standard, BusKind::System) => connection::Builder::system(),
            };
            let connection = match builder {
                Ok(builder) => builder.method_timeout(ANSWER_WITHIN).build().await,
                Err(error) => Err(error),
            };
            match connection {
                Ok(connection) => {
                    tracing::debug!(?kind, "watching the message bus");
                    self.connected_at = Some(Instant::now());
                    return Some(connection);
                }
                Err(error) => tracing::debug!(?kind, %error, "no message bus"),
            }
        }
    }
}

/// The signals `member` of `interface` that the owner of `service` sends, from any object of it.
pub(super) async fn signals(
    bus: &Connection,
    service: &'static str,
    interface: &'static str,
    member: &'static str,
) -> zbus::Result<MessageStream> {
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(service)?
        .interface(interface)?
        .member(member)?
        .build();
    MessageStream::for_match_rule(rule, bus, Some(SIGNAL_QUEUE)).await
}

/// Tells each time that a service appears on the bus or leaves it.
pub(super) struct Presence(MessageStream);

impl Presence {
    pub(super) async fn of(bus: &Connection, service: &'static str) -> zbus::Result<Self> {
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender("org.freedesktop.DBus")?
            .interface("org.freedesktop.DBus")?
            .member("NameOwnerChanged")?
            .add_arg(service)?
            .build();
        Ok(Self(
            MessageStream::for_match_rule(rule, bus, Some(SIGNAL_QUEUE)).await?,
        ))
    }

    /// Waits for the next change: whether the service is there now. `None` when the bus is gone.
    pub(super) async fn changed(&mut self) -> Option<bool> {
        loop {
            let message = self.0.next().await?.ok()?;
            // name, old owner, new owner
            if let Ok((_, _, owner)) = message.body().deserialize::<(&str, &str, &str)>() {
                return Some(!owner.is_empty());
            }
        }
    }
}

/// Whether somebody owns `service` now. Never starts the service.
pub(super) async fn is_present(bus: &Connection, service: &'static str) -> zbus::Result<bool> {
    let name = WellKnownName::from_static_str(service)?;
    Ok(zbus::fdo::DBusProxy::new(bus)
        .await?
        .name_has_owner(BusName::from(name))
        .await?)
}

/// Whether the failure is the connection's rather than the called service's.
pub(super) fn is_connection_lost(error: &zbus::Error) -> bool {
    matches!(
        error,
        zbus::Error::InputOutput(_) | zbus::Error::Handshake(_) | zbus::Error::Address(_)
    )
}
