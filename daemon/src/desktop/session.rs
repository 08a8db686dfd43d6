//! The user's login session: is it locked, is it idle.
//!
//! A user service has no session of its own, so the one to follow is looked up: the session that started
//! this process if it is graphical, else the user's graphical session as logind names it, else the session
//! that started this process. Sessions come and go (a user service may outlive them), so it is looked up
//! again whenever one did.

use futures::StreamExt;
use tokio::sync::watch;
use zbus::Connection;
use zbus::fdo::{DBusProxy, PropertiesProxy};
use zbus::names::InterfaceName;
use zbus::zvariant::{OwnedObjectPath, OwnedValue};

use super::bus::{self, Presence};
use super::knowledge::Knowledge;
use super::logind::{LOGIND, MANAGER, MANAGER_PATH, PROPERTIES, SESSION, USER};

/// Follows the user's session until the bus is gone.
pub(super) async fn follow(
    bus: &Connection,
    started_in: Option<&str>,
    knowledge: &watch::Sender<Knowledge>,
) -> zbus::Result<()> {
    // Subscribed before anything is read, so that no change falls in between.
    let mut locks = bus::signals(bus, LOGIND, SESSION, "Lock").await?;
    let mut unlocks = bus::signals(bus, LOGIND, SESSION, "Unlock").await?;
    let mut changes = bus::signals(bus, LOGIND, PROPERTIES, "PropertiesChanged").await?;
    let mut begun = bus::signals(bus, LOGIND, MANAGER, "SessionNew").await?;
    let mut ended = bus::signals(bus, LOGIND, MANAGER, "SessionRemoved").await?;
    let mut presence = Presence::of(bus, LOGIND).await?;
    let uid = own_uid(bus).await?;

    // While logind is away nothing is known, and what was known stays.
    let mut session = None;
    let mut look_again = bus::is_present(bus, LOGIND).await?;
    loop {
        if look_again {
            let found = find(bus, started_in, uid).await;
            if found != session || found.is_none() {
                session = found;
                read(bus, session.as_ref(), knowledge).await;
            }
        }
        look_again = tokio::select! {
            message = locks.next() => {
                let Some(Ok(message)) = message else { return Ok(()) };
                if is_from(&message, session.as_ref()) {
                    set(knowledge, |known| known.locked = true);
                }
                false
            }
            message = unlocks.next() => {
                let Some(Ok(message)) = message else { return Ok(()) };
                if is_from(&message, session.as_ref()) {
                    set(knowledge, |known| known.locked = false);
                }
                false
            }
            message = changes.next() => {
                let Some(Ok(message)) = message else { return Ok(()) };
                if is_from(&message, session.as_ref()) {
                    read(bus, session.as_ref(), knowledge).await;
                    false
                } else {
                    // The user's `Display` tells which session is the graphical one.
                    is_from_user(&message, uid)
                }
            }
            message = begun.next() => {
                if !matches!(message, Some(Ok(_))) { return Ok(()) }
                true
            }
            message = ended.next() => {
                if !matches!(message, Some(Ok(_))) { return Ok(()) }
                true
            }
            present = presence.changed() => {
                let Some(present) = present else { return Ok(()) };
                session = None;
                present
            }
        };
    }
}

/// Reads both hints. A session that is gone is neither locked nor idle; one that cannot be read stays as it was.
async fn read(
    bus: &Connection,
    session: Option<&OwnedObjectPath>,
    knowledge: &watch::Sender<Knowledge>,
) {
    let Some(session) = session else {
        set(knowledge, |known| {
            (known.locked, known.idle_hint) = (false, false)
        });
        return;
    };
    match (
        flag(bus, session, "LockedHint").await,
        flag(bus, session, "IdleHint").await,
    ) {
        (Ok(locked), Ok(idle)) => set(knowledge, |known| {
            (known.locked, known.idle_hint) = (locked, idle)
        }),
        (Err(error), _) | (_, Err(error)) => {
            tracing::debug!(%error, "cannot read the session's hints")
        }
    }
}

