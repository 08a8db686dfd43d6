//! Sender and receiver reports (RFC 3550 §6.4) and the canonical name (§6.5.1).

use std::time::Duration;

use super::rtcp::{Compound, Packet, kind};
use crate::{ExtendedSequence, SampleCount, Ssrc, Timestamp};

/// The most report blocks we read of one packet: two streams, before and after a change of keys.
pub const MAX_BLOCKS: usize = 4;

const BLOCK_LENGTH: usize = 24;
const SENDER_INFO_LENGTH: usize = 20;

/// A moment of the sender's clock in NTP's fixed-point format. Ours starts with the daemon: RFC 3550 §6.4.1
/// permits a clock that tells elapsed time only.
pub fn ntp(now: Duration) -> u64 {
    let fraction = (u64::from(now.subsec_nanos()) << 32) / 1_000_000_000;
    now.as_secs() << 32 | fraction
}

/// The middle 32 bits of an NTP timestamp: 16 bits of seconds, 16 of fraction.
pub fn compact(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// A length of time in units of 1/65536 s.
pub fn compact_duration(duration: Duration) -> u32 {
    compact(ntp(duration))
}

/// What a sender says of its own stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderInfo {
    /// When the report was sent.
    pub ntp: u64,
    /// The same moment on the stream's RTP clock.
    pub timestamp: Timestamp,
    /// Packets sent since the stream began.
    pub packets: u32,
    /// Bytes of payload sent since the stream began.
    pub octets: u32,
}

/// What a receiver says of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlock {
    /// The stream.
    pub ssrc: Ssrc,
    /// The share of packets lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost since the stream began; 24 bits, negative when duplicates came.
    pub cumulative_lost: i32,
    /// The highest sequence number, with its wraps.
    pub highest_sequence: ExtendedSequence,
    /// The interarrival jitter, of which 32 bits are sent.
    pub jitter: SampleCount,
    /// The middle 32 bits of the last sender report's time; 0 for none.
    pub last_report: u32,
    /// How long ago that report came, in 1/65536 s.
    pub delay_since: u32,
}

/// Appends a sender report.
pub fn write_sender(
    compound: &mut Compound,
    ssrc: Ssrc,
    info: &SenderInfo,
    blocks: &[ReportBlock],
) {
    compound.add(kind::SENDER_REPORT, blocks.len() as u8, ssrc, |body| {
        body.extend_from_slice(&info.ntp.to_be_bytes());
        body.extend_from_slice(&info.timestamp.to_be_bytes());
        body.extend_from_slice(&info.packets.to_be_bytes());
        body.extend_from_slice(&info.octets.to_be_bytes());
        blocks.iter().for_each(|block| write_block(body, block));
    });
}

/// Appends a receiver report.
pub fn write_receiver(compound: &mut Compound, ssrc: Ssrc, blocks: &[ReportBlock]) {
    compound.add(kind::RECEIVER_REPORT, blocks.len() as u8, ssrc, |body| {
        blocks.iter().for_each(|block| write_block(body, block));
    });
}

/// Appends a source description with nothing but a canonical name.
pub fn write_name(compound: &mut Compound, ssrc: Ssrc, name: &[u8; 16]) {
    compound.add(kind::SOURCE_DESCRIPTION, 1, ssrc, |body| {
        body.extend_from_slice(&[1, name.len() as u8]);
        body.extend_from_slice(name);
        // The list of items ends with a zero; `add` pads to a whole word.
        body.push(0);
    });
}

fn write_block(body: &mut Vec<u8>, block: &ReportBlock) {
    body.extend_from_slice(&block.ssrc.to_be_bytes());
    body.push(block.fraction_lost);
    let lost = block.cumulative_lost.clamp(-0x80_0000, 0x7f_ffff);
    body.extend_from_slice(&lost.to_be_bytes()[1..]);
    body.extend_from_slice(&block.highest_sequence.number().to_be_bytes());
    body.extend_from_slice(&(block.jitter.number() as u32).to_be_bytes());
    body.extend_from_slice(&block.last_report.to_be_bytes());
    body.extend_from_slice(&block.delay_since.to_be_bytes());
}

/// Reads the sender's part of a sender report.
pub fn read_sender(packet: &Packet<'_>) -> Option<SenderInfo> {
    if packet.kind != kind::SENDER_REPORT {
        return None;
    }
    let info: &[u8; SENDER_INFO_LENGTH] = packet.body.first_chunk()?;
    let word = |at: usize| u32::from_be_bytes([info[at], info[at + 1], info[at + 2], info[at + 3]]);
    Some(SenderInfo {
        ntp: u64::from(word(0)) << 32 | u64::from(word(4)),
        timestamp: Timestamp::new(word(8)),
        packets: word(12),
        octets: word(16),
    })
}

/// Reads the report blocks of either kind of report, at most [`MAX_BLOCKS`].
pub fn read_blocks<'a>(packet: &Packet<'a>) -> impl Iterator<Item = ReportBlock> + use<'a> {
    let blocks = match packet.kind {
        kind::SENDER_REPORT => packet.body.get(SENDER_INFO_LENGTH..),
        kind::RECEIVER_REPORT => Some(packet.body),
        _ => None,
    };
    let count = usize::from(packet.count).min(MAX_BLOCKS);
    blocks
        .unwrap_or_default()
        .as_chunks::<BLOCK_LENGTH>()
        .0
        .iter()
        .take(count)
        .map(|block| {
            let word = |at: usize| {
                u32::from_be_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
            };
            ReportBlock {
                ssrc: Ssrc::new(word(0)),
                fraction_lost: block[4],
                // Sign-extends 24 bits.
                cumulative_lost: (word(4) << 8) as i32 >> 8,
                highest_sequence: ExtendedSequence::new(word(8)),
                jitter: SampleCount::new(i64::from(word(12))),
                last_report: word(16),
                delay_since: word(20),
            }
        })
}

#[cfg(test)]
mod tests {
    use super::super::rtcp::packets;
    use super::*;

    #[test]
    fn a_compound_of_reports_reads_back() {
        let info = SenderInfo {
            ntp: ntp(Duration::from_millis(1500)),
            timestamp: Timestamp::new(99),
            packets: 3,
            octets: 180,
        };
        let block = ReportBlock {
            ssrc: Ssrc::new(5),
            fraction_lost: 25,
            cumulative_lost: -3,
            highest_sequence: ExtendedSequence::new(0x1_0007),
            jitter: SampleCount::from_millis(1),
            last_report: 17,
            delay_since: 18,
        };
        let mut compound = Compound::new();
        write_sender(&mut compound, Ssrc::new(1), &info, &[block, block]);
        write_receiver(&mut compound, Ssrc::new(2), &[block]);
        write_name(&mut compound, Ssrc::new(1), b"0123456789abcdef");
        let read: Vec<_> = packets(compound.bytes()).collect();
        assert_eq!(read.len(), 3);
        assert_eq!(read_sender(&read[0]), Some(info));
        assert_eq!(read_blocks(&read[0]).collect::<Vec<_>>(), [block, block]);
        assert_eq!(read_sender(&read[1]), None);
        assert_eq!(read_blocks(&read[1]).collect::<Vec<_>>(), [block]);
        assert_eq!(read_blocks(&read[2]).count(), 0);
    }

    #[test]
    fn half_a_second_is_half_of_the_fixed_point_unit() {
        assert_eq!(ntp(Duration::from_millis(2500)), 0x2_8000_0000);
        assert_eq!(compact_duration(Duration::from_millis(500)), 0x8000);
    }
}
