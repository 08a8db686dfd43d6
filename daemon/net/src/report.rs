//! What the network knows of the ways to others, one by one: for finding out why nobody is heard.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use crate::{
    Interfaces, NodeId,
    addresses::is_link_local_v6,
    interfaces::prefix,
    links::{self, Link},
};

/// The answer to [`NetworkCommand::Report`](crate::NetworkCommand::Report).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkReport {
    /// Every interface of this machine, those that are not used included.
    pub interfaces: Vec<InterfaceReport>,
    /// Whether peers are looked for by mDNS.
    pub discovery: bool,
    /// Whether UDP port 5353 could be had; nothing while that is not known.
    pub mdns_port_bound: Option<bool>,
    /// Peers that are announced, or wanted, and not connected although they were dialled or cannot be.
    pub unreachable: Vec<UnreachableNode>,
    /// Where other daemons with this one's identity are.
    pub clones: Vec<SocketAddr>,
}

/// One interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceReport {
    /// Its name.
    pub name: String,
    /// Its addresses, with the lengths of their prefixes.
    pub addresses: Vec<(IpAddr, u8)>,
    /// Why it is not used, if it is not.
    pub unused: Option<Unused>,
    /// Whether a packet of our own to the group of mDNS came back.
    pub heard_back: Option<bool>,
    /// How long ago somebody else was heard there.
    pub others_heard: Option<Duration>,
}

/// Why an interface is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unused {
    /// The interfaces are named, and it is not among them.
    NotChosen,
    /// It is switched off.
    Down,
    /// It has no link: no cable, or no wireless network.
    NoLink,
    /// It has no address that means anything elsewhere.
    NoAddress,
    /// It is loopback, and there is another.
    Loopback,
}

/// A peer that is not reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreachableNode {
    /// Who.
    pub node: NodeId,
    /// Where it is said to be.
    pub addresses: Vec<SocketAddr>,
    /// Whether one of these lies in a network of this machine.
    pub shares_network: bool,
    /// Dials in a row that failed.
    pub failures: u32,
}

/// Every interface as the system has it now.
pub(crate) fn interfaces(allowed: &Interfaces) -> Vec<InterfaceReport> {
    let present = if_addrs::get_if_addrs().unwrap_or_default();
    let links = links::all();
    let mut up = Vec::new();
    let mut reports: Vec<InterfaceReport> = Vec::new();
    for interface in &present {
        if interface.is_oper_up() && !up.contains(&interface.name) {
            up.push(interface.name.clone());
        }
        let address = (interface.ip(), prefix(interface));
        match reports.iter_mut().find(|it| it.name == interface.name) {
            Some(report) => report.addresses.push(address),
            None => reports.push(InterfaceReport::new(&interface.name, vec![address])),
        }
    }
    for name in without_address() {
        if reports.iter().all(|report| report.name != name) {
            reports.push(InterfaceReport::new(&name, Vec::new()));
        }
    }
    judge(&mut reports, allowed, &up, &links);
    reports.sort_by(|one, other| one.name.cmp(&other.name));
    reports
}

impl InterfaceReport {
    fn new(name: &str, addresses: Vec<(IpAddr, u8)>) -> Self {
        Self {
            name: name.to_owned(),
            addresses,
            unused: None,
            heard_back: None,
            others_heard: None,
        }
    }

    fn is_loopback(&self) -> bool {
        self.addresses.iter().any(|(ip, _)| ip.is_loopback())
    }
}

/// Says of each interface why it is not used, if it is not.
fn judge(
    reports: &mut [InterfaceReport],
    allowed: &Interfaces,
    up: &[String],
    links: &BTreeMap<String, Link>,
) {
    for report in reports.iter_mut() {
        let means_something = |(ip, _): &(IpAddr, u8)| !is_link_local_v6(*ip);
        report.unused = if !allowed.allows(&report.name) {
            Some(Unused::NotChosen)
        } else if links.get(&report.name) == Some(&Link::Off) {
            Some(Unused::Down)
        } else if links.get(&report.name) == Some(&Link::None) {
            Some(Unused::NoLink)
        } else if !report.addresses.is_empty() && !up.contains(&report.name) {
            Some(Unused::Down)
        } else if !report.addresses.iter().any(means_something) {
            Some(Unused::NoAddress)
        } else {
            None
        };
    }
    let outside = |report: &InterfaceReport| report.unused.is_none() && !report.is_loopback();
    if reports.iter().any(outside) {
        let loopback =
            |report: &&mut InterfaceReport| report.unused.is_none() && report.is_loopback();
        for report in reports.iter_mut().filter(loopback) {
            report.unused = Some(Unused::Loopback);
        }
    }
}

/// The names of all interfaces, also of those without an address.
fn without_address() -> Vec<String> {
    let table = std::fs::read_to_string("/proc/net/dev").unwrap_or_default();
    let name = |line: &str| Some(line.split_once(':')?.0.trim().to_owned());
    table.lines().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(name: &str, addresses: &[&str]) -> InterfaceReport {
        let addresses = addresses.iter().map(|ip| (ip.parse().unwrap(), 24));
        InterfaceReport::new(name, addresses.collect())
    }

    fn unused(allowed: &Interfaces) -> Vec<Option<Unused>> {
        let mut reports = [
            report("br0", &["172.17.0.1"]),
            report("eth0", &["192.0.2.1", "fe80::1"]),
            report("lo", &["127.0.0.1"]),
            report("usb0", &[]),
            report("usb1", &[]),
            report("usb2", &[]),
            report("veth1", &["fe80::2"]),
        ];
        let up = ["eth0", "lo", "veth1"].map(str::to_owned);
        let links = [
            ("eth0", Link::Up),
            ("usb0", Link::Up),
            ("usb1", Link::None),
            ("usb2", Link::Off),
        ];
        let links = links.map(|(name, link)| (name.to_owned(), link)).into();
        judge(&mut reports, allowed, &up, &links);
        reports.map(|report| report.unused).into()
    }

    #[test]
    fn each_interface_that_is_not_used_has_a_reason() {
        use Unused::{Down, Loopback, NoAddress, NoLink, NotChosen};
        let by_default = [
            Some(Down),
            None,
            Some(Loopback),
            Some(NoAddress),
            Some(NoLink),
            Some(Down),
            Some(NoAddress),
        ];
        assert_eq!(unused(&Interfaces::All), by_default);
        let named = Interfaces::Named(vec!["lo".to_owned()]);
        let on_loopback = [
            Some(NotChosen),
            Some(NotChosen),
            None,
            Some(NotChosen),
            Some(NotChosen),
            Some(NotChosen),
            Some(NotChosen),
        ];
        assert_eq!(unused(&named), on_loopback);
    }
}