fn set(knowledge: &watch::Sender<Knowledge>, change: impl FnOnce(&mut Knowledge)) {
    knowledge.send_if_modified(|known| {
        let before = *known;
        change(known);
        *known != before
    });
}

/// The session to follow, if the user has one.
async fn find(bus: &Connection, started_in: Option<&str>, uid: u32) -> Option<OwnedObjectPath> {
    let own = match started_in {
        Some(id) => by_id(bus, id).await,
        None => None,
    };
    if let Some(own) = &own
        && is_graphical(bus, own).await
    {
        return Some(own.clone());
    }
    match display_session(bus, uid).await {
        Some(session) => Some(session),
        None => own,
    }
}

async fn by_id(bus: &Connection, id: &str) -> Option<OwnedObjectPath> {
    let reply = bus
        .call_method(
            Some(LOGIND),
            MANAGER_PATH,
            Some(MANAGER),
            "GetSession",
            &(id,),
        )
        .await
        .ok()?;
    let path: OwnedObjectPath = reply.body().deserialize().ok()?;
    // Answers for a session that has just ended would otherwise be followed for ever.
    property(bus, &path, SESSION, "Type").await.ok()?;
    Some(path)
}

async fn is_graphical(bus: &Connection, session: &OwnedObjectPath) -> bool {
    let kind = property(bus, session, SESSION, "Type")
        .await
        .ok()
        .and_then(|kind| String::try_from(kind).ok());
    matches!(kind.as_deref(), Some("x11" | "wayland" | "mir"))
}

/// The session that logind names as the user's graphical one.
async fn display_session(bus: &Connection, uid: u32) -> Option<OwnedObjectPath> {
    let user = user_of(bus, uid).await?;
    let display = property(bus, &user, USER, "Display").await.ok()?;
    let (id, path): (String, OwnedObjectPath) = display.try_into().ok()?;
    (!id.is_empty()).then_some(path)
}

/// The user, if logind knows them: who has a session or lingers.
pub(super) async fn user_of(bus: &Connection, uid: u32) -> Option<OwnedObjectPath> {
    let reply = bus
        .call_method(
            Some(LOGIND),
            MANAGER_PATH,
            Some(MANAGER),
            "GetUser",
            &(uid,),
        )
        .await
        .ok()?;
    reply.body().deserialize().ok()
}

async fn flag(
    bus: &Connection,
    session: &OwnedObjectPath,
    name: &'static str,
) -> zbus::Result<bool> {
    Ok(property(bus, session, SESSION, name).await?.try_into()?)
}

pub(super) async fn property(
    bus: &Connection,
    object: &OwnedObjectPath,
    interface: &'static str,
    name: &'static str,
) -> zbus::Result<OwnedValue> {
    let properties = PropertiesProxy::builder(bus)
        .destination(LOGIND)?
        .path(object.as_ref())?
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await?;
    Ok(properties
        .get(InterfaceName::from_static_str(interface)?, name)
        .await?)
}

/// The uid that the bus authenticated this process as.
pub(super) async fn own_uid(bus: &Connection) -> zbus::Result<u32> {
    let name = bus
        .unique_name()
        .ok_or_else(|| zbus::Error::Failure("the bus gave no name".into()))?;
    let name = name.as_ref();
    Ok(DBusProxy::new(bus)
        .await?
        .get_connection_unix_user(name.into())
        .await?)
}

fn is_from(message: &zbus::Message, session: Option<&OwnedObjectPath>) -> bool {
    let header = message.header();
    matches!((header.path(), session), (Some(path), Some(session)) if path == &session.as_ref())
}

fn is_from_user(message: &zbus::Message, uid: u32) -> bool {
    // logind's path for a user is its manager's path, `/user/_` and the uid.
    message.header().path().is_some_and(|path| {
        path.as_str()
            .strip_prefix("/org/freedesktop/login1/user/")
            .is_some_and(|name| name.trim_start_matches('_') == uid.to_string())
    })
}
