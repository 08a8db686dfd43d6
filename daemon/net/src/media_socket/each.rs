//! A socket for each address of the interfaces that are named.
//!
//! A wildcard socket would be open to everybody, whatever interfaces the user has chosen. So there is one for each
//! address, all with the same port, and the network's task opens and closes them as the addresses come and go. The voice
//! threads hold the lock for a system call, the network's task for exchanging a list.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use mio::{Interest, Registry, Token, net::UdpSocket};

use super::{bind, receive};
use crate::{addresses::Subnets, interfaces::InterfaceTable};

/// Addresses that are listened on at once; a machine has two or three.
pub(super) const MAX_SOCKETS: usize = 16;
/// Attempts to find a port that is free on every address.
const PORT_ATTEMPTS: usize = 32;

/// The sockets that are open.
#[derive(Debug)]
pub(super) struct Each {
    port: u16,
    open: Vec<One>,
    /// The poll that waits for them, and the first token.
    poll: Option<(Registry, Token)>,
}

/// The socket of one address.
#[derive(Debug)]
struct One {
    ip: IpAddr,
    network: Subnets,
    socket: UdpSocket,
    /// Its token, counted from the first.
    number: usize,
    /// Something may be waiting.
    ready: AtomicBool,
}

impl Each {
    /// Binds `port` (0: any) on the addresses of `table`, as far as they can be bound now.
    pub(super) fn bind(port: u16, table: &InterfaceTable) -> io::Result<Self> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            match Self::try_bind(port, table) {
                Err(_) if port == 0 && attempts < PORT_ATTEMPTS => {}
                bound => return bound,
            }
        }
    }

    fn try_bind(port: u16, table: &InterfaceTable) -> io::Result<Self> {
        let mut each = Self {
            port,
            open: Vec::new(),
            poll: None,
        };
        for (ip, network) in table.networks().take(MAX_SOCKETS) {
            match bind(SocketAddr::new(ip, each.port), true) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
                // An address that has just gone, or may not be used yet.
                Err(error) => tracing::debug!(%ip, %error, "no voice socket there yet"),
                Ok(socket) => {
                    each.port = socket.local_addr()?.port();
                    each.add(ip, network, socket)?;
                }
            }
        }
        if each.port == 0 {
            // Without any address there is still a port to choose, for when one appears.
            let any = bind(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0), true)?;
            each.port = any.local_addr()?.port();
        }
        Ok(each)
    }

    fn add(&mut self, ip: IpAddr, network: Subnets, mut socket: UdpSocket) -> io::Result<()> {
        let taken = |number: &usize| self.open.iter().any(|one| one.number == *number);
        let Some(number) = (0..MAX_SOCKETS).find(|number| !taken(number)) else {
            return Err(io::ErrorKind::QuotaExceeded.into());
        };
        if let Some((registry, first)) = &self.poll {
            registry.register(&mut socket, Token(first.0 + number), Interest::READABLE)?;
        }
        self.open.push(One {
            ip,
            network,
            socket,
            number,
            ready: AtomicBool::new(true),
        });
        Ok(())
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn register(&mut self, registry: &Registry, first: Token) -> io::Result<()> {
        for one in &mut self.open {
            let token = Token(first.0 + one.number);
            registry.register(&mut one.socket, token, Interest::READABLE)?;
        }
        self.poll = Some((registry.try_clone()?, first));
        Ok(())
    }

    pub(super) fn note_ready(&self, token: Token) {
        let Some((_, first)) = &self.poll else {
            return;
        };
        let of_this = |one: &&One| Token(first.0 + one.number) == token;
        if let Some(one) = self.open.iter().find(of_this) {
            one.ready.store(true, Ordering::Relaxed);
        }
    }

    /// Sends from the address that shares a network with `to`, or else from any of its kind: the system's routes decide.
    pub(super) fn send_to(&self, datagram: &[u8], to: SocketAddr) -> io::Result<usize> {
        let to = SocketAddr::new(to.ip().to_canonical(), to.port());
        let of_its_kind = |one: &&One| one.ip.is_ipv4() == to.is_ipv4();
        let near = |one: &&One| one.network.contains(to.ip());
        let mut candidates = self.open.iter().filter(of_its_kind);
        let one = candidates
            .clone()
            .find(near)
            .or_else(|| candidates.clone().find(|one| !one.ip.is_loopback()))
            .or_else(|| candidates.next())
            .ok_or(io::ErrorKind::AddrNotAvailable)?;
        one.socket.send_to(datagram, to)
    }

    pub(super) fn receive_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        for one in &self.open {
            if !one.ready.load(Ordering::Relaxed) {
                continue;
            }
            match receive(&one.socket, buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && self.poll.is_some() => {
                    one.ready.store(false, Ordering::Relaxed);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                received => return received,
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }
}

/// Opens and closes the sockets of a [`MediaSocket`](super::MediaSocket) as addresses come and go.
#[derive(Debug, Clone)]
pub struct MediaFollower(Arc<RwLock<Each>>);

impl MediaFollower {
    pub(super) const fn new(each: Arc<RwLock<Each>>) -> Self {
        Self(each)
    }

    /// Makes the sockets match `table`.
    pub(crate) fn follow(&self, table: &InterfaceTable) {
        let wanted: Vec<_> = table.networks().take(MAX_SOCKETS).collect();
        let (port, settled, missing) = {
            let each = read(&self.0);
            let settled = |one: &One| {
                let mut same = wanted.iter().filter(|(ip, _)| *ip == one.ip);
                same.any(|(_, network)| *network == one.network)
            };
            let is_missing = |ip: IpAddr| !each.open.iter().any(|one| one.ip == ip);
            let missing = wanted.iter().filter(|(ip, _)| is_missing(*ip));
            (
                each.port,
                each.open.iter().all(settled),
                missing.cloned().collect::<Vec<_>>(),
            )
        };
        // Sockets are opened before the voice threads have to wait, and closed when they need not any more.
        let mut opened = Vec::new();
        for (ip, network) in missing {
            match bind(SocketAddr::new(ip, port), true) {
                Ok(socket) => opened.push((ip, network, socket)),
                // Tried again at the next look.
                Err(error) => tracing::debug!(%ip, %error, "no voice socket there yet"),
            }
        }
        if settled && opened.is_empty() {
            return;
        }
        let mut each = write(&self.0);
        let closed: Vec<One> = each
            .open
            .extract_if(.., |one| wanted.iter().all(|(ip, _)| *ip != one.ip))
            .collect();
        for (ip, network) in wanted {
            if let Some(one) = each.open.iter_mut().find(|one| one.ip == ip) {
                one.network = network;
            }
        }
        for (ip, network, socket) in opened {
            if let Err(error) = each.add(ip, network, socket) {
                tracing::debug!(%ip, %error, "no voice socket there yet");
            }
        }
        drop(each);
        // They leave the poll with that.
        drop(closed);
    }
}

/// Nothing here panics while it holds the lock, and if it did, the sockets would still be good.
pub(super) fn read(each: &RwLock<Each>) -> RwLockReadGuard<'_, Each> {
    each.read().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn write(each: &RwLock<Each>) -> RwLockWriteGuard<'_, Each> {
    each.write().unwrap_or_else(PoisonError::into_inner)
}
