//! Where the swarm listens.
//!
//! On all addresses if every interface may be used; a socket on the wildcard address outlives any change of
//! interfaces. With named interfaces on each of their addresses, opened and closed as these come and go, always on
//! the same port.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::{Duration, Instant},
};

use libp2p::{Multiaddr, Swarm, core::transport::ListenerId};
use socket2::{Domain, Socket, Type};
use tokio::time;

use crate::{
    Interfaces, NetworkError,
    addresses::{quic, tcp},
    behaviour::Behaviour,
    interfaces::InterfaceTable,
};

/// Attempts to find a port that is free for both UDP and TCP.
const PORT_ATTEMPTS: usize = 32;
/// A daemon that ends holds its port for a moment longer than it runs, until its connections are closed.
const PREDECESSOR: Duration = Duration::from_secs(1);

/// The open listeners.
#[derive(Debug)]
pub(crate) struct Listeners {
    port: u16,
    wildcard: bool,
    open: HashMap<(IpAddr, Transport), ListenerId>,
}

/// The two ways to listen on an address. One may close, or be impossible, without the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Transport {
    Quic,
    Tcp,
}

impl Transport {
    const ALL: [Self; 2] = [Self::Quic, Self::Tcp];

    fn address(self, address: SocketAddr) -> Multiaddr {
        match self {
            Self::Quic => quic(address),
            Self::Tcp => tcp(address),
        }
    }
}

impl Listeners {
    /// Finds out which port can be had, waiting up to 1 s for a predecessor to let go of the configured one.
    pub(crate) async fn choose_port(
        port: u16,
        interfaces: &Interfaces,
        table: &InterfaceTable,
    ) -> Result<u16, NetworkError> {
        let ips = addresses(*interfaces == Interfaces::All, table);
        let deadline = Instant::now() + PREDECESSOR;
        loop {
            match free_port(port, &ips) {
                Ok(port) => return Ok(port),
                Err(taken) if Instant::now() >= deadline => {
                    return Err(NetworkError::Listen {
                        protocol: taken.protocol,
                        port,
                        source: taken.source,
                    });
                }
                Err(_) => time::sleep(PREDECESSOR / 10).await,
            }
        }
    }

    /// Opens what `table` asks for.
    pub(crate) fn open(
        swarm: &mut Swarm<Behaviour>,
        port: u16,
        interfaces: &Interfaces,
        table: &InterfaceTable,
    ) -> Self {
        let mut listeners = Self {
            port,
            wildcard: *interfaces == Interfaces::All,
            open: HashMap::new(),
        };
        listeners.follow(swarm, table);
        listeners
    }

    /// The port of every listener, for QUIC and TCP.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Opens and closes listeners until they match `table`.
    pub(crate) fn follow(&mut self, swarm: &mut Swarm<Behaviour>, table: &InterfaceTable) {
        let wanted = addresses(self.wildcard, table);
        self.open.retain(|(ip, _), listener| {
            let keep = wanted.contains(ip);
            if !keep {
                swarm.remove_listener(*listener);
            }
            keep
        });
        for ip in wanted {
            for transport in Transport::ALL {
                if self.open.contains_key(&(ip, transport)) {
                    continue;
                }
                let address = transport.address(SocketAddr::new(ip, self.port));
                if let Some(listener) = listen(swarm, address) {
                    self.open.insert((ip, transport), listener);
                }
            }
        }
    }

    /// A listener closed by itself; [`follow`](Self::follow) opens another if its address still exists.
    pub(crate) fn closed(&mut self, listener: ListenerId) {
        self.open.retain(|_, known| *known != listener);
    }
}

fn addresses(wildcard: bool, table: &InterfaceTable) -> Vec<IpAddr> {
    if wildcard {
        vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()]
    } else {
        table.listenable().collect()
    }
}

fn listen(swarm: &mut Swarm<Behaviour>, address: Multiaddr) -> Option<ListenerId> {
    swarm
        .listen_on(address.clone())
        .inspect_err(|error| tracing::debug!(%address, %error, "cannot listen"))
        .ok()
}

