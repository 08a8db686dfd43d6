//! The addresses of this machine on the interfaces that Sotto may use.

use std::{
    collections::BTreeSet,
    io,
    net::{IpAddr, SocketAddr},
};

use crate::{
    Interfaces,
    addresses::{Subnets, is_link_local_v6},
    routes::Routes,
};

/// The usable addresses at one moment; two tables are equal if nothing changed for us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct InterfaceTable {
    addresses: Vec<LocalAddress>,
    routes: Routes,
}

/// One address of one interface that is up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct LocalAddress {
    ip: IpAddr,
    prefix: u8,
    interface: String,
}

impl InterfaceTable {
    /// Asks the system. An interface without link counts as absent, although the system still lists its address; so does
    /// one whose addresses all mean nothing elsewhere, as those that containers bring.
    pub(crate) fn read(allowed: &Interfaces) -> io::Result<Self> {
        let addresses = if_addrs::get_if_addrs()?
            .into_iter()
            .filter(|interface| allowed.allows(&interface.name) && interface.is_oper_up())
            .map(|interface| LocalAddress {
                ip: interface.ip(),
                prefix: prefix(&interface),
                interface: interface.name,
            });
        Ok(Self::new(addresses, Routes::read()))
    }

    fn new(addresses: impl Iterator<Item = LocalAddress>, routes: Routes) -> Self {
        let mut addresses: Vec<_> = addresses
            .filter(|address| !is_link_local_v6(address.ip))
            .collect();
        addresses.sort();
        addresses.dedup();
        let mut used = Vec::new();
        for address in &addresses {
            if !used.contains(&address.interface.as_str()) {
                used.push(address.interface.as_str());
            }
        }
        let routes = routes.through(&used);
        Self { addresses, routes }
    }

    /// The networks that can be dialled directly.
    pub(crate) fn subnets(&self) -> Subnets {
        let of_addresses = self
            .addresses
            .iter()
            .map(|address| (address.ip, address.prefix));
        Subnets::new(of_addresses.chain(self.routes.near()))
    }

    /// The networks that are reached from these own addresses.
    pub(crate) fn reached_from(&self, own: &BTreeSet<IpAddr>) -> Subnets {
        let mut networks = Vec::new();
        for address in self.addresses.iter().filter(|it| own.contains(&it.ip)) {
            networks.push((address.ip, address.prefix));
            networks.extend(self.routes.near_through(&address.interface));
        }
        Subnets::new(networks)
    }

    /// The networks of the interfaces that lead out.
    pub(crate) fn leading_out(&self) -> Subnets {
        let leads_out = |address: &&LocalAddress| self.routes.lead_out(&address.interface);
        let leading = self.addresses.iter().filter(leads_out);
        Subnets::new(leading.map(|address| (address.ip, address.prefix)))
    }

    /// The addresses to listen on one by one.
    pub(crate) fn listenable(&self) -> impl Iterator<Item = IpAddr> {
        self.distinct().map(|address| address.ip)
    }

    /// The addresses to listen on one by one, each with the network that it lies in.
    pub(crate) fn networks(&self) -> impl Iterator<Item = (IpAddr, Subnets)> {
        self.distinct().map(|address| {
            let network = Subnets::new([(address.ip, address.prefix)]);
            (address.ip, network)
        })
    }

    /// Each address once, in the widest of its networks: two interfaces may have the same one.
    fn distinct(&self) -> impl Iterator<Item = &LocalAddress> {
        // They are sorted, by address first.
        let same = self.addresses.chunk_by(|one, next| one.ip == next.ip);
        same.filter_map(<[_]>::first)
    }

    /// The own address in the network of `remote`, the narrowest if there are several.
    pub(crate) fn facing(&self, remote: IpAddr) -> Option<IpAddr> {
        let near =
            |address: &&LocalAddress| Subnets::new([(address.ip, address.prefix)]).contains(remote);
        let direct = self.addresses.iter().filter(near);
        let through = |address: &&LocalAddress| {
            Subnets::new(self.routes.near_through(&address.interface)).contains(remote)
        };
        direct
            .max_by_key(|address| address.prefix)
            .or_else(|| self.addresses.iter().find(through))
            .map(|address| address.ip)
    }

    /// The addresses under which others reach `port` here: those at which `met` says that somebody has been met come first,
    /// then those of interfaces that lead out. Loopback is named only if there is nothing else.
    pub(crate) fn dialable(&self, port: u16, met: &BTreeSet<IpAddr>) -> Vec<SocketAddr> {
        let outside = |address: &&LocalAddress| !address.ip.is_loopback();
        let only_loopback = !self.addresses.iter().any(|address| outside(&address));
        let mut dialable: Vec<_> = self
            .addresses
            .iter()
            .filter(|address| only_loopback || outside(address))
            .collect();
        dialable.sort_by_key(|address| {
            let leads_out = self.routes.lead_out(&address.interface);
            (!met.contains(&address.ip), !leads_out)
        });
        let mut dialable: Vec<_> = dialable
            .into_iter()
            .map(|address| SocketAddr::new(address.ip, port))
            .collect();
        dialable.dedup();
        dialable
    }
}

