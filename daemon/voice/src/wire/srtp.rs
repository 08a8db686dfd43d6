//! SRTP and SRTCP with `AEAD_AES_128_GCM` (RFC 3711, RFC 7714).
//!
//! A [`Context`] keeps state for every SSRC it meets, before it knows whether the packet is genuine. Callers
//! therefore look an SSRC up among those they allotted first, and hand only those on.

use std::ops::Deref;

use rtc_srtp::context::Context;
use rtc_srtp::crypto::default_provider;
use rtc_srtp::option::{srtcp_replay_protection, srtp_replay_protection};
use rtc_srtp::protection_profile::ProtectionProfile;

use super::rtp::RtpHeader;
use crate::{LinkSetup, VoiceError};

/// Bytes that sealing adds to an RTP packet.
pub(crate) const RTP_OVERHEAD: usize = 16;

/// Bytes that sealing adds to an RTCP packet: the tag and the index.
pub(crate) const RTCP_OVERHEAD: usize = 20;

/// How many packets late a packet may be before it counts as replayed (RFC 3711 §3.3.2).
const REPLAY_WINDOW: usize = 64;

/// One direction's cryptography. Used either to seal or to open, never both.
///
/// The RTP and RTCP halves have separate session keys (RFC 3711 §4.3): a thread that seals only RTP and one
/// that seals only RTCP never share a nonce, although both hold a context of the same master key.
pub(crate) struct Srtp(Context);

impl Srtp {
    /// Derives the session keys of `setup`.
    pub(crate) fn new(setup: &LinkSetup) -> Result<Self, VoiceError> {
        let failed = |reason: String| VoiceError::Cryptography {
            slot: setup.slot,
            reason,
        };
        let provider = default_provider().map_err(|error| failed(error.to_string()))?;
        Context::new(
            &setup.keys.key,
            &setup.keys.salt,
            ProtectionProfile::AeadAes128Gcm,
            // Off unless asked for.
            Some(srtp_replay_protection(REPLAY_WINDOW)),
            Some(srtcp_replay_protection(REPLAY_WINDOW)),
            provider.crypto(),
        )
        .map(Self)
        .map_err(|error| failed(error.to_string()))
    }

    /// Seals a whole RTP packet, whose first bytes are `header`.
    pub(crate) fn seal_rtp(
        &mut self,
        header: &RtpHeader,
        packet: &[u8],
    ) -> Option<impl Deref<Target = [u8]> + use<>> {
        self.0
            .encrypt_rtp_with_header(packet, &header.to_rtc())
            .ok()
    }

    /// Opens an RTP packet; `None` when it is forged, damaged or replayed.
    pub(crate) fn open_rtp(
        &mut self,
        header: &RtpHeader,
        packet: &[u8],
    ) -> Option<impl Deref<Target = [u8]> + use<>> {
        self.0
            .decrypt_rtp_with_header(packet, &header.to_rtc())
            .ok()
    }

    /// Seals an RTCP packet.
    pub(crate) fn seal_rtcp(&mut self, packet: &[u8]) -> Option<impl Deref<Target = [u8]> + use<>> {
        self.0.encrypt_rtcp(packet).ok()
    }

    /// Opens an RTCP packet; `None` when it is forged, damaged or replayed.
    pub(crate) fn open_rtcp(&mut self, packet: &[u8]) -> Option<impl Deref<Target = [u8]> + use<>> {
        self.0.decrypt_rtcp(packet).ok()
    }
}
