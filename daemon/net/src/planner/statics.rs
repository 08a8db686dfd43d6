//! Peers that a person named by address.

use std::{net::SocketAddr, time::Duration};

use super::backoff::{Jitter, doubled};
use crate::NodeId;

/// One address, dialled whenever nobody from there is connected.
#[derive(Debug)]
pub(super) struct StaticPeer {
    pub(super) address: SocketAddr,
    /// Who answered there last.
    pub(super) peer: Option<NodeId>,
    dialling: bool,
    failures: u32,
    next: Duration,
}

impl StaticPeer {
    pub(super) fn new(address: SocketAddr, first_dial: Duration) -> Self {
        Self {
            address,
            peer: None,
            dialling: false,
            failures: 0,
            next: first_dial,
        }
    }

    /// When the next dial is due, if one is needed.
    pub(super) fn due(&self, connected: bool) -> Option<Duration> {
        (!connected && !self.dialling).then_some(self.next)
    }

    pub(super) fn begin(&mut self) {
        self.dialling = true;
    }

    /// The dial ended: `peer` answered, or nobody.
    pub(super) fn dialled(&mut self, peer: Option<NodeId>, now: Duration, jitter: &mut Jitter) {
        self.dialling = false;
        self.failures = if peer.is_some() {
            0
        } else {
            self.failures.saturating_add(1)
        };
        self.peer = peer.or(self.peer);
        let limit = Duration::from_secs(10);
        // A peer that answers and hangs up at once must not be dialled in a tight loop either.
        let pause = doubled(Duration::from_millis(500), self.failures.max(1), limit);
        self.next = now + jitter.around(pause);
    }

    pub(super) fn disconnected(&mut self, peer: NodeId, next: Duration) {
        if self.peer == Some(peer) {
            self.next = self.next.max(next);
        }
    }

    pub(super) fn retry_now(&mut self, now: Duration) {
        self.failures = 0;
        self.next = self.next.min(now);
    }
}
