//! Direct requests under way.
//!
//! A request waits until its peer is connected, then for the answer, and fails after a bounded time. Nothing is repeated
//! here: who asks decides what a failure means.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::ids::PeerId;

/// How long a request waits for a connection.
const CONNECT: Duration = Duration::from_secs(4);
/// How long it then waits for its answer.
const ANSWER: Duration = Duration::from_secs(6);
/// Requests under way to one peer.
const PER_PEER: usize = 64;
/// Requests under way to all peers.
const IN_ALL: usize = 4096;

struct Pending<P> {
    to: PeerId,
    purpose: P,
    deadline: Duration,
    /// The bytes, until they are sent.
    data: Option<Vec<u8>>,
    /// There was no connection when it was asked: one is needed until the answer has come.
    needs_connection: bool,
}

/// All requests under way, each with what it is for.
pub(crate) struct Requests<P> {
    next_id: u64,
    pending: BTreeMap<u64, Pending<P>>,
    connected: BTreeSet<PeerId>,
    ready: VecDeque<(PeerId, u64, Vec<u8>)>,
    /// Which connections are needed has changed.
    needs_changed: bool,
}

impl<P> Requests<P> {
    pub(crate) fn new() -> Self {
        Self {
            next_id: 1,
            pending: BTreeMap::new(),
            connected: BTreeSet::new(),
            ready: VecDeque::new(),
            needs_changed: false,
        }
    }

    /// Asks `to`, now or once it is connected. Gives `purpose` back if there is too much under way.
    pub(crate) fn send(
        &mut self,
        to: PeerId,
        purpose: P,
        data: Vec<u8>,
        now: Duration,
    ) -> Result<(), P> {
        let to_this_peer = self
            .pending
            .values()
            .filter(|pending| pending.to == to)
            .count();
        if self.pending.len() >= IN_ALL || to_this_peer >= PER_PEER {
            return Err(purpose);
        }
        let id = self.next_id;
        self.next_id += 1;
        let needs_connection = !self.connected.contains(&to);
        let (deadline, data) = if needs_connection {
            self.needs_changed = true;
            (now + CONNECT, Some(data))
        } else {
            self.ready.push_back((to, id, data));
            (now + ANSWER, None)
        };
        let pending = Pending {
            to,
            purpose,
            deadline,
            data,
            needs_connection,
        };
        self.pending.insert(id, pending);
        Ok(())
    }

    pub(crate) fn connected(&mut self, peer: PeerId, now: Duration) {
        self.connected.insert(peer);
        for (id, pending) in &mut self.pending {
            if pending.to == peer
                && let Some(data) = pending.data.take()
            {
                pending.deadline = now + ANSWER;
                self.ready.push_back((peer, *id, data));
            }
        }
    }

    pub(crate) fn disconnected(&mut self, peer: PeerId) {
        self.connected.remove(&peer);
    }

    pub(crate) fn is_connected(&self, peer: PeerId) -> bool {
        self.connected.contains(&peer)
    }

    pub(crate) fn connections(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.connected.iter().copied()
    }

    /// Peers whose connection is needed for what is under way.
    pub(crate) fn needed(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.pending
            .values()
            .filter(|pending| pending.needs_connection)
            .map(|pending| pending.to)
    }

    /// Whether [`Self::needed`] may have changed since this was asked last.
    pub(crate) fn take_needs_changed(&mut self) -> bool {
        std::mem::take(&mut self.needs_changed)
    }

    /// What to send now.
    pub(crate) fn poll_ready(&mut self) -> Option<(PeerId, u64, Vec<u8>)> {
        self.ready.pop_front()
    }

    /// An answer, or the news that none will come: what it was for.
    pub(crate) fn finish(&mut self, id: u64, from: PeerId) -> Option<P> {
        if self.pending.get(&id)?.to != from {
            return None;
        }
        self.remove(id).map(|pending| pending.purpose)
    }

    fn remove(&mut self, id: u64) -> Option<Pending<P>> {
        let pending = self.pending.remove(&id)?;
        self.needs_changed |= pending.needs_connection;
        Some(pending)
    }

    /// Those that waited too long.
    pub(crate) fn expired(&mut self, now: Duration) -> Vec<(PeerId, P)> {
        let late: Vec<u64> = self
            .pending
            .iter()
            .filter(|(_, pending)| pending.deadline <= now)
            .map(|(id, _)| *id)
            .collect();
        late.into_iter()
            .filter_map(|id| self.remove(id))
            .map(|pending| (pending.to, pending.purpose))
            .collect()
    }

    pub(crate) fn next_timeout(&self) -> Option<Duration> {
        self.pending.values().map(|pending| pending.deadline).min()
    }

    /// Whether a request to `peer` that `matches` is under way.
    pub(crate) fn any(&self, mut matches: impl FnMut(PeerId, &P) -> bool) -> bool {
        self.pending
            .values()
            .any(|pending| matches(pending.to, &pending.purpose))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: PeerId = PeerId([1; 32]);

    #[test]
    fn a_request_waits_for_the_connection_and_then_for_its_answer() {
        let mut requests = Requests::new();
        requests
            .send(ANNA, "join", vec![1], Duration::ZERO)
            .unwrap();
        assert!(requests.poll_ready().is_none());
        requests.connected(ANNA, Duration::from_secs(1));
        let (to, id, data) = requests.poll_ready().unwrap();
        assert_eq!((to, data), (ANNA, vec![1]));
        assert_eq!(
            requests.finish(id, PeerId([2; 32])),
            None,
            "somebody else cannot answer"
        );
        assert_eq!(requests.finish(id, ANNA), Some("join"));
        assert_eq!(requests.finish(id, ANNA), None, "once");
    }

    #[test]
    fn a_request_without_connection_or_answer_expires() {
        let mut requests = Requests::new();
        requests
            .send(ANNA, "join", vec![1], Duration::ZERO)
            .unwrap();
        assert!(
            requests
                .expired(CONNECT - Duration::from_millis(1))
                .is_empty()
        );
        assert_eq!(requests.expired(CONNECT), vec![(ANNA, "join")]);
        assert_eq!(requests.next_timeout(), None);
    }
}
