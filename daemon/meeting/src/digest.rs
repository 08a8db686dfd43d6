//! Finding out what the other side lacks, in few bytes.
//!
//! Every record has a *slot* (what it is about: author, kind) and a *reference* (which record it is). Slots fall into
//! buckets by their first byte; a bucket's hash is the exclusive or of its references. Only buckets whose hashes differ are
//! listed. With as many buckets as there are slots, a single difference costs a few dozen bytes, and two sides that
//! agree exchange nothing but the hashes.

use serde::{Deserialize, Serialize};

use crate::bounded::at_most;
use crate::growable::block;

/// The most buckets, and what the lobby always uses.
pub(crate) const MOST_BUCKETS: usize = 256;
/// Entries in one listing: 16 bytes each, so that the message stays below 16 KiB.
pub(crate) const MOST_ENTRIES: usize = 900;
/// Entries in a listing from outside: a bucket is listed whole, and all of a lobby may be in one.
pub(crate) const MOST_LISTED: usize = MOST_ENTRIES + 4096;

/// What one side holds in one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) slot: [u8; 8],
    pub(crate) reference: [u8; 8],
}

/// The entries of the buckets that differ.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub(crate) struct Listing {
    #[serde(deserialize_with = "at_most::<MOST_BUCKETS, _, _>")]
    pub(crate) buckets: Vec<u8>,
    #[serde(deserialize_with = "at_most::<MOST_LISTED, _, _>")]
    pub(crate) entries: Vec<Entry>,
    /// There are more differing buckets than one message holds.
    pub(crate) more: bool,
}
block!(Listing);

/// Buckets that suit this number of slots: a power of two.
pub(crate) fn buckets_for(slots: usize) -> usize {
    slots.next_power_of_two().clamp(1, MOST_BUCKETS)
}

fn bucket(slot: &[u8; 8], buckets: usize) -> usize {
    (usize::from(slot[0]) * buckets) >> 8
}

/// The reference is a hash of everything in the record, its place included.
fn entry_hash(entry: &Entry) -> u64 {
    u64::from_le_bytes(entry.reference)
}

/// One hash a bucket.
pub(crate) fn digest(entries: impl Iterator<Item = Entry>, buckets: usize) -> Vec<u64> {
    let mut hashes = vec![0; buckets];
    for entry in entries {
        hashes[bucket(&entry.slot, buckets)] ^= entry_hash(&entry);
    }
    hashes
}

/// Whether a digest from outside has a form that [`digest`] produces.
pub(crate) fn is_valid(digest: &[u64]) -> bool {
    digest.len().is_power_of_two() && digest.len() <= MOST_BUCKETS
}

/// What I hold in the buckets where I differ from `theirs`; `theirs` must be valid.
pub(crate) fn listing(mine: &[Entry], theirs: &[u64]) -> Listing {
    let buckets = theirs.len();
    let own = digest(mine.iter().copied(), buckets);
    let mut by_bucket: Vec<Vec<Entry>> = vec![Vec::new(); buckets];
    for entry in mine {
        let bucket = bucket(&entry.slot, buckets);
        if own[bucket] != theirs[bucket] {
            by_bucket[bucket].push(*entry);
        }
    }
    let mut listing = Listing::default();
    for (index, entries) in by_bucket.into_iter().enumerate() {
        if own[index] == theirs[index] {
            continue;
        }
        // A bucket is listed whole or not at all, or the other side would take the rest for missing.
        if listing.entries.len() + entries.len() > MOST_ENTRIES && !listing.entries.is_empty() {
            listing.more = true;
            continue;
        }
        // `index` is below 256 because `buckets` is at most that.
        listing.buckets.push(index as u8);
        listing.entries.extend(entries);
    }
    listing
}

/// What is different between what I hold and what they listed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Slots of which they hold another record than I, or I hold none.
    pub(crate) want: Vec<[u8; 8]>,
    /// Slots of which I hold another record than they, or they hold none.
    pub(crate) give: Vec<[u8; 8]>,
}

/// Compares; `buckets` is the length of the digest that the listing answers.
pub(crate) fn difference(mine: &[Entry], listing: &Listing, buckets: usize) -> Difference {
    let mut listed = [false; MOST_BUCKETS];
    for bucket in &listing.buckets {
        listed[usize::from(*bucket)] = true;
    }
    let own: std::collections::BTreeMap<[u8; 8], [u8; 8]> = mine
        .iter()
        .filter(|entry| listed[bucket(&entry.slot, buckets)])
        .map(|entry| (entry.slot, entry.reference))
        .collect();
    let theirs: std::collections::BTreeMap<[u8; 8], [u8; 8]> = listing
        .entries
        .iter()
        .filter(|entry| listed[bucket(&entry.slot, buckets)])
        .map(|entry| (entry.slot, entry.reference))
        .collect();
    Difference {
        want: theirs
            .iter()
            .filter(|(slot, reference)| own.get(*slot) != Some(reference))
            .map(|(slot, _)| *slot)
            .collect(),
        give: own
            .iter()
            .filter(|(slot, reference)| theirs.get(*slot) != Some(reference))
            .map(|(slot, _)| *slot)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry() -> impl Strategy<Value = Entry> {
        (any::<[u8; 8]>(), any::<[u8; 8]>()).prop_map(|(slot, reference)| Entry { slot, reference })
    }

    #[test]
    fn those_who_agree_list_nothing() {
        let entries = [Entry {
            slot: [1; 8],
            reference: [2; 8],
        }];
        let listing = listing(&entries, &digest(entries.into_iter(), 256));
        assert_eq!(listing, Listing::default());
    }

    proptest! {
        #[test]
        fn every_difference_is_found(
            common in proptest::collection::vec(entry(), 0..100),
            mine in proptest::collection::vec(entry(), 0..20),
            theirs in proptest::collection::vec(entry(), 0..20),
            power in 0u32..9,
        ) {
            let buckets = 1 << power;
            let ours: Vec<Entry> = common.iter().chain(&mine).copied().collect();
            let others: Vec<Entry> = common.iter().chain(&theirs).copied().collect();
            let listing = listing(&others, &digest(ours.iter().copied(), buckets));
            let difference = difference(&ours, &listing, buckets);
            for entry in &mine {
                prop_assert!(difference.give.contains(&entry.slot));
            }
            for entry in &theirs {
                prop_assert!(difference.want.contains(&entry.slot));
            }
            prop_assert!(difference.give.len() <= mine.len() && difference.want.len() <= theirs.len());
        }
    }
}
