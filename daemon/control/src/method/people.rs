//! Colleagues, and the way to them.

use super::bound::{ADDRESS, WAITING};
use super::declare::{Answered, method};
use crate::bounds::MAX_WAIT;
use crate::model::{NetworkReport, Peer, Person};
use serde::{Deserialize, Serialize};
use std::time::Duration;

method! {
    /// Lists everyone known.
    pub struct PeersList: "peers.list" -> PeersReply;
    reply: "`peers`: [**Peer**]";
    answered: Answered::AtOnce;
}

/// The reply to `peers.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeersReply {
    /// Everyone known, the user excluded.
    pub peers: Vec<Peer>,
}

method! {
    /// Connects to a colleague by address, where multicast does not pass.
    pub struct NetworkConnect: "network.connect" -> ConnectReply;
    reply: "`address`; `person`: **Person**, if waited for";
    answered: Answered::As(waiting, "`wait_ms`");
    required {
        /// The colleague's daemon as `IP:PORT` or `NAME:PORT`; without port at the usual one. It is tried for 10 minutes.
        address: String = ADDRESS;
    }
    optional {
        /// The time to wait for the connection, in milliseconds; absent: reply within a second, connected or not.
        wait_ms: Option<u64> = WAITING;
    }
}

method! {
    /// Shows the interfaces, what multicast does on each, and who is not reached: for finding out why nobody is heard.
    pub struct NetworkGet: "network.get" -> NetworkReport;
    reply: "**NetworkReport**";
    answered: Answered::AtOnce;
}

fn waiting(params: &NetworkConnect) -> Duration {
    Duration::from_millis(params.wait_ms.unwrap_or(0)).min(MAX_WAIT)
}

/// The reply to `network.connect`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectReply {
    /// The address that was dialled.
    pub address: String,
    /// The colleague who answered, if the request waited for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
}
