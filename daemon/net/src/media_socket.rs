//! The UDP socket that voice travels through.
//!
//! Two real-time threads share it: the uplink sends, the downlink waits in `mio::Poll` on the socket and on a
//! [`MediaWaker`]. Nothing here touches the async runtime, and no call blocks.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, RwLock},
};

use mio::{Events, Interest, Registry, Token, event::Event};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::{Interfaces, NetworkError, interfaces::InterfaceTable};

mod each;

use each::Each;
pub use each::MediaFollower;

/// Expedited forwarding, code point 46 (RFC 3246), in the upper six bits of the traffic class.
const EXPEDITED_FORWARDING: u32 = 46 << 2;
/// Asked of the system for each direction; 200 listeners times a few packets, or a second of 20 talkers.
const BUFFER: usize = 1 << 20;

/// Where voice is sent from and received: non-blocking UDP, marked for expedited forwarding (DSCP EF, RFC 3246).
///
/// IPv4 peers always appear as IPv4 addresses, also when the socket beneath is IPv6.
#[derive(Debug)]
pub struct MediaSocket(Bound);

#[derive(Debug)]
enum Bound {
    /// Every interface may be used: one socket for all addresses, whatever becomes of them.
    Everywhere(Anywhere),
    /// Some may be used: a socket for each of their addresses, shared with whoever follows the changes.
    Each(Arc<RwLock<Each>>),
}

/// The socket for all addresses.
#[derive(Debug)]
struct Anywhere {
    socket: mio::net::UdpSocket,
    local: SocketAddr,
}

impl MediaSocket {
    /// Tokens that [`register`](Self::register) takes up, from the one that it is given.
    pub const TOKENS: usize = each::MAX_SOCKETS;

    /// Binds `port` (0: any) on all addresses, IPv6 and IPv4, or, if interfaces are named, on each of their addresses
    /// alone: nobody reaches it through another interface. [`MediaFollower`] follows these addresses.
    ///
    /// # Errors
    /// If the port is taken, or the interfaces cannot be read.
    pub fn bind(port: u16, interfaces: &Interfaces) -> Result<Self, NetworkError> {
        let media = |source| NetworkError::MediaSocket { port, source };
        if *interfaces == Interfaces::All {
            // A kernel without IPv6 refuses the first, and only then the second is tried: a port that is taken on
            // IPv6 is taken.
            let bound = match Anywhere::bind(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port)) {
                Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
                    Anywhere::bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port))
                }
                bound => bound,
            };
            return Ok(Self(Bound::Everywhere(bound.map_err(media)?)));
        }
        let table = InterfaceTable::read(interfaces).map_err(NetworkError::Interfaces)?;
        let each = Each::bind(port, &table).map_err(media)?;
        Ok(Self(Bound::Each(Arc::new(RwLock::new(each)))))
    }

    /// The UDP port, for telling others.
    pub fn local_port(&self) -> u16 {
        match &self.0 {
            Bound::Everywhere(anywhere) => anywhere.local.port(),
            Bound::Each(each) => each::read(each).port(),
        }
    }

    /// Another handle on the same socket, for the other thread.
    ///
    /// # Errors
    /// If the system has no file descriptor left.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self(match &self.0 {
            Bound::Everywhere(anywhere) => Bound::Everywhere(anywhere.try_clone()?),
            Bound::Each(each) => Bound::Each(Arc::clone(each)),
        }))
    }

    /// Returns what binds new addresses of the named interfaces, for
    /// [`NetworkConfig::media`](crate::NetworkConfig::media). Nothing if every interface may be used.
    pub fn follower(&self) -> Option<MediaFollower> {
        match &self.0 {
            Bound::Everywhere(_) => None,
            Bound::Each(each) => Some(MediaFollower::new(Arc::clone(each))),
        }
    }

    /// Sends one datagram; returns its length.
    ///
    /// # Errors
    /// What the system says; `WouldBlock` means that the send buffer is full and the datagram is lost.
    pub fn send_to(&self, datagram: &[u8], to: SocketAddr) -> io::Result<usize> {
        match &self.0 {
            Bound::Everywhere(anywhere) => anywhere.send_to(datagram, to),
            Bound::Each(each) => each::read(each).send_to(datagram, to),
        }
    }

    /// Takes one datagram; returns its length and sender. What does not fit into `buffer` is cut off.
    ///
    /// # Errors
    /// `WouldBlock` if none is waiting. After [`note_ready`](Self::note_ready), call until then.
    pub fn receive_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match &self.0 {
            Bound::Everywhere(anywhere) => receive(&anywhere.socket, buffer),
            Bound::Each(each) => each::read(each).receive_from(buffer),
        }
    }

    /// Makes a `mio::Poll` report when datagrams are waiting (edge-triggered), under `token` or one of the
    /// [`TOKENS`](Self::TOKENS) that begin there.
    ///
    /// # Errors
    /// What the system says.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        match &mut self.0 {
            Bound::Everywhere(anywhere) => {
                registry.register(&mut anywhere.socket, token, Interest::READABLE)
            }
            Bound::Each(each) => each::write(each).register(registry, token),
        }
    }

    /// Takes in what the poll reports, so that sockets where nothing waits are not asked.
    pub fn note_ready(&self, events: &Events) {
        if let Bound::Each(each) = &self.0
            && !events.is_empty()
        {
            let each = each::read(each);
            events
                .iter()
                .map(Event::token)
                .for_each(|token| each.note_ready(token));
        }
    }
}

impl Anywhere {
    fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = bind(address, false)?;
        let local = socket.local_addr()?;
        Ok(Self { socket, local })
    }

    fn try_clone(&self) -> io::Result<Self> {
        let socket = SockRef::from(&self.socket).try_clone()?;
        Ok(Self {
            socket: mio::net::UdpSocket::from_std(socket.into()),
            local: self.local,
        })
    }

    fn send_to(&self, datagram: &[u8], to: SocketAddr) -> io::Result<usize> {
        let to = match (self.local.is_ipv6(), to.ip()) {
            (true, IpAddr::V4(ip)) => SocketAddr::new(ip.to_ipv6_mapped().into(), to.port()),
            (false, IpAddr::V6(ip)) => SocketAddr::new(ip.to_canonical(), to.port()),
            _ => to,
        };
        self.socket.send_to(datagram, to)
    }
}

/// Binds one socket; an IPv6 one takes IPv4 too unless `only_v6`.
fn bind(address: SocketAddr, only_v6: bool) -> io::Result<mio::net::UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(only_v6)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    mark_and_widen(&socket, address.is_ipv6());
    Ok(mio::net::UdpSocket::from_std(socket.into()))
}

fn receive(socket: &mio::net::UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
    let (length, from) = socket.recv_from(buffer)?;
    Ok((
        length,
        SocketAddr::new(from.ip().to_canonical(), from.port()),
    ))
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
