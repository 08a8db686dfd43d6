//! The one door through which connections come about.
//!
//! Outward, only dials that the planner ordered pass: no protocol of libp2p may dial by itself, so an address that
//! a peer merely mentions is never dialled. Inward, the rate of new connections is limited, in all and per address,
//! because every handshake costs a millisecond of cryptography.

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    fmt,
    net::IpAddr,
    task::{Context, Poll},
    time::Instant,
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
        THandlerOutEvent, ToSwarm, dummy,
    },
};

use crate::{NodeId, addresses::socket_address};

/// New connections from outside, in all: this many at once, and this many a second.
const ALL: Rate = Rate {
    burst: 256.0,
    per_second: 64.0,
};
/// The same from one address, which may be a loopback or a router with many daemons behind it.
const ONE: Rate = Rate {
    burst: 64.0,
    per_second: 8.0,
};
/// Addresses whose rate is watched.
const MAX_WATCHED: usize = 1024;

#[derive(Debug, Clone, Copy)]
struct Rate {
    burst: f32,
    per_second: f32,
}

/// How much of a rate is left.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    left: f32,
    at: Instant,
}

impl Allowance {
    fn full(rate: Rate, now: Instant) -> Self {
        Self {
            left: rate.burst,
            at: now,
        }
    }

    fn refill(&mut self, rate: Rate, now: Instant) {
        let earned = now.saturating_duration_since(self.at).as_secs_f32() * rate.per_second;
        self.left = (self.left + earned).min(rate.burst);
        self.at = now;
    }

    fn take(&mut self, rate: Rate, now: Instant) -> bool {
        self.refill(rate, now);
        let enough = self.left >= 1.0;
        if enough {
            self.left -= 1.0;
        }
        enough
    }
}

/// Why the gate stayed closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// A dial that nobody ordered.
    NotOrdered,
    /// Too many connections from outside.
    TooMany,
    /// The identity is not an ed25519 key.
    ForeignIdentity,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotOrdered => "nobody ordered this dial",
            Self::TooMany => "too many new connections",
            Self::ForeignIdentity => "the identity is not an ed25519 key",
        })
    }
}

impl std::error::Error for Refused {}

/// Admits ordered dials, and incoming connections at a bounded rate.
#[derive(Debug)]
pub(crate) struct Gate {
    ordered: HashSet<ConnectionId>,
    all: Allowance,
    each: HashMap<IpAddr, Allowance>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            ordered: HashSet::new(),
            all: Allowance::full(ALL, Instant::now()),
            each: HashMap::new(),
        }
    }

    /// The dial that follows is ordered; it must follow at once, so this set stays small.
    pub(crate) fn order(&mut self, dial: ConnectionId) {
        self.ordered.insert(dial);
    }

    fn admit(&mut self, from: Option<IpAddr>, now: Instant) -> bool {
        let Some(from) = from else {
            return false;
        };
        if self.each.len() >= MAX_WATCHED && !self.each.contains_key(&from) {
            self.each.retain(|_, allowance| {
                allowance.refill(ONE, now);
                allowance.left < ONE.burst
            });
            if self.each.len() >= MAX_WATCHED {
                return false;
            }
        }
        let of_this_address = self
            .each
            .entry(from)
            .or_insert_with(|| Allowance::full(ONE, now))
            .take(ONE, now);
        of_this_address && self.all.take(ALL, now)
    }

    fn check_identity(peer: PeerId) -> Result<THandler<Self>, ConnectionDenied> {
        match NodeId::from_peer_id(&peer) {
            Some(_) => Ok(dummy::ConnectionHandler),
            None => Err(ConnectionDenied::new(Refused::ForeignIdentity)),
        }
    }
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        let from = socket_address(remote).map(|(address, _)| address.ip());
        if self.admit(from, Instant::now()) {
            Ok(())
        } else {
            Err(ConnectionDenied::new(Refused::TooMany))
        }
    }

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Self::check_identity(peer)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        dial: ConnectionId,
        _: Option<PeerId>,
        _: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        if self.ordered.remove(&dial) {
            Ok(Vec::new())
        } else {
            Err(ConnectionDenied::new(Refused::NotOrdered))
        }
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Self::check_identity(peer)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        // An ordered dial can fail before it reaches the gate, for instance on a limit.
        if let FromSwarm::DialFailure(failure) = event {
            self.ordered.remove(&failure.connection_id);
        }
    }

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        _: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn ip(number: u32) -> Option<IpAddr> {
        Some(IpAddr::from(number.to_be_bytes()))
    }

    #[test]
    fn one_address_cannot_take_the_place_of_all() {
        let mut gate = Gate::new();
        let now = Instant::now();
        assert_eq!((0..1000).filter(|_| gate.admit(ip(1), now)).count(), 64);
        assert!(gate.admit(ip(2), now));
        assert_eq!(
            (0..1000)
                .filter(|_| gate.admit(ip(1), now + Duration::from_secs(2)))
                .count(),
            16
        );
    }

    #[test]
    fn the_table_of_addresses_is_bounded_and_recovers() {
        let mut gate = Gate::new();
        let now = Instant::now();
        for number in 0..5000 {
            gate.admit(ip(number), now);
        }
        assert_eq!(gate.each.len(), MAX_WATCHED);
        assert!(gate.admit(ip(9_999), now + Duration::from_secs(10)));
    }

    #[test]
    fn a_dial_that_nobody_ordered_is_refused() {
        let mut gate = Gate::new();
        let (ordered, other) = (
            ConnectionId::new_unchecked(1),
            ConnectionId::new_unchecked(2),
        );
        gate.order(ordered);
        let mut pass = |dial| {
            gate.handle_pending_outbound_connection(dial, None, &[], Endpoint::Dialer)
                .is_ok()
        };
        assert!(!pass(other));
        assert!(pass(ordered));
        assert!(!pass(ordered), "an order is good for one dial");
    }
}
