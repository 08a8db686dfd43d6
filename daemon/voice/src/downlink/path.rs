//! The proof that a media path leads to the peer, and the way round where UDP does not.
//!
//! Media goes to the address of the peer's authenticated connection, and only after the peer has echoed a
//! random challenge sent there: whoever names a third machine's port gets nothing but a few challenges sent
//! to it. A path holds for 5 s after its last echo. Genuine packets from another *port* of the same machine
//! are a reason to challenge that port, and only its echo moves the path there.

use std::net::SocketAddr;
use std::time::Duration;

use super::PathState;
use super::link::canonical;
use crate::Destination;
use crate::Slot;
use crate::wire::path::Token;

/// How long an echo keeps a path proven.
const LIFETIME: Duration = Duration::from_secs(5);

/// How long UDP is given before packets go over the authenticated connection instead.
const PATIENCE: Duration = Duration::from_secs(2);

/// The time between heartbeats. Each is a challenge.
pub(super) const HEARTBEAT: Duration = Duration::from_millis(500);

/// The time between challenges to another port that genuine packets come from.
const CANDIDATE_INTERVAL: Duration = Duration::from_millis(100);

/// How many of those go unanswered before they become as rare as heartbeats.
const CANDIDATE_TRIES: u32 = 20;

/// How many challenges may be without an echo at a time.
const OUTSTANDING: usize = 16;

/// Echoes sent in any one second; more challenges go unanswered. A new path is challenged 10 times in its
/// first 200 ms.
const ECHOES_PER_SECOND: u32 = 40;

/// The pause before the next challenge to an address that has not answered yet. The peer may learn of its
/// keys a moment after us, and until it does every sound is lost: hence close together at first.
fn probe_interval(sent: u32) -> Duration {
    Duration::from_millis(match sent {
        0..10 => 20,
        10..16 => 50,
        16..31 => 100,
        _ => 500,
    })
}

/// A challenge without an echo.
#[derive(Debug, Clone, Copy)]
struct Challenge {
    token: Token,
    to: Destination,
    sent: Duration,
}

/// How packets reach one peer.
#[derive(Debug, Clone)]
pub(super) struct Path {
    slot: Slot,
    address: SocketAddr,
    /// Another port of the same machine that genuine packets come from.
    candidate: Option<SocketAddr>,
    /// When a candidate may be challenged next, and how many challenges none has answered.
    next_candidate: Duration,
    candidate_tries: u32,
    proven: Option<Duration>,
    /// Since when the address has been tried.
    since: Duration,
    /// Whether packets go over the authenticated connection until UDP is proven.
    detour: bool,
    probes: u32,
    next_challenge: Duration,
    outstanding: [Option<Challenge>; OUTSTANDING],
    next_outstanding: usize,
    round_trip: Option<Duration>,
    echoes: (Duration, u32),
}

impl Path {
    pub(super) fn new(slot: Slot, address: SocketAddr, now: Duration) -> Self {
        Self {
            slot,
            address,
            candidate: None,
            next_candidate: now,
            candidate_tries: 0,
            proven: None,
            since: now,
            detour: false,
            probes: 0,
            next_challenge: now,
            outstanding: [None; OUTSTANDING],
            next_outstanding: 0,
            round_trip: None,
            echoes: (now, 0),
        }
    }

    /// The authenticated connection names another address: nothing that was proven holds for it.
    pub(super) fn set_address(&mut self, address: SocketAddr, now: Duration) {
        if address != self.address {
            *self = Self {
                detour: self.detour,
                ..Self::new(self.slot, address, now)
            };
        }
    }

    /// Begins to challenge at once, unless the path is proven: the peer may have learned of its keys.
    pub(super) fn hurry(&mut self, now: Duration) {
        if !self.is_proven(now) && now.saturating_sub(self.since) < PATIENCE {
            let earliest = self.next_challenge.min(now + probe_interval(0));
            self.next_challenge = earliest;
        }
    }

    /// Whether a packet from `source` can be this peer's.
    pub(super) fn admits(&self, source: Destination) -> bool {
        match source {
            Destination::Udp(address) => canonical(address).ip() == self.address.ip(),
            Destination::Stream(slot) => slot == self.slot,
        }
    }

    /// A genuine packet came from `source`.
    pub(super) fn heard_from(&mut self, source: Destination) {
        if let Destination::Udp(source) = source {
            let source = canonical(source);
            if source.port() == self.address.port() {
                self.candidate = None;
            } else {
                // The rate of challenges stays what it is, however often the port changes.
                self.candidate = Some(source);
            }
        }
    }

