//! The connections that stand.

use std::{
    collections::{HashMap, HashSet},
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use libp2p::swarm::ConnectionId;

use super::hellos::Hellos;
use crate::{NodeId, Program, Transport, addresses::Subnets};

/// Two connections to one peer that are older than this are one too many.
const OVERLAP: Duration = Duration::from_secs(6);
/// Connections that begin within this span came of both sides dialling; otherwise the newer replaces the older,
/// whose other end may have crashed.
const SIMULTANEOUS: Duration = Duration::from_millis(1500);

/// Peers with their connections, and the names of those that mDNS lists.
#[derive(Debug, Default)]
pub(super) struct Connections {
    peers: HashMap<NodeId, Vec<Connection>>,
    /// Where the caller believes the peer to be.
    reported: HashMap<NodeId, IpAddr>,
    programs: HashMap<NodeId, Program>,
    discovered: HashSet<NodeId>,
    hellos: Hellos,
}

/// One connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    pub(super) address: SocketAddr,
    pub(super) transport: Transport,
    pub(super) outbound: bool,
    pub(super) since: Instant,
}

/// What a new or closed connection means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing.
    None,
    /// The caller must be told (again) where the peer is.
    Connected(IpAddr, Transport),
    /// The last connection closed.
    Disconnected,
}

impl Connections {
    /// None yet. Everybody listens to the topic `common`.
    pub(super) fn new(common: Option<String>) -> Self {
        Self {
            hellos: Hellos::new(common),
            ..Self::default()
        }
    }

    /// A connection stands. Returns what to tell, and the connections that are no longer needed.
    pub(super) fn opened(&mut self, peer: NodeId, new: Connection) -> (Change, Vec<ConnectionId>) {
        let known = self.peers.entry(peer).or_default();
        let first = known.is_empty();
        if first {
            self.hellos.connected(peer, new.since);
        }
        let replaced: Vec<_> = known
            .iter()
            .filter(|old| {
                // QUIC dials from the port that it listens on, so another port is another process.
                let both_quic =
                    (old.transport, new.transport) == (Transport::Quic, Transport::Quic);
                let by_restart = old.since + SIMULTANEOUS <= new.since
                    || (both_quic && old.address.port() != new.address.port());
                // Our own dial by TCP was begun because QUIC took long, and then QUIC stood after all.
                let by_better = old.outbound
                    && old.transport == Transport::Tcp
                    && new.transport == Transport::Quic;
                by_restart || by_better
            })
            .map(|old| old.id)
            .collect();
        known.push(new);
        let quic_stands = known
            .iter()
            .any(|connection| connection.transport == Transport::Quic);
        if new.outbound && new.transport == Transport::Tcp && quic_stands {
            // It lost the race against QUIC by so little that both stand.
            return (Change::None, vec![new.id]);
        }
        if first || !replaced.is_empty() {
            self.reported.insert(peer, new.address.ip());
            (Change::Connected(new.address.ip(), new.transport), replaced)
        } else {
            (Change::None, replaced)
        }
    }

    /// A connection closed.
    pub(super) fn closed(&mut self, peer: NodeId, id: ConnectionId) -> Change {
        let Some(known) = self.peers.get_mut(&peer) else {
            return Change::None;
        };
        known.retain(|connection| connection.id != id);
        let Some(left) = known.last() else {
            self.peers.remove(&peer);
            self.reported.remove(&peer);
            self.programs.remove(&peer);
            self.hellos.disconnected(peer);
            return Change::Disconnected;
        };
        let address = left.address.ip();
        let reported = self.reported.insert(peer, address);
        if reported == Some(address) {
            Change::None
        } else {
            Change::Connected(address, left.transport)
        }
    }

    /// A peer says which program it runs. Returns whether that is news of somebody who is connected.
    pub(super) fn identified(&mut self, peer: NodeId, program: &Program) -> bool {
        let known = self.programs.get(&peer);
        let news = self.is_connected(peer) && known != Some(program);
        if news {
            self.programs.insert(peer, program.clone());
        }
        news
    }

