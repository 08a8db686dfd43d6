//! Sotto's network: who is there to talk to, and the ways to reach them.
//!
//! One [`Network`] runs a libp2p swarm over QUIC, with TCP as second choice, and finds the other daemons of
//! the local network by mDNS. It carries gossip (news for everyone who subscribed to a topic) and direct
//! messages (a request and its response between two peers), and it keeps connections: a handful into the
//! lobby by itself, and those that the caller asks for.
//!
//! Voice does not pass through the swarm. Its packets travel over a [`MediaSocket`], plain UDP that two
//! real-time threads use without touching the async runtime; only where UDP is blocked do they take
//! [`MediaStreams`], a stream on an existing connection.
//!
//! This crate knows nothing of meetings: topics, gossip and messages are bytes to it. What it promises is that
//! a [`NodeId`] is authentic wherever it appears as the sender, and that everything another machine can make
//! it keep is bounded; what does not fit is dropped and counted in [`Statistics`].
//!
//! mDNS yields *addresses*, never presence: that a peer was discovered does not prove that it lives, and that
//! its entry expired does not prove that it has gone.

#![warn(unreachable_pub)]

mod addresses;
mod behaviour;
mod config;
mod direct;
mod discovery;
mod driver;
mod error;
mod gate;
mod gossip;
mod interfaces;
mod links;
mod listeners;
mod media_socket;
mod media_stream;
mod message;
mod network;
mod node_id;
mod planner;
mod program;
mod report;
mod routes;
mod statistics;

pub use config::{Interfaces, NetworkConfig};
pub use error::{
    DialAddressError, DirectError, MediaStreamError, NetworkError, ParseNodeIdError, SendError,
};
pub use media_socket::{MediaFollower, MediaSocket, MediaWaker};
pub use media_stream::{MAX_MEDIA_DATAGRAM, MediaStreams, Wake};
pub use message::{Deafness, NetworkCommand, NetworkEvent, Transport, Verdict};
pub use network::Network;
pub use node_id::NodeId;
pub use program::Program;
pub use report::{InterfaceReport, NetworkReport, UnreachableNode, Unused};
pub use statistics::Statistics;

/// The longest request that [`NetworkCommand::Request`] carries, in bytes.
pub const MAX_REQUEST: usize = 64 * 1024;
/// The longest response that [`NetworkCommand::Respond`] carries, in bytes.
pub const MAX_RESPONSE: usize = 256 * 1024;
/// The longest gossip message that [`NetworkCommand::Publish`] carries, in bytes. What travels is 16 KiB at
/// most; the difference is the envelope with author, signature and topic.
pub const MAX_GOSSIP: usize = 16 * 1024 - 512;
