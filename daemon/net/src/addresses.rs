//! Which addresses can be dialled, and how libp2p writes them.

use std::net::{IpAddr, SocketAddr};

use libp2p::{Multiaddr, multiaddr::Protocol};

use crate::Transport;

/// Addresses kept of one peer from one source. A machine with containers has a dozen.
const MAX_ADDRESSES: usize = 32;

/// `address` as QUIC listens and dials it.
pub(crate) fn quic(address: SocketAddr) -> Multiaddr {
    Multiaddr::from(address.ip())
        .with(Protocol::Udp(address.port()))
        .with(Protocol::QuicV1)
}

/// `address` as TCP listens and dials it.
pub(crate) fn tcp(address: SocketAddr) -> Multiaddr {
    Multiaddr::from(address.ip()).with(Protocol::Tcp(address.port()))
}

/// The socket address and transport in a multiaddress of ours; `None` for anything else.
pub(crate) fn socket_address(multiaddr: &Multiaddr) -> Option<(SocketAddr, Transport)> {
    let mut parts = multiaddr.iter();
    let ip: IpAddr = match parts.next()? {
        Protocol::Ip4(ip) => ip.into(),
        Protocol::Ip6(ip) => ip.into(),
        _ => return None,
    };
    let (port, transport) = match (parts.next()?, parts.next()) {
        (Protocol::Udp(port), Some(Protocol::QuicV1)) => (port, Transport::Quic),
        (Protocol::Tcp(port), None | Some(Protocol::P2p(_))) => (port, Transport::Tcp),
        _ => return None,
    };
    Some((SocketAddr::new(ip.to_canonical(), port), transport))
}

/// Whether `address` names one machine that libp2p can dial.
///
/// IPv6 link-local addresses are out: they mean nothing without an interface, which a multiaddress cannot carry.
pub(crate) fn is_dialable(address: SocketAddr) -> bool {
    let ip = address.ip().to_canonical();
    let unicast = match ip {
        IpAddr::V4(ip) => !ip.is_unspecified() && !ip.is_multicast() && !ip.is_broadcast(),
        IpAddr::V6(ip) => !ip.is_unspecified() && !ip.is_multicast() && !ip.is_unicast_link_local(),
    };
    unicast && address.port() != 0
}

/// Returns the addresses that name one machine each, within bounds.
pub(crate) fn dialable(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let mut dialable: Vec<SocketAddr> = Vec::new();
    for address in addresses {
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        if is_dialable(address) && dialable.len() < MAX_ADDRESSES && !dialable.contains(&address) {
            dialable.push(address);
        }
    }
    dialable
}

/// Returns each address once.
pub(crate) fn distinct(addresses: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut distinct = Vec::new();
    for address in addresses {
        if !distinct.contains(&address) {
            distinct.push(address);
        }
    }
    distinct
}

/// The networks that this machine has an interface in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Subnets(Vec<(IpAddr, u8)>);

impl Subnets {
    /// Subnets given by any address in them and the length of their prefix.
    pub(crate) fn new(subnets: impl IntoIterator<Item = (IpAddr, u8)>) -> Self {
        Self(subnets.into_iter().collect())
    }

    /// Those that are not among `others`, where the same network with another own address is another one.
    pub(crate) fn without(&self, others: &Self) -> Self {
        let new = |subnet: &&(IpAddr, u8)| !others.0.contains(subnet);
        Self(self.0.iter().filter(new).copied().collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `ip` lies in one of them.
    pub(crate) fn contains(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.0.iter().any(|&(network, prefix)| match (network, ip) {
            (IpAddr::V4(network), IpAddr::V4(ip)) => {
                let shift = 32 - u32::from(prefix.min(32));
                u32::from(network).checked_shr(shift) == u32::from(ip).checked_shr(shift)
            }
            (IpAddr::V6(network), IpAddr::V6(ip)) => {
                let shift = 128 - u32::from(prefix.min(128));
                u128::from(network).checked_shr(shift) == u128::from(ip).checked_shr(shift)
            }
            _ => false,
        })
    }
}

/// Says whether an address holds on its own link alone and cannot be dialled.
pub(crate) fn is_link_local_v6(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn multiaddresses_round_trip() {
        for address in ["192.0.2.7:4001", "[2001:db8::7]:4001"].map(at) {
            assert_eq!(
                socket_address(&quic(address)),
                Some((address, Transport::Quic))
            );
            assert_eq!(
                socket_address(&tcp(address)),
                Some((address, Transport::Tcp))
            );
        }
        assert_eq!(
            socket_address(&"/dns4/example.com/tcp/1".parse().unwrap()),
            None
        );
    }

    #[test]
    fn a_mapped_address_is_read_as_ipv4() {
        let mapped: Multiaddr = "/ip6/::ffff:192.0.2.7/tcp/9".parse().unwrap();
        assert_eq!(
            socket_address(&mapped),
            Some((at("192.0.2.7:9"), Transport::Tcp))
        );
    }

    #[test]
    fn only_unicast_addresses_with_a_port_are_dialled() {
        for good in ["192.0.2.7:1", "127.0.0.1:1", "169.254.3.4:1", "[fd00::1]:1"] {
            assert!(is_dialable(at(good)), "{good}");
        }
        for bad in [
            "192.0.2.7:0",
            "0.0.0.0:1",
            "224.0.0.251:1",
            "255.255.255.255:1",
            "[fe80::1]:1",
            "[::]:1",
            "[ff02::fb]:1",
            "[::ffff:0.0.0.0]:1",
        ] {
            assert!(!is_dialable(at(bad)), "{bad}");
        }
    }

    #[test]
    fn a_subnet_ends_at_its_prefix() {
        let subnets = Subnets::new([
            ("192.168.4.9".parse().unwrap(), 22),
            ("fd00:1::5".parse().unwrap(), 64),
        ]);
        for (ip, inside) in [
            ("192.168.7.255", true),
            ("192.168.8.0", false),
            ("::ffff:192.168.5.1", true),
            ("fd00:1::ffff", true),
            ("fd00:1:0:1::", false),
        ] {
            assert_eq!(subnets.contains(ip.parse().unwrap()), inside, "{ip}");
        }
        let everything = Subnets::new([("10.0.0.1".parse().unwrap(), 0)]);
        assert!(everything.contains("8.8.8.8".parse().unwrap()));
        assert!(!Subnets::default().contains("127.0.0.1".parse().unwrap()));
    }
}
