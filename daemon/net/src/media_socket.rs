//! The UDP socket that voice travels through.
//!
//! Two real-time threads share it: the uplink sends, the downlink waits in `mio::Poll` on the socket and on a
//! [`MediaWaker`]. Nothing here touches the async runtime, and no call blocks.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::{Interfaces, NetworkError, interfaces::is_loopback_only};

/// Expedited forwarding, code point 46 (RFC 3246), in the upper six bits of the traffic class.
const EXPEDITED_FORWARDING: u32 = 46 << 2;
/// Asked of the system for each direction; 200 listeners times a few packets, or a second of 20 talkers.
const BUFFER: usize = 1 << 20;

/// A non-blocking UDP socket marked for expedited forwarding (DSCP EF, RFC 3246).
///
/// IPv4 peers always appear as IPv4 addresses, also when the socket beneath is IPv6.
#[derive(Debug)]
pub struct MediaSocket {
    socket: mio::net::UdpSocket,
    local: SocketAddr,
}

impl MediaSocket {
    /// Binds `port` (0: any). With loopback as the only interface the socket is bound to 127.0.0.1, otherwise to
    /// all addresses, IPv6 and IPv4.
    ///
    /// # Errors
    /// If the port is taken.
    pub fn bind(port: u16, interfaces: &Interfaces) -> Result<Self, NetworkError> {
        let bound = if is_loopback_only(interfaces) {
            Self::bind_to(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port))
        } else {
            // A kernel without IPv6 refuses the first, and only then the second is tried: a port that is taken on
            // IPv6 is taken.
            match Self::bind_to(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port)) {
                Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
                    Self::bind_to(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port))
                }
                bound => bound,
            }
        };
        bound.map_err(|source| NetworkError::MediaSocket { port, source })
    }

    fn bind_to(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::DGRAM,
            Some(Protocol::UDP),
        )?;
        if address.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        mark_and_widen(&socket, address.is_ipv6());
        let socket = std::net::UdpSocket::from(socket);
        let local = socket.local_addr()?;
        Ok(Self {
            socket: mio::net::UdpSocket::from_std(socket),
            local,
        })
    }

    /// The UDP port, for telling others.
    pub fn local_port(&self) -> u16 {
        self.local.port()
    }

    /// Another handle on the same socket, for the other thread.
    ///
    /// # Errors
    /// If the system has no file descriptor left.
    pub fn try_clone(&self) -> io::Result<Self> {
        let socket = SockRef::from(&self.socket).try_clone()?;
        Ok(Self {
            socket: mio::net::UdpSocket::from_std(socket.into()),
            local: self.local,
        })
    }

    /// Sends one datagram; returns its length.
    ///
    /// # Errors
    /// What the system says; `WouldBlock` means that the send buffer is full and the datagram is lost.
    pub fn send_to(&self, datagram: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.socket.send_to(datagram, self.as_the_socket_writes(to))
    }

    /// Takes one datagram; returns its length and sender. What does not fit into `buffer` is cut off.
    ///
    /// # Errors
    /// `WouldBlock` if none is waiting. After a readiness event, call until then.
    pub fn receive_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (length, from) = self.socket.recv_from(buffer)?;
        Ok((
            length,
            SocketAddr::new(from.ip().to_canonical(), from.port()),
        ))
    }

    /// Makes a `mio::Poll` report under `token` when datagrams are waiting (edge-triggered).
    ///
    /// # Errors
    /// What the system says.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.socket, token, Interest::READABLE)
    }

    fn as_the_socket_writes(&self, to: SocketAddr) -> SocketAddr {
        match (self.local.is_ipv6(), to.ip()) {
            (true, IpAddr::V4(ip)) => SocketAddr::new(ip.to_ipv6_mapped().into(), to.port()),
            (false, IpAddr::V6(ip)) => SocketAddr::new(ip.to_canonical(), to.port()),
            _ => to,
        }
    }
}

/// Best effort: a system that refuses a mark or a large buffer still carries voice.
fn mark_and_widen(socket: &Socket, ipv6: bool) {
    // An IPv6 socket sends to mapped IPv4 addresses with the IPv4 mark, so it needs both.
    let mut results = vec![socket.set_tos_v4(EXPEDITED_FORWARDING)];
    #[cfg(unix)]
    if ipv6 {
        results.push(socket.set_tclass_v6(EXPEDITED_FORWARDING));
    }
    #[cfg(not(unix))]
    let _ = ipv6;
    results.push(socket.set_recv_buffer_size(BUFFER));
    results.push(socket.set_send_buffer_size(BUFFER));
    for error in results.into_iter().filter_map(Result::err) {
        tracing::debug!(%error, "the system refused an option of the media socket");
    }
}

/// Wakes the thread that waits in a `mio::Poll`, from any other thread.
#[derive(Debug, Clone)]
pub struct MediaWaker(Arc<mio::Waker>);

impl MediaWaker {
    /// A waker for the `mio::Poll` of this registry, reporting under `token`. One per poll.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        Ok(Self(Arc::new(mio::Waker::new(registry, token)?)))
    }

    /// Makes the poll return. Several calls before that are one.
    pub fn wake(&self) {
        if let Err(error) = self.0.wake() {
            tracing::warn!(%error, "cannot wake the media thread");
        }
    }
}
