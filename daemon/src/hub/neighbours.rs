//! The network as it describes itself: its addresses, connections, and who runs Sotto.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use sotto_control::model::NetworkStatus;
use sotto_meeting::{Output, PeerId, Verdict};
use sotto_net::{Deafness, NetworkEvent, Program};

use super::heard::LastHeard;

/// The network as it was told last.
#[derive(Debug)]
pub(super) struct Neighbours {
    /// The interfaces that the network is limited to.
    interfaces: Vec<String>,
    listening: Vec<SocketAddr>,
    /// Why multicast does not work, if it does not.
    deafness: Option<Deafness>,
    connected: HashMap<PeerId, Connected>,
    running: HashSet<PeerId>,
    heard: LastHeard,
}

/// Somebody who is connected.
#[derive(Debug)]
pub(super) struct Connected {
    /// The other end of the connection.
    pub(super) address: IpAddr,
    /// Its program, once that has introduced itself.
    pub(super) program: Program,
}

impl Neighbours {
    /// Knows nobody yet.
    pub(super) fn new(interfaces: Vec<String>) -> Self {
        Self {
            interfaces,
            listening: Vec::new(),
            deafness: None,
            connected: HashMap::new(),
            running: HashSet::new(),
            heard: LastHeard::default(),
        }
    }

    /// Takes in what `event` says of the network itself; returns whether that shows in the status.
    pub(super) fn note(&mut self, event: &NetworkEvent, now: Instant) -> bool {
        let from = match event {
            NetworkEvent::Connected { peer, .. } | NetworkEvent::Subscribed { peer, .. } => {
                Some(peer)
            }
            // Its author may have signed it long ago: see the verdict.
            NetworkEvent::Gossip {
                neighbour: from, ..
            }
            | NetworkEvent::Request { from, .. }
            | NetworkEvent::Response {
                from,
                result: Ok(_),
                ..
            } => Some(from),
            _ => None,
        };
        if let Some(from) = from {
            self.heard(PeerId(from.0), now);
        }
        match event {
            NetworkEvent::Listening(addresses) => {
                // What comes and goes beside an address that stays, a container's for instance, is no news.
                match self.listening.iter().any(|it| addresses.contains(it)) {
                    true => tracing::debug!(?addresses, "listening"),
                    false => tracing::info!(?addresses, "listening"),
                }
                self.listening.clone_from(addresses);
                true
            }
            NetworkEvent::Hearing(deafness) => {
                self.deafness.clone_from(deafness);
                self.log_deafness();
                true
            }
            NetworkEvent::Connected { peer, address, .. } => {
                self.connected(PeerId(peer.0), *address)
            }
            NetworkEvent::Identified { peer, program } => {
                if let Some(connected) = self.connected.get_mut(&PeerId(peer.0)) {
                    connected.program.clone_from(program);
                }
                false
            }
            NetworkEvent::Disconnected { peer } => self.connected.remove(&PeerId(peer.0)).is_some(),
            NetworkEvent::Gossip {
                author, receipt, ..
            } => {
                self.heard.gossiped(*receipt, PeerId(author.0));
                false
            }
            _ => false,
        }
    }

    /// Notes a connection; returns whether it is the first to that peer.
    fn connected(&mut self, peer: PeerId, address: IpAddr) -> bool {
        match self.connected.get_mut(&peer) {
            Some(connected) => {
                connected.address = address;
                false
            }
            None => {
                let program = Program::default();
                self.connected.insert(peer, Connected { address, program });
                true
            }
        }
    }

    /// Returns those who are connected.
    pub(super) fn all_connected(&self) -> impl Iterator<Item = (PeerId, &Connected)> {
        self.connected
            .iter()
            .map(|(&peer, connected)| (peer, connected))
    }

    /// Returns the release of a colleague's program, as far as it is known.
    pub(super) fn release(&self, peer: PeerId) -> Option<String> {
        self.connected.get(&peer)?.program.release.clone()
    }

    /// Takes in the verdict on a gossip message: one that is accepted is news from its author.
    pub(super) fn judged(&mut self, output: &Output, now: Instant) {
        if let Output::Verdict {
            receipt,
            verdict: Verdict::Accept,
        } = output
        {
            self.heard.accepted(*receipt, now);
        }
    }

