//! An ear of our own at the group of multicast DNS.
//!
//! The mDNS library says nothing of a port that it cannot have, nor of packets that do not come back. This socket listens to
//! the group and to nothing else: it is bound to the group's address, so it takes no answer away from anybody.

use std::{
    collections::{HashMap, HashSet},
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use socket_pktinfo::PktInfoUdpSocket;
use socket2::Domain;
use tokio::{
    io::Interest,
    net::UdpSocket,
    time::{self, Instant},
};

use super::hearing::Hearing;
use crate::{Deafness, Interfaces, interfaces::is_link_local_v6};

const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
const PORT: u16 = 5353;
/// The interfaces, and the port if it is not to be had, are looked at this often.
const LOOK: Duration = Duration::from_secs(5);
/// Packets read in one go.
const AT_ONCE: usize = 64;
/// A question that nobody answers: `_heard._sotto._udp.local`, PTR, IN.
const PROBE: &[u8] =
    b"\0\0\0\0\0\x01\0\0\0\0\0\0\x06_heard\x06_sotto\x04_udp\x05local\0\0\x0c\0\x01";

/// What is known of one interface.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Heard {
    /// A packet of our own came back.
    pub(crate) back: Option<bool>,
    /// When somebody else was heard last.
    pub(crate) others: Option<Instant>,
}

/// What is known of all, for those who ask.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overheard {
    /// Port 5353 could be had.
    pub(crate) bound: Option<bool>,
    pub(crate) interfaces: HashMap<String, Heard>,
}

pub(crate) type Shared = Arc<Mutex<Overheard>>;

/// What the ear has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    /// Multicast works, or why it does not.
    Verdict(Option<Deafness>),
    /// The port is free: mDNS must begin anew.
    PortFree,
}

/// The socket, and a second handle on it that tokio waits for.
#[derive(Debug)]
struct Socket {
    socket: PktInfoUdpSocket,
    waited_for: UdpSocket,
}

/// What listens, and what is heard.
#[derive(Debug)]
pub(super) struct Ear {
    interfaces: Interfaces,
    socket: Option<Socket>,
    hearing: Hearing,
    /// Interfaces by their numbers.
    names: HashMap<u32, String>,
    own: HashSet<IpAddr>,
    /// Interfaces that are up and have IPv6 link-local addresses alone.
    link_local: Vec<String>,
    started: Instant,
    look_at: Instant,
    verdict: Option<Deafness>,
    shared: Shared,
}

impl Ear {
    pub(super) fn new(interfaces: Interfaces, shared: Shared) -> Self {
        let now = Instant::now();
        Self {
            interfaces,
            socket: None,
            hearing: Hearing::default(),
            names: HashMap::new(),
            own: HashSet::new(),
            link_local: Vec::new(),
            started: now,
            look_at: now,
            verdict: None,
            shared,
        }
    }

    /// Waits for the next news. Cancel safe.
    pub(super) async fn next(&mut self) -> News {
        loop {
            // Without a socket no probe is sent.
            let probe = self.socket.as_ref().and(self.hearing.next_probe());
            let probe = probe.map(|at| self.started + at);
            let at = probe.map_or(self.look_at, |at| at.min(self.look_at));
            let heard = tokio::select! {
                heard = readable(self.socket.as_ref()) => heard,
                () = time::sleep_until(at) => Vec::new(),
            };
            let now = Instant::now();
            for (interface, from) in heard {
                self.hear(interface, from, now);
            }
            let mut free = false;
            if self.look_at <= now {
                free = self.look(now);
            }
            self.send_probes(now);
            let verdict = self.judge();
            self.share(now);
            if free {
                self.verdict = None;
                return News::PortFree;
            }
            if verdict != self.verdict {
                self.verdict.clone_from(&verdict);
                return News::Verdict(verdict);
            }
        }
    }