/// Asks the system whether one of these interfaces has `ip`, with a link or without.
pub(crate) fn have(allowed: &Interfaces, ip: IpAddr) -> io::Result<bool> {
    Ok(if_addrs::get_if_addrs()?
        .iter()
        .any(|interface| interface.ip() == ip && allowed.allows(&interface.name)))
}

/// The length of an address's prefix.
pub(crate) fn prefix(interface: &if_addrs::Interface) -> u8 {
    match &interface.addr {
        if_addrs::IfAddr::V4(address) => address.prefixlen,
        if_addrs::IfAddr::V6(address) => address.prefixlen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(addresses: &[(&str, &str, u8)]) -> InterfaceTable {
        routed(addresses, Routes::default())
    }

    fn routed(addresses: &[(&str, &str, u8)], routes: Routes) -> InterfaceTable {
        let addresses = addresses
            .iter()
            .map(|&(interface, ip, prefix)| LocalAddress {
                ip: ip.parse().unwrap(),
                prefix,
                interface: interface.to_owned(),
            });
        InterfaceTable::new(addresses, routes)
    }

    fn told(table: &InterfaceTable, met: &[&str]) -> Vec<String> {
        let met = met.iter().map(|ip| ip.parse().unwrap()).collect();
        let told = table.dialable(7, &met);
        told.iter()
            .map(|address| address.ip().to_string())
            .collect()
    }

    #[test]
    fn loopback_is_named_only_where_there_is_nothing_else() {
        let lo = ("lo", "127.0.0.1", 8);
        let eth = ("eth0", "192.0.2.1", 24);
        assert_eq!(told(&table(&[lo]), &[]), ["127.0.0.1"]);
        assert_eq!(told(&table(&[lo, eth]), &[]), ["192.0.2.1"]);
        assert!(told(&table(&[]), &[]).is_empty());
    }

    #[test]
    fn an_address_of_two_interfaces_is_listened_on_once_in_its_widest_network() {
        let table = table(&[("eth0", "10.0.0.1", 24), ("wlan0", "10.0.0.1", 16)]);
        let ip = "10.0.0.1".parse().unwrap();
        assert_eq!(table.listenable().collect::<Vec<_>>(), [ip]);
        let networks: Vec<_> = table.networks().collect();
        assert_eq!(networks, [(ip, Subnets::new([(ip, 16)]))]);
    }

    #[test]
    fn link_local_ipv6_is_no_address() {
        let eth = ("eth0", "fd00::1", 64);
        let with = table(&[("eth0", "fe80::1", 64), eth, ("veth7", "fe80::7", 64)]);
        assert_eq!(told(&with, &[]), ["fd00::1"]);
        assert_eq!(with, table(&[eth]), "what a container brings is no change");
    }

    #[test]
    fn where_somebody_was_met_is_told_first_and_then_what_leads_out() {
        let table = routed(
            &[
                ("br-1", "172.17.0.1", 16),
                ("br-2", "172.18.0.1", 16),
                ("eth0", "192.168.77.1", 24),
                ("eth1", "192.168.99.1", 24),
            ],
            Routes::leading_out("eth0"),
        );
        let by_routes = ["192.168.77.1", "172.17.0.1", "172.18.0.1", "192.168.99.1"];
        assert_eq!(told(&table, &[]), by_routes);
        let met = table.facing("192.168.99.7".parse().unwrap()).unwrap();
        let by_meeting = ["192.168.99.1", "192.168.77.1", "172.17.0.1", "172.18.0.1"];
        assert_eq!(told(&table, &[&met.to_string()]), by_meeting);
        assert_eq!(table.facing("203.0.113.9".parse().unwrap()), None);
    }

    #[test]
    fn a_route_through_a_tunnel_is_a_network_of_ours() {
        let routes = Routes::to("wg0", "100.64.0.0", 10);
        let tunnel = routed(&[("wg0", "100.64.0.1", 32)], routes.clone());
        let other = "100.64.0.2".parse().unwrap();
        assert!(tunnel.subnets().contains(other));
        assert_eq!(tunnel.facing(other), Some("100.64.0.1".parse().unwrap()));
        let not_chosen = routed(&[("eth0", "192.0.2.1", 24)], routes);
        assert!(!not_chosen.subnets().contains(other));
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