    /// Notes whether `peer` runs Sotto; returns whether that is news.
    pub(super) fn set_running(&mut self, peer: PeerId, running: bool) -> bool {
        if running {
            self.running.insert(peer)
        } else {
            self.running.remove(&peer)
        }
    }

    /// Notes who runs Sotto, all of them.
    pub(super) fn set_all_running(&mut self, running: impl Iterator<Item = PeerId>) {
        self.running = running.collect();
    }

    /// Notes that something came from `peer`.
    pub(super) fn heard(&mut self, peer: PeerId, now: Instant) {
        self.heard.note(peer, now);
    }

    /// Returns when something last came from each.
    pub(super) fn last_heard(&self) -> &LastHeard {
        &self.heard
    }

    /// Returns the port at which others reach this daemon.
    pub(super) fn listen_port(&self) -> Option<u16> {
        self.listening.first().map(SocketAddr::port)
    }

    /// Returns what is wrong, and what helps.
    fn trouble(&self) -> Option<(String, &'static str)> {
        match &self.deafness {
            Some(deafness) => Some(deaf(deafness)),
            None if !self.listening.is_empty() => None,
            None if self.interfaces.is_empty() => {
                Some(("no network interface is up".to_owned(), NO_INTERFACE))
            }
            None => {
                let named = self.interfaces.join(", ");
                Some((format!("none of the interfaces {named} is up"), NOT_UP))
            }
        }
    }

    /// Logs once that others are not found, and once that they are found again.
    fn log_deafness(&self) {
        match &self.deafness {
            Some(deafness) => {
                let (problem, hint) = deaf(deafness);
                tracing::warn!("{problem}; {hint}");
            }
            None => tracing::info!("colleagues can be found by multicast again"),
        }
    }

    /// Returns the network as clients show it.
    pub(super) fn status(&self, media_port: u16) -> NetworkStatus {
        let (problem, hint) = self.trouble().unzip();
        NetworkStatus {
            listening: self.listening.iter().map(ToString::to_string).collect(),
            media_port: Some(media_port),
            interfaces: self.interfaces.clone(),
            running: self.running.len(),
            connected: self.connected.len(),
            problem,
            hint: hint.map(str::to_owned),
        }
    }
}

const NO_INTERFACE: &str = "plug in the cable, or join a wireless network";
const NOT_UP: &str =
    "see their names with 'ip link', and choose with 'sotto config set network.interfaces'";

/// Why others are not found, and what helps.
fn deaf(deafness: &Deafness) -> (String, &'static str) {
    match deafness {
        Deafness::PortTaken => (
            "another program holds UDP port 5353 alone, so no colleague is found by multicast DNS"
                .to_owned(),
            "see which with 'sudo ss -ulpn sport = 5353', and end it or have it share the port; 'sotto connect' reaches colleagues by address meanwhile",
        ),
        Deafness::OnlyLinkLocal(interfaces) => (
            format!(
                "{} has no address but a link-local one, so no colleague is reached",
                interfaces.join(", ")
            ),
            "wait for the network to give it one, or set one; 'ip addr' shows them",
        ),
        Deafness::NoLink(interfaces) => (
            format!(
                "no interface has a link ({}): no cable is plugged in, and no wireless network joined",
                interfaces.join(", ")
            ),
            NO_INTERFACE,
        ),
        Deafness::NotHeardBack(interfaces) => (
            format!(
                "multicast is dropped on {}, so no colleague is found",
                interfaces.join(", ")
            ),
            "let UDP port 5353 through the firewall, in and out ('sudo ufw allow 5353/udp'); 'sotto connect' reaches colleagues by address meanwhile",
        ),
    }
}

#[cfg(test)]
mod tests {
    use sotto_net::NodeId;

    use super::*;

    const BAO: [u8; 32] = [2; 32];