    /// Looks at the interfaces, and binds the port; returns whether it has become free.
    fn look(&mut self, now: Instant) -> bool {
        self.look_at = now + LOOK;
        let present = match if_addrs::get_if_addrs() {
            Ok(present) => present,
            Err(error) => {
                tracing::debug!(%error, "cannot read the network interfaces");
                return false;
            }
        };
        self.own = present.iter().map(if_addrs::Interface::ip).collect();
        let used: Vec<_> = present
            .into_iter()
            .filter(|it| self.interfaces.allows(&it.name) && it.is_oper_up())
            .collect();
        self.names = used
            .iter()
            .filter_map(|it| Some((it.index?, it.name.clone())))
            .collect();
        let mut with_v4: Vec<(String, Ipv4Addr)> = Vec::new();
        for interface in &used {
            if let IpAddr::V4(ip) = interface.ip()
                && !with_v4.iter().any(|(name, _)| *name == interface.name)
            {
                with_v4.push((interface.name.clone(), ip));
            }
        }
        let dialable = |name: &str| {
            used.iter()
                .any(|it| it.name == name && !is_link_local_v6(it.ip()))
        };
        let mut link_local: Vec<String> = used.iter().map(|it| it.name.clone()).collect();
        link_local.retain(|name| !dialable(name));
        link_local.dedup();
        let reaches_others = used
            .iter()
            .any(|it| !it.is_loopback() && !is_link_local_v6(it.ip()));
        self.link_local = if reaches_others {
            Vec::new()
        } else {
            link_local
        };
        self.hearing.follow(with_v4, now - self.started);
        let was_taken = self.lock().bound == Some(false);
        self.bind();
        was_taken && self.socket.is_some()
    }

    fn bind(&mut self) {
        if self.socket.is_none() {
            self.open();
        }
        let joined = |socket: &Socket| join(&socket.socket, self.hearing.addresses());
        if self.socket.as_ref().is_none_or(joined) {
            return;
        }
        // Linux keeps the membership of an interface that has gone, and gives 20 to a socket.
        self.socket = None;
        self.open();
        if let Some(socket) = &self.socket {
            join(&socket.socket, self.hearing.addresses());
        }
    }

    fn open(&mut self) {
        let bound = open();
        if let Err(error) = &bound {
            tracing::debug!(%error, "cannot listen to multicast DNS");
        }
        let taken = matches!(&bound, Err(error) if error.kind() == io::ErrorKind::AddrInUse);
        self.lock().bound = match (&bound, taken) {
            (Ok(_), _) => Some(true),
            (Err(_), true) => Some(false),
            (Err(_), false) => None,
        };
        self.socket = bound.ok();
    }

    fn send_probes(&mut self, now: Instant) {
        let Some(socket) = &self.socket else {
            return;
        };
        let to = SocketAddr::from((GROUP, PORT)).into();
        for through in self.hearing.probe(now - self.started) {
            let sent = socket
                .socket
                .set_multicast_if_v4(&through)
                .and_then(|()| socket.socket.send_to(PROBE, &to));
            if let Err(error) = sent {
                tracing::debug!(%through, %error, "cannot send to multicast DNS");
            }
        }
    }

    fn hear(&mut self, interface: u32, from: IpAddr, now: Instant) {
        if let Some(name) = self.names.get(&interface) {
            let own = self.own.contains(&from);
            self.hearing.heard(name, own, now - self.started);
        }
    }

    fn judge(&self) -> Option<Deafness> {
        if self.lock().bound == Some(false) {
            return Some(Deafness::PortTaken);
        }
        if !self.link_local.is_empty() {
            return Some(Deafness::OnlyLinkLocal(self.link_local.clone()));
        }
        self.hearing.deaf().map(Deafness::NotHeardBack)
    }

