//! Peers that a person named by address.

use std::{net::SocketAddr, time::Duration};

use super::backoff::{Jitter, doubled};
use crate::NodeId;

/// The longest pause between two dials.
const LIMIT: Duration = Duration::from_secs(10);

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
        if peer.is_none() {
            self.failures = self.failures.saturating_add(1);
        }
        self.peer = peer.or(self.peer);
        let pause = doubled(Duration::from_millis(500), self.failures.max(1), LIMIT);
        self.next = now + jitter.around(pause);
    }

    /// The connection to `peer` ended, after a time or at once. A peer that answers and hangs up must not be dialled in a
    /// tight loop.
    pub(super) fn disconnected(&mut self, peer: NodeId, steady: bool, next: Duration) {
        if self.peer != Some(peer) {
            return;
        }
        self.next = self.next.max(next);
        if steady {
            self.failures = 0;
        } else {
            self.failures = self.failures.saturating_add(1);
            self.next += doubled(Duration::from_millis(250), self.failures, LIMIT);
        }
    }

    pub(super) fn retry_now(&mut self, now: Duration) {
        self.failures = 0;
        self.next = self.next.min(now);
    }
}
