//! The two directions of a peer as the downlink sees them.

use std::net::{IpAddr, SocketAddr};

use super::reception::Reception;
use crate::playout::{PlayoutConfig, SenderPlayout};
use crate::wire::srtp::Srtp;
use crate::{LinkSetup, Slot, VoiceError};

/// The receiving direction from a peer, ready to open packets and to play them.
///
/// Made outside the voice thread, because keys, decoders and buffers are allocated here once and for all.
pub struct InboundLink {
    pub(super) setup: LinkSetup,
    pub(super) srtp: Srtp,
    pub(super) receptions: [Reception; 2],
    /// Handed on to the link that replaces this one, so that a change of keys is not heard.
    pub(super) playout: Box<SenderPlayout>,
    /// Whether media came on this link.
    pub(super) used: bool,
}

impl InboundLink {
    /// Derives the session keys for the direction from a peer to us.
    ///
    /// # Errors
    ///
    /// [`VoiceError::StreamNumberTaken`] when both streams have one SSRC, [`VoiceError::Cryptography`] when
    /// the keys cannot be used, [`VoiceError::Codec`] when there is no memory for the decoders.
    pub fn new(setup: LinkSetup, playout: PlayoutConfig) -> Result<Box<Self>, VoiceError> {
        setup.check()?;
        let srtp = Srtp::new(&setup)?;
        let playout = Box::new(SenderPlayout::new(playout)?);
        Ok(Box::new(Self {
            setup,
            srtp,
            receptions: [Reception::default(); 2],
            playout,
            used: false,
        }))
    }

    /// The peer.
    pub fn slot(&self) -> Slot {
        self.setup.slot
    }

    /// The link's generation.
    pub fn generation(&self) -> u64 {
        self.setup.generation
    }
}

/// The sending direction to a peer, for reports, feedback and heartbeats, which travel as SRTCP.
///
/// It has the keys of the peer's [`OutboundLink`](crate::uplink::OutboundLink), but shares no nonce with it:
/// RTP and RTCP have session keys of their own (RFC 3711 §4.3).
pub struct ControlLink {
    pub(super) setup: LinkSetup,
    pub(super) srtp: Srtp,
    pub(super) address: SocketAddr,
}

impl ControlLink {
    /// Derives the session keys. `address` is the IP address of the peer's authenticated connection, with the
    /// media port that the peer named there.
    ///
    /// # Errors
    ///
    /// As [`OutboundLink::new`](crate::uplink::OutboundLink::new).
    pub fn new(setup: LinkSetup, address: SocketAddr) -> Result<Box<Self>, VoiceError> {
        setup.check()?;
        let srtp = Srtp::new(&setup)?;
        Ok(Box::new(Self {
            setup,
            srtp,
            address: canonical(address),
        }))
    }

    /// The peer.
    pub fn slot(&self) -> Slot {
        self.setup.slot
    }

    /// The link's generation.
    pub fn generation(&self) -> u64 {
        self.setup.generation
    }
}

/// The address without its disguise: a socket for both families shows IPv4 peers as IPv6 addresses.
pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => SocketAddr::new(IpAddr::V4(ip), address.port()),
        IpAddr::V6(_) => address,
    }
}