    /// Whether a challenge may be echoed now.
    pub(super) fn may_echo(&mut self, now: Duration) -> bool {
        if now.saturating_sub(self.echoes.0) >= Duration::from_secs(1) {
            self.echoes = (now, 0);
        }
        self.echoes.1 += 1;
        self.echoes.1 <= ECHOES_PER_SECOND
    }

    /// A challenge came back.
    pub(super) fn echoed(&mut self, token: Token, now: Duration) {
        let Some(challenge) = self
            .outstanding
            .iter_mut()
            .find(|challenge| challenge.is_some_and(|challenge| challenge.token == token))
            .and_then(Option::take)
        else {
            return;
        };
        let took = now.saturating_sub(challenge.sent);
        if took >= LIFETIME {
            return;
        }
        let Destination::Udp(address) = challenge.to else {
            if self.detour {
                self.round_trip = Some(took);
            }
            return;
        };
        if self.candidate == Some(address) {
            self.address = address;
            self.candidate = None;
            self.candidate_tries = 0;
        }
        if address == self.address {
            if self.proven.replace(now).is_none() {
                // From now on challenges are heartbeats.
                self.next_challenge = self.next_challenge.max(challenge.sent + HEARTBEAT);
            }
            self.detour = false;
            self.round_trip = Some(took);
        }
    }

    fn is_proven(&self, now: Duration) -> bool {
        self.proven
            .is_some_and(|proven| now.saturating_sub(proven) < LIFETIME)
    }

    /// Where packets go now, and the first moment at which that may change by itself.
    pub(super) fn update(&mut self, now: Duration) -> PathState {
        if self.is_proven(now) {
            return PathState::Udp(self.address);
        }
        if self.proven.take().is_some() {
            // Who was there and is gone is not worth a second hurry.
            self.probes = u32::MAX;
        }
        if !self.detour && now.saturating_sub(self.since) >= PATIENCE {
            self.detour = true;
            self.round_trip = None;
        }
        if self.detour {
            PathState::Stream
        } else {
            PathState::Probing
        }
    }

    /// When [`due`](Self::due) or [`update`](Self::update) should be called next.
    pub(super) fn next_timeout(&self) -> Duration {
        let state = match (self.proven, self.detour) {
            (Some(proven), _) => Some(proven + LIFETIME),
            (None, false) => Some(self.since + PATIENCE),
            (None, true) => None,
        };
        let candidate = self.candidate.map(|_| self.next_candidate);
        [state, candidate]
            .into_iter()
            .flatten()
            .fold(self.next_challenge, Duration::min)
    }

    /// The destinations to be challenged now; call [`challenged`](Self::challenged) for each.
    pub(super) fn due(&mut self, now: Duration) -> [Option<Destination>; 3] {
        let mut due = [None; 3];
        if now >= self.next_challenge {
            due[0] = Some(Destination::Udp(self.address));
            if self.is_proven(now) {
                self.next_challenge = now + HEARTBEAT;
            } else {
                self.next_challenge = now + probe_interval(self.probes);
                self.probes = self.probes.saturating_add(1);
                // The heartbeat must arrive even where no datagram does.
                due[1] = self.detour.then_some(Destination::Stream(self.slot));
            }
        }
        if let Some(candidate) = self.candidate.filter(|_| now >= self.next_candidate) {
            self.next_candidate = now
                + if self.candidate_tries < CANDIDATE_TRIES {
                    CANDIDATE_INTERVAL
                } else {
                    HEARTBEAT
                };
            self.candidate_tries = self.candidate_tries.saturating_add(1);
            due[2] = Some(Destination::Udp(candidate));
        }
        due
    }

    /// A challenge was sent.
    pub(super) fn challenged(&mut self, token: Token, to: Destination, now: Duration) {
        self.outstanding[self.next_outstanding] = Some(Challenge {
            token,
            to,
            sent: now,
        });
        self.next_outstanding = (self.next_outstanding + 1) % OUTSTANDING;
    }

    /// The time that the last echo took.
    pub(super) fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// The destination of reports and media, if there is one.
    pub(super) fn destination(&self, state: PathState) -> Option<Destination> {
        match state {
            PathState::Probing => None,
            PathState::Udp(address) => Some(Destination::Udp(address)),
            PathState::Stream => Some(Destination::Stream(self.slot)),
        }
    }
}
