//! The caller's wishes.

use std::time::Instant;

use libp2p::gossipsub::{IdentTopic, MessageAcceptance, PublishError};

use super::Driver;
use crate::{
    DirectError, MAX_GOSSIP, MAX_REQUEST, MAX_RESPONSE, NetworkCommand, NetworkEvent, NodeId,
    Verdict, behaviour,
    direct::Asked,
    gossip::{MAX_TOPIC_NAME, MAX_TOPICS, Receipt},
};

impl Driver {
    pub(super) fn on_command(&mut self, command: NetworkCommand) {
        let now = self.now();
        match command {
            NetworkCommand::Subscribe(topic) => self.subscribe(&topic),
            NetworkCommand::Unsubscribe(topic) => {
                self.swarm
                    .behaviour_mut()
                    .gossip
                    .unsubscribe(&IdentTopic::new(topic));
            }
            NetworkCommand::Publish { topic, data } => self.publish(topic, data, true),
            NetworkCommand::Verdict { receipt, verdict } => {
                match self.gossip.receipts.redeem(receipt) {
                    Some(receipt) => self.report(&receipt, acceptance(verdict)),
                    None => self.counters.verdicts_missed.increment(),
                }
            }
            NetworkCommand::Request { to, id, data } => self.request(Asked { to, id }, data),
            NetworkCommand::Respond { id, data } => self.respond(id, data),
            NetworkCommand::Connect { peer, addresses } => {
                if self.planner.want(peer, &addresses, now) {
                    // Whoever is wanted does not fall under the limit of connections.
                    self.swarm
                        .behaviour_mut()
                        .limits
                        .bypass_peer_id(&peer.to_peer_id());
                    self.follow_wanted();
                } else {
                    tracing::warn!(%peer, "too many peers are wanted at once, or this is ourselves; not connecting");
                }
            }
            NetworkCommand::Release { peer } => {
                self.planner.release(peer, now);
                self.swarm
                    .behaviour_mut()
                    .limits
                    .remove_peer_id(&peer.to_peer_id());
                self.follow_wanted();
            }
            NetworkCommand::DialAddress(address, reply) => self.inquire(address, reply),
            NetworkCommand::Report(reply) => {
                // Whoever asked may have gone.
                let _ = reply.send(self.describe());
            }
        }
    }

    /// Keeps the limit of other connections apart from those that are wanted.
    fn follow_wanted(&mut self) {
        let limits = behaviour::limits(self.planner.wanted());
        *self.swarm.behaviour_mut().limits.limits_mut() = limits;
    }

    fn subscribe(&mut self, topic: &str) {
        let gossip = &mut self.swarm.behaviour_mut().gossip;
        if topic.len() > MAX_TOPIC_NAME || gossip.topics().count() >= MAX_TOPICS {
            self.counters.subscriptions_refused.increment();
            tracing::warn!(
                topic,
                "not subscribed: over 128 topics, or over 128 bytes of name"
            );
        } else if let Err(error) = gossip.subscribe(&IdentTopic::new(topic)) {
            self.counters.subscriptions_refused.increment();
            tracing::warn!(topic, %error, "not subscribed");
        }
    }

    /// Publishes `data`; with `hold`, keeps it for a moment if nobody is there to receive it.
    pub(super) fn publish(&mut self, topic: String, data: Vec<u8>, hold: bool) {
        if data.len() > MAX_GOSSIP || topic.len() > MAX_TOPIC_NAME {
            self.counters.gossip_unsent.increment();
            tracing::warn!(
                topic,
                length = data.len(),
                "gossip not published: it is too long"
            );
            return;
        }
        let gossip = &mut self.swarm.behaviour_mut().gossip;
        // Gossipsub takes the message by value and signs it; a copy is cheap at 16 KiB.
        match gossip.publish(IdentTopic::new(topic.clone()), data.clone()) {
            Ok(_) => self.counters.gossip_published.increment(),
            Err(PublishError::NoPeersSubscribedToTopic) if hold => {
                if self.gossip.held.hold(topic, data, Instant::now()) {
                    self.counters.gossip_unsent.increment();
                }
            }
            Err(error) => {
                self.counters.gossip_unsent.increment();
                tracing::debug!(topic, %error, "gossip not published");
            }
        }
    }

    /// Tells gossipsub what to do with a message.
    pub(super) fn report(&mut self, receipt: &Receipt, acceptance: MessageAcceptance) {
        let gossip = &mut self.swarm.behaviour_mut().gossip;
        if !gossip.report_message_validation_result(&receipt.message, &receipt.relay, acceptance) {
            self.counters.verdicts_missed.increment();
        }
    }

    fn request(&mut self, asked: Asked, data: Vec<u8>) {
        if asked.to == self.node {
            self.fail_request(asked, DirectError::Unreachable);
        } else if data.len() > MAX_REQUEST {
            self.fail_request(asked, DirectError::TooLong);
        } else if self.outbox.is_full() {
            self.fail_request(asked, DirectError::Busy);
        } else if self.connections.is_connected(asked.to) {
            self.send_request(asked, data);
        } else {
            self.outbox.hold(asked, data, Instant::now());
            let now = self.now();
            self.planner.reach(asked.to, now);
        }
    }

    fn send_request(&mut self, asked: Asked, data: Vec<u8>) {
        let request = self
            .swarm
            .behaviour_mut()
            .direct
            .send_request(&asked.to.to_peer_id(), data);
        self.outbox.sent(request, asked);
    }

    /// Sends what waited for a connection to `peer`.
    pub(super) fn send_held_requests(&mut self, peer: NodeId) {
        for (asked, data) in self.outbox.release(peer) {
            self.send_request(asked, data);
        }
    }

    pub(super) fn fail_request(&mut self, asked: Asked, error: DirectError) {
        self.counters.requests_failed.increment();
        self.emit(NetworkEvent::Response {
            id: asked.id,
            from: asked.to,
            result: Err(error),
        });
    }

    fn respond(&mut self, id: u64, data: Vec<u8>) {
        let sent = self.inbox.take(id).is_some_and(|channel| {
            data.len() <= MAX_RESPONSE
                && self
                    .swarm
                    .behaviour_mut()
                    .direct
                    .send_response(channel, data)
                    .is_ok()
        });
        if !sent {
            self.counters.responses_unsent.increment();
            tracing::debug!(id, "a response came too late or is too long");
        }
    }
}

fn acceptance(verdict: Verdict) -> MessageAcceptance {
    match verdict {
        Verdict::Accept => MessageAcceptance::Accept,
        Verdict::Ignore => MessageAcceptance::Ignore,
        Verdict::Reject => MessageAcceptance::Reject,
    }
}
