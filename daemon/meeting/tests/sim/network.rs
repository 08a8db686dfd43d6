//! Connections, gossip and direct messages.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use sotto_meeting::{DirectError, Input, Output, PeerId, Topic, Verdict};

use super::machine::Judged;
use super::media::{HeardFrame, Link};
use super::{Host, Sim};

pub(crate) const UPKEEP: Duration = Duration::from_millis(500);
/// Lobby connections that a machine keeps by itself where multicast passes.
pub(crate) const LOBBY_CONNECTIONS: usize = 3;
/// Messages of one author that somebody keeps.
const KEPT: usize = 16;
/// Relays per gossip message.
const DEGREE: usize = 6;

/// A connection between two runs of two machines.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    ends: [(usize, u64); 2],
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

/// A request that a mesh is answering.
#[derive(Debug, Clone)]
pub(crate) struct Answering {
    asker: (usize, u64),
    id: u64,
    answerer: PeerId,
    connection: u64,
}

/// Something that will happen.
#[derive(Debug)]
pub(crate) enum Happening {
    Wake {
        machine: usize,
        run: u64,
    },
    Heartbeats,
    Frames,
    Upkeep,
    Connected {
        a: (usize, u64),
        b: (usize, u64),
        lobby: bool,
    },
    Subscribed {
        to: (usize, u64),
        peer: PeerId,
        topic: Topic,
    },
    Gossip {
        message: u64,
        to: (usize, u64),
        /// The neighbour that sends it.
        from: usize,
        author: PeerId,
        topic: Topic,
        data: Vec<u8>,
    },
    Request {
        connection: u64,
        from: (usize, u64),
        to: (usize, u64),
        id: u64,
        data: Vec<u8>,
    },
    Response {
        to: (usize, u64),
        from: PeerId,
        id: u64,
        result: Result<Vec<u8>, DirectError>,
    },
    Media {
        from: PeerId,
        to: usize,
        peer: PeerId,
        link: Link,
        frame: Option<HeardFrame>,
    },
}

