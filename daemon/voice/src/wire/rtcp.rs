//! Compound RTCP packets (RFC 3550 §6.1) and reduced-size ones (RFC 5506).

use crate::Ssrc;

/// Packet types, RFC 3550 §12.1 and RFC 4585 §6.1.
pub mod kind {
    /// Sender report.
    pub const SENDER_REPORT: u8 = 200;
    /// Receiver report.
    pub const RECEIVER_REPORT: u8 = 201;
    /// Source description.
    pub const SOURCE_DESCRIPTION: u8 = 202;
    /// Defined by the application.
    pub const APPLICATION: u8 = 204;
    /// Feedback on the transport.
    pub const TRANSPORT_FEEDBACK: u8 = 205;
}

/// The largest compound packet we write, in bytes: two sender reports, a name, feedback on two streams, a
/// challenge and an echo stay well below.
pub const MAX_COMPOUND: usize = 640;

/// One packet of a compound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Five bits whose meaning depends on the kind: a count, a format, a subtype.
    pub count: u8,
    /// The packet type.
    pub kind: u8,
    /// Who sent it.
    pub ssrc: Ssrc,
    /// What follows the sender's SSRC.
    pub body: &'a [u8],
}

/// The name of our application packets (RFC 3550 §6.7).
const NAME: [u8; 4] = *b"Stto";

impl<'a> Packet<'a> {
    /// The subtype of an application packet of ours, and what follows the name; `None` for any other packet.
    pub fn application(&self) -> Option<(u8, &'a [u8])> {
        let (name, rest) = self.body.split_first_chunk::<4>()?;
        (self.kind == kind::APPLICATION && *name == NAME).then_some((self.count, rest))
    }
}

/// The packets of a compound, as far as it is well-formed.
pub fn packets(compound: &[u8]) -> impl Iterator<Item = Packet<'_>> {
    let mut rest = compound;
    std::iter::from_fn(move || {
        let (header, _) = rest.split_first_chunk::<8>()?;
        // Version 2 and no padding: our packets have a multiple of four bytes by themselves.
        if header[0] & 0xe0 != 0x80 {
            return None;
        }
        let words = usize::from(u16::from_be_bytes([header[2], header[3]])) + 1;
        let (packet, behind) = rest.split_at_checked(words * 4)?;
        let body = packet.get(8..)?;
        rest = behind;
        Some(Packet {
            count: header[0] & 0x1f,
            kind: header[1],
            ssrc: Ssrc::from_be_bytes([header[4], header[5], header[6], header[7]]),
            body,
        })
    })
}

/// A compound packet being written, in memory that is used again.
#[derive(Debug, Clone)]
pub struct Compound {
    bytes: Vec<u8>,
}

impl Compound {
    /// An empty compound.
    pub fn new() -> Self {
        Self {
            bytes: Vec::with_capacity(MAX_COMPOUND),
        }
    }

    /// Begins again.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Everything written.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Appends one packet, whose body behind the SSRC `write` writes. It is padded with zeros to whole words.
    pub fn add(&mut self, kind: u8, count: u8, ssrc: Ssrc, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        self.bytes
            .extend_from_slice(&[0x80 | count & 0x1f, kind, 0, 0]);
        self.bytes.extend_from_slice(&ssrc.to_be_bytes());
        write(&mut self.bytes);
        while !(self.bytes.len() - start).is_multiple_of(4) {
            self.bytes.push(0);
        }
        let words = (self.bytes.len() - start) / 4 - 1;
        self.bytes[start + 2..start + 4].copy_from_slice(&(words as u16).to_be_bytes());
    }

    /// Appends an application packet of ours; `write` writes what follows the name.
    pub fn add_application(&mut self, subtype: u8, ssrc: Ssrc, write: impl FnOnce(&mut Vec<u8>)) {
        self.add(kind::APPLICATION, subtype, ssrc, |body| {
            body.extend_from_slice(&NAME);
            write(body);
        });
    }
}

impl Default for Compound {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compound_reads_back_packet_by_packet() {
        let mut compound = Compound::new();
        compound.add(kind::RECEIVER_REPORT, 0, Ssrc::new(7), |_| {});
        compound.add(kind::APPLICATION, 3, Ssrc::new(8), |body| {
            body.extend([1, 2, 3, 4, 5]);
        });
        let read: Vec<_> = packets(compound.bytes()).collect();
        assert_eq!(read.len(), 2);
        assert_eq!(
            (read[0].kind, read[0].ssrc),
            (kind::RECEIVER_REPORT, Ssrc::new(7))
        );
        assert_eq!(read[1].body, [1, 2, 3, 4, 5, 0, 0, 0]);
        assert_eq!(read[1].count, 3);
    }

    #[test]
    fn a_length_beyond_the_end_stops_the_reading() {
        let mut compound = Compound::new();
        compound.add(kind::RECEIVER_REPORT, 0, Ssrc::new(7), |_| {});
        compound.add(kind::APPLICATION, 0, Ssrc::new(8), |body| {
            body.extend([0; 8])
        });
        let bytes = compound.bytes();
        assert_eq!(packets(&bytes[..bytes.len() - 1]).count(), 1);
        assert_eq!(packets(&[0x80, 204, 0xff, 0xff, 0, 0, 0, 0]).count(), 0);
    }
}
