//! Where this machine stands among its networks.

use std::net::{IpAddr, SocketAddr};

use crate::addresses::Subnets;

/// The own networks and addresses, as far as they decide where to dial.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// The networks that can be dialled directly.
    pub(crate) networks: Subnets,
    /// Those of them in which somebody has been met.
    pub(crate) met: Subnets,
    /// Those of them that lead out.
    pub(crate) leading_out: Subnets,
    /// Where this daemon itself listens.
    pub(crate) own: Vec<SocketAddr>,
}

impl Place {
    /// Whether this daemon itself is at `address`.
    pub(crate) fn is_own(&self, address: &SocketAddr) -> bool {
        self.own.contains(address)
    }

    /// How little a network promises that others are in it: 0 where somebody was met. Two machines may each have a network
    /// of the same numbers inside, for containers, and only one between them.
    pub(super) fn rank(&self, ip: IpAddr) -> u8 {
        if self.met.contains(ip) {
            0
        } else if self.leading_out.contains(ip) {
            1
        } else {
            2
        }
    }

    /// The networks in which this machine had no such address `before`.
    pub(super) fn gained(&self, before: &Self) -> Subnets {
        self.networks.without(&before.networks)
    }
}

impl From<Subnets> for Place {
    fn from(networks: Subnets) -> Self {
        Self {
            networks,
            ..Self::default()
        }
    }
}
