//! Which peers to connect to, and when.
//!
//! Nobody connects to everybody. A daemon keeps 3 to 6 *lobby* connections to peers that mDNS found, picked at
//! random and dialled one after the other, so that a hundred daemons that start together do not storm each
//! other; gossip does the rest. On top come the peers that the caller *wants* connected, and the *static* peers
//! that a person named by address. Every 30 s or so a daemon tries one more lobby peer and may give up another,
//! so that two halves of a network that was split grow together again.
//!
//! Sans-IO: it is told what happened and the time, and says whom to dial. Times are since an arbitrary start.

use std::{
    collections::{HashMap, VecDeque},
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use crate::{
    NodeId, UnreachableNode,
    addresses::{dialable, distinct, is_dialable},
};

mod backoff;
mod lobby;
mod peer;
mod place;
mod statics;
#[cfg(test)]
mod tests;

use backoff::Jitter;
pub(crate) use peer::Way;
use peer::{Link, Peer};
pub(crate) use place::Place;
use statics::StaticPeer;

/// Pause between two lobby dials; the upper end of a random span.
const LOBBY_PACE: Duration = Duration::from_millis(120);
/// Of two peers that discover each other, the one with the greater key waits this long for the other's dial.
const YIELD: Duration = Duration::from_millis(50);
/// Mean time between two attempts to widen or renew the lobby connections.
const EXPLORE: Duration = Duration::from_secs(30);
/// Dials to different peers under way at once.
const MAX_DIALS: usize = 32;
/// Peers that may be wanted at once.
const MAX_WANTED: usize = 1024;
/// Addresses of one peer dialled at once; after a failure others have their turn.
const MAX_AT_ONCE: usize = 8;
/// A connection that ends sooner was no good: whoever has it may be one of two daemons with the same identity.
const STEADY: Duration = Duration::from_secs(10);
/// Peers that a report names.
const MAX_REPORTED: usize = 64;
/// Static peers, those dialled by command included.
const MAX_STATIC: usize = 64;

/// What the planner wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Dial a peer, at any of these addresses.
    Dial {
        peer: NodeId,
        addresses: Vec<SocketAddr>,
    },
    /// Dial whoever is at this address.
    DialStatic { address: SocketAddr },
    /// Close the lobby connection to this peer, which this side dialled.
    Close { peer: NodeId },
    /// A peer asked for with [`Planner::reach`] cannot be reached.
    Unreachable { peer: NodeId },
}

/// Decides whom to dial.
#[derive(Debug)]
pub(crate) struct Planner {
    own: NodeId,
    place: Place,
    peers: HashMap<NodeId, Peer>,
    statics: Vec<StaticPeer>,
    jitter: Jitter,
    lobby_after: Duration,
    explore_at: Duration,
    /// When a connection too many may be given up.
    shed_at: Option<Duration>,
    wake: Option<Duration>,
    actions: VecDeque<Action>,
    refused: u64,
}

impl Planner {
    /// `seed` makes the random staggering; equal seeds make equal decisions.
    pub(crate) fn new(own: NodeId, seed: u64, now: Duration) -> Self {
        let mut jitter = Jitter::new(seed);
        let explore_at = now + jitter.around(EXPLORE);
        Self {
            own,
            place: Place::default(),
            peers: HashMap::new(),
            statics: Vec::new(),
            jitter,
            lobby_after: now,
            explore_at,
            shed_at: None,
            wake: Some(now),
            actions: VecDeque::new(),
            refused: 0,
        }
    }

    /// The interfaces changed: only addresses in the networks of `place` are dialled from now on. Whoever failed and may be
    /// in a network that is new is worth another attempt; the others are not, or every container that starts would have
    /// everybody dialled.
    pub(crate) fn set_place(&mut self, place: Place, now: Duration) {
        let gained = place.gained(&self.place);
        self.place = place;
        if gained.is_empty() {
            return;
        }
        for peer in self.peers.values_mut() {
            if peer.known().any(|address| gained.contains(address.ip())) {
                peer.backoff.reset();
                peer.fresh = true;
                peer.lobby_from = peer.lobby_from.min(now + self.jitter.up_to(LOBBY_PACE));
            }
        }
        for peer in &mut self.statics {
            let ip = peer.address.ip();
            // Beyond a router, which may be in the new network.
            if gained.contains(ip) || !self.place.networks.contains(ip) {
                peer.retry_now(now);
            }
        }
        self.wake = Some(now);
    }

