//! What everybody is called, and the label by which each is shown.
//!
//! As long as nobody else has an equal or a confusable name, the label is the name. Otherwise all of them carry device
//! and key suffix: `Anna (laptop)#k3fq`.
//!
//! A label costs the same among four and among four thousand of one name. Those whose names are alike stand in the
//! order of their key suffixes, so the two beside a peer are the ones that it could be confused with.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::ids::PeerId;
use crate::likeness;
use crate::names;
use crate::record::Version;

/// Characters of a key suffix at least; it grows by as many.
const SUFFIX: usize = 4;
/// Characters of a key suffix at most: the whole of it.
const LONGEST_SUFFIX: usize = 52;
/// Bits that one of them stands for.
const BITS_A_CHARACTER: usize = 5;

/// The origin of a name; the greater one prevails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// Others say so.
    Claimed,
    /// It is pinned to a contact, in this run or an earlier one. Nobody else's word changes it.
    Pinned,
    /// Signed by the peer itself, in this version.
    Signed(Version),
}

/// A place among those whose names are alike. Its order is that of key suffixes.
type Place = [u8; 32];

#[derive(Debug, Clone)]
struct Known {
    name: String,
    device: String,
    source: Source,
    place: Place,
    keys: BTreeSet<String>,
    imitates_label: bool,
}

/// What everybody is called.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    peers: BTreeMap<PeerId, Known>,
    /// Those who share a key of their names.
    alike: BTreeMap<String, BTreeMap<Place, PeerId>>,
}

impl Directory {
    /// Learns what `peer` is called, and returns those whose labels that may change. Empty: nothing that is shown did.
    pub(crate) fn learn(
        &mut self,
        peer: PeerId,
        name: &str,
        device: &str,
        source: Source,
    ) -> BTreeSet<PeerId> {
        let (name, device) = (names::clean_name(name), names::clean_device(device));
        if let Some(known) = self.peers.get_mut(&peer) {
            if known.source > source {
                return BTreeSet::new();
            }
            known.source = source;
            if known.name == name && known.device == device {
                return BTreeSet::new();
            }
        }
        let mut relabelled = self.forget(peer);
        let (place, keys) = (peer.ring(), likeness::keys(&name));
        for key in &keys {
            let alike = self.alike.entry(key.clone()).or_default();
            alike.insert(place, peer);
        }
        let known = Known {
            imitates_label: likeness::imitates_label(&name),
            name,
            device,
            source,
            place,
            keys,
        };
        relabelled.extend(self.beside(&known).map(|(_, other)| other));
        relabelled.insert(peer);
        self.peers.insert(peer, known);
        relabelled
    }

    /// Keeps the name of a contact: from now on only the contact itself changes it.
    pub(crate) fn pin(&mut self, peer: PeerId) {
        if let Some(known) = self.peers.get_mut(&peer) {
            known.source = known.source.max(Source::Pinned);
        }
    }

    /// Forgets `peer`, and returns those whose labels that may change.
    pub(crate) fn forget(&mut self, peer: PeerId) -> BTreeSet<PeerId> {
        let Some(known) = self.peers.remove(&peer) else {
            return BTreeSet::new();
        };
        let mut relabelled: BTreeSet<PeerId> =
            self.beside(&known).map(|(_, other)| other).collect();
        for key in &known.keys {
            if let Some(alike) = self.alike.get_mut(key) {
                alike.remove(&known.place);
                if alike.is_empty() {
                    self.alike.remove(key);
                }
            }
        }
        relabelled.insert(peer);
        relabelled
    }

    pub(crate) fn knows(&self, peer: PeerId) -> bool {
        self.peers.contains_key(&peer)
    }

    pub(crate) fn peers(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.peers.keys().copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.peers.len()
    }

    pub(crate) fn name(&self, peer: PeerId) -> &str {
        self.peers.get(&peer).map_or("", |known| &known.name)
    }

    pub(crate) fn device(&self, peer: PeerId) -> &str {
        self.peers.get(&peer).map_or("", |known| &known.device)
    }

    /// Returns what to show for `peer`.
    pub(crate) fn label(&self, peer: PeerId) -> String {
        let Some(known) = self.peers.get(&peer).filter(|known| !known.name.is_empty()) else {
            return format!("somebody#{}", peer.suffix());
        };
        let alike = self
            .beside(known)
            .map(|(place, _)| bits_alike(&known.place, place))
            .max();
        if alike.is_none() && !known.imitates_label {
            return known.name.clone();
        }
        // Four characters can be made alike in a minute of trying; then more are shown.
        let needed = alike.map_or(0, |bits| bits / BITS_A_CHARACTER + 1);
        let characters = needed.max(1).next_multiple_of(SUFFIX).min(LONGEST_SUFFIX);
        let suffix = peer.suffix_of(characters);
        if known.device.is_empty() {
            format!("{}#{suffix}", known.name)
        } else {
            format!("{} ({})#{suffix}", known.name, known.device)
        }
    }