    #[test]
    fn nowhere_to_listen_is_a_problem_that_names_the_interfaces() {
        let mut neighbours = Neighbours::new(vec!["eth7".to_owned()]);
        let problem = neighbours.status(1).problem;
        assert_eq!(
            problem.as_deref(),
            Some("none of the interfaces eth7 is up")
        );
        let address = "10.0.0.1:4711".parse().unwrap();
        neighbours.note(&NetworkEvent::Listening(vec![address]), Instant::now());
        let status = neighbours.status(1);
        assert_eq!(
            (status.problem, status.listening),
            (None, vec!["10.0.0.1:4711".to_owned()])
        );
        let unlimited = Neighbours::new(Vec::new()).status(1).problem;
        assert_eq!(unlimited.as_deref(), Some("no network interface is up"));
    }

    #[test]
    fn deafness_is_a_problem_with_a_hint_until_it_is_over() {
        let mut neighbours = Neighbours::new(Vec::new());
        let now = Instant::now();
        let address = "10.0.0.1:4711".parse().unwrap();
        neighbours.note(&NetworkEvent::Listening(vec![address]), now);
        assert_eq!(neighbours.listen_port(), Some(4711));
        let names = || vec!["eth0".to_owned(), "wg0".to_owned()];
        for (deafness, word) in [
            (Deafness::PortTaken, "5353"),
            (Deafness::OnlyLinkLocal(names()), "link-local"),
            (Deafness::NoLink(names()), "no cable"),
            (Deafness::NotHeardBack(names()), "eth0, wg0"),
        ] {
            assert!(neighbours.note(&NetworkEvent::Hearing(Some(deafness)), now));
            let status = neighbours.status(1);
            assert!(status.problem.is_some_and(|it| it.contains(word)), "{word}");
            assert!(status.hint.is_some());
        }
        assert!(neighbours.note(&NetworkEvent::Hearing(None), now));
        let status = neighbours.status(1);
        assert_eq!((status.problem, status.hint), (None, None));
    }

    #[test]
    fn whoever_runs_is_counted_once() {
        let mut neighbours = Neighbours::new(Vec::new());
        let (bao, chidi) = (PeerId(BAO), PeerId([3; 32]));
        assert!(neighbours.set_running(bao, true));
        assert!(!neighbours.set_running(bao, true));
        assert!(!neighbours.set_running(chidi, false));
        assert_eq!(neighbours.status(1).running, 1);
        neighbours.set_all_running([chidi].into_iter());
        assert!(!neighbours.set_running(bao, false));
        assert!(neighbours.set_running(chidi, false));
        assert_eq!(neighbours.status(1).running, 0);
    }

    #[test]
    fn connections_are_counted_and_answers_are_heard() {
        let now = Instant::now();
        let mut neighbours = Neighbours::new(Vec::new());
        let peer = NodeId(BAO);
        let response = |result| NetworkEvent::Response {
            id: 1,
            from: peer,
            result,
        };
        neighbours.note(&response(Err(sotto_net::DirectError::Timeout)), now);
        assert_eq!(neighbours.last_heard().seconds(PeerId(BAO), now), None);
        neighbours.note(&response(Ok(Vec::new())), now);
        assert_eq!(neighbours.last_heard().seconds(PeerId(BAO), now), Some(0));
        neighbours.note(&NetworkEvent::Disconnected { peer }, now);
        assert_eq!(neighbours.status(1).connected, 0);
    }

    #[test]
    fn gossip_is_heard_from_the_neighbour_and_from_its_author_if_it_is_news() {
        let now = Instant::now();
        let mut neighbours = Neighbours::new(Vec::new());
        let (author, neighbour) = (NodeId(BAO), NodeId([3; 32]));
        let gossip = NetworkEvent::Gossip {
            topic: "lobby".to_owned(),
            author,
            neighbour,
            data: Vec::new(),
            receipt: 7,
        };
        let seconds = |neighbours: &Neighbours, id: NodeId| {
            neighbours.last_heard().seconds(PeerId(id.0), now)
        };
        for (verdict, heard) in [(Verdict::Ignore, None), (Verdict::Accept, Some(0))] {
            neighbours.note(&gossip, now);
            let output = Output::Verdict {
                receipt: 7,
                verdict,
            };
            neighbours.judged(&output, now);
            assert_eq!(seconds(&neighbours, author), heard);
            assert_eq!(seconds(&neighbours, neighbour), Some(0));
        }
    }
}
