//! The slots of the voice machines, and who has them.

use std::collections::HashMap;

use sotto_meeting::PeerId;
use sotto_net::NodeId;
use sotto_voice::{Slot, SlotSet};

use crate::threads::SlotNames;

/// The slots that are given, and to whom.
pub(super) struct Slots {
    slots: HashMap<PeerId, Slot>,
    peers: Vec<Option<PeerId>>,
    next: usize,
    /// The same for the voice threads.
    names: SlotNames,
}

impl Slots {
    /// Has given none. The voice threads read `names`.
    pub(super) fn new(names: SlotNames) -> Self {
        Self {
            slots: HashMap::new(),
            peers: vec![None; Slot::COUNT],
            next: 0,
            names,
        }
    }

    /// Returns the slot of `peer`, if it has one.
    pub(super) fn of(&self, peer: PeerId) -> Option<Slot> {
        self.slots.get(&peer).copied()
    }

    /// Returns who has `slot`; nobody if it was freed meanwhile.
    pub(super) fn peer(&self, slot: Slot) -> Option<PeerId> {
        self.peers[slot.index()]
    }

    /// Returns the slot of `peer`, and gives one first if it has none.
    ///
    /// Freed slots come round as late as possible, so that what is still on its way for the one before is stale.
    pub(super) fn give(&mut self, peer: PeerId) -> Option<Slot> {
        if let Some(slot) = self.of(peer) {
            return Some(slot);
        }
        let free = (0..Slot::COUNT)
            .map(|step| (self.next + step) % Slot::COUNT)
            .find(|index| self.peers[*index].is_none());
        let Some(slot) = free.and_then(Slot::from_index) else {
            tracing::error!("more voices than a meeting may have");
            return None;
        };
        self.next = slot.index() + 1;
        self.peers[slot.index()] = Some(peer);
        self.slots.insert(peer, slot);
        self.names.set(slot, Some(NodeId(peer.0)));
        Some(slot)
    }

    /// Returns the slots of all of `peers`, and gives those that are missing.
    pub(super) fn give_all(&mut self, peers: Vec<PeerId>) -> SlotSet {
        peers
            .into_iter()
            .filter_map(|peer| self.give(peer))
            .collect()
    }

    /// Frees the slot of `peer`, and returns it.
    pub(super) fn free(&mut self, peer: PeerId) -> Option<Slot> {
        let slot = self.slots.remove(&peer)?;
        self.peers[slot.index()] = None;
        self.names.set(slot, None);
        Some(slot)
    }

    /// Frees all of them.
    pub(super) fn clear(&mut self) {
        for slot in std::mem::take(&mut self.slots).into_values() {
            self.peers[slot.index()] = None;
            self.names.set(slot, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: usize) -> PeerId {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        PeerId(key)
    }

    #[test]
    fn a_slot_is_one_peers_and_the_threads_know_whose() {
        let names = SlotNames::default();
        let mut slots = Slots::new(names.clone());
        let first = slots.give(peer(1)).unwrap();
        assert_eq!(slots.give(peer(1)), Some(first));
        assert_ne!(slots.give(peer(2)), Some(first));
        assert_eq!(slots.peer(first), Some(peer(1)));
        assert_eq!(names.node(first), Some(NodeId(peer(1).0)));
        assert_eq!(slots.free(peer(1)), Some(first));
        assert_eq!((slots.of(peer(1)), slots.peer(first)), (None, None));
        assert_eq!(names.node(first), None);
        assert_eq!(slots.free(peer(1)), None);
    }

    #[test]
    fn a_freed_slot_comes_round_as_late_as_possible() {
        let mut slots = Slots::new(SlotNames::default());
        let first = slots.give(peer(0)).unwrap();
        slots.free(peer(0));
        for number in 1..Slot::COUNT {
            assert_ne!(slots.give(peer(number)), Some(first), "{number}");
        }
        assert_eq!(slots.give(peer(Slot::COUNT)), Some(first));
        assert_eq!(slots.give(peer(Slot::COUNT + 1)), None);
    }

    #[test]
    fn whoever_leaves_gives_back_every_slot() {
        let names = SlotNames::default();
        let mut slots = Slots::new(names.clone());
        let given: Vec<Slot> = (0..5)
            .filter_map(|number| slots.give(peer(number)))
            .collect();
        slots.clear();
        for slot in given {
            assert_eq!((slots.peer(slot), names.node(slot)), (None, None));
        }
    }
}
