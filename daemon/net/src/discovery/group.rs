//! Sockets that listen to the group of multicast DNS, of IPv4 and of IPv6.
//!
//! Each is bound to the group's address, so it takes no answer away from anybody. That of IPv6 belongs to an interface,
//! and so there is one socket for all of IPv4 and one for each interface with IPv6.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6},
};

use futures::future::select_all;
use socket_pktinfo::PktInfoUdpSocket;
use socket2::Domain;
use tokio::{io::Interest, net::UdpSocket};

use super::hearing::Through;

pub(super) const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
const PORT: u16 = 5353;
/// Packets read of a socket in one go.
const AT_ONCE: usize = 64;

/// A packet that came in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packet {
    /// The number of the interface.
    pub(super) interface: u32,
    pub(super) from: IpAddr,
}

/// A socket, and a second handle on it that tokio waits for.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) socket: PktInfoUdpSocket,
    waited_for: UdpSocket,
}

impl Socket {
    pub(super) fn new(socket: PktInfoUdpSocket) -> io::Result<Self> {
        let waited_for = UdpSocket::from_std(socket.try_clone_std()?)?;
        Ok(Self { socket, waited_for })
    }

    fn bound(domain: Domain, group: SocketAddr) -> io::Result<PktInfoUdpSocket> {
        let socket = PktInfoUdpSocket::new(domain)?;
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&group.into())?;
        Ok(socket)
    }

    /// Binds the group of IPv4.
    fn v4() -> io::Result<Self> {
        let socket = Self::bound(Domain::IPV4, (GROUP, PORT).into())?;
        socket.set_multicast_loop_v4(true)?;
        socket.set_multicast_ttl_v4(255)?;
        Self::new(socket)
    }

    /// Binds and joins the group of IPv6 on an interface.
    fn v6(interface: u32) -> io::Result<Self> {
        let socket = Self::bound(Domain::IPV6, group_v6(interface))?;
        socket.set_multicast_loop_v6(true)?;
        socket.set_multicast_hops_v6(255)?;
        socket.set_multicast_if_v6(interface)?;
        socket.join_multicast_v6(&GROUP_V6, interface)?;
        Self::new(socket)
    }

    /// Joins the group of IPv4 at all these addresses, whether or not that has been done: who knows what has become of an
    /// interface since. Returns those at which that cannot be done.
    fn join(&self, addresses: &[Ipv4Addr]) -> BTreeSet<Ipv4Addr> {
        let mut refused = BTreeSet::new();
        for ip in addresses {
            if let Err(error) = still(self.socket.join_multicast_v4(&GROUP, ip)) {
                tracing::debug!(%ip, %error, "cannot join the group of multicast DNS");
                refused.insert(*ip);
            }
        }
        refused
    }

    fn receive(&self, packets: &mut Vec<Packet>) {
        // Who speaks matters, not what.
        let mut packet = [0; 16];
        for _ in 0..AT_ONCE {
            let receive = || self.socket.recv(&mut packet);
            let Ok((_, info)) = self.waited_for.try_io(Interest::READABLE, receive) else {
                break;
            };
            packets.push(Packet {
                interface: u32::try_from(info.if_index).unwrap_or(0),
                from: info.addr_src.ip().to_canonical(),
            });
        }
    }
}

/// That a group is joined already is no error.
fn still(joined: io::Result<()>) -> io::Result<()> {
    joined.or_else(|error| match error.kind() {
        io::ErrorKind::AddrInUse => Ok(()),
        _ => Err(error),
    })
}

fn group_v6(interface: u32) -> SocketAddr {
    SocketAddrV6::new(GROUP_V6, PORT, 0, interface).into()
}

/// All sockets.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    pub(super) v4: Option<Socket>,
    /// Addresses at which even a new socket could not join the group of IPv4.
    refused: BTreeSet<Ipv4Addr>,
    v6: BTreeMap<u32, Socket>,
}

