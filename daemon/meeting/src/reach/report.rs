//! The report of whom somebody does not hear, as it is gossiped and as it is kept.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bounded::at_most;
use crate::ids::{MeetingId, PeerId};

/// A report that is not repeated for this long says nothing any more: its author may long hear everybody again, and its
/// saying so may have been lost.
pub(super) const REPORTED_WITHIN: Duration = Duration::from_secs(75);
/// A meeting has at most 256 participants, and a report names those heard or those unheard, whichever are fewer.
pub(super) const MOST_TAGS: usize = 128;

/// A short name for a peer within one meeting: 48 bits of a keyed hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Tag(pub(super) [u8; 6]);

impl Tag {
    pub(super) fn of(meeting: MeetingId, peer: PeerId) -> Self {
        let hash = blake3::keyed_hash(&meeting.0, &peer.0);
        let mut tag = [0; 6];
        tag.copy_from_slice(&hash.as_bytes()[..6]);
        Self(tag)
    }
}

/// Whom of those present the author does not hear. To be signed by its author and gossiped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Grows with every change, over restarts too.
    pub(crate) serial: u64,
    /// The tags name those whom the author hears, instead of those whom it does not.
    pub(super) inverted: bool,
    /// In ascending order.
    #[serde(deserialize_with = "at_most::<MOST_TAGS, _, _>")]
    pub(super) tags: Vec<Tag>,
}

impl Report {
    /// One that an honest peer could send.
    #[cfg(test)]
    pub(crate) fn sample() -> Self {
        Self {
            serial: 300,
            inverted: true,
            tags: vec![Tag([1; 6]), Tag([2; 6])],
        }
    }

    /// Whether its list is within bounds and in order. Anything else is malformed.
    pub(crate) fn is_valid(&self) -> bool {
        self.tags.len() <= MOST_TAGS && self.tags.is_sorted()
    }

    /// Returns a report that everybody is heard.
    #[cfg(test)]
    pub(crate) fn empty(serial: u64) -> Self {
        Self {
            serial,
            inverted: false,
            tags: Vec::new(),
        }
    }

    pub(super) fn hears(&self, tag: Tag) -> bool {
        self.tags.binary_search(&tag).is_ok() == self.inverted
    }
}

/// Another's newest report.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) report: Report,
    pub(super) at: Duration,
    /// Its author has left since, or begun another stay: only its serial counts, against repetition.
    pub(super) over: bool,
}

impl Received {
    pub(super) fn lapses(&self) -> Duration {
        self.at.saturating_add(REPORTED_WITHIN)
    }

    pub(super) fn says(&self, now: Duration) -> Option<&Report> {
        (!self.over && now < self.lapses()).then_some(&self.report)
    }
}
