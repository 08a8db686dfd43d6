//! What goes into the network and what comes out of it.

use std::net::{IpAddr, SocketAddr};

use tokio::sync::oneshot;

use crate::{DialAddressError, DirectError, NetworkReport, NodeId, Program};

/// What the caller made of a gossip message; decides whether it travels on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Good: pass it on to others.
    Accept,
    /// Do not pass it on, but hold nothing against its sender (old, a duplicate, not for us).
    Ignore,
    /// Do not pass it on: no honest sender would have sent it.
    Reject,
}

/// How a connection travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// QUIC over UDP, the first choice.
    Quic,
    /// TCP with Noise and Yamux: UDP did not get through.
    Tcp,
}

/// A wish to the network.
#[derive(Debug)]
pub enum NetworkCommand {
    /// Take part in a topic: receive its gossip and relay it. At most 128 topics.
    Subscribe(String),
    /// Leave a topic.
    Unsubscribe(String),
    /// Send `data`, at most [`MAX_GOSSIP`](crate::MAX_GOSSIP) bytes, to everyone subscribed to `topic`.
    /// If nobody connected is subscribed yet, it is held for 2 s and sent to the first who is.
    Publish {
        /// The topic's name.
        topic: String,
        /// The message.
        data: Vec<u8>,
    },
    /// The judgement on a [`NetworkEvent::Gossip`]. Without one within 2 s the message is not passed on.
    Verdict {
        /// The number that came with the message.
        receipt: u64,
        /// The judgement.
        verdict: Verdict,
    },
    /// Send a request of at most [`MAX_REQUEST`](crate::MAX_REQUEST) bytes. If the peer is not connected but an
    /// address of it is known, it is dialled first. Exactly one [`NetworkEvent::Response`] with this `id` follows.
    Request {
        /// The receiver.
        to: NodeId,
        /// The caller's own number for it.
        id: u64,
        /// The request.
        data: Vec<u8>,
    },
    /// Answer a [`NetworkEvent::Request`] with at most [`MAX_RESPONSE`](crate::MAX_RESPONSE) bytes, within 5 s.
    Respond {
        /// The number that came with the request.
        id: u64,
        /// The response.
        data: Vec<u8>,
    },
    /// Keep a direct connection to `peer` from now on. `addresses` are hints (UDP ports of QUIC) that come on
    /// top of what discovery knows; those outside this machine's own subnets are not dialled. Given again,
    /// the hints are replaced. At most 1,024 peers.
    Connect {
        /// The peer to stay connected to.
        peer: NodeId,
        /// Where it may be reached.
        addresses: Vec<SocketAddr>,
    },
    /// The direct connection to `peer` is no longer needed. It is not cut off: it may go on as a lobby connection.
    Release {
        /// The peer.
        peer: NodeId,
    },
    /// Dial an address that a person gave, whoever is there, on any subnet; answered within 6 s with the peer's
    /// identity. On success the address is treated like a static peer until shutdown.
    DialAddress(
        SocketAddr,
        oneshot::Sender<Result<NodeId, DialAddressError>>,
    ),
    /// Tell what is known of the ways to others.
    Report(oneshot::Sender<NetworkReport>),
}

/// Why multicast, by which daemons find each other, does not work.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Deafness {
    /// Another program has UDP port 5353 and does not share it.
    PortTaken,
    /// The interfaces that are up, these, have no address but IPv6 link-local ones.
    OnlyLinkLocal(Vec<String>),
    /// No interface is connected with anything: these are up without a link, or down.
    NoLink(Vec<String>),
    /// What is sent does not come back through any interface; these are all.
    NotHeardBack(Vec<String>),
}

/// News from the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkEvent {
    /// The addresses under which others can dial this daemon (UDP port of QUIC; the TCP port is the same).
    /// Those in networks where somebody has been met come first. Sent at the start and whenever they or their order change;
    /// empty while no interface is up.
    Listening(Vec<SocketAddr>),
    /// The usable addresses of this machine changed; whoever may be in a new network is dialled again.
    InterfacesChanged,
    /// Multicast does not work, for this reason, or works again. It is tried again until it does.
    Hearing(Option<Deafness>),
    /// Another daemon has proven this one's identity.
    Cloned {
        /// Where it is.
        address: SocketAddr,
    },
    /// mDNS has seen a peer, or new addresses of one. It may not be alive.
    Discovered {
        /// The identity that the announcement claims; only a connection proves it.
        peer: NodeId,
        /// All addresses known from mDNS.
        addresses: Vec<SocketAddr>,
    },
    /// mDNS no longer lists the peer. It may well be alive.
    Expired {
        /// The peer.
        peer: NodeId,
    },
    /// The first connection to `peer` stands; its identity is proven. Sent again, with another address, if that
    /// connection closes while one over the new address stays open.
    Connected {
        /// The peer.
        peer: NodeId,
        /// The address at the other end of the connection.
        address: IpAddr,
        /// How the connection travels.
        transport: Transport,
    },
    /// A connected peer has said which program it runs, or says it anew.
    Identified {
        /// The peer.
        peer: NodeId,
        /// Its program.
        program: Program,
    },
    /// The last connection to `peer` has closed.
    Disconnected {
        /// The peer.
        peer: NodeId,
    },
    /// A connected peer takes part in a topic.
    Subscribed {
        /// The peer.
        peer: NodeId,
        /// The topic.
        topic: String,
    },
    /// A connected peer left a topic.
    Unsubscribed {
        /// The peer.
        peer: NodeId,
        /// The topic.
        topic: String,
    },
    /// A gossip message. It must be answered with [`NetworkCommand::Verdict`].
    Gossip {
        /// The topic.
        topic: String,
        /// The peer that signed it, at some time: a message may be kept and sent again.
        author: NodeId,
        /// The connected peer that handed it on, perhaps the author itself.
        neighbour: NodeId,
        /// The message.
        data: Vec<u8>,
        /// The number to name in the verdict.
        receipt: u64,
    },
    /// A request from a connected peer, to be answered with [`NetworkCommand::Respond`].
    Request {
        /// The peer at the other end of the authenticated connection.
        from: NodeId,
        /// The number to name in the response.
        id: u64,
        /// The request.
        data: Vec<u8>,
    },
    /// What became of a [`NetworkCommand::Request`].
    Response {
        /// The caller's number for the request.
        id: u64,
        /// The peer that was asked.
        from: NodeId,
        /// Its response, or why there is none.
        result: Result<Vec<u8>, DirectError>,
    },
}
