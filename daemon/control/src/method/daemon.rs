//! The daemon itself: its version, its state, its changes, its end.

use super::bound::{CLIENT, FLAG, VERSION};
use super::declare::{Answered, method};
use crate::model::{Snapshot, Status};
use serde::{Deserialize, Serialize};

method! {
    /// Names the client and learns the daemon's release: the first request on every connection.
    pub struct Version: "version" -> VersionReply;
    reply: "`version`: the daemon's release; `api`";
    answered: Answered::AtOnce;
    optional {
        /// The name that the program gives itself; others see it beside what it causes.
        client: String = CLIENT;
        /// The version of this API that the program was written for; absent: any.
        api: Option<u32> = VERSION;
    }
}

/// The reply to `version`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionReply {
    /// The daemon's release, for instance `0.1.0`.
    pub version: String,
    /// The version of this API; a client for another one is refused.
    pub api: u32,
}

method! {
    /// Shows the daemon at a glance.
    pub struct StatusGet: "status.get" -> Status;
    reply: "**Status**";
    answered: Answered::AtOnce;
}

method! {
    /// Begins a subscription: the reply is the snapshot, then every change follows as an event.
    pub struct EventsSubscribe: "events.subscribe" -> Snapshot;
    reply: "**Snapshot**";
    answered: Answered::AtOnce;
    optional {
        /// Whether to send `levels` and `test` events too, up to ten a second.
        levels: bool = FLAG;
    }
}

method! {
    /// Stops the daemon: Offline (closed) everywhere first.
    pub struct DaemonQuit: "daemon.quit" -> Done;
    reply: "an empty object";
    answered: Answered::AtOnce;
}

/// The reply of a method that has nothing to say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}
