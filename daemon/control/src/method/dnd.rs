//! Do not disturb.

use super::bound::{FLAG, QUIET};
use super::declare::{Answered, method};
use crate::model::Dnd;
use crate::{MAX_QUIET, MIN_QUIET};
use jiff::civil::Time;
use jiff::{ToSpan as _, ZonedDateTime};
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

impl DndSet {
    /// Asks to be left alone for this long.
    #[must_use]
    pub fn lasting(time: Duration) -> Self {
        Self {
            on: true,
            for_ms: Some(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
        }
    }

    /// Asks to be left alone until the next time that clocks show `time`. `None` if they show no such time here.
    #[must_use]
    pub fn until(time: Time, now: &ZonedDateTime) -> Option<Self> {
        let on = |days: i64| {
            let date = now.date().checked_add(days.days()).ok()?;
            let then = date.to_datetime(time);
            then.to_zoned_datetime(now.time_zone().clone()).ok()
        };
        let then = match on(0)? {
            today if today > *now => today,
            _ => on(1)?,
        };
        let left = now.duration_until(&then).unsigned_abs();
        Some(Self::lasting(left.clamp(MIN_QUIET, MAX_QUIET)))
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
