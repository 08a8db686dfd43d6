//! Do not disturb.

use super::bound::{FLAG, QUIET};
use super::declare::{Answered, method};
use crate::model::Dnd;
use serde::{Deserialize, Serialize};
use std::time::Duration;

method! {
    /// Says whether the user wants to be left alone: no sounds and no notifications of invitations, and none of who joins
    /// and leaves. Invitations stay listed. It outlives the daemon.
    pub struct DndSet: "dnd.set" -> DndReply;
    reply: "`dnd`: **Dnd**; `not_saved`: why that will not outlive the daemon";
    answered: Answered::Within(Duration::from_secs(5));
    required {
        /// Whether it is on from now on.
        on: bool = FLAG;
    }
    optional {
        /// The time after which it ends by itself, in milliseconds; absent: until it is switched off.
        for_ms: Option<u64> = QUIET;
    }
}

/// The reply to `dnd.set`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DndReply {
    /// How it is now.
    pub dnd: Dnd,
    /// Why it could not be saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_saved: Option<String>,
}
