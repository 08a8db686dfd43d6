//! What the swarm reports.

use std::time::Instant;

use libp2p::{
    PeerId,
    core::ConnectedPoint,
    gossipsub, identify, ping,
    request_response::{self, OutboundFailure},
    swarm::{ConnectionId, DialError, ListenError, SwarmEvent},
};

use super::{
    Driver,
    connections::{Change, Connection},
};
use crate::{
    DirectError, NetworkEvent, NodeId, Program, Transport, addresses::socket_address,
    behaviour::BehaviourEvent, direct, planner::Way,
};

impl Driver {
    pub(super) fn on_swarm_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Gossip(event)) => self.on_gossip(event),
            SwarmEvent::Behaviour(BehaviourEvent::Direct(event)) => self.on_direct(event),
            SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => self.on_ping(&event),
            SwarmEvent::Behaviour(BehaviourEvent::Identify(event)) => self.on_identify(event),
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            } => {
                self.on_connected(peer_id, connection_id, &endpoint);
            }
            SwarmEvent::ConnectionClosed {
                peer_id,
                connection_id,
                cause,
                ..
            } => {
                tracing::debug!(peer = %peer_id, ?cause, "connection closed");
                self.on_closed(peer_id, connection_id);
            }
            SwarmEvent::OutgoingConnectionError {
                peer_id,
                connection_id,
                error,
            } => {
                if matches!(error, DialError::Denied { .. }) {
                    self.counters.connections_refused.increment();
                }
                tracing::debug!(%error, "dial failed");
                let peer = peer_id.and_then(|peer| NodeId::from_peer_id(&peer));
                self.dial_failed(connection_id, peer, &error);
            }
            SwarmEvent::IncomingConnectionError {
                error: ListenError::Denied { cause },
                ..
            } => {
                self.counters.connections_refused.increment();
                tracing::debug!(%cause, "incoming connection refused");
            }
            SwarmEvent::ListenerClosed {
                listener_id,
                reason,
                ..
            } => {
                tracing::debug!(?reason, "listener closed");
                self.own.closed(listener_id);
            }
            SwarmEvent::ListenerError { error, .. } => tracing::debug!(%error, "listener failed"),
            _ => {}
        }
    }

    fn on_identify(&mut self, event: identify::Event) {
        let identify::Event::Received { peer_id, info, .. } = event else {
            return;
        };
        let Some(peer) = NodeId::from_peer_id(&peer_id) else {
            return;
        };
        // A peer may say it as often as it likes.
        if self.events.is_behind() {
            return;
        }
        let program = Program::new(&info.agent_version, &info.protocol_version);
        if self.connections.identified(peer, &program) {
            self.emit(NetworkEvent::Identified { peer, program });
        }
    }

    fn on_connected(&mut self, peer: PeerId, id: ConnectionId, endpoint: &ConnectedPoint) {
        let (multiaddr, outbound) = match endpoint {
            ConnectedPoint::Dialer { address, .. } => (address, true),
            ConnectedPoint::Listener { send_back_addr, .. } => (send_back_addr, false),
        };
        // The gate has checked the identity, and only QUIC and TCP exist.
        let (Some(peer), Some((address, transport))) =
            (NodeId::from_peer_id(&peer), socket_address(multiaddr))
        else {
            self.swarm.close_connection(id);
            return;
        };
        let new = Connection {
            id,
            address,
            transport,
            outbound,
            since: Instant::now(),
        };
        let first = !self.connections.is_connected(peer);
        let (change, replaced) = self.connections.opened(peer, new);
        for old in replaced {
            self.swarm.close_connection(old);
        }
        self.count_connections();
        let now = self.now();
        if first {
            // TCP and QUIC share the port number, so either proves the address for both.
            let way = match (outbound, transport) {
                (true, _) => Way::Dialled(address),
                (false, Transport::Quic) => Way::CameFrom(address),
                (false, Transport::Tcp) => Way::CameFromHost(address.ip()),
            };
            self.planner.connected(peer, way, now);
            self.media.connected(peer);
            if self.own.meets(address.ip()) {
                self.planner.set_place(self.own.place(), now);
                self.emit(NetworkEvent::Listening(self.own.dialable()));
            }
        }
        if outbound {
            self.dial_succeeded(id, peer);
        }
        self.tell(peer, change);
        if first {
            self.send_held_requests(peer);
        }
    }

    fn on_closed(&mut self, peer: PeerId, id: ConnectionId) {
        let Some(peer) = NodeId::from_peer_id(&peer) else {
            return;
        };
        let change = self.connections.closed(peer, id);
        self.count_connections();
        if change == Change::Disconnected {
            let now = self.now();
            self.planner.disconnected(peer, now);
            self.media.disconnected(peer);
        }
        self.tell(peer, change);
    }

    fn count_connections(&self) {
        let (peers, connections) = self.connections.count();
        self.counters.connected_peers.set(peers);
        self.counters.connections.set(connections);
    }

    fn tell(&mut self, peer: NodeId, change: Change) {
        match change {
            Change::None => {}
            Change::Connected(address, transport) => self.emit(NetworkEvent::Connected {
                peer,
                address,
                transport,
            }),
            Change::Disconnected => self.emit(NetworkEvent::Disconnected { peer }),
        }
    }

    /// Closes own dials that met the other side's.
    pub(super) fn close_surplus(&mut self, now: Instant) {
        for connection in self.connections.surplus(self.node, now) {
            self.swarm.close_connection(connection);
        }
    }

    /// Closes the connections to peers that have not said to which topics they listen. The planner dials them again.
    pub(super) fn renew_silent_connections(&mut self) {
        for peer in self.connections.take_silent(Instant::now()) {
            tracing::debug!(%peer, "a peer has not said to which topics it listens; connecting anew");
            // There is nothing to be done if it is gone.
            let _ = self.swarm.disconnect_peer_id(peer.to_peer_id());
        }
    }

    fn on_gossip(&mut self, event: gossipsub::Event) {
        match event {
            gossipsub::Event::Message {
                propagation_source,
                message_id,
                message,
            } => {
                let author = message.source.as_ref().and_then(NodeId::from_peer_id);
                let now = Instant::now();
                let receipt = self
                    .gossip
                    .receipts
                    .issue(message_id, propagation_source, now);
                let neighbour = NodeId::from_peer_id(&propagation_source);
                let (Some(author), Some(neighbour), false) =
                    (author, neighbour, self.events.is_behind())
                else {
                    self.counters.gossip_dropped.increment();
                    if let Some(receipt) = self.gossip.receipts.redeem(receipt) {
                        self.report(&receipt, gossipsub::MessageAcceptance::Ignore);
                    }
                    return;
                };
                self.counters.gossip_received.increment();
                let topic = message.topic.into_string();
                self.emit(NetworkEvent::Gossip {
                    topic,
                    author,
                    neighbour,
                    data: message.data,
                    receipt,
                });
                while let Some(receipt) = self.gossip.receipts.overdue(now) {
                    self.counters.verdicts_missed.increment();
                    self.report(&receipt, gossipsub::MessageAcceptance::Ignore);
                }
            }
            gossipsub::Event::Subscribed { peer_id, topic } => {
                let topic = topic.into_string();
                for data in self.gossip.held.release(&topic) {
                    self.publish(topic.clone(), data, false);
                }
                if let Some(peer) = NodeId::from_peer_id(&peer_id) {
                    self.connections.subscribed(peer, &topic);
                    self.emit(NetworkEvent::Subscribed { peer, topic });
                }
            }
            gossipsub::Event::Unsubscribed { peer_id, topic } => {
                if let Some(peer) = NodeId::from_peer_id(&peer_id) {
                    self.emit(NetworkEvent::Unsubscribed {
                        peer,
                        topic: topic.into_string(),
                    });
                }
            }
            gossipsub::Event::SlowPeer { peer_id, .. } => {
                tracing::debug!(peer = %peer_id, "a peer does not keep up with gossip");
            }
            gossipsub::Event::GossipsubNotSupported { .. } => {}
        }
    }

    fn on_direct(&mut self, event: direct::Event) {
        match event {
            request_response::Event::Message { peer, message, .. } => match message {
                request_response::Message::Request {
                    request, channel, ..
                } => {
                    let now = Instant::now();
                    let kept = NodeId::from_peer_id(&peer)
                        .filter(|_| !self.events.is_behind())
                        .and_then(|from| {
                            self.inbox.insert(from, channel, now).map(|id| (from, id))
                        });
                    if let Some((from, id)) = kept {
                        self.counters.requests_received.increment();
                        self.emit(NetworkEvent::Request {
                            from,
                            id,
                            data: request,
                        });
                    } else {
                        self.counters.requests_dropped.increment();
                    }
                }
                request_response::Message::Response {
                    request_id,
                    response,
                } => {
                    if let Some(asked) = self.outbox.finished(request_id) {
                        self.emit(NetworkEvent::Response {
                            id: asked.id,
                            from: asked.to,
                            result: Ok(response),
                        });
                    }
                }
            },
            request_response::Event::OutboundFailure {
                request_id, error, ..
            } => {
                if let Some(asked) = self.outbox.finished(request_id) {
                    self.fail_request(asked, direct_error(&error));
                }
            }
            request_response::Event::InboundFailure { error, .. } => {
                tracing::debug!(%error, "a request was not answered");
            }
            request_response::Event::ResponseSent { .. } => {}
        }
    }

    fn on_ping(&mut self, event: &ping::Event) {
        if let Err(failure) = &event.result
            && !matches!(failure, ping::Failure::Unsupported)
        {
            // QUIC has its own keep-alive; this is how the loss of a whole machine shows on TCP.
            tracing::debug!(peer = %event.peer, %failure, "a peer does not answer; closing the connection");
            self.swarm.close_connection(event.connection);
        }
    }
}

fn direct_error(error: &OutboundFailure) -> DirectError {
    match error {
        OutboundFailure::DialFailure => DirectError::Unreachable,
        OutboundFailure::Timeout => DirectError::Timeout,
        OutboundFailure::ConnectionClosed => DirectError::ConnectionClosed,
        OutboundFailure::UnsupportedProtocols => DirectError::Unsupported,
        OutboundFailure::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            DirectError::TooLong
        }
        // The other end dropped the stream; the connection stands.
        OutboundFailure::Io(_) => DirectError::NoAnswer,
    }
}
