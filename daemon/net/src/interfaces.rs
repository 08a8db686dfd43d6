//! The addresses of this machine on the interfaces that Sotto may use.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use crate::{Interfaces, addresses::Subnets};

/// The usable addresses at one moment; two tables are equal if nothing changed for us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct InterfaceTable {
    addresses: Vec<LocalAddress>,
}

/// One address of one interface that is up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct LocalAddress {
    ip: IpAddr,
    prefix: u8,
    interface: String,
}

impl InterfaceTable {
    /// Asks the system. An interface without link counts as absent, although the system still lists its address.
    pub(crate) fn read(allowed: &Interfaces) -> io::Result<Self> {
        let mut addresses: Vec<_> = if_addrs::get_if_addrs()?
            .into_iter()
            .filter(|interface| allowed.allows(&interface.name) && interface.is_oper_up())
            .map(|interface| LocalAddress {
                ip: interface.ip(),
                prefix: match &interface.addr {
                    if_addrs::IfAddr::V4(address) => address.prefixlen,
                    if_addrs::IfAddr::V6(address) => address.prefixlen,
                },
                interface: interface.name,
            })
            .collect();
        addresses.sort();
        addresses.dedup();
        Ok(Self { addresses })
    }

    /// The networks that can be dialled directly.
    pub(crate) fn subnets(&self) -> Subnets {
        Subnets::new(
            self.addresses
                .iter()
                .map(|address| (address.ip, address.prefix)),
        )
    }

    /// The addresses to listen on one by one; IPv6 link-local ones cannot be.
    pub(crate) fn listenable(&self) -> impl Iterator<Item = IpAddr> {
        self.addresses
            .iter()
            .map(|address| address.ip)
            .filter(|ip| !is_link_local_v6(*ip))
    }

    /// The addresses to listen on one by one, each with the network that it lies in.
    pub(crate) fn networks(&self) -> impl Iterator<Item = (IpAddr, Subnets)> {
        self.addresses
            .iter()
            .filter(|address| !is_link_local_v6(address.ip))
            .map(|address| {
                let network = Subnets::new([(address.ip, address.prefix)]);
                (address.ip, network)
            })
    }

    /// The addresses under which others reach `port` here. Loopback is named only if there is nothing else.
    pub(crate) fn dialable(&self, port: u16) -> Vec<SocketAddr> {
        let outside = |ip: &IpAddr| !ip.is_loopback();
        let only_loopback = !self.listenable().any(|ip| outside(&ip));
        let mut dialable: Vec<_> = self
            .listenable()
            .filter(|ip| only_loopback || outside(ip))
            .map(|ip| SocketAddr::new(ip, port))
            .collect();
        dialable.dedup();
        dialable
    }
}

fn is_link_local_v6(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(addresses: &[(&str, &str, u8)]) -> InterfaceTable {
        let addresses = addresses
            .iter()
            .map(|&(interface, ip, prefix)| LocalAddress {
                ip: ip.parse().unwrap(),
                prefix,
                interface: interface.to_owned(),
            })
            .collect();
        InterfaceTable { addresses }
    }

    #[test]
    fn loopback_is_named_only_where_there_is_nothing_else() {
        let lo = ("lo", "127.0.0.1", 8);
        let eth = ("eth0", "192.0.2.1", 24);
        assert_eq!(table(&[lo]).dialable(7), ["127.0.0.1:7".parse().unwrap()]);
        assert_eq!(
            table(&[lo, eth]).dialable(7),
            ["192.0.2.1:7".parse().unwrap()]
        );
        assert!(table(&[]).dialable(7).is_empty());
    }

    #[test]
    fn link_local_ipv6_is_no_address_to_give_away() {
        let table = table(&[("eth0", "fe80::1", 64), ("eth0", "fd00::1", 64)]);
        assert_eq!(table.dialable(7), ["[fd00::1]:7".parse().unwrap()]);
    }

    #[test]
    fn only_allowed_interfaces_are_read() {
        let nothing = Interfaces::Named(vec!["no-such-interface".to_owned()]);
        assert_eq!(
            InterfaceTable::read(&nothing).unwrap(),
            InterfaceTable::default()
        );
    }
}