impl Sockets {
    /// Binds the group of IPv4 unless that is done, and joins it at these addresses. Returns whether the port could be
    /// had, if that is to be told.
    pub(super) fn bind_v4(&mut self, addresses: &[Ipv4Addr]) -> Option<Option<bool>> {
        if let Some(socket) = &self.v4
            && socket.join(addresses).is_subset(&self.refused)
        {
            return None;
        }
        // Linux keeps the membership of an interface that has gone, and gives 20 to a socket. So it takes a new one.
        self.v4 = None;
        let could = self.open_v4();
        let socket = self.v4.as_ref();
        self.refused = socket.map_or_else(BTreeSet::new, |socket| socket.join(addresses));
        Some(could)
    }

    fn open_v4(&mut self) -> Option<bool> {
        let bound = Socket::v4();
        if let Err(error) = &bound {
            tracing::debug!(%error, "cannot listen to multicast DNS");
        }
        let could = match &bound {
            Ok(_) => Some(true),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Some(false),
            Err(_) => None,
        };
        self.v4 = bound.ok();
        could
    }

    /// Listens to the group of IPv6 on these interfaces and on no others; returns on which that is possible.
    pub(super) fn bind_v6(&mut self, interfaces: &[u32]) -> Vec<u32> {
        self.v6.retain(|number, _| interfaces.contains(number));
        for number in interfaces {
            // An interface that was down has lost its membership.
            let joined =
                |it: &Socket| still(it.socket.join_multicast_v6(&GROUP_V6, *number)).is_ok();
            if self.v6.get(number).is_some_and(joined) {
                continue;
            }
            self.v6.remove(number);
            match Socket::v6(*number) {
                Ok(socket) => drop(self.v6.insert(*number, socket)),
                Err(error) => {
                    tracing::debug!(number, %error, "cannot listen to multicast DNS over IPv6");
                }
            }
        }
        self.v6.keys().copied().collect()
    }

    /// Returns whether any listens.
    pub(super) fn listen(&self) -> bool {
        self.v4.is_some() || !self.v6.is_empty()
    }

    /// Sends a packet to the group.
    pub(super) fn send(&self, packet: &[u8], through: Through) -> io::Result<usize> {
        let absent = || io::Error::from(io::ErrorKind::NotConnected);
        match through {
            Through::V4(ip) => {
                let socket = &self.v4.as_ref().ok_or_else(absent)?.socket;
                socket.set_multicast_if_v4(&ip)?;
                socket.send_to(packet, &SocketAddr::from((GROUP, PORT)).into())
            }
            Through::V6(number) => {
                let socket = &self.v6.get(&number).ok_or_else(absent)?.socket;
                socket.send_to(packet, &group_v6(number).into())
            }
        }
    }

    /// Waits for packets; for ever without a socket. Cancel safe.
    pub(super) async fn receive(&self) -> Vec<Packet> {
        let all = || self.v4.iter().chain(self.v6.values());
        let readable = all().map(|socket| Box::pin(socket.waited_for.readable()));
        let readable: Vec<_> = readable.collect();
        if readable.is_empty() || select_all(readable).await.0.is_err() {
            return std::future::pending().await;
        }
        let mut packets = Vec::new();
        for socket in all() {
            socket.receive(&mut packets);
        }
        packets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An address of no interface here.
    const NOWHERE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

    #[tokio::test]
    async fn a_socket_is_kept_where_a_new_one_could_join_no_more() {
        let socket = PktInfoUdpSocket::new(Domain::IPV4).unwrap();
        socket.set_nonblocking(true).unwrap();
        let mut sockets = Sockets {
            v4: Some(Socket::new(socket).unwrap()),
            refused: [NOWHERE].into(),
            ..Sockets::default()
        };
        assert_eq!(sockets.bind_v4(&[NOWHERE]), None);
        assert!(sockets.v4.is_some());
    }
}
