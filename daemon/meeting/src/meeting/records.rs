//! All records of a meeting, for synchronisation and for the disk.

use std::time::Duration;

use super::Meeting;
use crate::digest::Entry;
use crate::held::Held;
use crate::ids::Utc;

/// A record as it was signed, of whatever kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept<'a> {
    /// The name under which it is synchronised.
    pub(crate) entry: Entry,
    /// When its author is last known to have stood by it.
    pub(crate) fresh: Option<Duration>,
    /// The time of its making, by my clock: as long ago as was told when it came.
    pub(crate) made: Utc,
    /// Its age counts from when it was made, because nobody stands by it anew.
    pub(crate) lasts: bool,
    /// Its bytes.
    pub(crate) raw: &'a [u8],
}

impl Meeting {
    /// Returns all records: participation first, and answers before the invitations that they close.
    ///
    /// In this order they fit into an empty meeting as they did into this one. An invitation that was declined takes no
    /// place on the roster then.
    pub(crate) fn records(&self) -> impl Iterator<Item = Kept<'_>> {
        let presence = self.presence.values().map(kept);
        let answers = self.answers.values().map(kept);
        let invitations = self.invitations.values().map(|held| Kept {
            lasts: true,
            ..kept(held)
        });
        let unknown = self.unknown.records().map(kept);
        presence.chain(answers).chain(invitations).chain(unknown)
    }
}

fn kept<B>(held: &Held<B>) -> Kept<'_> {
    Kept {
        entry: held.entry,
        fresh: held.fresh,
        made: held.made,
        lasts: false,
        raw: &held.record.raw,
    }
}