    /// Returns those of a name like this one whose key suffixes are closest to its own: two a key at most.
    fn beside<'a>(&'a self, known: &'a Known) -> impl Iterator<Item = (&'a Place, PeerId)> {
        known.keys.iter().flat_map(|key| {
            let alike = self.alike.get(key);
            let below = alike.and_then(|alike| alike.range(..known.place).next_back());
            let above = alike.and_then(|alike| {
                let above = (Bound::Excluded(known.place), Bound::Unbounded);
                alike.range(above).next()
            });
            below
                .into_iter()
                .chain(above)
                .map(|(place, other)| (place, *other))
        })
    }
}

/// Returns how many first bits two places have in common.
fn bits_alike(one: &Place, other: &Place) -> usize {
    let mut bits = 0;
    for (one, other) in one.iter().zip(other) {
        let zeros = (one ^ other).leading_zeros() as usize;
        bits += zeros;
        if zeros < 8 {
            break;
        }
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ANNA: PeerId = PeerId([1; 32]);
    const BAO: PeerId = PeerId([2; 32]);
    const CHEN: PeerId = PeerId([3; 32]);

    fn directory(names: &[(PeerId, &str, &str)]) -> Directory {
        let mut directory = Directory::default();
        for (peer, name, device) in names {
            directory.learn(*peer, name, device, Source::Claimed);
        }
        directory
    }

    fn numbered(number: u32) -> PeerId {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&number.to_le_bytes());
        PeerId(key)
    }

    fn signed(epoch: u64) -> Source {
        Source::Signed(Version { epoch, counter: 1 })
    }

    #[test]
    fn a_name_of_its_own_stays_as_it_is() {
        let directory = directory(&[(ANNA, "Anna", "laptop"), (BAO, "Bao", "desk")]);
        assert_eq!(directory.label(ANNA), "Anna");
    }

    #[test]
    fn equal_names_carry_device_and_key_suffix() {
        let directory = directory(&[(ANNA, "Anna", "laptop"), (BAO, "anna", "desk")]);
        let suffix = ANNA.suffix();
        assert_eq!(directory.label(ANNA), format!("Anna (laptop)#{suffix}"));
        assert!(directory.label(BAO).starts_with("anna (desk)#"));
    }

    #[test]
    fn confusable_names_carry_a_suffix_too() {
        for imitation in [
            "AIna",
            "Al\u{274}a",
            "\u{410}lna",
            "Alna.",
            " Alna\u{200d}",
            "\u{ff21}lna",
        ] {
            let directory = directory(&[(ANNA, "Alna", ""), (BAO, imitation, "")]);
            assert!(directory.label(ANNA).contains('#'), "beside {imitation:?}");
            assert!(directory.label(BAO).contains('#'), "{imitation:?}");
        }
    }

    #[test]
    fn a_name_that_reads_like_a_label_carries_a_suffix_even_alone() {
        for name in [
            "Anna (laptop)",
            "Anna\u{ff08}laptop\u{ff09}",
            &BAO.to_string(),
        ] {
            let directory = directory(&[(ANNA, name, "")]);
            let suffix = ANNA.suffix();
            assert!(
                directory.label(ANNA).ends_with(&format!("#{suffix}")),
                "{name:?}"
            );
        }
    }

    #[test]
    fn a_suffix_cannot_be_part_of_a_name() {
        let suffix = CHEN.suffix();
        for sign in [
            "#", "\u{ff03}", "\u{fe5f}", "\u{266f}", "\u{22d5}", "\u{2317}",
        ] {
            let directory = directory(&[(ANNA, &format!("Chen {sign}{suffix}"), "")]);
            assert_eq!(directory.label(ANNA), format!("Chen {suffix}"), "{sign}");
        }
        let directory = directory(&[(ANNA, &format!("#{suffix}"), ""), (BAO, "#", "")]);
        assert_eq!(directory.label(ANNA), suffix);
        assert_eq!(directory.label(BAO), format!("somebody#{}", BAO.suffix()));
    }

    #[test]
    fn what_a_peer_signs_goes_before_what_others_call_it() {
        let mut directory = Directory::default();
        directory.learn(ANNA, "Anna", "laptop", signed(1));
        let relabelled = directory.learn(ANNA, "Mallory", "", Source::Claimed);
        assert!(relabelled.is_empty());
        assert_eq!(directory.label(ANNA), "Anna");
        directory.learn(ANNA, "Anne", "", signed(2));
        directory.learn(ANNA, "Anna", "", signed(1));
        assert_eq!(directory.label(ANNA), "Anne", "an older record");
    }

    #[test]
    fn a_pinned_name_is_changed_by_its_owner_alone() {
        let mut directory = directory(&[(ANNA, "Anna", "")]);
        directory.pin(ANNA);
        directory.learn(ANNA, "Mallory", "", Source::Claimed);
        assert_eq!(directory.label(ANNA), "Anna");
        directory.learn(ANNA, "Anne", "", signed(1));
        assert_eq!(directory.label(ANNA), "Anne");
        directory.pin(ANNA);
        directory.learn(ANNA, "Ann", "", Source::Pinned);
        assert_eq!(directory.label(ANNA), "Anne", "signed is more than pinned");
    }

    #[test]
    fn a_namesake_that_comes_or_goes_changes_the_label_of_the_other() {
        let mut directory = directory(&[(ANNA, "Anna", ""), (CHEN, "Chen", "")]);
        let both = BTreeSet::from([ANNA, BAO]);
        assert_eq!(directory.learn(BAO, "Anna", "", signed(1)), both);
        assert_eq!(directory.learn(BAO, "Bao", "", signed(2)), both);
        assert_eq!(directory.label(ANNA), "Anna");
        directory.learn(BAO, "Anna", "", signed(3));
        assert_eq!(directory.forget(BAO), both);
        assert_eq!(directory.label(ANNA), "Anna");
    }

    #[test]
    fn a_label_looks_at_two_neighbours_a_key_among_any_number_of_namesakes() {
        let looked_at = |namesakes| {
            let mut directory = Directory::default();
            for number in 0..namesakes {
                directory.learn(numbered(number), "Anna", "desk", signed(1));
            }
            let all = directory.peers.values();
            let each = all.map(|known| directory.beside(known).count());
            let most = each.max().unwrap();
            let keys = directory.peers[&numbered(0)].keys.len();
            assert!(most <= 2 * keys, "{most} of {namesakes}");
            most
        };
        assert_eq!(looked_at(4), looked_at(4000));
    }

    #[test]
    fn suffixes_of_namesakes_differ_and_are_no_longer_than_they_must_be() {
        // Among so many, some have four characters in common.
        let namesakes = 4000;
        let mut directory = Directory::default();
        for number in 0..namesakes {
            directory.learn(numbered(number), "Anna", "", signed(1));
        }
        let labels: BTreeSet<String> = directory
            .peers()
            .map(|peer| directory.label(peer))
            .collect();
        assert_eq!(labels.len(), namesakes as usize);
        let mut of_four: BTreeMap<String, usize> = BTreeMap::new();
        for peer in directory.peers() {
            *of_four.entry(peer.suffix()).or_default() += 1;
        }
        let longer = |peer: &PeerId| directory.label(*peer).len() > "Anna#".len() + SUFFIX;
        assert!(directory.peers().any(|peer| longer(&peer)));
        for peer in directory.peers() {
            assert_eq!(longer(&peer), of_four[&peer.suffix()] > 1);
        }
    }

    proptest! {
        #[test]
        fn the_index_agrees_with_a_look_at_everybody(
            steps in proptest::collection::vec((0..12_u32, "[AaIl1 ]{0,3}", any::<bool>()), 1..60)
        ) {
            let mut directory = Directory::default();
            let mut names: BTreeMap<PeerId, String> = BTreeMap::new();
            for (number, name, stays) in steps {
                let peer = numbered(number);
                let before: BTreeMap<PeerId, String> =
                    names.keys().map(|peer| (*peer, directory.label(*peer))).collect();
                let relabelled = if stays {
                    let name = names::clean_name(&name);
                    names.insert(peer, name.clone());
                    directory.learn(peer, &name, "", Source::Claimed)
                } else {
                    names.remove(&peer);
                    directory.forget(peer)
                };
                for (peer, name) in &names {
                    let label = directory.label(*peer);
                    let alike = |other: &str| !likeness::keys(other).is_disjoint(&likeness::keys(name));
                    let others = names.iter().filter(|(other, name)| *other != peer && alike(name)).count();
                    prop_assert_eq!(label.contains('#'), others > 0 || name.is_empty());
                    if before.get(peer).is_some_and(|before| *before != label) {
                        prop_assert!(relabelled.contains(peer));
                    }
                }
            }
        }
    }
}
