//! Small numbers for peers.
//!
//! Identities are long and hashing them for every packet is waste: whoever assembles the daemon gives each
//! peer of the active meeting a [`Slot`], and this crate knows peers by nothing else.

/// A peer of the active meeting, as a number below [`Slot::COUNT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u8);

impl Slot {
    /// How many slots there are: the largest meeting has 256 participants.
    pub const COUNT: usize = 256;

    /// The slot with this number.
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// The slot with this number, or `None` from [`Slot::COUNT`] on.
    pub fn from_index(index: usize) -> Option<Self> {
        u8::try_from(index).ok().map(Self)
    }

    /// The slot's number, for indexing a table of [`Slot::COUNT`] entries.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl std::fmt::Display for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "slot {}", self.0)
    }
}

/// A set of slots, 32 bytes large and free of allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct SlotSet([u64; Slot::COUNT / 64]);

impl SlotSet {
    /// The set without members.
    pub const EMPTY: Self = Self([0; Slot::COUNT / 64]);

    /// The set with `slot` as its only member.
    pub fn only(slot: Slot) -> Self {
        let mut set = Self::EMPTY;
        set.insert(slot);
        set
    }

    /// Adds `slot`; tells whether it was new.
    pub fn insert(&mut self, slot: Slot) -> bool {
        let word = &mut self.0[slot.index() / 64];
        let bit = 1_u64 << (slot.index() % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Takes `slot` out; tells whether it was in.
    pub fn remove(&mut self, slot: Slot) -> bool {
        let word = &mut self.0[slot.index() / 64];
        let bit = 1_u64 << (slot.index() % 64);
        let present = *word & bit != 0;
        *word &= !bit;
        present
    }

    /// Whether `slot` is a member.
    pub fn contains(&self, slot: Slot) -> bool {
        self.0[slot.index() / 64] & (1_u64 << (slot.index() % 64)) != 0
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Whether every member is one of `other` too.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0
            .iter()
            .zip(&other.0)
            .all(|(mine, theirs)| mine & !theirs == 0)
    }

    /// Takes the lowest member out.
    pub fn pop(&mut self) -> Option<Slot> {
        let slot = self.iter().next()?;
        self.remove(slot);
        Some(slot)
    }

    /// The members in rising order.
    pub fn iter(&self) -> impl Iterator<Item = Slot> + use<> {
        let words = self.0;
        words.into_iter().enumerate().flat_map(|(index, word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                if rest == 0 {
                    return None;
                }
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                // `index` is below 4 and `bit` below 64, so the sum fits a slot.
                Slot::from_index(index * 64 + bit)
            })
        })
    }
}

impl FromIterator<Slot> for SlotSet {
    fn from_iter<I: IntoIterator<Item = Slot>>(slots: I) -> Self {
        let mut set = Self::EMPTY;
        for slot in slots {
            set.insert(slot);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_lists_what_was_put_in_and_in_rising_order() {
        let slots = [255, 0, 63, 64, 127, 128, 200].map(Slot::new);
        let set: SlotSet = slots.into_iter().collect();
        let mut sorted = slots;
        sorted.sort();
        assert_eq!(set.iter().collect::<Vec<_>>(), sorted);
        assert_eq!(set.len(), slots.len());
    }

    #[test]
    fn removing_a_member_leaves_a_subset() {
        let mut set: SlotSet = (0..100).map(Slot::new).collect();
        let before = set;
        assert!(set.remove(Slot::new(7)));
        assert!(!set.remove(Slot::new(7)));
        assert!(set.is_subset(&before));
        assert!(!before.is_subset(&set));
        assert_eq!(set.pop(), Some(Slot::new(0)));
    }
}
