//! The downlink's peers, by slot and by stream.

use std::collections::HashMap;
use std::time::Duration;

use super::link::{ControlLink, InboundLink};
use super::path::Path;
use super::peer::{OVERLAP, Outbound, Peer};
use super::reception::spread;
use super::{PathState, REPORT};
use crate::link::KeyMemory;
use crate::retired::RetiredQueue;
use crate::{Slot, SlotSet, Ssrc, VoiceError};

/// Everybody with a link in either direction, and which stream is whose.
pub(super) struct Peers {
    entries: Vec<Peer>,
    /// Slots with either direction.
    linked: SlotSet,
    /// Slots with a receiving direction.
    inbound: SlotSet,
    /// Whose stream an SSRC is. Only numbers that we allotted are in here.
    streams: HashMap<Ssrc, Slot>,
    keys: KeyMemory,
}

/// How a sending direction was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It was there already; its address may have changed.
    Again,
    /// It is new.
    New,
}

impl Peers {
    pub(super) fn new(keys: KeyMemory) -> Self {
        Self {
            entries: (0..Slot::COUNT).map(|_| Peer::new()).collect(),
            linked: SlotSet::EMPTY,
            inbound: SlotSet::EMPTY,
            streams: HashMap::with_capacity(4 * Slot::COUNT),
            keys,
        }
    }

    /// Returns what is known of `slot`.
    pub(super) fn get(&self, slot: Slot) -> &Peer {
        &self.entries[slot.index()]
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, slot: Slot) -> &mut Peer {
        &mut self.entries[slot.index()]
    }

    /// Returns the slots with a link in either direction.
    pub(super) fn linked(&self) -> SlotSet {
        self.linked
    }

    /// Returns the slots with a receiving direction.
    pub(super) fn inbound(&self) -> SlotSet {
        self.inbound
    }

    /// Returns whose stream this is.
    pub(super) fn owner(&self, ssrc: Ssrc) -> Option<Slot> {
        self.streams.get(&ssrc).copied()
    }

    /// Takes a receiving direction into use. The one before still opens packets for a while.
    ///
    /// # Errors
    ///
    /// A link that is [outdated](VoiceError::Outdated), or whose [stream number is another
    /// peer's](VoiceError::StreamNumberTaken), changes nothing.
    pub(super) fn set_inbound(
        &mut self,
        mut link: Box<InboundLink>,
        now: Duration,
        retired: &mut RetiredQueue,
    ) -> Result<(), VoiceError> {
        let slot = link.slot();
        let current = self.entries[slot.index()]
            .inbound
            .as_ref()
            .map(|link| link.generation());
        if current == Some(link.generation()) {
            // The same again: its replay window must not begin anew.
            retired.push(link);
            return Ok(());
        }
        let streams = [link.setup.open_ssrc, link.setup.whisper_ssrc];
        let refusal = match current {
            Some(current) if current > link.generation() => Some(VoiceError::Outdated {
                slot,
                offered: link.generation(),
                current,
            }),
            _ => streams
                .into_iter()
                .find(|ssrc| self.owner(*ssrc).is_some_and(|owner| owner != slot))
                .map(|ssrc| VoiceError::StreamNumberTaken { slot, ssrc }),
        };
        if let Some(refusal) = refusal {
            retired.push(link);
            return Err(refusal);
        }
        self.end_previous(slot, retired);
        for ssrc in streams {
            self.streams.insert(ssrc, slot);
        }
        let peer = &mut self.entries[slot.index()];
        if let Some(mut replaced) = peer.inbound.take() {
            // What is being played goes on; a sender that started anew shows by its timestamps.
            std::mem::swap(&mut replaced.playout, &mut link.playout);
            peer.previous = Some((replaced, now + OVERLAP));
        } else {
            peer.stats_due = now + spread(slot, REPORT);
        }
        peer.inbound = Some(link);
        if let Some(outbound) = &mut peer.outbound {
            outbound.path.hurry(now);
        }
        self.inbound.insert(slot);
        self.linked.insert(slot);
        Ok(())
    }

