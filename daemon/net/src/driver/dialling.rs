//! Carrying out the planner's dials: QUIC first, TCP when that takes long.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    num::NonZeroU8,
    time::{Duration, Instant},
};

use libp2p::{
    Multiaddr,
    swarm::{
        ConnectionId, DialError,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use tokio::sync::oneshot;

use super::Driver;
use crate::{
    DialAddressError, DirectError, NetworkEvent, NodeId, Transport, addresses, planner::Action,
};

/// QUIC's head start. A handshake on a local network takes some milliseconds; but when an interface has just come up, the
/// first packet is often lost, and QUIC sends it again after 1 s.
const HEAD_START: Duration = Duration::from_millis(1300);
/// Dials by command under way.
const MAX_INQUIRIES: usize = 16;
/// After this a dial by command has failed.
const INQUIRY_TIME: Duration = Duration::from_secs(5);

type Reply = oneshot::Sender<Result<NodeId, DialAddressError>>;

/// The attempts under way.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    next: u64,
    open: HashMap<u64, Attempt>,
    dials: HashMap<ConnectionId, (u64, Transport)>,
    /// When QUIC's head start ends; all are equally long, so these are in order.
    head_starts: VecDeque<(Instant, u64)>,
}

/// One wish for a connection: a dial by QUIC, and perhaps one by TCP.
#[derive(Debug)]
struct Attempt {
    target: Target,
    /// Dials that have not ended.
    pending: u8,
    tcp_tried: bool,
    /// What ended dials met.
    failures: Vec<(Transport, String)>,
}

#[derive(Debug)]
enum Target {
    /// A known peer at one of several addresses.
    Peer {
        peer: NodeId,
        addresses: Vec<SocketAddr>,
    },
    /// Whoever is at a static address.
    Static { address: SocketAddr },
    /// Perhaps another daemon with this one's identity.
    Suspect { address: SocketAddr },
    /// The same for a person who waits for the answer.
    Inquiry {
        address: SocketAddr,
        reply: Reply,
        until: Instant,
    },
}

impl Attempts {
    /// When [`Driver::end_head_starts`] has something to do.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.head_starts.front().map(|&(at, _)| at)
    }

    fn inquiries(&self) -> usize {
        let of_persons = |attempt: &&Attempt| matches!(attempt.target, Target::Inquiry { .. });
        self.open.values().filter(of_persons).count()
    }
}

impl Driver {
    /// Does what the planner wants done now.
    pub(super) fn follow_plan(&mut self) {
        let now = self.now();
        if self.planner.next_timeout().is_some_and(|at| at <= now) {
            self.planner.handle_timeout(now);
        }
        while let Some(action) = self.planner.poll_action() {
            match action {
                Action::Dial { peer, addresses } => self.attempt(Target::Peer { peer, addresses }),
                Action::DialStatic { address } => self.attempt(Target::Static { address }),
                Action::Close { peer } => {
                    for connection in self.connections.outbound(peer) {
                        self.swarm.close_connection(connection);
                    }
                }
                Action::Unreachable { peer } => {
                    for (asked, _) in self.outbox.release(peer) {
                        self.fail_request(asked, DirectError::Unreachable);
                    }
                }
            }
        }
    }

    /// Dials an address for a person.
    pub(super) fn inquire(&mut self, address: SocketAddr, reply: Reply) {
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        let error = if !addresses::is_dialable(address) {
            DialAddressError::NotDialable(address)
        } else if self.attempts.inquiries() >= MAX_INQUIRIES {
            DialAddressError::Busy
        } else if address.port() == self.port() && self.is_own_address(address) {
            DialAddressError::Myself(address)
        } else {
            let until = Instant::now() + INQUIRY_TIME;
            self.attempt(Target::Inquiry {
                address,
                reply,
                until,
            });
            return;
        };
        let _ = reply.send(Err(error));
    }

    /// Dials where another daemon with this one's identity may be.
    pub(super) fn check_suspects(&mut self) {
        let mut due = self.clones.due(self.now());
        if due.is_empty() {
            return;
        }
        // An address that has just come to this machine may be announced before it is seen.
        due.retain(self.own.elsewhere());
        for address in due {
            self.attempt(Target::Suspect { address });
        }
    }

    /// Ends what a person has waited for too long.
    pub(super) fn expire_inquiries(&mut self, now: Instant) {
        let overdue = |attempt: &Attempt| matches!(attempt.target, Target::Inquiry { until, .. } if until <= now);
        let expired: Vec<_> = self
            .attempts
            .open
            .extract_if(|_, attempt| overdue(attempt))
            .collect();
        for (_, attempt) in expired {
            self.attempt_failed(attempt, None);
        }
    }

