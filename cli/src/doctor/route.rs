//! A VPN that swallows the local network: packets for a neighbour would leave by another interface.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use super::finding::{Area, Finding};
use super::interfaces::Interface;

/// A network of this machine, and the own address from which a packet to a neighbour in it would be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    interface: String,
    own: IpAddr,
    /// Nothing where there is no way at all.
    leaves_from: Option<IpAddr>,
}

/// Asks the system for each network. No packet is sent: connecting a UDP socket only chooses the way.
pub(super) fn read(interfaces: &[Interface]) -> Vec<Route> {
    let mut routes = Vec::new();
    for interface in interfaces.iter().filter(|it| !it.is_loopback()) {
        for &(own, prefix) in &interface.addresses {
            if let (IpAddr::V4(ip), 1..=30) = (own, prefix) {
                routes.push(Route {
                    interface: interface.name.clone(),
                    own,
                    leaves_from: way_to(neighbour(ip, prefix)),
                });
            }
        }
    }
    routes
}

/// Returns an address in the network that is not the own one.
fn neighbour(own: Ipv4Addr, prefix: u8) -> Ipv4Addr {
    let mask = u32::MAX << (32 - u32::from(prefix));
    let first = (own.to_bits() & mask) + 1;
    Ipv4Addr::from_bits(if first == own.to_bits() {
        first + 1
    } else {
        first
    })
}

fn way_to(ip: Ipv4Addr) -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // Port 9 discards; nothing is sent to it.
    socket.connect(SocketAddr::from((ip, 9))).ok()?;
    socket.local_addr().ok().map(|local| local.ip())
}

/// Judges the ways.
pub(super) fn judge(routes: &[Route], interfaces: &[Interface]) -> Vec<Finding> {
    let mut found = Vec::new();
    for route in routes {
        let taken_by = match route.leaves_from {
            Some(from) => match interfaces.iter().find(|it| it.has(from)) {
                Some(interface) if interface.name == route.interface => continue,
                Some(interface) => format!("leaves by {}", interface.name),
                None => format!("leaves from {from}"),
            },
            None => "has no way out".to_owned(),
        };
        let what = format!(
            "what is sent to the network of {} ({}) {taken_by}",
            route.interface, route.own
        );
        found.push(
            Finding::problem(Area::Network, "vpn", what)
                .because(
                    "a VPN or a rule for routes swallows the local network, so that colleagues on it are not reached",
                )
                .helped_by("allow local networks in the VPN's settings (\"LAN access\"), or end it"),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::interfaces::interface;
    use super::*;

    #[test]
    fn a_neighbour_is_never_oneself() {
        let of = |ip: &str, prefix| neighbour(ip.parse().unwrap(), prefix).to_string();
        assert_eq!(of("192.168.1.7", 24), "192.168.1.1");
        assert_eq!(of("192.168.1.1", 24), "192.168.1.2");
        assert_eq!(of("10.0.0.5", 30), "10.0.0.6");
    }

    #[test]
    fn a_network_that_leaves_by_the_tunnel_is_found() {
        let interfaces = [
            interface("eth0", &[("192.168.1.7", 24)]),
            interface("tun0", &[("10.8.0.2", 24)]),
        ];
        let route = |from: Option<&str>| Route {
            interface: "eth0".into(),
            own: "192.168.1.7".parse().unwrap(),
            leaves_from: from.map(|ip| ip.parse().unwrap()),
        };
        assert!(judge(&[route(Some("192.168.1.7"))], &interfaces).is_empty());
        let found = judge(&[route(Some("10.8.0.2"))], &interfaces);
        assert!(found[0].what.contains("leaves by tun0"), "{found:?}");
        let found = judge(&[route(None)], &interfaces);
        assert!(found[0].what.contains("no way out"), "{found:?}");
    }
}