    /// Takes a sending direction into use.
    ///
    /// # Errors
    ///
    /// A link that is [outdated](VoiceError::Outdated) or whose [key was used](VoiceError::KeyReused) changes
    /// nothing.
    pub(super) fn set_outbound(
        &mut self,
        link: Box<ControlLink>,
        now: Duration,
        retired: &mut RetiredQueue,
    ) -> Result<Taken, VoiceError> {
        let slot = link.slot();
        let peer = &mut self.entries[slot.index()];
        if let Some(outbound) = &mut peer.outbound {
            let current = outbound.link.generation();
            if current == link.generation() {
                // Only the address can be news: sealing goes on where it was.
                outbound.path.set_address(link.address, now);
                retired.push(link);
                return Ok(Taken::Again);
            }
            if current > link.generation() {
                let offered = link.generation();
                retired.push(link);
                return Err(VoiceError::Outdated {
                    slot,
                    offered,
                    current,
                });
            }
        }
        if !self.keys.remember(&link.setup.keys) {
            retired.push(link);
            return Err(VoiceError::KeyReused { slot });
        }
        let (path, told) = match peer.outbound.take() {
            Some(replaced) => {
                let Outbound {
                    link: old,
                    mut path,
                    told,
                    ..
                } = replaced;
                retired.push(old);
                path.set_address(link.address, now);
                (path, told)
            }
            None => (Path::new(slot, link.address, now), PathState::Probing),
        };
        peer.outbound = Some(Outbound {
            link,
            path,
            told,
            report_due: now + spread(slot, REPORT),
            sent: [None; 2],
            reported: Default::default(),
        });
        self.linked.insert(slot);
        Ok(Taken::New)
    }

    /// Ends both directions of `slot`; tells whether its speech was told of and its end was not.
    pub(super) fn unlink(&mut self, slot: Slot, retired: &mut RetiredQueue) -> bool {
        self.end_previous(slot, retired);
        let peer = std::mem::replace(&mut self.entries[slot.index()], Peer::new());
        if let Some(link) = peer.inbound {
            self.streams.remove(&link.setup.open_ssrc);
            self.streams.remove(&link.setup.whisper_ssrc);
            retired.push(link);
        }
        if let Some(outbound) = peer.outbound {
            retired.push(outbound.link);
        }
        self.inbound.remove(slot);
        self.linked.remove(slot);
        peer.meter.is_told()
    }

    /// Forgets the keys before the newest.
    pub(super) fn end_previous(&mut self, slot: Slot, retired: &mut RetiredQueue) {
        let peer = &mut self.entries[slot.index()];
        let Some((link, _)) = peer.previous.take() else {
            return;
        };
        for ssrc in [link.setup.open_ssrc, link.setup.whisper_ssrc] {
            let in_use = peer
                .inbound
                .as_ref()
                .is_some_and(|current| current.setup.stream(ssrc).is_some());
            if !in_use {
                self.streams.remove(&ssrc);
            }
        }
        retired.push(link);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playout::PlayoutConfig;
    use crate::{LinkSetup, MediaKeys};

    fn setup(slot: u8, generation: u64, open: u32) -> LinkSetup {
        LinkSetup {
            slot: Slot::new(slot),
            generation,
            keys: MediaKeys {
                key: [generation as u8; 16],
                salt: [slot; 12],
            },
            open_ssrc: Ssrc::new(open),
            whisper_ssrc: Ssrc::new(open + 1),
        }
    }

    fn inbound(setup: LinkSetup) -> Box<InboundLink> {
        InboundLink::new(setup, PlayoutConfig::default()).unwrap()
    }

    #[test]
    fn a_stream_belongs_to_its_peer_until_the_keys_that_named_it_are_over() {
        let (mut peers, mut retired) = (
            Peers::new(KeyMemory::new(1)),
            RetiredQueue::with_capacity(8),
        );
        let (now, slot) = (Duration::ZERO, Slot::new(1));
        let take = |peers: &mut Peers, retired: &mut RetiredQueue, setup| {
            peers.set_inbound(inbound(setup), now, retired)
        };
        take(&mut peers, &mut retired, setup(1, 1, 10)).unwrap();
        let taken = take(&mut peers, &mut retired, setup(2, 1, 11));
        assert_eq!(
            taken,
            Err(VoiceError::StreamNumberTaken {
                slot: Slot::new(2),
                ssrc: Ssrc::new(11)
            })
        );
        take(&mut peers, &mut retired, setup(1, 2, 11)).unwrap();
        for open in [10, 11, 12] {
            assert_eq!(peers.owner(Ssrc::new(open)), Some(slot));
        }
        peers.end_previous(slot, &mut retired);
        assert_eq!(peers.owner(Ssrc::new(10)), None);
        assert_eq!(peers.owner(Ssrc::new(11)), Some(slot));
        assert!(!peers.unlink(slot, &mut retired));
        assert_eq!(peers.owner(Ssrc::new(11)), None);
        assert!(peers.linked().is_empty() && peers.inbound().is_empty());
    }
}
