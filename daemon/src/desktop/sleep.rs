//! Suspend and resume, with time to say goodbye in between.
//!
//! logind announces sleep with `PrepareForSleep(true)` and then waits for whoever holds a *delay inhibitor*.
//! One is always held, is handed to the receiver with the announcement, and is taken anew after waking up.

use futures::StreamExt;
use tokio::sync::mpsc;
use zbus::Connection;
use zbus::zvariant::OwnedFd;

use super::bus::{self, Presence};
use super::logind::{LOGIND, MANAGER, MANAGER_PATH};
use super::{DesktopSignal, SuspendGuard};

/// Follows logind's announcements until the bus is gone.
pub(super) async fn follow(
    bus: &Connection,
    suspended: &mut bool,
    signals: &mpsc::Sender<DesktopSignal>,
) -> zbus::Result<()> {
    let mut announcements = bus::signals(bus, LOGIND, MANAGER, "PrepareForSleep").await?;
    let mut presence = Presence::of(bus, LOGIND).await?;
    if *suspended && is_preparing(bus).await == Some(false) {
        *suspended = false;
        if signals.send(DesktopSignal::Resume).await.is_err() {
            return Ok(());
        }
    }
    let mut inhibitor = inhibit(bus).await;
    loop {
        let going_down = tokio::select! {
            announcement = announcements.next() => {
                let Some(Ok(message)) = announcement else { return Ok(()) };
                let Ok(going_down) = message.body().deserialize::<bool>() else { continue };
                going_down
            }
            present = presence.changed() => {
                // A restarted logind has forgotten the inhibitor.
                let Some(present) = present else { return Ok(()) };
                if present && !*suspended {
                    inhibitor = inhibit(bus).await;
                }
                continue;
            }
        };
        let signal = if going_down {
            *suspended = true;
            DesktopSignal::Suspend(SuspendGuard {
                _inhibitor: inhibitor.take(),
            })
        } else if *suspended {
            *suspended = false;
            inhibitor = inhibit(bus).await;
            DesktopSignal::Resume
        } else {
            continue;
        };
        if signals.send(signal).await.is_err() {
            return Ok(());
        }
    }
}

/// Takes a delay inhibitor, if logind is there and grants one.
async fn inhibit(bus: &Connection) -> Option<OwnedFd> {
    if !bus::is_present(bus, LOGIND).await.unwrap_or(false) {
        return None;
    }
    let arguments = (
        "sleep",
        "Sotto",
        "Telling colleagues that this machine goes to sleep",
        "delay",
    );
    match bus
        .call_method(
            Some(LOGIND),
            MANAGER_PATH,
            Some(MANAGER),
            "Inhibit",
            &arguments,
        )
        .await
    {
        Ok(reply) => reply.body().deserialize().ok(),
        Err(error) => {
            tracing::debug!(%error, "no delay before suspend");
            None
        }
    }
}

async fn is_preparing(bus: &Connection) -> Option<bool> {
    let arguments = (MANAGER, "PreparingForSleep");
    let reply = bus
        .call_method(
            Some(LOGIND),
            MANAGER_PATH,
            Some("org.freedesktop.DBus.Properties"),
            "Get",
            &arguments,
        )
        .await
        .ok()?;
    reply
        .body()
        .deserialize::<zbus::zvariant::OwnedValue>()
        .ok()?
        .try_into()
        .ok()
}
