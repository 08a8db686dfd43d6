//! Counters of what passed and, above all, of what was dropped.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! statistics {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counts since the network started, and the sizes of its tables now.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Statistics { $($(#[$doc])* pub $name: u64,)* }

        /// The live counters behind [`Statistics`], shared by the swarm's task and the media streams.
        #[derive(Debug, Default)]
        pub(crate) struct Counters { $(pub(crate) $name: Counter,)* }

        impl Counters {
            /// Reads all counters; they do not belong to one instant.
            pub(crate) fn snapshot(&self) -> Statistics {
                Statistics { $($name: self.$name.0.load(Ordering::Relaxed),)* }
            }
        }
    };
}

/// One number that any thread may raise.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn increment(&self) {
        self.add(1);
    }

    pub(crate) fn set(&self, value: usize) {
        self.0.store(value as u64, Ordering::Relaxed);
    }
}

statistics! {
    /// Peers with at least one connection, now.
    connected_peers,
    /// Connections to them, now. For a moment there may be two to one peer.
    connections,
    /// Peers that mDNS lists, now.
    discovered_peers,
    /// Peers that the caller wants connected, now.
    wanted_peers,
    /// Dials begun.
    dials,
    /// Dials that failed.
    dials_failed,
    /// Connections refused because of a limit, an identity that is not ed25519, or memory.
    connections_refused,
    /// Gossip messages handed to the caller.
    gossip_received,
    /// Gossip messages published.
    gossip_published,
    /// Gossip messages not published: too long, a duplicate, or nobody subscribed within 2 s.
    gossip_unsent,
    /// Gossip messages dropped because the caller was behind, or from an identity that is not ed25519.
    gossip_dropped,
    /// Verdicts that came too late, or never.
    verdicts_missed,
    /// Requests handed to the caller.
    requests_received,
    /// Requests from others dropped: too many at once, or the caller was behind.
    requests_dropped,
    /// Responses that could not be sent: too late, too long, or the connection had closed.
    responses_unsent,
    /// Own requests that got no response.
    requests_failed,
    /// mDNS announcements that were not understood or exceeded a bound.
    announcements_refused,
    /// Addresses not dialled because they lie outside the own subnets or cannot be dialled.
    addresses_refused,
    /// Subscriptions beyond the limit of topics.
    subscriptions_refused,
    /// Media datagrams sent over streams.
    stream_datagrams_sent,
    /// Media datagrams received over streams.
    stream_datagrams_received,
    /// Media datagrams for streams dropped because a queue was full.
    stream_datagrams_dropped,
    /// Media streams closed because of a malformed datagram or too many streams.
    streams_refused,
}
