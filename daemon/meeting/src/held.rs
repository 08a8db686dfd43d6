//! A record in its place.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::digest::Entry;
use crate::ids::{PeerId, Utc};
use crate::record::{Answers, Invitation, Kind, PresenceBody, Record, Unknown, reference};

/// A record in its place, the newest there.
#[derive(Debug, Clone)]
pub(crate) struct Held<B> {
    pub(crate) record: Record<B>,
    /// When its author is last known to have stood by it; `None` if it was loaded from disk.
    pub(crate) fresh: Option<Duration>,
    /// The time of its making, by my clock: as long ago as was told when it came.
    pub(crate) made: Utc,
    /// Under which it is synchronised.
    pub(crate) entry: Entry,
}

impl<B: Placed> Held<B> {
    pub(crate) fn new(record: Record<B>, fresh: Option<Duration>, made: Utc) -> Self {
        let slot = slot(record.head.kind, record.head.author, record.body.about());
        let entry = Entry {
            slot,
            reference: record.reference(),
        };
        Self {
            record,
            fresh,
            made,
            entry,
        }
    }
}

/// What besides its author distinguishes a record's place.
pub(crate) trait Placed {
    fn about(&self) -> Option<PeerId> {
        None
    }
}

impl Placed for PresenceBody {}
impl Placed for Answers {}
impl Placed for Unknown {}
impl Placed for Invitation {
    fn about(&self) -> Option<PeerId> {
        Some(self.invitee)
    }
}

/// Puts a record into its place if it is newer than the one there. Returns whether it is.
pub(crate) fn place<K: Ord, B: Placed>(
    places: &mut BTreeMap<K, Held<B>>,
    key: K,
    record: Record<B>,
    fresh: Option<Duration>,
    made: Utc,
) -> bool {
    if places
        .get(&key)
        .is_some_and(|held| held.record.order(&record).is_ge())
    {
        return false;
    }
    places.insert(key, Held::new(record, fresh, made));
    true
}

/// Returns the name under which a record is synchronised.
fn slot(kind: Kind, author: PeerId, about: Option<PeerId>) -> [u8; 8] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[kind.number()]).update(&author.0);
    if let Some(about) = about {
        hasher.update(&about.0);
    }
    reference(hasher.finalize().as_bytes())
}
