//! News for everyone who subscribed to a topic, over gossipsub.
//!
//! Every message is signed by its author and passed on only after the caller has judged it.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use libp2p::{
    PeerId,
    gossipsub::{
        self, CallbackSubscriptionFilter, ConfigBuilder, MaxCountSubscriptionFilter,
        MessageAuthenticity, MessageId, TopicHash, ValidationMode,
    },
    identity,
};

use crate::NetworkError;

/// Bytes of a message with its envelope.
const MAX_TRANSMIT: usize = 16 * 1024;
/// Topics that this daemon, or any one peer, may be subscribed to.
pub(crate) const MAX_TOPICS: usize = 128;
/// Bytes of a topic's name.
pub(crate) const MAX_TOPIC_NAME: usize = 128;
/// Messages that wait for the caller's verdict.
const MAX_RECEIPTS: usize = 2048;
/// Gossipsub keeps a message for 5 heartbeats; a verdict that comes later has no effect.
const VERDICT_TIME: Duration = Duration::from_secs(2);
/// Own messages held because nobody connected was subscribed yet.
const MAX_HELD: usize = 64;
/// How long they are held. After a dial, the other side's subscriptions arrive within 10 to 110 ms; after a crash it may
/// take a second dial, a second later.
const HELD_TIME: Duration = Duration::from_secs(3);

type TopicFilter = MaxCountSubscriptionFilter<CallbackSubscriptionFilter<fn(&TopicHash) -> bool>>;
pub(crate) type Behaviour = gossipsub::Behaviour<gossipsub::IdentityTransform, TopicFilter>;

pub(crate) fn behaviour(keypair: &identity::Keypair) -> Result<Behaviour, NetworkError> {
    let config = ConfigBuilder::default()
        .protocol_id_prefix("/sotto/gossip/1")
        .heartbeat_initial_delay(Duration::from_millis(100))
        .heartbeat_interval(Duration::from_millis(500))
        .flood_publish(true)
        .max_transmit_size(MAX_TRANSMIT)
        .validation_mode(ValidationMode::Strict)
        .validate_messages()
        // Messages queued for one slow neighbour; its connection breaks long before 5,000, the default, are useful.
        .connection_handler_queue_len(512)
        .build()
        .map_err(|error| NetworkError::Setup(error.to_string()))?;
    let filter = TopicFilter {
        filter: CallbackSubscriptionFilter(|topic| topic.as_str().len() <= MAX_TOPIC_NAME),
        max_subscribed_topics: MAX_TOPICS,
        max_subscriptions_per_request: MAX_TOPICS,
    };
    let signed = MessageAuthenticity::Signed(keypair.clone());
    Behaviour::new_with_subscription_filter(signed, config, filter)
        .map_err(|error| NetworkError::Setup(error.to_owned()))
}

/// Messages that wait: others' for the caller's verdict, our own for a subscriber.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    pub(crate) receipts: Receipts,
    pub(crate) held: Held,
}

/// Messages handed to the caller, whose verdict gossipsub awaits.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    next: u64,
    open: BTreeMap<u64, Receipt>,
}

/// What gossipsub needs to be told about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) message: MessageId,
    pub(crate) relay: PeerId,
    until: Instant,
}

impl Receipts {
    /// A number for a message that `relay` brought.
    pub(crate) fn issue(&mut self, message: MessageId, relay: PeerId, now: Instant) -> u64 {
        let number = self.next;
        self.next += 1;
        self.open.insert(
            number,
            Receipt {
                message,
                relay,
                until: now + VERDICT_TIME,
            },
        );
        number
    }

    /// The message behind a number, once.
    pub(crate) fn redeem(&mut self, number: u64) -> Option<Receipt> {
        self.open.remove(&number)
    }

    /// A message that waited too long, or the oldest if too many wait.
    pub(crate) fn overdue(&mut self, now: Instant) -> Option<Receipt> {
        let crowded = self.open.len() > MAX_RECEIPTS;
        let oldest = self.open.first_entry()?;
        (crowded || oldest.get().until <= now).then(|| oldest.remove())
    }
}

/// Own messages that found no subscriber yet.
#[derive(Debug, Default)]
pub(crate) struct Held(VecDeque<(Instant, String, Vec<u8>)>);

impl Held {
    /// Keeps a message; returns whether another had to go for it.
    pub(crate) fn hold(&mut self, topic: String, data: Vec<u8>, now: Instant) -> bool {
        let full = self.0.len() >= MAX_HELD;
        if full {
            self.0.pop_front();
        }
        self.0.push_back((now + HELD_TIME, topic, data));
        full
    }

    /// The messages for `topic`, oldest first.
    pub(crate) fn release(&mut self, topic: &str) -> Vec<Vec<u8>> {
        let mut released = Vec::new();
        self.0.retain_mut(|(_, of, data)| {
            let matches = of == topic;
            if matches {
                released.push(std::mem::take(data));
            }
            !matches
        });
        released
    }

    /// Drops what was held too long; returns how many.
    pub(crate) fn expire(&mut self, now: Instant) -> usize {
        let before = self.0.len();
        self.0.retain(|(until, ..)| *until > now);
        before - self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_redeemed_once() {
        let mut receipts = Receipts::default();
        let now = Instant::now();
        let number = receipts.issue(MessageId::new(b"m"), PeerId::random(), now);
        assert!(receipts.redeem(number).is_some());
        assert!(receipts.redeem(number).is_none());
    }

    #[test]
    fn receipts_are_bounded_in_number_and_time() {
        let mut receipts = Receipts::default();
        let now = Instant::now();
        for _ in 0..=MAX_RECEIPTS {
            receipts.issue(MessageId::new(b"m"), PeerId::random(), now);
        }
        assert!(receipts.overdue(now).is_some());
        assert!(receipts.overdue(now).is_none());
        assert_eq!(
            std::iter::from_fn(|| receipts.overdue(now + VERDICT_TIME)).count(),
            MAX_RECEIPTS
        );
    }

    #[test]
    fn held_messages_go_to_their_own_topic_in_order() {
        let mut held = Held::default();
        let now = Instant::now();
        for (topic, data) in [("a", 1), ("b", 2), ("a", 3)] {
            held.hold(topic.to_owned(), vec![data], now);
        }
        assert_eq!(held.release("a"), [vec![1], vec![3]]);
        assert_eq!(held.expire(now + HELD_TIME), 1);
        assert!(held.release("b").is_empty());
    }

    #[test]
    fn holding_is_bounded() {
        let mut held = Held::default();
        let dropped = (0..100)
            .filter(|_| held.hold("a".to_owned(), vec![], Instant::now()))
            .count();
        assert_eq!(dropped, 100 - MAX_HELD);
    }
}
