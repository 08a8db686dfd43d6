//! Which direct connections are wanted, besides those that the network keeps into the lobby.

use std::collections::{BTreeMap, BTreeSet};

use super::Mesh;
use super::links::LONELY;
use crate::ids::{MeetingId, PeerId};
use crate::limits::PARTICIPANTS;
use crate::presence::{OfflineReason, Presence};

/// Connections into each meeting on my list.
const PER_MEETING: usize = 3;
/// Connections beyond the active meeting.
const BEYOND: usize = 256;

impl Mesh {
    /// Whether a peer's daemon seems to run: connected, announced in the lobby, or present somewhere.
    pub(super) fn is_running(&self, peer: PeerId) -> bool {
        self.links.is_connected(peer)
            || self.people.is_announced(peer, self.now.monotonic)
            || self
                .meetings
                .iter()
                .any(|meeting| meeting.shows_present(peer))
    }

    /// Asks for connections that are wanted now and were not, and gives up the others.
    pub(super) fn choose_connections(&mut self) {
        let wanted = self.wanted_peers();
        let people = &self.people;
        for output in self.links.choose(&wanted, |peer| people.dial(peer)) {
            self.outbox.push(output);
        }
    }

    fn wanted_peers(&self) -> BTreeSet<PeerId> {
        let mut wanted = BTreeSet::new();
        if self.seat.is_closing() {
            return wanted;
        }
        if let Some(seat) = self.seat.meeting()
            && let Some(meeting) = self.meetings.get(&seat)
        {
            // Also those shown as lost: they are to be found again.
            let lost = Presence::Offline(OfflineReason::Lost);
            let present = meeting
                .shown()
                .iter()
                .filter(|(_, presence)| presence.is_present() || **presence == lost);
            wanted.extend(present.map(|(peer, _)| *peer).take(PARTICIPANTS));
        }
        wanted.remove(&self.me.id);
        let active = wanted.len();
        let needed: BTreeSet<PeerId> = self.links.needed().collect();
        // Whoever connects with everyone present needs no others into that meeting.
        let rings = self
            .meetings
            .ids()
            .filter(|id| active < PER_MEETING || !self.is_seated(*id))
            .flat_map(|id| self.neighbours(id));
        let company = if self.links.is_lonely() {
            self.company()
        } else {
            Vec::new()
        };
        for peer in needed.into_iter().chain(rings).chain(company) {
            if wanted.len() >= active + BEYOND {
                break;
            }
            if peer != self.me.id {
                wanted.insert(peer);
            }
        }
        wanted
    }

    /// The next of those running after me on the ring of hashed ids, wherever they are.
    fn company(&self) -> Vec<PeerId> {
        let ring: BTreeMap<[u8; 32], PeerId> = self
            .people
            .announced(self.now.monotonic)
            .map(|peer| (peer.ring(), peer))
            .collect();
        next_on(&ring, self.me.id, LONELY)
    }

    /// The next running participants after me on the ring of hashed ids.
    fn neighbours(&self, id: MeetingId) -> Vec<PeerId> {
        let Some(meeting) = self
            .meetings
            .get(&id)
            .filter(|meeting| meeting.ended().is_none())
        else {
            return Vec::new();
        };
        let ring: BTreeMap<[u8; 32], PeerId> = meeting
            .participants()
            .filter(|peer| *peer != self.me.id && self.is_running(*peer))
            .map(|peer| (peer.ring(), peer))
            .collect();
        next_on(&ring, self.me.id, PER_MEETING)
    }
}

/// The next `count` after `me`.
fn next_on(ring: &BTreeMap<[u8; 32], PeerId>, me: PeerId, count: usize) -> Vec<PeerId> {
    let mine = me.ring();
    let after = ring.range(mine..);
    let before = ring.range(..mine);
    after
        .chain(before)
        .map(|(_, peer)| *peer)
        .take(count)
        .collect()
}
