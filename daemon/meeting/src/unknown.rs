//! Records of kinds that only later releases understand.
//!
//! They are kept as they were signed, synchronised and stored like all others, so that a peer which understands them
//! gets them even from neighbours which do not. The newest of each author and kind counts. How many an author may have
//! is bounded; of more kinds those with the smallest numbers stay, so that all peers keep the same ones.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::digest::Entry;
use crate::held::Held;
use crate::ids::{PeerId, Utc};
use crate::record::{Kind, Record, Unknown, Version};

/// Kinds of one author that are kept, and as many that are only handed on.
pub(crate) const KINDS_OF_ONE: usize = 4;

/// The unknown records of one meeting, or of the lobby.
#[derive(Debug, Default)]
pub(crate) struct Unknowns {
    kept: BTreeMap<(PeerId, Kind), Held<Unknown>>,
    /// The newest version of what is only handed on, against repetition.
    passed: BTreeMap<(PeerId, Kind), Version>,
}

impl Unknowns {
    /// Returns whether a record would be news, before its signature is checked.
    pub(crate) fn is_news(&self, record: &Record<Unknown>) -> bool {
        let place = (record.head.author, record.head.kind);
        if record.head.kind.is_passing() {
            self.passed
                .get(&place)
                .is_none_or(|version| *version < record.head.version)
        } else {
            self.kept
                .get(&place)
                .is_none_or(|held| held.record.order(record).is_lt())
        }
    }

    /// Takes a verified record whose author stood by it at `fresh`. Returns whether it is news and there is room for it.
    pub(crate) fn merge(
        &mut self,
        record: Record<Unknown>,
        fresh: Option<Duration>,
        received: Utc,
    ) -> bool {
        if !self.is_news(&record) {
            return false;
        }
        let (author, kind) = (record.head.author, record.head.kind);
        let place = (author, kind);
        if kind.is_passing() {
            put(&mut self.passed, place, record.head.version)
        } else {
            put(&mut self.kept, place, Held::new(record, fresh, received))
        }
    }

    /// Lets go of everything by one author.
    pub(crate) fn forget(&mut self, author: PeerId) {
        self.kept.retain(|(of, _), _| *of != author);
        self.passed.retain(|(of, _), _| *of != author);
    }

    /// Lets go of what nobody has stood by since `since`.
    pub(crate) fn lapse(&mut self, since: Duration) {
        self.kept
            .retain(|_, held| held.fresh.is_some_and(|fresh| fresh > since));
    }

    /// Returns what is held, for synchronisation.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        self.kept.values().map(|held| held.entry)
    }

    /// Returns all records that are held.
    pub(crate) fn records(&self) -> impl Iterator<Item = &Held<Unknown>> {
        self.kept.values()
    }
}

/// Puts something in its place, unless its author has enough of smaller kinds.
fn put<T>(places: &mut BTreeMap<(PeerId, Kind), T>, place: (PeerId, Kind), value: T) -> bool {
    let (author, kind) = place;
    let of_author = (author, Kind::Unknown(0))..=(author, Kind::Unknown(u8::MAX));
    let kinds: Vec<Kind> = places
        .range(of_author)
        .map(|((_, kind), _)| *kind)
        .collect();
    if !kinds.contains(&kind)
        && kinds.len() >= KINDS_OF_ONE
        && let Some(greatest) = kinds.last()
    {
        if kind > *greatest {
            return false;
        }
        places.remove(&(author, *greatest));
    }
    places.insert(place, value);
    true
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::ids::MeetingId;
    use crate::record::tests::signed_unknown;

    fn record(author: u8, kind: u8, counter: u64) -> Record<Unknown> {
        let key = SigningKey::from_bytes(&[author; 32]);
        signed_unknown(&key, MeetingId([9; 32]), kind, counter, b"later")
    }

    fn take(unknowns: &mut Unknowns, record: Record<Unknown>) -> bool {
        unknowns.merge(record, Some(Duration::ZERO), Utc(1))
    }

    #[test]
    fn the_newest_of_each_author_and_kind_is_kept() {
        let mut unknowns = Unknowns::default();
        assert!(take(&mut unknowns, record(1, 7, 2)));
        assert!(!take(&mut unknowns, record(1, 7, 1)), "overtaken");
        assert!(!take(&mut unknowns, record(1, 7, 2)), "known");
        assert!(take(&mut unknowns, record(1, 7, 3)));
        assert!(take(&mut unknowns, record(1, 8, 1)));
        assert!(take(&mut unknowns, record(2, 7, 1)));
        assert_eq!(unknowns.records().count(), 3);
        assert_eq!(unknowns.entries().count(), 3);
    }

    #[test]
    fn what_only_passes_is_news_once_and_not_kept() {
        let mut unknowns = Unknowns::default();
        assert!(take(&mut unknowns, record(1, 200, 2)));
        assert!(!take(&mut unknowns, record(1, 200, 2)));
        assert!(!take(&mut unknowns, record(1, 200, 1)));
        assert!(take(&mut unknowns, record(1, 200, 3)));
        assert_eq!(unknowns.records().count(), 0);
    }

    #[test]
    fn the_smallest_kinds_of_an_author_stay_whatever_comes_first() {
        let kinds = [12, 7, 15, 9, 200, 8, 11, 201, 202, 203, 204];
        let keep = |kinds: &[u8]| {
            let mut unknowns = Unknowns::default();
            for kind in kinds {
                take(&mut unknowns, record(1, *kind, 1));
            }
            let kept: Vec<u8> = unknowns
                .records()
                .map(|held| held.record.head.kind.number())
                .collect();
            (kept, unknowns.passed.len())
        };
        assert_eq!(keep(&kinds), (vec![7, 8, 9, 11], KINDS_OF_ONE));
        let reversed: Vec<u8> = kinds.iter().rev().copied().collect();
        assert_eq!(keep(&reversed), keep(&kinds));
    }

    #[test]
    fn what_nobody_stands_by_any_more_is_let_go() {
        let mut unknowns = Unknowns::default();
        let seconds = Duration::from_secs;
        unknowns.merge(record(1, 7, 1), Some(seconds(5)), Utc(1));
        unknowns.merge(record(2, 7, 1), Some(seconds(9)), Utc(1));
        unknowns.lapse(seconds(5));
        assert_eq!(unknowns.records().count(), 1);
        unknowns.forget(record(2, 7, 1).head.author);
        assert_eq!(unknowns.records().count(), 0);
    }
}
