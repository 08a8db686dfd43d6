//! What the network says of itself: where it listens, and who is connected.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Instant;

use sotto_control::model::NetworkStatus;
use sotto_meeting::PeerId;
use sotto_net::NetworkEvent;

use super::heard::LastHeard;

/// The network as it was told last.
#[derive(Debug)]
pub(super) struct Neighbours {
    /// The interfaces that the network is limited to.
    interfaces: Vec<String>,
    listening: Vec<SocketAddr>,
    connected: HashSet<PeerId>,
    heard: LastHeard,
}

impl Neighbours {
    /// Knows nobody yet.
    pub(super) fn new(interfaces: Vec<String>) -> Self {
        Self {
            interfaces,
            listening: Vec::new(),
            connected: HashSet::new(),
            heard: LastHeard::default(),
        }
    }

    /// Takes in what `event` says of the network itself.
    pub(super) fn note(&mut self, event: &NetworkEvent, now: Instant) {
        let from = match event {
            NetworkEvent::Connected { peer, .. } | NetworkEvent::Subscribed { peer, .. } => {
                Some(peer)
            }
            NetworkEvent::Gossip { from, .. }
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
            NetworkEvent::Listening(addresses) => self.listening.clone_from(addresses),
            NetworkEvent::Connected { peer, .. } => {
                self.connected.insert(PeerId(peer.0));
            }
            NetworkEvent::Disconnected { peer } => {
                self.connected.remove(&PeerId(peer.0));
            }
            _ => {}
        }
    }

    /// Notes that something came from `peer`.
    pub(super) fn heard(&mut self, peer: PeerId, now: Instant) {
        self.heard.note(peer, now);
    }

    /// Returns when something last came from each.
    pub(super) fn last_heard(&self) -> &LastHeard {
        &self.heard
    }

    /// Returns the network as clients show it; `running` colleagues run Sotto.
    pub(super) fn status(&self, media_port: u16, running: usize) -> NetworkStatus {
        let problem = self.listening.is_empty().then(|| {
            if self.interfaces.is_empty() {
                "no network interface is up".to_owned()
            } else {
                format!(
                    "none of the interfaces {} is up",
                    self.interfaces.join(", ")
                )
            }
        });
        NetworkStatus {
            listening: self.listening.iter().map(ToString::to_string).collect(),
            media_port: Some(media_port),
            interfaces: self.interfaces.clone(),
            running,
            connected: self.connected.len(),
            problem,
        }
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
        let problem = neighbours.status(1, 0).problem;
        assert_eq!(
            problem.as_deref(),
            Some("none of the interfaces eth7 is up")
        );
        let address = "10.0.0.1:4711".parse().unwrap();
        neighbours.note(&NetworkEvent::Listening(vec![address]), Instant::now());
        let status = neighbours.status(1, 0);
        assert_eq!(
            (status.problem, status.listening),
            (None, vec!["10.0.0.1:4711".to_owned()])
        );
        let unlimited = Neighbours::new(Vec::new()).status(1, 0).problem;
        assert_eq!(unlimited.as_deref(), Some("no network interface is up"));
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
        assert_eq!(neighbours.status(1, 3).connected, 0);
    }
}
