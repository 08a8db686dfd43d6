//! The interfaces of this machine, and which of them Sotto uses.

use std::net::IpAddr;

use super::finding::{Area, Finding};

/// An interface that is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interface {
    pub(super) name: String,
    /// Addresses with the lengths of their networks' prefixes.
    pub(super) addresses: Vec<(IpAddr, u8)>,
}

impl Interface {
    pub(super) fn is_loopback(&self) -> bool {
        self.addresses.iter().all(|(ip, _)| ip.is_loopback())
    }

    /// Returns whether it has nothing but addresses that it gave itself.
    fn is_without_network(&self) -> bool {
        self.addresses.iter().all(|&(ip, _)| is_link_local(ip))
    }

    pub(super) fn has(&self, ip: IpAddr) -> bool {
        self.addresses.iter().any(|&(own, _)| own == ip)
    }

    fn described(&self) -> String {
        let addresses: Vec<_> = self
            .addresses
            .iter()
            .filter(|(ip, _)| !is_link_local(*ip))
            .collect();
        let texts: Vec<String> = match addresses.as_slice() {
            [] => self
                .addresses
                .iter()
                .map(|(ip, _)| ip.to_string())
                .collect(),
            some => some.iter().map(|(ip, _)| ip.to_string()).collect(),
        };
        format!("{} ({})", self.name, texts.join(", "))
    }
}

/// Returns the interfaces that are up, in the order of their names.
pub(super) fn read() -> std::io::Result<Vec<Interface>> {
    let mut listed = if_addrs::get_if_addrs()?;
    listed.retain(if_addrs::Interface::is_oper_up);
    Ok(grouped(listed))
}

/// Returns the names of all interfaces that have an address.
pub(crate) fn names() -> std::io::Result<Vec<String>> {
    let interfaces = grouped(if_addrs::get_if_addrs()?).into_iter();
    Ok(interfaces.map(|interface| interface.name).collect())
}

/// Puts the addresses of each interface together.
fn grouped(mut listed: Vec<if_addrs::Interface>) -> Vec<Interface> {
    let mut interfaces: Vec<Interface> = Vec::new();
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    for address in listed {
        let prefix = match &address.addr {
            if_addrs::IfAddr::V4(address) => address.prefixlen,
            if_addrs::IfAddr::V6(address) => address.prefixlen,
        };
        let own = (address.ip(), prefix);
        match interfaces.last_mut() {
            Some(last) if last.name == address.name => last.addresses.push(own),
            _ => interfaces.push(Interface {
                name: address.name.clone(),
                addresses: vec![own],
            }),
        }
    }
    interfaces
}

