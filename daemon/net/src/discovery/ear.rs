//! An ear of our own at the group of multicast DNS.
//!
//! The mDNS library says nothing of a port that it cannot have, nor of packets that do not come back. These sockets listen to
//! the group and to nothing else.

use std::{
    collections::{HashMap, HashSet},
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{self, Instant};

use super::{
    group::{Packet, Sockets},
    hearing::{Hearing, Through},
};
use crate::{Deafness, Interfaces, addresses::is_link_local_v6, links};

/// The interfaces, and the port if it is not to be had, are looked at this often.
const LOOK: Duration = Duration::from_secs(5);
/// Interfaces listened to over IPv6, each with a socket; a machine with more has containers.
const MOST_V6: usize = 16;
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

/// What listens, and what is heard.
#[derive(Debug)]
pub(super) struct Ear {
    interfaces: Interfaces,
    sockets: Sockets,
    hearing: Hearing,
    /// Interfaces by their numbers.
    names: HashMap<u32, String>,
    own: HashSet<IpAddr>,
    /// The reason that nobody can be reached through any interface, if nobody can.
    cut_off: Option<Deafness>,
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
            sockets: Sockets::default(),
            hearing: Hearing::default(),
            names: HashMap::new(),
            own: HashSet::new(),
            cut_off: None,
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
            let probe = self.hearing.next_probe().filter(|_| self.sockets.listen());
            let probe = probe.map(|at| self.started + at);
            let at = probe.map_or(self.look_at, |at| at.min(self.look_at));
            let heard = tokio::select! {
                heard = self.sockets.receive() => heard,
                () = time::sleep_until(at) => Vec::new(),
            };
            let now = Instant::now();
            for packet in heard {
                self.hear(packet, now);
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
        self.cut_off = cut_off(&used, &self.interfaces);
        let is_usable = |name: &str| {
            used.iter()
                .any(|it| it.name == name && !is_link_local_v6(it.ip()))
        };
        let mut ways: Vec<(String, Through)> = Vec::new();
        let mut with_v6 = Vec::new();
        for interface in &used {
            let name = &interface.name;
            match interface.ip() {
                IpAddr::V4(ip) if !ways.iter().any(|(other, _)| other == name) => {
                    ways.push((name.clone(), Through::V4(ip)));
                }
                // What containers bring has no address but a link-local one.
                IpAddr::V6(ip) if !ip.is_loopback() && is_usable(name) => {
                    with_v6.extend(interface.index);
                }
                IpAddr::V4(_) | IpAddr::V6(_) => {}
            }
        }
        with_v6.dedup();
        with_v6.truncate(MOST_V6);
        let numbers = self.sockets.bind_v6(&with_v6).into_iter();
        ways.extend(numbers.filter_map(|it| Some((self.names.get(&it)?.clone(), Through::V6(it)))));
        self.hearing.follow(ways, now - self.started);
        let was_taken = self.lock().bound == Some(false);
        let addresses: Vec<Ipv4Addr> = self.hearing.addresses().collect();
        if let Some(bound) = self.sockets.bind_v4(&addresses) {
            self.lock().bound = bound;
        }
        was_taken && self.sockets.v4.is_some()
    }

    fn send_probes(&mut self, now: Instant) {
        if !self.sockets.listen() {
            return;
        }
        for through in self.hearing.probe(now - self.started) {
            if let Err(error) = self.sockets.send(PROBE, through) {
                tracing::debug!(?through, %error, "cannot send to multicast DNS");
            }
        }
    }

    fn hear(&mut self, packet: Packet, now: Instant) {
        if let Some(name) = self.names.get(&packet.interface) {
            let own = self.own.contains(&packet.from);
            let now = now - self.started;
            self.hearing.heard(name, packet.from.is_ipv4(), own, now);
        }
    }

    fn judge(&self) -> Option<Deafness> {
        if self.lock().bound == Some(false) {
            return Some(Deafness::PortTaken);
        }
        let deaf = || self.hearing.deaf().map(Deafness::NotHeardBack);
        self.cut_off.clone().or_else(deaf)
    }

    fn share(&self, now: Instant) {
        let of = |name: &String| {
            let (back, others) = self.hearing.of(name)?;
            let heard = Heard {
                back,
                others: others.map(|at| (self.started + at).min(now)),
            };
            Some((name.clone(), heard))
        };
        self.lock().interfaces = self.names.values().filter_map(of).collect();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Overheard> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns why nobody can be reached through the interfaces that may be used, if none of those that are up has an address
/// that means anything elsewhere.
fn cut_off(used: &[if_addrs::Interface], allowed: &Interfaces) -> Option<Deafness> {
    let outside = || used.iter().filter(|it| !it.is_loopback());
    if outside().any(|it| !is_link_local_v6(it.ip())) {
        return None;
    }
    let mut link_local: Vec<String> = outside().map(|it| it.name.clone()).collect();
    link_local.dedup();
    if !link_local.is_empty() {
        return Some(Deafness::OnlyLinkLocal(link_local));
    }
    let unlinked = links::without_link(allowed);
    (!unlinked.is_empty()).then_some(Deafness::NoLink(unlinked))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use socket_pktinfo::PktInfoUdpSocket;
    use socket2::Domain;

    use super::{
        super::group::{GROUP, Socket},
        *,
    };

    const LO: Ipv4Addr = Ipv4Addr::LOCALHOST;

    /// An ear on loopback, at a port of its own.
    fn ear() -> Ear {
        let socket = PktInfoUdpSocket::new(Domain::IPV4).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket.bind(&SocketAddr::from((LO, 0)).into()).unwrap();
        let interfaces = Interfaces::Named(vec!["lo".to_owned()]);
        let mut ear = Ear::new(interfaces, Shared::default());
        ear.sockets.v4 = Some(Socket::new(socket).unwrap());
        ear.look(Instant::now());
        ear
    }

    fn leaves(ear: &Ear, group: Ipv4Addr) -> bool {
        let socket = &ear.sockets.v4.as_ref().unwrap().socket;
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
        let socket = &ear.sockets.v4.as_ref().unwrap().socket;
        let joined = groups.take_while(|group| socket.join_multicast_v4(group, &LO).is_ok());
        assert!(joined.count() > 1);
        assert_eq!(ear.lock().bound, None);
        ear.look(Instant::now());
        // Whether it can be had is another matter.
        assert!(ear.lock().bound.is_some(), "the port was bound anew");
    }
}