    /// Dials by TCP where QUIC has not got through in its head start.
    pub(super) fn end_head_starts(&mut self) {
        let now = Instant::now();
        while self
            .attempts
            .head_starts
            .front()
            .is_some_and(|&(at, _)| at <= now)
        {
            if let Some((_, number)) = self.attempts.head_starts.pop_front() {
                self.try_tcp(number);
            }
        }
    }

    /// A connection of ours stands; ends the attempt that it belongs to.
    pub(super) fn dial_succeeded(&mut self, connection: ConnectionId, peer: NodeId) {
        if let Some((number, _)) = self.attempts.dials.remove(&connection) {
            self.attempt_succeeded(number, peer);
        }
    }

    fn attempt_succeeded(&mut self, number: u64, peer: NodeId) {
        let now = self.now();
        let Some(attempt) = self.attempts.open.remove(&number) else {
            return;
        };
        match attempt.target {
            Target::Peer { peer, .. } => self.planner.dialled(peer, true, now),
            Target::Static { address } => self.planner.static_dialled(address, Some(peer), now),
            // Somebody else is there now.
            Target::Suspect { .. } => {}
            Target::Inquiry { address, reply, .. } => {
                // From now on it is kept like a static peer.
                if !self.planner.add_static(address, now) {
                    tracing::warn!(%address, "over 64 static peers; this one is not dialled again when it is lost");
                }
                self.planner.static_dialled(address, Some(peer), now);
                let _ = reply.send(Ok(peer));
            }
        }
    }

    /// A dial of ours came to nothing; `peer` is who would have been reached, as far as that is known.
    pub(super) fn dial_failed(
        &mut self,
        connection: ConnectionId,
        peer: Option<NodeId>,
        error: &DialError,
    ) {
        let Some((number, transport)) = self.attempts.dials.remove(&connection) else {
            return;
        };
        match peer {
            // One connection too many to whom others have reached meanwhile. That is as good.
            Some(peer)
                if matches!(error, DialError::Denied { .. })
                    && self.connections.is_connected(peer) =>
            {
                self.attempt_succeeded(number, peer);
            }
            _ => self.dial_ended(number, transport, error),
        }
    }

    fn dial_ended(&mut self, number: u64, transport: Transport, error: &DialError) {
        let Some(attempt) = self.attempts.open.get_mut(&number) else {
            return;
        };
        attempt.pending -= 1;
        if matches!(error, DialError::DialPeerConditionFalse(_)) {
            // Connected meanwhile, by the other side's dial. That is as good.
            if let Some(Attempt {
                target: Target::Peer { peer, .. },
                ..
            }) = self.attempts.open.remove(&number)
            {
                self.planner.dialled(peer, true, self.started.elapsed());
            }
            return;
        }
        self.counters.dials_failed.increment();
        attempt.failures.push((transport, reason(error)));
        let hopeless = matches!(
            error,
            DialError::LocalPeerId { .. } | DialError::Denied { .. }
        );
        if attempt.pending == 0 && !attempt.tcp_tried && !hopeless {
            self.try_tcp(number);
        } else if (attempt.pending == 0 || hopeless)
            && let Some(attempt) = self.attempts.open.remove(&number)
        {
            self.attempt_failed(attempt, Some(error));
        }
    }

    fn attempt_failed(&mut self, attempt: Attempt, last: Option<&DialError>) {
        let now = self.now();
        match attempt.target {
            Target::Peer { peer, .. } => {
                let connected = self.connections.is_connected(peer);
                self.planner.dialled(peer, connected, now);
            }
            Target::Static { address } => self.planner.static_dialled(address, None, now),
            Target::Suspect { address } => {
                if matches!(last, Some(DialError::LocalPeerId { .. }))
                    && !self.own.is_here_now(address)
                    && self.clones.prove(address)
                {
                    self.emit(NetworkEvent::Cloned { address });
                }
            }
            Target::Inquiry { address, reply, .. } => {
                let met = attempt
                    .failures
                    .iter()
                    .map(|(transport, reason)| match transport {
                        Transport::Quic => format!("QUIC: {reason}"),
                        Transport::Tcp => format!("TCP: {reason}"),
                    });
                let met = met.collect::<Vec<_>>().join("; ");
                let error = match last {
                    Some(DialError::LocalPeerId { .. }) => DialAddressError::Myself(address),
                    Some(error @ DialError::Denied { .. }) => DialAddressError::Refused {
                        address,
                        reason: reason(error),
                    },
                    _ if met.is_empty() => DialAddressError::NoAnswer {
                        address,
                        reason: "no answer within 5 s".to_owned(),
                    },
                    _ => DialAddressError::NoAnswer {
                        address,
                        reason: met,
                    },
                };
                let _ = reply.send(Err(error));
            }
        }
    }

