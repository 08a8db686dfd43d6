//! What the planner knows of one peer.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use super::{MAX_AT_ONCE, backoff::Backoff, place::Place};

/// How a connection came about, and what that proves of where the peer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// This side dialled there.
    Dialled(SocketAddr),
    /// The other side came from where it listens, as QUIC does.
    CameFrom(SocketAddr),
    /// The other side came from some port of this machine.
    CameFromHost(IpAddr),
}

/// What is known of one peer.
#[derive(Debug, Default)]
pub(super) struct Peer {
    /// From mDNS.
    pub(super) discovered: Vec<SocketAddr>,
    /// From whoever wants the connection.
    pub(super) hints: Vec<SocketAddr>,
    /// Where a connection last led: a dial of ours succeeded, or it came from where it listens.
    proven: Option<SocketAddr>,
    /// The machine at the other end of the last connection.
    host: Option<IpAddr>,
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

    pub(super) fn is_announced(&self) -> bool {
        !self.discovered.is_empty()
    }

    pub(super) fn may_dial(&self) -> bool {
        self.connected.is_none() && (self.dials == 0 || (self.dials == 1 && self.fresh))
    }

    /// Everything that was ever said of where it is.
    pub(super) fn known(&self) -> impl Iterator<Item = SocketAddr> {
        let told = self.discovered.iter().chain(&self.hints);
        self.proven.into_iter().chain(told.copied())
    }

    /// Notes where a connection leads.
    pub(super) fn met(&mut self, way: Way) {
        self.host = Some(match way {
            Way::Dialled(address) | Way::CameFrom(address) => address.ip(),
            Way::CameFromHost(ip) => ip,
        });
        self.proven = match way {
            Way::Dialled(address) | Way::CameFrom(address) => Some(address),
            Way::CameFromHost(_) => self.proven,
        };
    }

    /// Where to dial: the proven address first, so that false announcements under this peer's name cannot crowd it out, then
    /// those in networks where somebody was met, then those that mDNS lists, then those in networks that promise most. On
    /// each link mDNS names only the addresses there: it has come through what both machines share. Only networks of ours are dialled, and the machine that a connection has proven
    /// to be this peer's, as at the other end of a tunnel.
    pub(super) fn addresses(&self, place: &Place) -> Vec<SocketAddr> {
        let mut addresses: Vec<SocketAddr> = Vec::new();
        for address in self.known() {
            let ip = address.ip();
            if !addresses.contains(&address)
                && !place.is_own(&address)
                && (place.networks.contains(ip) || self.host == Some(ip))
            {
                addresses.push(address);
            }
        }
        let is_proven = |address: &SocketAddr| self.proven == Some(*address);
        addresses.sort_by_key(|address| {
            let rank = place.rank(address.ip());
            let is_listed = self.discovered.contains(address);
            (!is_proven(address), rank > 0, !is_listed, rank)
        });
        let first = usize::from(addresses.first().is_some_and(is_proven));
        let rest = addresses.len() - first;
        if addresses.len() > MAX_AT_ONCE {
            // Those that failed give way to those that were not tried.
            let tried = self.backoff.failures() as usize % rest * (MAX_AT_ONCE - first) % rest;
            addresses[first..].rotate_left(tried);
            addresses.truncate(MAX_AT_ONCE);
        }
        addresses
    }
}
