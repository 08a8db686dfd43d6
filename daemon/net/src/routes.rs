//! Networks that are reached without a router although no address of ours lies in them, and the way out.
//!
//! A point-to-point VPN gives an address of its own (`100.64.0.1/32`) and a route to the others. Only networks that a
//! person may have set up so count: a VPN that takes everything (`0.0.0.0/0`, or halves and quarters of it) says nothing of
//! who is near.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use crate::addresses::is_link_local_v6;

/// Prefixes shorter than this are taken for a way out.
const NEAREST_V4: u8 = 8;
const NEAREST_V6: u8 = 16;
/// Bit of a route that is in use, of one that has a router, and of one that refuses.
const UP: u32 = 0x0001;
const ROUTED: u32 = 0x0002;
const REJECTS: u32 = 0x0200;
/// Routes of IPv4, and of IPv6, looked at; a machine with more is a router itself.
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
        // A router's table has a million lines, of which the first are read.
        let open = |path| File::open(path).map(BufReader::new).ok();
        let v4 = open("/proc/net/route").into_iter();
        let v6 = open("/proc/net/ipv6_route").into_iter();
        Self::parse(v4.flat_map(lines), v6.flat_map(lines))
    }

    fn parse(v4: impl Iterator<Item = String>, v6: impl Iterator<Item = String>) -> Self {
        let mut routes = Self::default();
        let v4 = v4.skip(1).take(MAX_ROUTES);
        let v4 = v4.filter_map(|line| route_v4(&line));
        let v6 = v6.take(MAX_ROUTES).filter_map(|line| route_v6(&line));
        for route in v4.chain(v6) {
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
            return;
        }
        let leads_nowhere = route.network.is_multicast() || is_link_local_v6(route.network);
        if route.flags & ROUTED == 0 && !leads_nowhere {
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

    /// Networks reached without a router through one interface.
    pub(crate) fn near_through(&self, interface: &str) -> impl Iterator<Item = (IpAddr, u8)> {
        let near = self.near.iter().filter(move |(of, ..)| of == interface);
        near.map(|(_, network, prefix)| (*network, *prefix))
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

/// Returns the lines of a file as far as it can be read.
fn lines(file: BufReader<File>) -> impl Iterator<Item = String> {
    file.lines().map_while(Result::ok)
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

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";

    fn parse(v4: &str, v6: &str) -> Routes {
        let [v4, v6] = [v4, v6].map(|table| table.lines().map(str::to_owned));
        Routes::parse(v4, v6)
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn of_a_long_table_the_beginning_is_read() {
        let line = "wg0\t00004064\t00000000\t0001\t0\t0\t0\t0000C0FF\t0\t0\t0";
        let mut read = 0;
        let endless = std::iter::repeat_with(|| {
            read += 1;
            line.to_owned()
        });
        let routes = Routes::parse(endless, std::iter::empty());
        assert_eq!(routes.near().count(), MAX_ROUTES);
        assert_eq!(read, MAX_ROUTES + 1, "with the head");
    }

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
        let routes = parse(&v4, v6);
        let near: Vec<_> = routes
            .near_through("wg0")
            .map(|(ip, prefix)| format!("{ip}/{prefix}"))
            .collect();
        assert_eq!(near, ["100.64.0.0/10", "fd00:1::/64"]);
        assert_eq!(routes.near_through("eth0").count(), 0, "it has a router");
        let out = ["wlan0", "tun0", "wg0", "eth0"].map(|name| routes.lead_out(name));
        assert_eq!(out, [true, true, false, false]);
    }

    #[test]
    fn nonsense_is_no_route() {
        let nonsense = format!("{HEAD}eth0\nwg0 zz\n\n");
        assert_eq!(parse(&nonsense, "fd00 40\nx"), Routes::default());
    }
}
