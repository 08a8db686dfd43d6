//! Networks that are reached without a router although no address of ours lies in them, and the way out.
//!
//! A point-to-point VPN gives an address of its own (`100.64.0.1/32`) and a route to the others. Only networks that a
//! person may have set up so count: a VPN that takes everything (`0.0.0.0/0`, or halves and quarters of it) says nothing of
//! who is near.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Prefixes shorter than this are taken for a way out.
const NEAREST_V4: u8 = 8;
const NEAREST_V6: u8 = 16;
/// Bit of a route that is in use, of one that has a router, and of one that refuses.
const UP: u32 = 0x0001;
const ROUTED: u32 = 0x0002;
const REJECTS: u32 = 0x0200;
/// Routes looked at; a machine with more is a router itself.
const MAX_ROUTES: usize = 512;

/// The routing table, as far as it tells who is near.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Routes {
    /// Networks with the interface that they are reached through.
    near: Vec<(String, IpAddr, u8)>,
    /// Interfaces that lead out.
    out: Vec<String>,
}

impl Routes {
    /// Asks the system. Where it does not say, there are none.
    pub(crate) fn read() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        Self::parse(&read("/proc/net/route"), &read("/proc/net/ipv6_route"))
    }

    fn parse(v4: &str, v6: &str) -> Self {
        let mut routes = Self::default();
        let v4 = v4.lines().skip(1).filter_map(route_v4);
        let v6 = v6.lines().filter_map(route_v6);
        for route in v4.chain(v6).take(MAX_ROUTES) {
            routes.add(route);
        }
        routes
    }

    fn add(&mut self, route: Route) {
        if route.flags & UP == 0 || route.flags & REJECTS != 0 {
            return;
        }
        let nearest = match route.network {
            IpAddr::V4(_) => NEAREST_V4,
            IpAddr::V6(_) => NEAREST_V6,
        };
        if route.prefix < nearest {
            if !self.out.contains(&route.interface) {
                self.out.push(route.interface);
            }
        } else if route.flags & ROUTED == 0 && !is_link_local_or_multicast(route.network) {
            self.near
                .push((route.interface, route.network, route.prefix));
        }
    }

    /// The same routes without those through interfaces that are not named.
    pub(crate) fn through(&self, interfaces: &[&str]) -> Self {
        let named = |interface: &String| interfaces.contains(&interface.as_str());
        Self {
            near: self
                .near
                .iter()
                .filter(|(interface, ..)| named(interface))
                .cloned()
                .collect(),
            out: self.out.iter().filter(|out| named(out)).cloned().collect(),
        }
    }

    /// Networks reached without a router.
    pub(crate) fn near(&self) -> impl Iterator<Item = (IpAddr, u8)> {
        self.near
            .iter()
            .map(|(_, network, prefix)| (*network, *prefix))
    }

    /// Whether an interface leads out.
    pub(crate) fn lead_out(&self, interface: &str) -> bool {
        self.out.iter().any(|out| out == interface)
    }

    /// A way out through one interface.
    #[cfg(test)]
    pub(crate) fn leading_out(interface: &str) -> Self {
        Self {
            near: Vec::new(),
            out: vec![interface.to_owned()],
        }
    }

    /// One network through one interface.
    #[cfg(test)]
    pub(crate) fn to(interface: &str, network: &str, prefix: u8) -> Self {
        let near = network.parse().map(|ip| (interface.to_owned(), ip, prefix));
        Self {
            near: near.into_iter().collect(),
            out: Vec::new(),
        }
    }
}

struct Route {
    interface: String,
    network: IpAddr,
    prefix: u8,
    flags: u32,
}

/// Reads a line of `/proc/net/route`: interface, destination, gateway, flags, three counts, mask. Numbers are in the
/// machine's byte order.
fn route_v4(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let number = |index: usize| u32::from_str_radix(fields.get(index)?, 16).ok();
    let prefix = u32::from_be_bytes(number(7)?.to_ne_bytes()).leading_ones();
    Some(Route {
        interface: (*fields.first()?).to_owned(),
        network: Ipv4Addr::from(number(1)?.to_ne_bytes()).into(),
        prefix: u8::try_from(prefix).ok()?,
        flags: number(3)?,
    })
}

/// Reads a line of `/proc/net/ipv6_route`: destination, prefix, source, prefix, next hop, three counts, flags, interface.
fn route_v6(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let network = u128::from_str_radix(fields.first()?, 16).ok()?;
    Some(Route {
        interface: (*fields.get(9)?).to_owned(),
        network: Ipv6Addr::from(network).into(),
        prefix: u8::from_str_radix(fields.get(1)?, 16).ok()?,
        flags: u32::from_str_radix(fields.get(8)?, 16).ok()?,
    })
}

fn is_link_local_or_multicast(network: IpAddr) -> bool {
    match network {
        IpAddr::V4(ip) => ip.is_multicast(),
        IpAddr::V6(ip) => ip.is_multicast() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";

    /// The tables as a little-endian machine writes them.
    #[cfg(target_endian = "little")]
    #[test]
    fn networks_without_a_router_are_near_and_the_rest_leads_out() {
        let v4 = format!(
            "{HEAD}wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n\
             wg0\t00004064\t00000000\t0001\t0\t0\t0\t0000C0FF\t0\t0\t0\n\
             eth0\t0000000A\t0101A8C0\t0003\t0\t0\t0\t000000FF\t0\t0\t0\n\
             tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0\n"
        );
        let v6 = "fd000001000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000400 00000001 00000000 00000001     wg0\n\
                  fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001    eth0\n";
        let routes = Routes::parse(&v4, v6);
        let through = routes.through(&["wg0"]);
        let near: Vec<_> = through
            .near()
            .map(|(ip, prefix)| format!("{ip}/{prefix}"))
            .collect();
        assert_eq!(near, ["100.64.0.0/10", "fd00:1::/64"]);
        assert_eq!(
            routes.through(&["eth0"]).near().count(),
            0,
            "it has a router"
        );
        let out = ["wlan0", "tun0", "wg0", "eth0"].map(|name| routes.lead_out(name));
        assert_eq!(out, [true, true, false, false]);
    }

    #[test]
    fn nonsense_is_no_route() {
        let nonsense = format!("{HEAD}eth0\nwg0 zz\n\n");
        assert_eq!(Routes::parse(&nonsense, "fd00 40\nx"), Routes::default());
    }
}
