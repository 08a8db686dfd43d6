//! The libp2p swarm: transports, protocols and limits.

use std::{num::NonZeroU8, time::Duration};

use libp2p::{
    Swarm, SwarmBuilder, connection_limits, identify, identity, memory_connection_limits, noise,
    ping, swarm::NetworkBehaviour, tcp, yamux,
};

use crate::{
    NetworkConfig, NetworkError, direct, gate::Gate, gossip, node_id::keypair_from_seed,
    program::PROTOCOL,
};

/// Bytes of what a program calls itself.
const MAX_AGENT: usize = 64;
/// An idle QUIC connection shows this often that it lives. Each time costs both ends a wake-up or two, which are most of
/// what an idle daemon does.
const QUIC_KEEP_ALIVE: Duration = Duration::from_millis(950);
/// A QUIC connection that has heard nothing for so long is closed. A keep-alive sent just before restarts the count
/// once (RFC 9000 §10.1), so a crash is seen after at most the sum of both, 2.95 s.
const QUIC_IDLE: Duration = Duration::from_millis(2000);
/// TCP shows the crash of a program at once, that of a machine only through unanswered pings.
const PING_INTERVAL: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections are kept for as long as the planner wants them.
const KEEP_IDLE: Duration = Duration::from_secs(24 * 3600);
/// Established connections, wanted peers not counted.
const MAX_CONNECTIONS: u32 = 256;
/// Incoming ones among these, so that outsiders cannot use up all.
const MAX_INCOMING: u32 = 224;
/// Connections to one peer: one, and a moment's overlap when both dial or one replaces the other.
const MAX_PER_PEER: u32 = 2;
const MAX_PENDING_INCOMING: u32 = 128;
const MAX_PENDING_OUTGOING: u32 = 128;
/// New connections are refused while the process is larger than this.
const MAX_MEMORY: usize = 1 << 30;
/// Streams that a peer may have open at once on one connection.
const MAX_STREAMS: u32 = 64;
/// Bytes that a peer may have under way unread: on a stream, and on a connection.
const STREAM_WINDOW: u32 = 512 * 1024;
const CONNECTION_WINDOW: u32 = 2 * 1024 * 1024;

/// Everything that runs on a connection.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    // The gate stands first: what it refuses costs the others nothing.
    pub(crate) gate: Gate,
    pub(crate) limits: connection_limits::Behaviour,
    pub(crate) memory: memory_connection_limits::Behaviour,
    pub(crate) gossip: gossip::Behaviour,
    pub(crate) direct: direct::Behaviour,
    pub(crate) media: libp2p_stream::Behaviour,
    pub(crate) identify: identify::Behaviour,
    pub(crate) ping: ping::Behaviour,
}

/// The limits while `wanted` peers are wanted. These are let in whatever the limits say, but count: without room of their
/// own they would take everybody else's.
pub(crate) fn limits(wanted: usize) -> connection_limits::ConnectionLimits {
    let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
    connection_limits::ConnectionLimits::default()
        .with_max_established(Some(MAX_CONNECTIONS.saturating_add(wanted)))
        .with_max_established_incoming(Some(MAX_INCOMING.saturating_add(wanted)))
        .with_max_established_per_peer(Some(MAX_PER_PEER))
        .with_max_pending_incoming(Some(MAX_PENDING_INCOMING))
        .with_max_pending_outgoing(Some(MAX_PENDING_OUTGOING))
}

/// Builds the swarm; it does not listen yet.
pub(crate) fn swarm(config: &NetworkConfig) -> Result<Swarm<Behaviour>, NetworkError> {
    let keypair: identity::Keypair = keypair_from_seed(config.secret_seed).into();
    let gossip = gossip::behaviour(&keypair)?;
    let mut agent = config.agent.clone();
    agent.truncate(agent.floor_char_boundary(MAX_AGENT));
    // Identify says what runs here. Addresses are neither told nor believed.
    let identify = identify::Config::new(PROTOCOL.to_owned(), keypair.public())
        .with_agent_version(agent)
        .with_interval(Duration::from_secs(3600))
        .with_cache_size(0)
        .with_hide_listen_addrs(true);
    let behaviour = Behaviour {
        gate: Gate::new(),
        limits: connection_limits::Behaviour::new(limits(0)),
        memory: memory_connection_limits::Behaviour::with_max_bytes(MAX_MEMORY),
        gossip,
        direct: direct::behaviour(),
        media: libp2p_stream::Behaviour::new(),
        identify: identify::Behaviour::new(identify),
        ping: ping::Behaviour::new(
            ping::Config::new()
                .with_interval(PING_INTERVAL)
                .with_timeout(PING_TIMEOUT),
        ),
    };
    let multiplex = || {
        let mut config = yamux::Config::default();
        config.set_max_num_streams(MAX_STREAMS as usize);
        config
    };
    let setup = |error: &dyn std::error::Error| NetworkError::Setup(error.to_string());
    let swarm = SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_tcp(
            tcp::Config::default().nodelay(true),
            noise::Config::new,
            multiplex,
        )
        .map_err(|error| setup(&error))?
        .with_quic_config(|mut config| {
            config.keep_alive_interval = QUIC_KEEP_ALIVE;
            config.max_idle_timeout = u32::try_from(QUIC_IDLE.as_millis()).unwrap_or(u32::MAX);
            config.max_concurrent_stream_limit = MAX_STREAMS;
            config.max_stream_data = STREAM_WINDOW;
            config.max_connection_data = CONNECTION_WINDOW;
            config
        })
        .with_behaviour(|_| behaviour)
        .map_err(|error| setup(&error))?
        .with_swarm_config(|config| {
            config
                .with_idle_connection_timeout(KEEP_IDLE)
                // All addresses of a peer at once: on a local network an answer takes a millisecond, a dead address 2 s.
                .with_dial_concurrency_factor(NonZeroU8::MAX)
        })
        .build();
    Ok(swarm)
}

