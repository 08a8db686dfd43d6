//! What the planner knows of one peer.

use std::{net::SocketAddr, time::Duration};

use super::{MAX_ADDRESSES, backoff::Backoff};
use crate::addresses::Subnets;

/// What is known of one peer.
#[derive(Debug, Default)]
pub(super) struct Peer {
    /// From mDNS.
    pub(super) discovered: Vec<SocketAddr>,
    /// From whoever wants the connection.
    pub(super) hints: Vec<SocketAddr>,
    /// Where a dial last succeeded.
    pub(super) proven: Option<SocketAddr>,
    pub(super) wanted: bool,
    /// A request waits for a connection.
    pub(super) urgent: bool,
    pub(super) connected: Option<Link>,
    /// Dials under way: at most two, the second because a new address turned up during the first.
    pub(super) dials: u8,
    pub(super) dialled_at: Duration,
    pub(super) fresh: bool,
    pub(super) backoff: Backoff,
    pub(super) lobby_from: Duration,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) since: Duration,
    pub(super) outbound: bool,
}

impl Peer {
    pub(super) fn is_forgettable(&self) -> bool {
        self.discovered.is_empty()
            && !self.wanted
            && !self.urgent
            && self.connected.is_none()
            && self.dials == 0
    }

    pub(super) fn may_dial(&self) -> bool {
        self.connected.is_none() && (self.dials == 0 || (self.dials == 1 && self.fresh))
    }

    pub(super) fn addresses(&self, subnets: &Subnets) -> Vec<SocketAddr> {
        let mut addresses = Vec::new();
        // The proven address first: false announcements under this peer's name cannot crowd it out.
        for &address in self
            .proven
            .iter()
            .chain(&self.discovered)
            .chain(&self.hints)
        {
            if addresses.len() < MAX_ADDRESSES
                && !addresses.contains(&address)
                && subnets.contains(address.ip())
            {
                addresses.push(address);
            }
        }
        addresses
    }
}