    /// mDNS lists `peer` at `addresses`, which replace what it listed before. Returns whether that is news.
    pub(crate) fn discovered(
        &mut self,
        peer: NodeId,
        addresses: &[SocketAddr],
        now: Duration,
    ) -> bool {
        if peer == self.own {
            return false;
        }
        // As with hints, those elsewhere are kept to be told of, and are not dialled.
        let addresses = self.take_in(addresses);
        let yields = if self.own < peer {
            Duration::ZERO
        } else {
            YIELD
        };
        let wait = yields + self.jitter.up_to(LOBBY_PACE / 4);
        let entry = self.peers.entry(peer).or_default();
        let known = !entry.discovered.is_empty();
        if known
            && addresses
                .iter()
                .all(|address| entry.discovered.contains(address))
        {
            entry.discovered = addresses;
            return false;
        }
        entry.discovered = addresses;
        entry.fresh = true;
        entry.backoff.reset();
        entry.lobby_from = now + wait;
        self.wake = Some(now);
        true
    }

    /// mDNS lists `peer` no longer. That says nothing about an existing connection.
    pub(crate) fn expired(&mut self, peer: NodeId) {
        if let Some(entry) = self.peers.get_mut(&peer) {
            entry.discovered.clear();
        }
        self.forget(peer);
    }

    /// Keep `peer` connected. Returns whether there was room for it.
    pub(crate) fn want(&mut self, peer: NodeId, hints: &[SocketAddr], now: Duration) -> bool {
        let known = self.peers.get(&peer).is_some_and(|peer| peer.wanted);
        if peer == self.own || (!known && self.wanted() >= MAX_WANTED) {
            return false;
        }
        // Those outside the own networks are kept too: a connection may prove one of them.
        let hints = self.take_in(hints);
        let entry = self.peers.entry(peer).or_default();
        if !entry.wanted || hints.iter().any(|address| !entry.hints.contains(address)) {
            entry.fresh = true;
            entry.backoff.reset();
        }
        entry.wanted = true;
        entry.hints = hints;
        self.wake = Some(now);
        true
    }

    /// `peer` need not be kept connected any more.
    pub(crate) fn release(&mut self, peer: NodeId, now: Duration) {
        if let Some(entry) = self.peers.get_mut(&peer) {
            entry.wanted = false;
            entry.hints.clear();
        }
        self.forget(peer);
        self.wake = Some(now);
    }

    /// A request to `peer` waits: dial it once, now. Either a connection or [`Action::Unreachable`] follows.
    pub(crate) fn reach(&mut self, peer: NodeId, now: Duration) {
        let entry = self.peers.entry(peer).or_default();
        entry.urgent = true;
        if entry.dials == 0 {
            entry.backoff.reset();
        }
        self.wake = Some(now);
    }

    /// Dial `address` whenever nobody is connected there. Returns whether there was room for it.
    pub(crate) fn add_static(&mut self, address: SocketAddr, now: Duration) -> bool {
        if self.statics.iter().any(|known| known.address == address) {
            return true;
        }
        if self.statics.len() >= MAX_STATIC || !is_dialable(address) {
            return false;
        }
        self.statics.push(StaticPeer::new(
            address,
            now + self.jitter.up_to(LOBBY_PACE),
        ));
        self.wake = Some(now);
        true
    }

    /// The dial to a static peer's address ended: `peer` answered there, or nobody did.
    pub(crate) fn static_dialled(
        &mut self,
        address: SocketAddr,
        peer: Option<NodeId>,
        now: Duration,
    ) {
        if let Some(known) = self
            .statics
            .iter_mut()
            .find(|known| known.address == address)
        {
            known.dialled(peer, now, &mut self.jitter);
        }
        self.wake = Some(now);
    }

    /// The first connection to `peer` stands.
    pub(crate) fn connected(&mut self, peer: NodeId, way: Way, now: Duration) {
        let entry = self.peers.entry(peer).or_default();
        entry.connected = Some(Link {
            since: now,
            outbound: matches!(way, Way::Dialled(_)),
        });
        entry.met(way);
        entry.urgent = false;
        entry.fresh = false;
        self.wake = Some(now);
    }

    /// The last connection to `peer` closed.
    pub(crate) fn disconnected(&mut self, peer: NodeId, now: Duration) {
        let pause = self.jitter.up_to(Duration::from_millis(100));
        let lobby_pause = Duration::from_millis(500) + self.jitter.up_to(Duration::from_secs(1));
        let mut steady = true;
        if let Some(entry) = self.peers.get_mut(&peer) {
            let link = entry.connected.take();
            steady = link.is_none_or(|link| link.since + STEADY <= now);
            if steady {
                entry.backoff.steady();
                entry.backoff.not_before = now + pause;
            } else {
                let wanted = entry.wanted;
                entry.backoff.broke_off(now, wanted, &mut self.jitter);
            }
            entry.lobby_from = now + lobby_pause;
            if !entry.wanted {
                entry.backoff.suspect();
            }
        }
        for known in &mut self.statics {
            known.disconnected(peer, steady, now + pause);
        }
        self.forget(peer);
        self.wake = Some(now);
    }

