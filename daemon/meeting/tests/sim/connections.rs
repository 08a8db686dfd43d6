//! Connections: made, broken, wanted, and those that a network keeps by itself.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use sotto_meeting::{Input, PeerId};

use super::Sim;
use super::happenings::Happening;

pub(crate) const UPKEEP: Duration = Duration::from_millis(500);
/// Lobby connections that a machine keeps by itself where multicast passes.
pub(crate) const LOBBY_CONNECTIONS: usize = 3;

/// A connection between two runs of two machines.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(super) ends: [(usize, u64); 2],
    lobby: bool,
    /// Since when nothing gets through.
    silent_since: Option<Duration>,
}

impl Connection {
    pub(crate) fn joins(&self, one: usize, other: usize) -> bool {
        let [a, b] = self.ends;
        (a.0, b.0) == (one, other) || (a.0, b.0) == (other, one)
    }
}

impl Sim {
    pub(super) fn lives(&self, end: (usize, u64)) -> bool {
        self.machines[end.0].run == end.1 && self.machines[end.0].mesh.is_some()
    }

    pub(super) fn gets_through(&self, connection: u64) -> bool {
        self.connections.get(&connection).is_some_and(|connection| {
            let [a, b] = connection.ends;
            self.lives(a) && self.lives(b) && self.parts[a.0] == self.parts[b.0]
        })
    }

    /// The other ends of this machine's connections, one each.
    pub(super) fn neighbours(&self, machine: usize) -> Vec<(usize, u64)> {
        let ends: BTreeSet<(usize, u64)> = self.machines[machine]
            .connections
            .values()
            .filter_map(|all| all.last())
            .filter_map(|connection| self.connections.get(connection))
            .flat_map(|connection| connection.ends)
            .filter(|end| end.0 != machine)
            .collect();
        ends.into_iter().collect()
    }

    /// Dials a peer that runs and can be reached at one of these addresses.
    pub(super) fn dial(&mut self, machine: usize, peer: PeerId, addresses: &[SocketAddr]) {
        if self.machines[machine].connections.contains_key(&peer) {
            return;
        }
        let found = (0..self.machines.len()).find(|other| {
            let node = &self.machines[*other];
            // A network also knows addresses from discovery, so an empty list is no obstacle.
            node.id == peer
                && *other != machine
                && (addresses.is_empty()
                    || addresses.iter().any(|address| address.ip() == node.address))
        });
        if let Some(other) = found {
            self.connect(machine, other, false);
        }
    }

    pub(super) fn connect(&mut self, a: usize, b: usize, lobby: bool) {
        if self.machines[b].mesh.is_some() && self.parts[a] == self.parts[b] {
            let delay = self.delay() * 3;
            let ends = [a, b].map(|machine| (machine, self.machines[machine].run));
            self.schedule(
                delay,
                Happening::Connected {
                    a: ends[0],
                    b: ends[1],
                    lobby,
                },
            );
        }
    }

    pub(super) fn establish(&mut self, a: (usize, u64), b: (usize, u64), lobby: bool) {
        if !self.lives(a) || !self.lives(b) || self.parts[a.0] != self.parts[b.0] {
            return;
        }
        if self.is_linked(a, b) {
            return;
        }
        let id = self.next_id;
        self.next_id += 1;
        self.connections.insert(
            id,
            Connection {
                ends: [a, b],
                lobby,
                silent_since: None,
            },
        );
        let mut news = Vec::new();
        for (this, other) in [(a, b), (b, a)] {
            let peer = self.machines[other.0].id;
            let all = self.machines[this.0].connections.entry(peer).or_default();
            all.push(id);
            if all.len() == 1 {
                news.push((this, other, peer));
            }
        }
        for (this, other, peer) in news {
            let address = self.machines[other.0].address;
            self.input(this.0, Input::PeerConnected { peer, address });
            for topic in self.machines[other.0].topics.clone() {
                self.schedule(
                    Duration::from_millis(1),
                    Happening::Subscribed {
                        to: this,
                        peer,
                        topic,
                    },
                );
            }
        }
    }

    /// Whether a connection leads from one run to another.
    fn is_linked(&self, a: (usize, u64), b: (usize, u64)) -> bool {
        let peer = self.machines[b.0].id;
        let all = self.machines[a.0]
            .connections
            .get(&peer)
            .into_iter()
            .flatten();
        all.filter_map(|id| self.connections.get(id))
            .any(|connection| connection.ends.contains(&b))
    }

