//! The addresses of this machine, and the listeners on them.

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
};

use libp2p::{Swarm, core::transport::ListenerId};

use crate::{
    Interfaces, MediaFollower, NetworkError,
    addresses::Subnets,
    behaviour::Behaviour,
    interfaces::{self, InterfaceTable},
    listeners::Listeners,
    planner::Place,
};

/// The interfaces that may be used, their addresses at the last look, and the listeners.
#[derive(Debug)]
pub(super) struct OwnAddresses {
    interfaces: Interfaces,
    table: InterfaceTable,
    listeners: Listeners,
    /// Those at which somebody has been met, by a connection.
    met: BTreeSet<IpAddr>,
    /// The media socket, if it listens on single addresses.
    media: Option<MediaFollower>,
}

/// A change of the addresses.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Moved {
    /// The networks that could be dialled before.
    pub(super) before: Subnets,
    /// Others reach this machine under other addresses now.
    pub(super) told: bool,
}

impl OwnAddresses {
    /// Looks for the addresses and listens on them, on `port` or, if that is 0, on any.
    pub(super) async fn open(
        swarm: &mut Swarm<Behaviour>,
        interfaces: Interfaces,
        port: u16,
        media: Option<MediaFollower>,
    ) -> Result<Self, NetworkError> {
        let table = InterfaceTable::read(&interfaces).map_err(NetworkError::Interfaces)?;
        let port = Listeners::choose_port(port, &interfaces, &table).await?;
        let listeners = Listeners::open(swarm, port, &interfaces, &table);
        Ok(Self {
            interfaces,
            table,
            listeners,
            met: BTreeSet::new(),
            media,
        })
    }

    /// Returns the port of every listener.
    pub(super) fn port(&self) -> u16 {
        self.listeners.port()
    }

    /// Returns the networks that can be dialled directly.
    pub(super) fn subnets(&self) -> Subnets {
        self.table.subnets()
    }

    /// Returns the interfaces that may be used.
    pub(super) fn interfaces(&self) -> &Interfaces {
        &self.interfaces
    }

    /// Returns where this machine stands, for dialling.
    pub(super) fn place(&self) -> Place {
        let own = self.table.listenable();
        Place {
            networks: self.subnets(),
            met: self.table.reached_from(&self.met),
            leading_out: self.table.leading_out(),
            own: own.map(|ip| SocketAddr::new(ip, self.port())).collect(),
        }
    }

    /// Returns the addresses under which others reach this machine, those at which somebody was met first.
    pub(super) fn dialable(&self) -> Vec<SocketAddr> {
        self.table.dialable(self.port(), &self.met)
    }

    /// Notes a connection with `remote`; returns whether it says anew where others are.
    pub(super) fn meets(&mut self, remote: IpAddr) -> bool {
        let facing = self.table.facing(remote);
        facing.is_some_and(|own| self.met.insert(own))
    }

    /// Returns whether this machine can be reached under `ip`.
    pub(super) fn contains(&self, ip: IpAddr) -> bool {
        ip.is_loopback() || self.table.listenable().any(|own| own == ip)
    }

    /// Returns a test for addresses that can be dialled and do not lead to this daemon, as far as the last look tells.
    pub(super) fn elsewhere(&self) -> impl Fn(&SocketAddr) -> bool {
        let subnets = self.subnets();
        move |address| {
            let here = address.port() == self.port() && self.contains(address.ip());
            subnets.contains(address.ip()) && !here
        }
    }

    /// Asks the system whether `address` leads to this daemon now. The last look may be older than the address, and passes
    /// over interfaces without link, whose addresses lead here all the same.
    pub(super) fn is_here_now(&self, address: SocketAddr) -> bool {
        address.port() == self.port()
            && (self.contains(address.ip())
                || interfaces::have(&self.interfaces, address.ip()).unwrap_or(true))
    }

    /// Asks the system for the addresses, and returns what has changed. Listeners follow with [`Self::listen`].
    pub(super) fn look(&mut self) -> Option<Moved> {
        match InterfaceTable::read(&self.interfaces) {
            Ok(table) => self.replace(table),
            Err(error) => {
                tracing::warn!(%error, "cannot read the network interfaces");
                None
            }
        }
    }

    fn replace(&mut self, table: InterfaceTable) -> Option<Moved> {
        if table == self.table {
            return None;
        }
        let (before, reached) = (self.subnets(), self.dialable());
        self.table = table;
        let left: BTreeSet<_> = self.table.listenable().collect();
        self.met.retain(|ip| left.contains(ip));
        let told = self.dialable() != reached;
        Some(Moved { before, told })
    }

    /// Opens and closes listeners, those for media too, until they match the addresses.
    pub(super) fn listen(&mut self, swarm: &mut Swarm<Behaviour>) {
        self.listeners.follow(swarm, &self.table);
        if let Some(media) = &self.media {
            media.follow(&self.table);
        }
    }

    /// Notes that a listener closed by itself.
    pub(super) fn closed(&mut self, listener: ListenerId) {
        self.listeners.closed(listener);
    }
}

#[cfg(test)]
#[allow(clippy::expect_used)] // a test fails by panicking
mod tests {
    use super::*;
    use crate::{NetworkConfig, behaviour};

    /// Loopback alone, on any port.
    async fn loopback() -> OwnAddresses {
        let interfaces = Interfaces::Named(vec!["lo".to_owned()]);
        let mut swarm = behaviour::swarm(&NetworkConfig::new([7; 32])).expect("it is valid");
        let opened = OwnAddresses::open(&mut swarm, interfaces, 0, None).await;
        opened.expect("loopback is there")
    }

    #[tokio::test]
    async fn an_address_that_the_last_look_has_missed_leads_here_all_the_same() {
        let mut own = loopback().await;
        let ip = IpAddr::from([127, 0, 0, 1]);
        let here = SocketAddr::new(ip, own.port());
        let another = SocketAddr::new(ip, own.port() ^ 1);
        assert!(own.elsewhere()(&another) && !own.elsewhere()(&here));
        let gone = SocketAddr::from(([192, 0, 2, 1], own.port()));
        assert!(!own.elsewhere()(&gone), "in no network of ours");
        own.replace(InterfaceTable::default());
        assert!(own.is_here_now(here));
        assert!(!own.is_here_now(another) && !own.is_here_now(gone));
        assert!(interfaces::have(&own.interfaces, ip).expect("the system tells"));
    }

    #[tokio::test]
    async fn a_change_is_told_once() {
        let mut own = loopback().await;
        let localhost = IpAddr::from([127, 0, 0, 1]);
        assert!(own.look().is_none(), "nothing has changed");
        let before = own.subnets();
        assert!(before.contains(localhost));
        let gone = own.replace(InterfaceTable::default());
        assert_eq!(gone, Some(Moved { before, told: true }));
        assert!(own.dialable().is_empty());
        assert!(!own.subnets().contains(localhost));
        assert!(own.replace(InterfaceTable::default()).is_none());
        let back = own.look().expect("the system has it still");
        assert!(back.told);
    }
}