    /// A peer listens to a topic.
    pub(super) fn subscribed(&mut self, peer: NodeId, topic: &str) {
        self.hellos.subscribed(peer, topic);
    }

    /// Peers that have not said to which topics they listen, and are to be connected with anew.
    pub(super) fn take_silent(&mut self, now: Instant) -> Vec<NodeId> {
        self.hellos.take_overdue(now)
    }

    /// When there may be such a peer.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.hellos.next_timeout()
    }

    pub(super) fn is_connected(&self, peer: NodeId) -> bool {
        self.peers.contains_key(&peer)
    }

    /// Peers connected, and connections to them.
    pub(super) fn count(&self) -> (usize, usize) {
        (self.peers.len(), self.peers.values().map(Vec::len).sum())
    }

    /// Connections of `peer` that this side dialled.
    pub(super) fn outbound(&self, peer: NodeId) -> Vec<ConnectionId> {
        let of_this_peer = self.peers.get(&peer).into_iter().flatten();
        of_this_peer
            .filter(|connection| connection.outbound)
            .map(|connection| connection.id)
            .collect()
    }

    /// TCP connections to addresses in `before` but not in `now`. QUIC notices by itself within 3 s that an interface has
    /// gone; TCP would wait for a ping.
    pub(super) fn cut_off(&self, before: &Subnets, now: &Subnets) -> Vec<ConnectionId> {
        self.peers
            .values()
            .flatten()
            .filter(|connection| connection.transport == Transport::Tcp)
            .filter(|connection| {
                let ip = connection.address.ip();
                before.contains(ip) && !now.contains(ip)
            })
            .map(|connection| connection.id)
            .collect()
    }

    /// Own dials that met a dial from the other side. Both ends keep the one that the smaller key dialled.
    pub(super) fn surplus(&self, own: NodeId, now: Instant) -> Vec<ConnectionId> {
        self.peers
            .iter()
            .filter(|&(&peer, known)| {
                peer < own && known.iter().any(|connection| !connection.outbound)
            })
            .flat_map(|(_, known)| known)
            .filter(|connection| connection.outbound && connection.since + OVERLAP <= now)
            .map(|connection| connection.id)
            .collect()
    }

    /// mDNS lists `peer`; returns how many it lists now.
    pub(super) fn note_discovered(&mut self, peer: NodeId) -> usize {
        self.discovered.insert(peer);
        self.discovered.len()
    }

    /// mDNS no longer lists `peer`; returns how many are left.
    pub(super) fn note_expired(&mut self, peer: NodeId) -> usize {
        self.discovered.remove(&peer);
        self.discovered.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: NodeId = NodeId([1; 32]);
    const BAO: NodeId = NodeId([2; 32]);

    fn connection(id: usize, last_byte: u8, outbound: bool, since: Instant) -> Connection {
        Connection {
            id: ConnectionId::new_unchecked(id),
            address: SocketAddr::from(([192, 0, 2, last_byte], 4001)),
            transport: Transport::Quic,
            outbound,
            since,
        }
    }

    #[test]
    fn the_first_and_the_last_connection_are_told() {
        let mut connections = Connections::default();
        let start = Instant::now();
        let (first, second) = (
            connection(1, 7, true, start),
            connection(2, 7, false, start),
        );
        let told = Change::Connected(first.address.ip(), Transport::Quic);
        assert_eq!(connections.opened(ANNA, first), (told, vec![]));
        assert_eq!(connections.opened(ANNA, second), (Change::None, vec![]));
        assert_eq!(connections.closed(ANNA, first.id), Change::None);
        assert_eq!(connections.closed(ANNA, second.id), Change::Disconnected);
        assert_eq!(connections.closed(ANNA, second.id), Change::None);
    }

    #[test]
    fn a_program_is_news_once_and_while_its_peer_is_connected() {
        let mut connections = Connections::default();
        let program = Program::default();
        assert!(!connections.identified(ANNA, &program), "not connected");
        let first = connection(1, 7, true, Instant::now());
        connections.opened(ANNA, first);
        assert!(connections.identified(ANNA, &program));
        assert!(!connections.identified(ANNA, &program), "known");
        connections.closed(ANNA, first.id);
        connections.opened(ANNA, first);
        assert!(connections.identified(ANNA, &program), "perhaps another");
    }

    #[test]
    fn another_address_is_told_when_the_told_one_closes() {
        let mut connections = Connections::default();
        let start = Instant::now();
        connections.opened(ANNA, connection(1, 7, true, start));
        let other = connection(2, 8, false, start);
        assert_eq!(connections.opened(ANNA, other).0, Change::None);
        let told = Change::Connected(other.address.ip(), Transport::Quic);
        assert_eq!(
            connections.closed(ANNA, ConnectionId::new_unchecked(1)),
            told
        );
    }

    #[test]
    fn a_later_connection_replaces_an_older_one() {
        let mut connections = Connections::default();
        let start = Instant::now();
        let old = connection(1, 7, true, start);
        connections.opened(ANNA, old);
        let new = connection(2, 7, false, start + SIMULTANEOUS);
        let told = Change::Connected(new.address.ip(), Transport::Quic);
        assert_eq!(connections.opened(ANNA, new), (told, vec![old.id]));
        assert_eq!(connections.closed(ANNA, old.id), Change::None);
    }

    #[test]
    fn a_restart_on_another_port_replaces_at_once() {
        let mut connections = Connections::default();
        let start = Instant::now();
        let old = connection(1, 7, true, start);
        connections.opened(ANNA, old);
        let mut new = connection(2, 7, false, start);
        new.address.set_port(4002);
        assert_eq!(connections.opened(ANNA, new).1, [old.id]);
    }

    #[test]
    fn of_two_dials_that_met_the_greater_key_gives_up_its_own() {
        let mut connections = Connections::default();
        let start = Instant::now();
        connections.opened(ANNA, connection(1, 7, true, start));
        connections.opened(ANNA, connection(2, 7, false, start));
        assert!(
            connections.surplus(BAO, start).is_empty(),
            "not while they may carry something"
        );
        assert_eq!(
            connections.surplus(BAO, start + OVERLAP),
            [ConnectionId::new_unchecked(1)]
        );
        assert!(
            connections
                .surplus(NodeId([0; 32]), start + OVERLAP)
                .is_empty(),
            "the smaller key keeps it"
        );
    }

    #[test]
    fn tcp_over_an_interface_that_has_gone_is_cut_off() {
        let mut connections = Connections::default();
        let start = Instant::now();
        let tcp = Connection {
            transport: Transport::Tcp,
            ..connection(1, 7, true, start)
        };
        connections.opened(ANNA, tcp);
        connections.opened(BAO, connection(2, 8, true, start));
        let lan = Subnets::new([(IpAddr::from([192, 0, 2, 1]), 24)]);
        let none = Subnets::default();
        assert_eq!(connections.cut_off(&lan, &none), [tcp.id]);
        assert!(connections.cut_off(&lan, &lan).is_empty());
        assert!(
            connections.cut_off(&none, &none).is_empty(),
            "a static peer beyond a router"
        );
    }

    #[test]
    fn quic_replaces_our_own_impatient_tcp() {
        let mut connections = Connections::default();
        let start = Instant::now();
        let tcp = Connection {
            transport: Transport::Tcp,
            ..connection(1, 7, true, start)
        };
        connections.opened(ANNA, tcp);
        assert_eq!(
            connections.opened(ANNA, connection(2, 7, true, start)).1,
            [tcp.id]
        );
    }
}