    /// Forgets a connection at those ends that still live.
    pub(super) fn disconnect(&mut self, id: u64) {
        let Some(connection) = self.connections.remove(&id) else {
            return;
        };
        let [a, b] = connection.ends;
        for (this, other) in [(a, b), (b, a)] {
            if !self.lives(this) {
                continue;
            }
            let peer = self.machines[other.0].id;
            let node = &mut self.machines[this.0];
            if let Some(all) = node.connections.get_mut(&peer) {
                all.retain(|known| *known != id);
                if all.is_empty() {
                    node.connections.remove(&peer);
                    self.input(this.0, Input::PeerDisconnected { peer });
                }
            }
        }
    }

    /// A process ended without a word: the other ends notice later.
    pub(super) fn abandon_connections(&mut self, machine: usize) {
        let now = self.now;
        for connection in self.connections.values_mut() {
            if connection.ends.iter().any(|end| end.0 == machine) {
                connection.silent_since.get_or_insert(now);
            }
        }
    }

    /// A process ended and closed its connections.
    pub(super) fn close_connections(&mut self, machine: usize) {
        let all: Vec<u64> = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.ends.iter().any(|end| end.0 == machine))
            .map(|(id, _)| *id)
            .collect();
        for id in all {
            self.disconnect(id);
        }
    }

    /// What a network does by itself: keeps a few lobby connections, redials, and gives up silent connections.
    pub(super) fn upkeep(&mut self) {
        let ids: Vec<u64> = self.connections.keys().copied().collect();
        for id in ids {
            let through = self.gets_through(id);
            let now = self.now;
            let Some(connection) = self.connections.get_mut(&id) else {
                continue;
            };
            if through {
                connection.silent_since = None;
            } else {
                let since = *connection.silent_since.get_or_insert(now);
                if now - since >= self.weather.broken_after {
                    self.disconnect(id);
                    continue;
                }
            }
            let [a, b] = self.connections[&id].ends;
            let wanted = |this: usize, other: usize| {
                self.machines[this]
                    .wanted
                    .contains_key(&self.machines[other].id)
            };
            if through && !self.connections[&id].lobby && !wanted(a.0, b.0) && !wanted(b.0, a.0) {
                self.release(id);
            }
        }
        for machine in 0..self.machines.len() {
            if self.machines[machine].mesh.is_none() {
                continue;
            }
            let missing: Vec<(PeerId, Vec<SocketAddr>)> = self.machines[machine]
                .wanted
                .iter()
                .filter(|(peer, _)| !self.machines[machine].connections.contains_key(peer))
                .map(|(peer, addresses)| (*peer, addresses.clone()))
                .collect();
            for (peer, addresses) in missing {
                self.dial(machine, peer, &addresses);
            }
            self.keep_lobby_connections(machine);
        }
    }

    /// Gives up a connection that nobody wants, or keeps it as one into the lobby.
    fn release(&mut self, id: u64) {
        let ends = self.connections[&id].ends.map(|end| end.0);
        let room = |end| self.count_lobby_connections(end) < self.spare_connections;
        if !ends.into_iter().all(room) {
            self.disconnect(id);
        } else if let Some(connection) = self.connections.get_mut(&id) {
            connection.lobby = true;
        }
    }

    fn count_lobby_connections(&self, machine: usize) -> usize {
        let own = self.machines[machine].connections.values().flatten();
        own.filter(|id| self.connections[id].lobby && self.gets_through(**id))
            .count()
    }

    fn keep_lobby_connections(&mut self, machine: usize) {
        if self.count_lobby_connections(machine) >= self.lobby_connections {
            return;
        }
        let mine = self.machines[machine].run;
        let candidates: Vec<usize> = (0..self.machines.len())
            .filter(|other| {
                let node = &self.machines[*other];
                *other != machine
                    && node.mesh.is_some()
                    && self.parts[*other] == self.parts[machine]
                    && !self.is_linked((machine, mine), (*other, node.run))
            })
            .collect();
        if !candidates.is_empty() {
            let chosen = candidates[self.random(candidates.len() as u32) as usize];
            self.connect(machine, chosen, true);
        }
    }
}
