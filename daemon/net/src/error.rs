//! What can go wrong on the network, in sentences for the person in front of it.

use std::{io, net::SocketAddr};

use thiserror::Error;

use crate::NodeId;

/// Why the network did not start.
///
/// `Display` is a sentence without a full stop; [`NetworkError::hint`] says what helps.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// The configured port belongs to another program.
    #[error("cannot listen on {protocol} port {port}: {source}")]
    Listen {
        /// UDP, or TCP with the same number.
        protocol: &'static str,
        /// The port that was asked for; 0 for any.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The addresses of this machine could not be read.
    #[error("cannot read this machine's network interfaces: {0}")]
    Interfaces(#[source] io::Error),
    /// libp2p refused the configuration.
    #[error("cannot set up the network: {0}")]
    Setup(String),
    /// The media socket could not be bound.
    #[error("cannot open UDP port {port} for voice: {source}")]
    MediaSocket {
        /// The port that was asked for; 0 for any.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
}

impl NetworkError {
    /// Returns what the user can do about it, if there is something.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Listen { .. } => {
                "free it, or choose another, 0 for any, with 'sotto config set network.listen_port'"
            }
            Self::MediaSocket { .. } => {
                "free it, or choose another, 0 for any, with 'sotto config set network.media_port'"
            }
            Self::Interfaces(_) | Self::Setup(_) => return None,
        })
    }
}

/// A command did not reach the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SendError {
    /// Too many commands wait already.
    #[error("the network is busy: too many commands are waiting")]
    Full,
    /// The network has been shut down.
    #[error("the network has been shut down")]
    Closed,
}

/// Why a direct message got no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DirectError {
    /// There is no connection to the peer and no address to dial, or dialling failed.
    #[error("the peer cannot be reached")]
    Unreachable,
    /// The connection closed before the response.
    #[error("the connection closed before the answer")]
    ConnectionClosed,
    /// No response within 5 s.
    #[error("the peer did not answer in time")]
    Timeout,
    /// The peer speaks no direct messages of our version.
    #[error("the peer runs another version of Sotto")]
    Unsupported,
    /// The peer dropped the request, for instance because too many wait there.
    #[error("the peer gave no answer")]
    NoAnswer,
    /// The request or its response is longer than the protocol allows.
    #[error("the message is too long")]
    TooLong,
    /// Too many requests are under way, here or to this peer.
    #[error("too many messages are under way")]
    Busy,
}

/// Why [`NetworkCommand::DialAddress`](crate::NetworkCommand::DialAddress) failed.
///
/// `Display` is a sentence without a full stop; [`DialAddressError::hint`] says what helps.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DialAddressError {
    /// Nothing answered, neither by QUIC nor by TCP.
    #[error("no Sotto daemon answers at {address}: {reason}")]
    NoAnswer {
        /// The address that was dialled.
        address: SocketAddr,
        /// What each attempt met.
        reason: String,
    },
    /// The address is this daemon's own.
    #[error("{0} is this daemon itself")]
    Myself(SocketAddr),
    /// No such peer can be dialled: link-local IPv6, unspecified or multicast, or port 0.
    #[error("{0} cannot be dialled")]
    NotDialable(SocketAddr),
    /// The other end is no Sotto daemon (its identity is not an ed25519 key), or it refuses connections.
    #[error("{address} refused the connection: {reason}")]
    Refused {
        /// The address that was dialled.
        address: SocketAddr,
        /// Why.
        reason: String,
    },
    /// Too many dials by address are under way.
    #[error("too many addresses are being dialled")]
    Busy,
}

impl DialAddressError {
    /// Returns what the user can do about it, if there is something.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoAnswer { .. } => {
                "check the address with 'sotto status' on the other machine, and that no firewall blocks the port"
            }
            Self::NotDialable(_) => {
                "give a unicast address that is not link-local (fe80…), and a port, as 'sotto status' shows it on the other machine"
            }
            Self::Busy => "try again in a few seconds",
            Self::Myself(_) | Self::Refused { .. } => return None,
        })
    }
}

/// Why a datagram could not be handed to [`MediaStreams`](crate::MediaStreams).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MediaStreamError {
    /// The peer is not connected.
    #[error("{0} is not connected")]
    NotConnected(NodeId),
    /// The datagram is empty or longer than [`MAX_MEDIA_DATAGRAM`](crate::MAX_MEDIA_DATAGRAM).
    #[error("a media datagram has 1 to 1400 bytes")]
    Length,
}

/// The text is no identity of a Sotto daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not the identity of a Sotto daemon; it looks like 12D3KooW… and has 52 characters")]
pub struct ParseNodeIdError;