#[cfg(test)]
#[allow(clippy::expect_used)] // a test fails by panicking
mod tests {
    use libp2p::{
        Multiaddr, PeerId,
        core::{ConnectedPoint, transport::PortUse},
        swarm::{ConnectionId, FromSwarm, NetworkBehaviour, behaviour::ConnectionEstablished},
    };

    use super::*;

    /// As many connections as the limits let in, from peers that are all different.
    struct Door {
        limits: connection_limits::Behaviour,
        next: usize,
    }

    impl Door {
        fn with_wanted(wanted: usize) -> Self {
            Self {
                limits: connection_limits::Behaviour::new(limits(wanted)),
                next: 0,
            }
        }

        /// Whether a connection from outside is let in; it stands then.
        fn admits(&mut self, peer: PeerId) -> bool {
            let id = ConnectionId::new_unchecked(self.next);
            self.next += 1;
            let address = Multiaddr::empty();
            let admitted = self
                .limits
                .handle_established_inbound_connection(id, peer, &address, &address);
            if admitted.is_ok() {
                self.stands(
                    id,
                    peer,
                    &ConnectedPoint::Listener {
                        local_addr: address.clone(),
                        send_back_addr: address,
                    },
                );
            }
            admitted.is_ok()
        }

        /// The same for a connection that this side dials.
        fn reaches(&mut self, peer: PeerId) -> bool {
            let id = ConnectionId::new_unchecked(self.next);
            self.next += 1;
            let address = Multiaddr::empty();
            let (role, port) = (libp2p::core::Endpoint::Dialer, PortUse::Reuse);
            let reached = self
                .limits
                .handle_established_outbound_connection(id, peer, &address, role, port);
            if reached.is_ok() {
                self.stands(
                    id,
                    peer,
                    &ConnectedPoint::Dialer {
                        address,
                        role_override: role,
                        port_use: port,
                    },
                );
            }
            reached.is_ok()
        }

        fn stands(&mut self, id: ConnectionId, peer: PeerId, endpoint: &ConnectedPoint) {
            self.limits
                .on_swarm_event(FromSwarm::ConnectionEstablished(ConnectionEstablished {
                    peer_id: peer,
                    connection_id: id,
                    endpoint,
                    failed_addresses: &[],
                    other_established: 0,
                }));
        }

        /// How many strangers are let in before one is not.
        fn strangers(&mut self) -> u32 {
            let mut strangers = 0;
            while strangers < 10_000 && self.admits(PeerId::random()) {
                strangers += 1;
            }
            strangers
        }
    }

    #[test]
    fn wanted_peers_are_let_in_beyond_the_limits_and_take_nobodys_place() {
        assert_eq!(Door::with_wanted(0).strangers(), MAX_INCOMING);
        let wanted: Vec<PeerId> = (0..300).map(|_| PeerId::random()).collect();
        let mut door = Door::with_wanted(wanted.len());
        for peer in &wanted {
            door.limits.bypass_peer_id(peer);
            assert!(door.admits(*peer));
        }
        assert_eq!(door.strangers(), MAX_INCOMING);
        // Some connections are left for whom this side dials.
        for _ in MAX_INCOMING..MAX_CONNECTIONS {
            assert!(door.reaches(PeerId::random()));
        }
        assert!(!door.reaches(PeerId::random()));
    }

    #[test]
    fn one_peer_has_two_connections_at_most() {
        let mut door = Door::with_wanted(0);
        let peer = PeerId::random();
        for _ in 0..MAX_PER_PEER {
            assert!(door.admits(peer));
        }
        assert!(!door.admits(peer));
    }
}
