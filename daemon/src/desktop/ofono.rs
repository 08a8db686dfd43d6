//! Phone calls on this machine, as oFono reports them.

use std::collections::{HashMap, HashSet};

use futures::StreamExt;
use zbus::Connection;
use zbus::zvariant::{OwnedObjectPath, OwnedValue};

use super::bus::{self, Presence};
use super::calls::MOST_CALLS;

const OFONO: &str = "org.ofono";
const MANAGER: &str = "org.ofono.Manager";
const CALLS: &str = "org.ofono.VoiceCallManager";
const CALL: &str = "org.ofono.VoiceCall";

/// An object and its properties.
type Object = (OwnedObjectPath, HashMap<String, OwnedValue>);

/// Follows oFono's calls until the bus is gone, and tells each time whether there are any.
pub(super) async fn follow(bus: &Connection, mut tell: impl FnMut(bool)) -> zbus::Result<()> {
    let mut changes = bus::signals(bus, OFONO, CALL, "PropertyChanged").await?;
    let mut added = bus::signals(bus, OFONO, CALLS, "CallAdded").await?;
    let mut removed = bus::signals(bus, OFONO, CALLS, "CallRemoved").await?;
    let mut presence = Presence::of(bus, OFONO).await?;

    let mut calls = ongoing_calls(bus).await;
    loop {
        tell(!calls.is_empty());
        tokio::select! {
            message = changes.next() => {
                let Some(Ok(message)) = message else { return Ok(()) };
                let Ok((name, value)) = message.body().deserialize::<(String, OwnedValue)>() else { continue };
                if name == "State" && let Some(path) = message.header().path() {
                    note(&mut calls, path.to_owned().into(), Some(&value));
                }
            }
            message = added.next() => {
                let Some(Ok(message)) = message else { return Ok(()) };
                if let Ok((path, properties)) = message.body().deserialize::<Object>() {
                    note(&mut calls, path, properties.get("State"));
                }
            }
            message = removed.next() => {
                let Some(Ok(message)) = message else { return Ok(()) };
                if let Ok(path) = message.body().deserialize::<OwnedObjectPath>() {
                    calls.remove(&path);
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

/// Returns whether a call in this state occupies the user. Not: incoming, waiting, disconnected.
fn is_ongoing(state: &str) -> bool {
    matches!(state, "dialing" | "alerting" | "active" | "held")
}

fn note(calls: &mut HashSet<OwnedObjectPath>, call: OwnedObjectPath, state: Option<&OwnedValue>) {
    let state = state.and_then(|state| <&str>::try_from(state).ok());
    if !state.is_some_and(is_ongoing) {
        calls.remove(&call);
    } else if calls.len() < MOST_CALLS {
        calls.insert(call);
    }
}

/// Returns the calls under way now; none if there is no oFono or no modem that can call.
async fn ongoing_calls(bus: &Connection) -> HashSet<OwnedObjectPath> {
    let mut ongoing = HashSet::new();
    if !bus::is_present(bus, OFONO).await.unwrap_or(false) {
        return ongoing;
    }
    let modems = listed(bus, "/", MANAGER, "GetModems").await;
    for (modem, _) in modems.into_iter().take(MOST_CALLS) {
        let calls = listed(bus, modem.as_str(), CALLS, "GetCalls").await;
        for (call, properties) in calls.into_iter().take(MOST_CALLS) {
            note(&mut ongoing, call, properties.get("State"));
        }
    }
    ongoing
}

/// Returns what a method lists; nothing if nobody answers it, as modems do not that cannot call.
async fn listed(
    bus: &Connection,
    path: &str,
    interface: &'static str,
    method: &'static str,
) -> Vec<Object> {
    let reply = bus.call_method(Some(OFONO), path, Some(interface), method, &());
    match reply.await {
        Ok(reply) => reply.body().deserialize().unwrap_or_default(),
        Err(_) => Vec::new(),
    }
}
