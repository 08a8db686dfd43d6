//! The volume at which each colleague is played.

use std::collections::{HashMap, HashSet};

use sotto_meeting::PeerId;

/// The volume at which a peer is played unless the user said otherwise, in per cent.
pub(super) const FULL_VOLUME: u16 = 100;

/// The volumes that the user set, and those who are heard through the room alone.
#[derive(Debug, Default)]
pub(super) struct Loudness {
    volumes: HashMap<PeerId, u16>,
    /// Until the user leaves.
    silenced: HashSet<PeerId>,
}

impl Loudness {
    /// Notes the volume that the user wants.
    pub(super) fn set(&mut self, peer: PeerId, percent: u16) {
        self.volumes.insert(peer, percent);
    }

    /// Plays `peer` no more, or again; their volume is as it was then.
    pub(super) fn silence(&mut self, peer: PeerId, silenced: bool) {
        if silenced {
            self.silenced.insert(peer);
        } else {
            self.silenced.remove(&peer);
        }
    }

    /// Returns those who are heard through the room alone.
    pub(super) fn silenced(&self) -> &HashSet<PeerId> {
        &self.silenced
    }

    /// Plays everybody again: the meeting is over.
    pub(super) fn leave(&mut self) {
        self.silenced.clear();
    }

    /// Returns how loud `peer` is played, in per cent.
    pub(super) fn of(&self, peer: PeerId) -> u16 {
        if self.silenced.contains(&peer) {
            return 0;
        }
        self.volumes.get(&peer).copied().unwrap_or(FULL_VOLUME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_silenced_keeps_the_volume_that_was_set() {
        let (anna, bao) = (PeerId([1; 32]), PeerId([2; 32]));
        let mut loudness = Loudness::default();
        loudness.set(anna, 150);
        loudness.silence(anna, true);
        assert_eq!((loudness.of(anna), loudness.of(bao)), (0, FULL_VOLUME));
        loudness.set(anna, 50);
        assert_eq!(loudness.of(anna), 0);
        loudness.leave();
        assert_eq!(loudness.of(anna), 50);
    }
}
