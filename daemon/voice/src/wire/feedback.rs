//! Feedback on single packets (RFC 8888): which of a stream's last packets arrived, and when.

use std::time::Duration;

use super::report::compact_duration;
use super::rtcp::{Compound, Packet, kind};
use crate::{SequenceNumber, Ssrc};

/// The format of RFC 8888 among transport feedback.
pub const FORMAT: u8 = 11;

/// How many packets of one stream a feedback covers at most.
pub const WINDOW: usize = 64;

/// Arrival times that are not told.
const NO_TIME: u16 = 0x1fff;

/// The most streams that we read of one feedback.
const MAX_STREAMS: usize = 4;

/// The last packets of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamFeedback {
    /// The stream.
    pub ssrc: Ssrc,
    /// The sequence number of the first packet.
    pub begin: SequenceNumber,
    /// How many packets are covered, at most [`WINDOW`].
    pub count: u8,
    /// Whether packet `begin + i` arrived: bit `i`.
    pub received: u64,
}

impl StreamFeedback {
    /// Packets covered that did not arrive.
    pub fn lost(&self) -> u32 {
        (0..self.count)
            .filter(|index| self.received & 1 << index == 0)
            .count() as u32
    }
}

/// Appends feedback on one stream. `age` tells how long ago packet `i` arrived, where it did.
pub fn write(
    compound: &mut Compound,
    ssrc: Ssrc,
    stream: &StreamFeedback,
    age: impl Fn(u8) -> Duration,
    now: Duration,
) {
    let count = stream.count.min(WINDOW as u8);
    compound.add(kind::TRANSPORT_FEEDBACK, FORMAT, ssrc, |body| {
        body.extend_from_slice(&stream.ssrc.to_be_bytes());
        body.extend_from_slice(&stream.begin.to_be_bytes());
        body.extend_from_slice(&u16::from(count).to_be_bytes());
        for index in 0..count {
            let report = if stream.received & 1 << index == 0 {
                0
            } else {
                0x8000 | arrival_offset(age(index))
            };
            body.extend_from_slice(&report.to_be_bytes());
        }
        if count % 2 == 1 {
            body.extend_from_slice(&[0; 2]);
        }
        body.extend_from_slice(&compact_duration(now).to_be_bytes());
    });
}

/// How long before the report a packet came, in 1/1024 s; 0x1ffe when longer than that can say.
fn arrival_offset(age: Duration) -> u16 {
    let units = age.as_micros() * 1024 / 1_000_000;
    u16::try_from(units).unwrap_or(NO_TIME).min(NO_TIME - 1)
}

/// Reads feedback, stream by stream, as far as it is well-formed. A stream with more than [`WINDOW`] packets
/// is none of ours and ends the reading.
pub fn read<'a>(packet: &Packet<'a>) -> impl Iterator<Item = StreamFeedback> + use<'a> {
    let ours = packet.kind == kind::TRANSPORT_FEEDBACK && packet.count == FORMAT;
    // The last word is the time of the report.
    let mut rest = match packet.body.split_last_chunk::<4>() {
        Some((streams, _)) if ours => streams,
        _ => &[],
    };
    std::iter::from_fn(move || {
        let (header, behind) = rest.split_first_chunk::<8>()?;
        let count = usize::from(u16::from_be_bytes([header[6], header[7]]));
        if count > WINDOW {
            return None;
        }
        let (reports, behind) = behind.split_at_checked(count.next_multiple_of(2) * 2)?;
        rest = behind;
        let received = reports
            .as_chunks::<2>()
            .0
            .iter()
            .take(count)
            .enumerate()
            .fold(0, |bits, (index, report)| {
                bits | u64::from(report[0] >> 7) << index
            });
        Some(StreamFeedback {
            ssrc: Ssrc::from_be_bytes([header[0], header[1], header[2], header[3]]),
            begin: SequenceNumber::from_be_bytes([header[4], header[5]]),
            count: count as u8,
            received,
        })
    })
    .take(MAX_STREAMS)
}

#[cfg(test)]
mod tests {
    use super::super::rtcp::packets;
    use super::*;

    #[test]
    fn feedback_reads_back_with_its_holes() {
        for count in [0, 1, 7, 63, 64] {
            let mask = if count == 64 {
                u64::MAX
            } else {
                (1_u64 << count) - 1
            };
            let feedback = StreamFeedback {
                ssrc: Ssrc::new(3),
                begin: SequenceNumber::new(65_530),
                count,
                received: 0xffff_0fff_ffff_ff35 & mask,
            };
            let mut compound = Compound::new();
            let age = |_| Duration::from_millis(30);
            let now = Duration::from_secs(4);
            write(&mut compound, Ssrc::new(1), &feedback, age, now);
            let packet = packets(compound.bytes()).next().unwrap();
            assert_eq!(read(&packet).collect::<Vec<_>>(), [feedback]);
        }
    }

    #[test]
    fn losses_are_counted() {
        let feedback = StreamFeedback {
            ssrc: Ssrc::new(3),
            begin: SequenceNumber::new(0),
            count: 8,
            received: 0b1100_0101,
        };
        assert_eq!(feedback.lost(), 4);
    }

    #[test]
    fn a_count_beyond_the_packet_is_refused() {
        let mut compound = Compound::new();
        compound.add(kind::TRANSPORT_FEEDBACK, FORMAT, Ssrc::new(1), |body| {
            body.extend([0, 0, 0, 3, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0, 0, 0]);
        });
        let packet = packets(compound.bytes()).next().unwrap();
        assert_eq!(read(&packet).count(), 0);
    }

    #[test]
    fn arrival_times_saturate() {
        assert_eq!(arrival_offset(Duration::from_secs(1)), 1024);
        assert_eq!(arrival_offset(Duration::from_secs(100)), NO_TIME - 1);
    }
}