/// A happening and its moment; the earliest first.
#[derive(Debug)]
pub(crate) struct Scheduled {
    pub(crate) at: Duration,
    pub(crate) order: u64,
    pub(crate) what: Happening,
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Scheduled {}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl Sim {
    /// Lets the next thing happen, if it is due by `end`.
    pub(super) fn step(&mut self, end: Duration) -> bool {
        if self.queue.peek().is_none_or(|next| next.at > end) {
            return false;
        }
        let Some(Scheduled { at, what, .. }) = self.queue.pop() else {
            return false;
        };
        self.now = self.now.max(at);
        match what {
            Happening::Wake { machine, run } => {
                let now = self.clock();
                let node = &mut self.machines[machine];
                if node.run == run && node.timer.is_some_and(|timer| timer <= self.now) {
                    node.timer = None;
                    if node.with_mesh(|mesh| mesh.handle_timeout(now)).is_some() {
                        self.drain(machine);
                    }
                }
            }
            Happening::Heartbeats => self.send_heartbeats(),
            Happening::Frames => self.send_frames(),
            Happening::Upkeep => {
                self.upkeep();
                self.schedule(UPKEEP, Happening::Upkeep);
            }
            Happening::Connected { a, b, lobby } => self.establish(a, b, lobby),
            Happening::Subscribed { to, peer, topic } => {
                if self.lives(to) && self.machines[to.0].connections.contains_key(&peer) {
                    self.input(to.0, Input::Subscribed { peer, topic });
                }
            }
            Happening::Gossip {
                message,
                to,
                from,
                author,
                topic,
                data,
            } => self.receive_gossip(message, to, from, author, topic, data),
            Happening::Request {
                connection,
                from,
                to,
                id,
                data,
            } => {
                if !self.lives(to) || !self.gets_through(connection) {
                    let peer = self.machines[to.0].id;
                    let result = Err(DirectError::Timeout);
                    self.schedule(
                        Duration::from_secs(5),
                        Happening::Response {
                            to: from,
                            from: peer,
                            id,
                            result,
                        },
                    );
                    return true;
                }
                self.messages += 1;
                self.machines[to.0].received += data.len() as u64;
                let receipt = self.next_id;
                self.next_id += 1;
                let answerer = self.machines[to.0].id;
                self.answering.insert(
                    receipt,
                    Answering {
                        asker: from,
                        id,
                        answerer,
                        connection,
                    },
                );
                let asker = self.machines[from.0].id;
                self.input(
                    to.0,
                    Input::Request {
                        from: asker,
                        id: receipt,
                        data,
                    },
                );
                assert!(
                    !self.answering.contains_key(&receipt),
                    "a request was not answered"
                );
            }
            Happening::Response {
                to,
                from,
                id,
                result,
            } => {
                if self.lives(to) {
                    if let Ok(data) = &result {
                        self.messages += 1;
                        self.machines[to.0].received += data.len() as u64;
                    }
                    self.input(to.0, Input::Response { id, from, result });
                }
            }
            Happening::Media {
                from,
                to,
                peer,
                link,
                frame,
            } => self.receive_media(from, to, peer, &link, frame),
        }
        true
    }

    pub(super) fn delay(&mut self) -> Duration {
        let (least, most) = self.weather.delay;
        let spread = (most - least).as_micros() as u32;
        least + Duration::from_micros(u64::from(self.random(spread)))
    }

    fn lives(&self, end: (usize, u64)) -> bool {
        self.machines[end.0].run == end.1 && self.machines[end.0].mesh.is_some()
    }

    fn gets_through(&self, connection: u64) -> bool {
        self.connections.get(&connection).is_some_and(|connection| {
            let [a, b] = connection.ends;
            self.lives(a) && self.lives(b) && self.parts[a.0] == self.parts[b.0]
        })
    }

    pub(super) fn input(&mut self, machine: usize, input: Input) {
        let now = self.clock();
        let taken = self.machines[machine].with_mesh(|mesh| mesh.handle(input, now));
        if taken.is_some() {
            self.drain(machine);
        }
    }

    /// Carries out what a mesh wants.
    pub(super) fn drain(&mut self, machine: usize) {
        loop {
            let node = &mut self.machines[machine];
            let Some(output) = node.mesh.as_mut().and_then(|mesh| mesh.poll_output()) else {
                break;
            };
            self.carry_out(machine, output);
        }
        let node = &mut self.machines[machine];
        let due = node.mesh.as_ref().and_then(|mesh| mesh.next_timeout());
        if let Some(due) = due
            && node.timer.is_none_or(|timer| due < timer)
        {
            node.timer = Some(due);
            let run = node.run;
            let after = due.saturating_sub(self.now);
            self.schedule(after, Happening::Wake { machine, run });
        }
    }

    fn carry_out(&mut self, machine: usize, output: Output) {
        let me = (machine, self.machines[machine].run);
        match output {
            Output::Subscribe(topic) => {
                self.machines[machine].topics.insert(topic.clone());
                let peer = self.machines[machine].id;
                for to in self.neighbours(machine) {
                    let delay = self.delay();
                    self.schedule(
                        delay,
                        Happening::Subscribed {
                            to,
                            peer,
                            topic: topic.clone(),
                        },
                    );
                }
            }
            Output::Unsubscribe(topic) => {
                self.machines[machine].topics.remove(&topic);
            }
            Output::Publish { topic, data } => {
                let message = self.next_id;
                self.next_id += 1;
                self.machines[machine].sees(message);
                let all = self.neighbours(machine);
                let author = self.machines[machine].id;
                let kept = self.envelopes.entry(author).or_default();
                kept.truncate(KEPT - 1);
                kept.push_front((topic.clone(), data.clone()));
                self.relay(machine, message, author, &topic, &data, all);
            }
            Output::Verdict { receipt, verdict } => {
                let judged = self.machines[machine].judged.remove(&receipt);
                let Judged {
                    message,
                    topic,
                    data,
                    from,
                    author,
                } = judged.expect("a verdict on nothing");
                if verdict == Verdict::Accept {
                    let mut others = self.neighbours(machine);
                    others.retain(|(other, _)| *other != from);
                    while others.len() > DEGREE {
                        let drop = self.random(others.len() as u32) as usize;
                        others.swap_remove(drop);
                    }
                    self.relay(machine, message, author, &topic, &data, others);
                }
            }
            Output::Request { to, id, data } => {
                if (self.counting)(&data) {
                    *self.counted.entry(to).or_default() += 1;
                }
                self.machines[machine].sent += data.len() as u64;
                let connection = self.machines[machine]
                    .connections
                    .get(&to)
                    .and_then(|all| all.last().copied());
                let other = connection.and_then(|connection| {
                    let ends = self.connections.get(&connection)?.ends;
                    ends.into_iter().find(|end| end.0 != machine)
                });
                match (connection, other) {
                    (Some(connection), Some(other)) if !self.chance(self.weather.direct_loss) => {
                        let delay = self.delay();
                        self.schedule(
                            delay,
                            Happening::Request {
                                connection,
                                from: me,
                                to: other,
                                id,
                                data,
                            },
                        );
                    }
                    (connection, _) => {
                        let (after, error) = match connection {
                            Some(_) => (Duration::from_secs(2), DirectError::Timeout),
                            None => (Duration::from_millis(500), DirectError::Unreachable),
                        };
                        self.schedule(
                            after,
                            Happening::Response {
                                to: me,
                                from: to,
                                id,
                                result: Err(error),
                            },
                        );
                    }
                }
            }
            Output::Respond { id, data } => {
                let Some(answering) = self.answering.remove(&id) else {
                    panic!("an answer to nothing")
                };
                self.machines[machine].sent += data.len() as u64;
                let Answering {
                    asker: to,
                    id,
                    answerer: from,
                    connection,
                } = answering;
                if self.gets_through(connection) && !self.chance(self.weather.direct_loss) {
                    let delay = self.delay();
                    self.schedule(
                        delay,
                        Happening::Response {
                            to,
                            from,
                            id,
                            result: Ok(data),
                        },
                    );
                } else {
                    let result = Err(DirectError::Timeout);
                    self.schedule(
                        Duration::from_secs(5),
                        Happening::Response {
                            to,
                            from,
                            id,
                            result,
                        },
                    );
                }
            }
            Output::Connect { peer, addresses } => {
                self.machines[machine]
                    .wanted
                    .insert(peer, addresses.clone());
                self.dial(machine, peer, &addresses);
            }
            Output::Release { peer } => {
                self.machines[machine].wanted.remove(&peer);
            }
            Output::Store(state) | Output::StoreLater(state) => {
                self.machines[machine].disk = Some(state)
            }
            Output::Voice(change) => {
                let now = self.now;
                self.machines[machine].voice.change(change, now);
            }
            Output::Event(event) => self.machines[machine].events.push(event),
        }
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

    fn relay(
        &mut self,
        from: usize,
        message: u64,
        author: PeerId,
        topic: &Topic,
        data: &[u8],
        to: Vec<(usize, u64)>,
    ) {
        for end in to {
            // A gossip layer does not send to whom it knows not to listen.
            if !self.machines[end.0].topics.contains(topic) || self.parts[from] != self.parts[end.0]
            {
                continue;
            }
            self.machines[from].sent += data.len() as u64;
            if self.chance(self.weather.gossip_loss) {
                continue;
            }
            let copies = 1 + u32::from(self.chance(self.weather.duplication));
            for copy in 0..copies {
                let delay = self.delay();
                // The second copy gets past the memory of what was seen.
                let message = if copy == 0 {
                    message
                } else {
                    message | 1 << 63
                };
                let (topic, data) = (topic.clone(), data.to_vec());
                self.schedule(
                    delay,
                    Happening::Gossip {
                        message,
                        to: end,
                        from,
                        author,
                        topic,
                        data,
                    },
                );
            }
        }
    }

    /// `by` sends to `to` once more what `author` gossiped last, after everybody has forgotten those messages.
    pub(crate) fn resend(&mut self, by: Host, author: Host, to: Host) {
        let author = self.id(author);
        let kept = self.envelopes.get(&author).cloned().unwrap_or_default();
        let end = (to.0, self.machines[to.0].run);
        for (topic, data) in kept {
            let message = self.next_id;
            self.next_id += 1;
            self.receive_gossip(message, end, by.0, author, topic, data);
        }
    }

    fn receive_gossip(
        &mut self,
        message: u64,
        to: (usize, u64),
        from: usize,
        author: PeerId,
        topic: Topic,
        data: Vec<u8>,
    ) {
        if !self.lives(to) || !self.machines[to.0].topics.contains(&topic) {
            return;
        }
        self.messages += 1;
        self.machines[to.0].received += data.len() as u64;
        if !self.machines[to.0].sees(message) {
            return;
        }
        let receipt = self.next_id;
        self.next_id += 1;
        let neighbour = self.machines[from].id;
        let judged = Judged {
            message,
            topic: topic.clone(),
            data: data.clone(),
            from,
            author,
        };
        self.machines[to.0].judged.insert(receipt, judged);
        self.input(
            to.0,
            Input::Gossip {
                topic,
                author,
                neighbour,
                data,
                receipt,
            },
        );
        assert!(
            !self.machines[to.0].judged.contains_key(&receipt),
            "gossip got no verdict"
        );
    }

    /// Dials a peer that runs and can be reached at one of these addresses.
    fn dial(&mut self, machine: usize, peer: PeerId, addresses: &[SocketAddr]) {
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

    fn establish(&mut self, a: (usize, u64), b: (usize, u64), lobby: bool) {
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