/// `port` if it is free for UDP and TCP on all of `ips` that exist, or with 0 some port that is.
fn free_port(port: u16, ips: &[IpAddr]) -> Result<u16, Taken> {
    let mut last = None;
    for _ in 0..PORT_ATTEMPTS {
        match try_port(port, ips) {
            Ok(port) => return Ok(port),
            Err(error) if port == 0 => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(last.unwrap_or_else(|| Taken {
        protocol: "UDP",
        source: io::ErrorKind::AddrInUse.into(),
    }))
}

/// A port that cannot be had.
#[derive(Debug)]
struct Taken {
    protocol: &'static str,
    source: io::Error,
}

/// Binds everything at once, and lets go again: libp2p cannot be handed a bound socket.
fn try_port(mut port: u16, ips: &[IpAddr]) -> Result<u16, Taken> {
    let mut bound = Vec::new();
    // Without any address there is still a port to choose, for when one appears.
    let fallback = [Ipv4Addr::LOCALHOST.into()];
    for &ip in if ips.is_empty() { &fallback[..] } else { ips } {
        for (kind, protocol) in [(Type::DGRAM, "UDP"), (Type::STREAM, "TCP")] {
            match bind(SocketAddr::new(ip, port), kind) {
                Ok(socket) => {
                    port = local_port(&socket).unwrap_or(port);
                    bound.push(socket);
                }
                // A machine without IPv6, or an address that has just gone.
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported
                    ) => {}
                Err(error) if ip.is_ipv6() && error.kind() != io::ErrorKind::AddrInUse => {}
                Err(source) => return Err(Taken { protocol, source }),
            }
        }
    }
    Ok(port)
}

fn bind(address: SocketAddr, kind: Type) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    #[cfg(unix)]
    if kind == Type::STREAM {
        // As libp2p does: a port in TIME_WAIT is free.
        socket.set_reuse_address(true)?;
    }
    socket.bind(&address.into())?;
    if kind == Type::STREAM {
        // Only listening shows whether another program listens there.
        socket.listen(1)?;
    }
    Ok(socket)
}

fn local_port(socket: &Socket) -> Option<u16> {
    socket
        .local_addr()
        .ok()?
        .as_socket()
        .map(|address| address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, UdpSocket};

    const LOOPBACK: [IpAddr; 1] = [IpAddr::V4(Ipv4Addr::LOCALHOST)];

    #[tokio::test]
    async fn one_listener_that_closes_is_opened_again_beside_the_other() {
        let config = crate::NetworkConfig::new([7; 32]);
        let mut swarm = crate::behaviour::swarm(&config).unwrap();
        let table = InterfaceTable::read(&Interfaces::All).unwrap();
        let port = free_port(0, &LOOPBACK).unwrap();
        let mut listeners = Listeners::open(&mut swarm, port, &Interfaces::All, &table);
        let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let before = listeners.open.clone();
        let tcp = before[&(any, Transport::Tcp)];
        assert!(swarm.remove_listener(tcp));
        listeners.closed(tcp);
        listeners.follow(&mut swarm, &table);
        let after = &listeners.open;
        assert_ne!(after[&(any, Transport::Tcp)], tcp);
        assert_eq!(
            after[&(any, Transport::Quic)],
            before[&(any, Transport::Quic)]
        );
    }

    #[test]
    fn any_port_is_free_for_both() {
        let port = free_port(0, &LOOPBACK).unwrap();
        assert_ne!(port, 0);
        UdpSocket::bind((LOOPBACK[0], port)).unwrap();
    }

    #[test]
    fn a_port_taken_on_either_side_is_refused() {
        let udp = UdpSocket::bind((LOOPBACK[0], 0)).unwrap();
        let port = udp.local_addr().unwrap().port();
        assert_eq!(
            free_port(port, &LOOPBACK).unwrap_err().source.kind(),
            io::ErrorKind::AddrInUse
        );
        let tcp = TcpListener::bind((LOOPBACK[0], 0)).unwrap();
        let port = tcp.local_addr().unwrap().port();
        assert_eq!(
            free_port(port, &LOOPBACK).unwrap_err().source.kind(),
            io::ErrorKind::AddrInUse
        );
    }
}