/// Judges them; `wanted` are the names in the settings, none of them for all, and `is_here` knows those without an
/// address, too.
pub(super) fn judge(
    interfaces: &[Interface],
    wanted: &[String],
    is_here: impl Fn(&str) -> bool,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|name| !interfaces.iter().any(|it| it.name == **name))
        .map(String::as_str)
        .collect();
    let (down, gone): (Vec<&str>, Vec<&str>) = missing.iter().partition(|name| is_here(name));
    for (names, how, help) in [
        (
            down,
            "down, or without address",
            "plug in the cable, or join the Wi-Fi",
        ),
        (
            gone,
            "not here",
            "to use all: sotto config set network.interfaces '[]' && sotto restart",
        ),
    ] {
        if names.is_empty() {
            continue;
        }
        let what = format!(
            "network.interfaces names {}, which is {how}",
            names.join(" and ")
        );
        found.push(
            Finding::problem(Area::Network, "interfaces", what)
                .because("Sotto uses no other than those that are named")
                .helped_by(help),
        );
    }
    let used: Vec<&Interface> = interfaces.iter().filter(|it| is_used(it, wanted)).collect();
    let outside: Vec<&Interface> = used
        .iter()
        .copied()
        .filter(|it| !it.is_loopback())
        .collect();
    if outside.is_empty() {
        if missing.is_empty() && wanted.is_empty() {
            found.push(
                Finding::problem(Area::Network, "interfaces", "this machine is on no network")
                    .because("only this machine itself can be reached")
                    .helped_by("plug in the cable, or join the Wi-Fi"),
            );
        } else if !used.is_empty() {
            found.push(Finding::note(
                Area::Network,
                "interfaces",
                "only loopback is used: nobody on another machine is reached",
            ));
        }
    } else if outside.iter().all(|it| it.is_without_network()) {
        let names: Vec<String> = outside.iter().map(|it| it.described()).collect();
        found.push(
            Finding::problem(
                Area::Network,
                "interfaces",
                format!(
                    "no router gave this machine an address: {}",
                    names.join(", ")
                ),
            )
            .because("colleagues with proper addresses are not reached from such ones")
            .helped_by("connect to the network again; if it stays so, ask who runs it for DHCP"),
        );
    } else {
        let proper = outside.iter().filter(|it| !it.is_without_network());
        let names: Vec<String> = proper.map(|it| it.described()).collect();
        found.push(Finding::fine(
            Area::Network,
            "interfaces",
            format!("uses {}", names.join(", ")),
        ));
    }
    let unused: Vec<&str> = interfaces
        .iter()
        .filter(|it| !it.is_loopback() && !is_used(it, wanted))
        .map(|it| it.name.as_str())
        .collect();
    if !unused.is_empty() {
        found.push(Finding::note(
            Area::Network,
            "interfaces",
            format!(
                "does not use {}: network.interfaces leaves it out",
                unused.join(", ")
            ),
        ));
    }
    found
}

pub(super) fn is_used(interface: &Interface, wanted: &[String]) -> bool {
    wanted.is_empty() || wanted.contains(&interface.name)
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
pub(super) fn interface(name: &str, addresses: &[(&str, u8)]) -> Interface {
    let addresses = addresses.iter();
    Interface {
        name: name.to_owned(),
        addresses: addresses
            .map(|&(ip, prefix)| (ip.parse().unwrap(), prefix))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Weight;
    use super::*;

    fn nothing(_name: &str) -> bool {
        false
    }

    fn weights(found: &[Finding]) -> Vec<Weight> {
        found.iter().map(|it| it.weight).collect()
    }

    #[test]
    fn a_machine_without_a_network_is_told_so() {
        let lo = interface("lo", &[("127.0.0.1", 8)]);
        let found = judge(std::slice::from_ref(&lo), &[], nothing);
        assert!(found[0].what.contains("on no network"), "{found:?}");
        let found = judge(&[lo], &["lo".to_owned()], nothing);
        assert_eq!(weights(&found), [Weight::Note]);
    }

    #[test]
    fn addresses_that_no_router_gave_are_a_problem() {
        let eth = interface("eth0", &[("169.254.3.4", 16), ("fe80::1", 64)]);
        let found = judge(&[eth], &[], nothing);
        assert!(found[0].what.contains("no router"), "{found:?}");
        let eth = interface("eth0", &[("fe80::1", 64), ("192.168.1.7", 24)]);
        let bare = interface("veth1", &[("fe80::2", 64)]);
        let found = judge(&[eth, bare], &[], nothing);
        assert_eq!(found[0].what, "uses eth0 (192.168.1.7)");
    }

    #[test]
    fn wrong_names_in_the_settings_are_found() {
        let eth = interface("eth0", &[("192.168.1.7", 24)]);
        let found = judge(std::slice::from_ref(&eth), &["eth9".to_owned()], nothing);
        assert_eq!(weights(&found), [Weight::Problem, Weight::Note]);
        assert!(found[0].what.ends_with("eth9, which is not here"));
        let found = judge(&[eth], &["eth9".to_owned()], |name| name == "eth9");
        assert!(found[0].help.as_ref().unwrap().contains("cable"));
    }
}