    fn is_own_address(&self, address: SocketAddr) -> bool {
        self.own.contains(address.ip())
    }

    fn attempt(&mut self, target: Target) {
        let number = self.attempts.next;
        self.attempts.next += 1;
        self.attempts.open.insert(
            number,
            Attempt {
                target,
                pending: 0,
                tcp_tried: false,
                failures: Vec::new(),
            },
        );
        self.attempts
            .head_starts
            .push_back((Instant::now() + HEAD_START, number));
        self.dial(number, Transport::Quic);
    }

    fn try_tcp(&mut self, number: u64) {
        if let Some(attempt) = self.attempts.open.get_mut(&number)
            && !attempt.tcp_tried
        {
            attempt.tcp_tried = true;
            self.dial(number, Transport::Tcp);
        }
    }

    fn dial(&mut self, number: u64, transport: Transport) {
        let Some(attempt) = self.attempts.open.get_mut(&number) else {
            return;
        };
        attempt.pending += 1;
        let options = match &attempt.target {
            Target::Peer { peer, addresses } => DialOpts::peer_id(peer.to_peer_id())
                .addresses(
                    addresses
                        .iter()
                        .map(|&address| multiaddr(address, transport))
                        .collect(),
                )
                // The planner knows better than libp2p when a second dial at the same time makes sense.
                .condition(PeerCondition::Disconnected)
                .override_dial_concurrency_factor(NonZeroU8::MAX)
                .build(),
            Target::Static { address }
            | Target::Suspect { address }
            | Target::Inquiry { address, .. } => DialOpts::unknown_peer_id()
                .address(multiaddr(*address, transport))
                .build(),
        };
        let connection = options.connection_id();
        self.counters.dials.increment();
        self.swarm.behaviour_mut().gate.order(connection);
        match self.swarm.dial(options) {
            Ok(()) => {
                self.attempts.dials.insert(connection, (number, transport));
            }
            Err(error) => self.dial_ended(number, transport, &error),
        }
    }
}

fn multiaddr(address: SocketAddr, transport: Transport) -> Multiaddr {
    match transport {
        Transport::Quic => addresses::quic(address),
        Transport::Tcp => addresses::tcp(address),
    }
}

/// What a person can make of a failed dial.
fn reason(error: &DialError) -> String {
    let mut text = match error {
        DialError::Transport(attempts) => attempts.first().map_or_else(
            || "no answer".to_owned(),
            |(_, error)| innermost(error).to_string(),
        ),
        DialError::Denied { cause } => innermost(cause).to_string(),
        other => other.to_string(),
    };
    text.truncate(text.floor_char_boundary(120));
    text
}

/// The innermost cause says it best: "connection refused", "timed out".
fn innermost(mut error: &dyn std::error::Error) -> &dyn std::error::Error {
    while let Some(cause) = error.source() {
        error = cause;
    }
    error
}

#[cfg(test)]
mod tests {
    use super::{super::tests::bench, *};

    #[tokio::test]
    async fn this_daemon_is_no_clone_of_itself() {
        let bench = bench().await;
        let mut driver = bench.driver;
        let own = SocketAddr::from(([127, 0, 0, 1], driver.port()));
        // As if it had been announced before it was seen, dialled, and found to be here.
        driver.clones.suspect([own].into_iter());
        driver.check_suspects();
        assert!(driver.attempts.open.is_empty(), "it has been seen since");
        let answers = |address| Attempt {
            target: Target::Suspect { address },
            pending: 0,
            tcp_tried: false,
            failures: Vec::new(),
        };
        let error = DialError::LocalPeerId {
            address: multiaddr(own, Transport::Quic),
        };
        driver.attempt_failed(answers(own), Some(&error));
        assert!(driver.clones.proven().is_empty());
        let another = SocketAddr::from(([127, 0, 0, 1], driver.port() ^ 1));
        driver.attempt_failed(answers(another), Some(&error));
        assert_eq!(driver.clones.proven(), [another]);
    }
}