    /// A dial begun with [`Action::Dial`] ended: well, or with no connection.
    pub(crate) fn dialled(&mut self, peer: NodeId, well: bool, now: Duration) {
        let Some(entry) = self.peers.get_mut(&peer) else {
            return;
        };
        entry.dials = entry.dials.saturating_sub(1);
        if !well {
            entry.backoff.failed(now, entry.wanted, &mut self.jitter);
            if entry.urgent && entry.dials == 0 && entry.connected.is_none() {
                entry.urgent = false;
                self.actions.push_back(Action::Unreachable { peer });
            }
        }
        self.forget(peer);
        self.wake = Some(now);
    }

    /// Peers that are announced or wanted, and are not connected: dialled in vain, or nowhere to dial.
    pub(crate) fn unreachable(&self) -> Vec<UnreachableNode> {
        let mut unreachable: Vec<_> = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.connected.is_none() && (peer.is_announced() || peer.wanted))
            .map(|(&node, peer)| UnreachableNode {
                node,
                addresses: distinct(peer.known()),
                shares_network: !peer.addresses(&self.place).is_empty(),
                failures: peer.backoff.in_vain(),
            })
            .filter(|peer| !peer.addresses.is_empty())
            .filter(|peer| peer.failures > 0 || !peer.shares_network)
            .collect();
        unreachable.sort_by_key(|peer| peer.node);
        unreachable.truncate(MAX_REPORTED);
        unreachable
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    pub(crate) fn next_timeout(&self) -> Option<Duration> {
        self.wake
    }

    /// The next thing to do.
    pub(crate) fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Peers that the caller wants connected.
    pub(crate) fn wanted(&self) -> usize {
        self.peers.values().filter(|peer| peer.wanted).count()
    }

    /// Addresses refused since the last call: not dialable or outside the own subnets.
    pub(crate) fn take_refused(&mut self) -> u64 {
        std::mem::take(&mut self.refused)
    }

    /// Decides what is due at `now`.
    pub(crate) fn handle_timeout(&mut self, now: Duration) {
        self.wake = None;
        self.dial_wanted(now);
        self.dial_statics(now);
        self.dial_lobby(now);
        if now >= self.explore_at {
            self.explore(now);
            self.explore_at = now + self.jitter.around(EXPLORE);
        }
        self.wake_at(self.explore_at);
        self.shed(now);
    }

    fn dial_wanted(&mut self, now: Duration) {
        let mut room = MAX_DIALS.saturating_sub(self.dials());
        let mut wake = None;
        for (&id, peer) in &mut self.peers {
            if !(peer.wanted || peer.urgent) || !peer.may_dial() {
                continue;
            }
            let addresses = peer.addresses(&self.place);
            if addresses.is_empty() {
                if peer.urgent && peer.dials == 0 {
                    peer.urgent = false;
                    self.actions.push_back(Action::Unreachable { peer: id });
                }
            } else if peer.backoff.not_before > now {
                wake = earliest(wake, peer.backoff.not_before);
            } else if room == 0 {
                wake = earliest(wake, now + LOBBY_PACE);
            } else {
                room -= 1;
                peer.dials += 1;
                peer.dialled_at = now;
                peer.fresh = false;
                self.actions.push_back(Action::Dial {
                    peer: id,
                    addresses,
                });
            }
        }
        if let Some(at) = wake {
            self.wake_at(at);
        }
    }

    fn dial_statics(&mut self, now: Duration) {
        let mut wake = None;
        for known in &mut self.statics {
            let connected = known.peer.is_some_and(|peer| {
                self.peers
                    .get(&peer)
                    .is_some_and(|peer| peer.connected.is_some())
            });
            match known.due(connected) {
                Some(at) if at <= now => {
                    known.begin();
                    self.actions.push_back(Action::DialStatic {
                        address: known.address,
                    });
                }
                Some(at) => wake = earliest(wake, at),
                None => {}
            }
        }
        if let Some(at) = wake {
            self.wake_at(at);
        }
    }

    fn dials(&self) -> usize {
        self.peers
            .values()
            .map(|peer| usize::from(peer.dials))
            .sum()
    }

    /// Returns the addresses that name a machine, and counts those that are not dialled.
    fn take_in(&mut self, addresses: &[SocketAddr]) -> Vec<SocketAddr> {
        let dialable = dialable(addresses);
        let near = dialable
            .iter()
            .filter(|address| self.may_be_ours(address.ip()));
        self.refused += addresses.len().saturating_sub(near.count()) as u64;
        dialable
    }

    /// While no interface is up, addresses are kept for later; they are checked again before every dial.
    fn may_be_ours(&self, ip: IpAddr) -> bool {
        self.place.networks.is_empty() || self.place.networks.contains(ip)
    }

    fn forget(&mut self, peer: NodeId) {
        if self.peers.get(&peer).is_some_and(Peer::is_forgettable) {
            self.peers.remove(&peer);
        }
    }

    fn wake_at(&mut self, at: Duration) {
        self.wake = earliest(self.wake, at);
    }
}

fn earliest(known: Option<Duration>, at: Duration) -> Option<Duration> {
    Some(known.map_or(at, |known| known.min(at)))
}
