//! The RTP header (RFC 3550 §5.1), as strict as we use it.
//!
//! Sotto sends no padding, no extensions and no contributing sources, and accepts none. A level or any other
//! extension in clear would draw the envelope of speech for everyone on the network.

use rtc_rtp::header::Header;
use rtc_shared::marshal::Marshal;

use crate::{SequenceNumber, Ssrc, Timestamp};

/// Bytes of the header.
pub const HEADER_LENGTH: usize = 12;

/// What a payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadType {
    /// One Opus frame (RFC 7587), payload type 111.
    Opus,
    /// Opus frames with redundancy (RFC 2198), payload type 112.
    Red,
}

impl PayloadType {
    /// The number in the header.
    pub const fn number(self) -> u8 {
        match self {
            Self::Opus => 111,
            Self::Red => 112,
        }
    }

    /// The payload type with this number.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            111 => Some(Self::Opus),
            112 => Some(Self::Red),
            _ => None,
        }
    }
}

/// The header of a media packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpHeader {
    /// Set on the first packet after a pause.
    pub marker: bool,
    /// What follows.
    pub payload_type: PayloadType,
    /// Counts packets of this SSRC.
    pub sequence: SequenceNumber,
    /// The capture time of the first sample of the newest frame.
    pub timestamp: Timestamp,
    /// The stream.
    pub ssrc: Ssrc,
}

impl RtpHeader {
    /// Reads the header at the start of `packet`.
    ///
    /// `None` for anything but version 2 without padding, extension and contributing sources, of one of our
    /// payload types.
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let header: &[u8; HEADER_LENGTH] = packet.first_chunk()?;
        if header[0] != 0x80 {
            return None;
        }
        Some(Self {
            marker: header[1] & 0x80 != 0,
            payload_type: PayloadType::from_number(header[1] & 0x7f)?,
            sequence: SequenceNumber::from_be_bytes([header[2], header[3]]),
            timestamp: Timestamp::from_be_bytes([header[4], header[5], header[6], header[7]]),
            ssrc: Ssrc::from_be_bytes([header[8], header[9], header[10], header[11]]),
        })
    }

    /// Writes the header to the start of `packet`; `None` when it does not fit.
    pub fn write(&self, packet: &mut [u8]) -> Option<()> {
        self.to_rtc().marshal_to(packet).ok().map(drop)
    }

    /// The same in the RTP crate's terms. Its two empty lists cost no allocation.
    pub(crate) fn to_rtc(self) -> Header {
        Header {
            version: 2,
            marker: self.marker,
            payload_type: self.payload_type.number(),
            sequence_number: self.sequence.number(),
            timestamp: self.timestamp.number(),
            ssrc: self.ssrc.number(),
            ..Header::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_reads_back_as_it_was_written() {
        let header = RtpHeader {
            marker: true,
            payload_type: PayloadType::Red,
            sequence: SequenceNumber::new(0xfffe),
            timestamp: Timestamp::new(0x8000_0001),
            ssrc: Ssrc::new(0xdead_beef),
        };
        let mut packet = [0; 20];
        header.write(&mut packet).unwrap();
        assert_eq!(RtpHeader::parse(&packet), Some(header));
        assert!(header.write(&mut [0; 11]).is_none());
    }

    #[test]
    fn padding_extensions_sources_and_foreign_payloads_are_refused() {
        let mut packet = [0; 12];
        packet[0] = 0x80;
        packet[1] = 111;
        assert!(RtpHeader::parse(&packet).is_some());
        for first in [0x00, 0x40, 0xc0, 0xa0, 0x90, 0x81] {
            packet[0] = first;
            assert!(RtpHeader::parse(&packet).is_none(), "{first:#x}");
        }
        packet[0] = 0x80;
        packet[1] = 96;
        assert!(RtpHeader::parse(&packet).is_none());
        assert!(RtpHeader::parse(&packet[..11]).is_none());
    }
}