    fn share(&self, now: Instant) {
        let of = |name: &String| {
            let one = self.hearing.of(name)?;
            let heard = Heard {
                back: one.heard_back,
                others: one.others.map(|at| (self.started + at).min(now)),
            };
            Some((name.clone(), heard))
        };
        self.lock().interfaces = self.names.values().filter_map(of).collect();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Overheard> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open() -> io::Result<Socket> {
    let socket = PktInfoUdpSocket::new(Domain::IPV4)?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.set_multicast_loop_v4(true)?;
    socket.set_multicast_ttl_v4(255)?;
    socket.bind(&SocketAddr::from((GROUP, PORT)).into())?;
    let waited_for = UdpSocket::from_std(socket.try_clone_std()?)?;
    Ok(Socket { socket, waited_for })
}

/// Joins the group at all these addresses, whether or not that has been done: who knows what has become of an interface
/// since. Returns whether it is joined everywhere.
fn join(socket: &PktInfoUdpSocket, addresses: impl Iterator<Item = Ipv4Addr>) -> bool {
    let mut everywhere = true;
    for ip in addresses {
        match socket.join_multicast_v4(&GROUP, &ip) {
            // It is joined still.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => {
                tracing::debug!(%ip, %error, "cannot join the group of multicast DNS");
                everywhere = false;
            }
            Ok(()) => {}
        }
    }
    everywhere
}

/// Waits for packets; returns the number of the interface and the sender of each. For ever without a socket. Cancel safe.
async fn readable(socket: Option<&Socket>) -> Vec<(u32, IpAddr)> {
    let Some(socket) = socket else {
        return std::future::pending().await;
    };
    if socket.waited_for.readable().await.is_err() {
        return std::future::pending().await;
    }
    let mut heard = Vec::new();
    // Who speaks matters, not what.
    let mut packet = [0; 16];
    while heard.len() < AT_ONCE {
        let receive = || socket.socket.recv(&mut packet);
        let Ok((_, info)) = socket.waited_for.try_io(Interest::READABLE, receive) else {
            break;
        };
        let interface = u32::try_from(info.if_index).unwrap_or(0);
        heard.push((interface, info.addr_src.ip().to_canonical()));
    }
    heard
}

#[cfg(test)]
mod tests {
    use super::*;

    const LO: Ipv4Addr = Ipv4Addr::LOCALHOST;

    /// An ear on loopback, at a port of its own.
    fn ear() -> Ear {
        let socket = PktInfoUdpSocket::new(Domain::IPV4).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket.bind(&SocketAddr::from((LO, 0)).into()).unwrap();
        let waited_for = UdpSocket::from_std(socket.try_clone_std().unwrap()).unwrap();
        let interfaces = Interfaces::Named(vec!["lo".to_owned()]);
        let mut ear = Ear::new(interfaces, Shared::default());
        ear.socket = Some(Socket { socket, waited_for });
        ear.look(Instant::now());
        ear
    }

    fn leaves(ear: &Ear, group: Ipv4Addr) -> bool {
        let socket = &ear.socket.as_ref().unwrap().socket;
        socket.leave_multicast_v4(&group, &LO).is_ok()
    }

    #[tokio::test]
    async fn a_membership_that_was_lost_is_had_again_at_the_next_look() {
        let mut ear = ear();
        // An interface that is made anew, with the same address, has none.
        assert!(leaves(&ear, GROUP), "joined at the first look");
        ear.look(Instant::now());
        assert!(leaves(&ear, GROUP), "joined at the second look");
    }

    #[tokio::test]
    async fn what_is_left_of_interfaces_that_have_gone_does_not_keep_a_new_one_out() {
        let mut ear = ear();
        assert!(leaves(&ear, GROUP));
        let groups = (1..=u16::MAX).map(|number| Ipv4Addr::from(0xefff_0000 | u32::from(number)));
        let socket = &ear.socket.as_ref().unwrap().socket;
        let joined = groups.take_while(|group| socket.join_multicast_v4(group, &LO).is_ok());
        assert!(joined.count() > 1);
        assert_eq!(ear.lock().bound, None);
        ear.look(Instant::now());
        // Whether it can be had is another matter.
        assert!(ear.lock().bound.is_some(), "the port was bound anew");
    }
}
