//! Phone calls on this machine, as ModemManager reports them.

use std::collections::HashSet;

use futures::StreamExt;
use zbus::Connection;
use zbus::fdo::ObjectManagerProxy;
use zbus::zvariant::{OwnedObjectPath, OwnedValue};

use super::bus::{self, Presence};
use super::calls::MOST_CALLS;

const MODEM_MANAGER: &str = "org.freedesktop.ModemManager1";
const MODEM_MANAGER_PATH: &str = "/org/freedesktop/ModemManager1";
const VOICE: &str = "org.freedesktop.ModemManager1.Modem.Voice";
const CALL: &str = "org.freedesktop.ModemManager1.Call";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// Follows ModemManager's calls until the bus is gone, and tells each time whether there are any.
pub(super) async fn follow(bus: &Connection, mut tell: impl FnMut(bool)) -> zbus::Result<()> {
    let mut states = bus::signals(bus, MODEM_MANAGER, CALL, "StateChanged").await?;
    let mut added = bus::signals(bus, MODEM_MANAGER, VOICE, "CallAdded").await?;
    let mut deleted = bus::signals(bus, MODEM_MANAGER, VOICE, "CallDeleted").await?;
    let mut presence = Presence::of(bus, MODEM_MANAGER).await?;

    let mut calls = ongoing_calls(bus).await;
    loop {
        tell(!calls.is_empty());
        tokio::select! {
            message = states.next() => {
                let Some(Ok(message)) = message else { return Ok(()) };
                // old state, new state, reason
                let Ok((_, state, _)) = message.body().deserialize::<(i32, i32, u32)>() else { continue };
                if let Some(path) = message.header().path() {
                    note(&mut calls, path.to_owned().into(), state);
                }
            }
            message = added.next() => {
                let Some(Ok(message)) = message else { return Ok(()) };
                // An outgoing call may be under way before its first change of state.
                let Ok(call) = message.body().deserialize::<OwnedObjectPath>() else { continue };
                if let Some(state) = state_of(bus, &call).await {
                    note(&mut calls, call, state);
                }
            }
            message = deleted.next() => {
                let Some(Ok(message)) = message else { return Ok(()) };
                if let Ok(call) = message.body().deserialize::<OwnedObjectPath>() {
                    calls.remove(&call);
                }
            }
            present = presence.changed() => {
                // Gone with its calls, or started anew.
                if present.is_none() { return Ok(()) }
                calls = ongoing_calls(bus).await;
            }
        }
    }
}

/// Returns whether a call in this `MMCallState` occupies the user.
fn is_ongoing(state: i32) -> bool {
    // Dialling 1, ringing out 2, active 4, held 5. Not: unknown 0, ringing in 3, waiting 6, terminated 7.
    matches!(state, 1 | 2 | 4 | 5)
}

fn note(calls: &mut HashSet<OwnedObjectPath>, call: OwnedObjectPath, state: i32) {
    if !is_ongoing(state) {
        calls.remove(&call);
    } else if calls.len() < MOST_CALLS {
        calls.insert(call);
    }
}

/// The calls under way now; none if there is no ModemManager or no modem that can call.
async fn ongoing_calls(bus: &Connection) -> HashSet<OwnedObjectPath> {
    let mut ongoing = HashSet::new();
    if bus::is_present(bus, MODEM_MANAGER).await.unwrap_or(false) {
        for call in listed_calls(bus)
            .await
            .unwrap_or_default()
            .into_iter()
            .take(MOST_CALLS)
        {
            if let Some(state) = state_of(bus, &call).await {
                note(&mut ongoing, call, state);
            }
        }
    }
    ongoing
}

async fn listed_calls(bus: &Connection) -> zbus::Result<Vec<OwnedObjectPath>> {
    let modems = ObjectManagerProxy::builder(bus)
        .destination(MODEM_MANAGER)?
        .path(MODEM_MANAGER_PATH)?
        .build()
        .await?
        .get_managed_objects()
        .await?;
    let mut calls = Vec::new();
    for (_, mut interfaces) in modems {
        let listed = interfaces
            .get_mut(VOICE)
            .and_then(|voice| voice.remove("Calls"));
        if let Some(Ok(listed)) = listed.map(Vec::<OwnedObjectPath>::try_from) {
            calls.extend(listed);
        }
    }
    Ok(calls)
}

async fn state_of(bus: &Connection, call: &OwnedObjectPath) -> Option<i32> {
    let reply = bus
        .call_method(
            Some(MODEM_MANAGER),
            call.as_ref(),
            Some(PROPERTIES),
            "Get",
            &(CALL, "State"),
        )
        .await
        .ok()?;
    reply
        .body()
        .deserialize::<OwnedValue>()
        .ok()?
        .try_into()
        .ok()
}
