//! Peers that are connected and have not said to which topics they listen.
//!
//! Gossipsub tells a peer its subscriptions once, with the first connection. A peer that crashes and is back before its
//! old connection has timed out gets a second one, and is told nothing: it would gossip to nobody. Everybody listens to
//! one topic in common, so a peer that does not is taken for such a case. Connected anew, it says so.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::NodeId;

/// Subscriptions come within 10 to 110 ms after a dial. A busy machine takes longer.
const PATIENCE: Duration = Duration::from_secs(1);
/// A peer is connected anew at most this often: perhaps it has nothing to say.
const PAUSE: Duration = Duration::from_secs(60);

/// Subscriptions to the common topic that are still missing.
#[derive(Debug, Default)]
pub(super) struct Hellos {
    /// The topic that everybody listens to.
    common: Option<String>,
    /// When to connect with a peer anew.
    missing: HashMap<NodeId, Instant>,
    /// When it was done last.
    renewed: HashMap<NodeId, Instant>,
}

impl Hellos {
    pub(super) fn new(common: Option<String>) -> Self {
        Self {
            common,
            ..Self::default()
        }
    }

    /// Notes the first connection to a peer.
    pub(super) fn connected(&mut self, peer: NodeId, now: Instant) {
        self.renewed.retain(|_, at| *at + PAUSE > now);
        if self.common.is_some() && !self.renewed.contains_key(&peer) {
            self.missing.insert(peer, now + PATIENCE);
        }
    }

    /// Notes that a peer listens to a topic.
    pub(super) fn subscribed(&mut self, peer: NodeId, topic: &str) {
        if self.common.as_deref() == Some(topic) {
            self.missing.remove(&peer);
        }
    }

    /// Notes that the last connection to a peer has closed.
    pub(super) fn disconnected(&mut self, peer: NodeId) {
        self.missing.remove(&peer);
    }

    /// Takes the peers to connect with anew.
    pub(super) fn take_overdue(&mut self, now: Instant) -> Vec<NodeId> {
        let overdue = self.missing.iter().filter(|(_, due)| **due <= now);
        let overdue: Vec<NodeId> = overdue.map(|(peer, _)| *peer).collect();
        for peer in &overdue {
            self.missing.remove(peer);
            self.renewed.insert(*peer, now);
        }
        overdue
    }

    /// Returns when a peer is to be connected with anew.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.missing.values().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: NodeId = NodeId([1; 32]);

    fn hellos() -> Hellos {
        Hellos::new(Some("lobby".to_owned()))
    }

    #[test]
    fn a_peer_that_says_nothing_is_connected_anew_once() {
        let (mut hellos, start) = (hellos(), Instant::now());
        hellos.connected(ANNA, start);
        assert!(hellos.take_overdue(start).is_empty());
        let due = hellos.next_timeout().unwrap();
        assert_eq!(hellos.take_overdue(due), [ANNA]);
        hellos.disconnected(ANNA);
        hellos.connected(ANNA, due);
        assert_eq!(hellos.next_timeout(), None, "perhaps it never speaks");
        hellos.connected(ANNA, due + PAUSE);
        assert!(hellos.next_timeout().is_some());
    }

    #[test]
    fn a_peer_that_listens_to_the_common_topic_is_left_alone() {
        let (mut hellos, start) = (hellos(), Instant::now());
        hellos.connected(ANNA, start);
        hellos.subscribed(ANNA, "meeting");
        assert!(hellos.next_timeout().is_some());
        hellos.subscribed(ANNA, "lobby");
        assert_eq!(hellos.next_timeout(), None);
    }

    #[test]
    fn without_a_common_topic_nobody_is_waited_for() {
        let mut hellos = Hellos::new(None);
        hellos.connected(ANNA, Instant::now());
        assert_eq!(hellos.next_timeout(), None);
    }
}
