//! Announces a chirp, and tells what became of it: application packets (RFC 3550 §6.7).

use std::time::Duration;

use super::LONGEST_DELAY;
use super::rtcp::{Compound, Packet};
use crate::chirp::ChirpOutcome;
use crate::{Ssrc, Timestamp};

/// The subtype of an announcement: the RTP timestamp of the chirp's first sample.
const ANNOUNCED: u8 = 3;

/// The subtype of the answer: that timestamp, and microseconds or one of the numbers below.
const ANSWERED: u8 = 4;

const MISSED: u32 = u32::MAX;
const DEAF: u32 = u32::MAX - 1;

/// What a packet says of a chirp. `timestamp` is the RTP timestamp of its first sample, on the clock of whoever sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChirpMessage {
    /// It will be sent.
    Announced {
        /// Which.
        timestamp: Timestamp,
    },
    /// What became of it.
    Answered {
        /// Which.
        timestamp: Timestamp,
        /// What became of it.
        outcome: ChirpOutcome,
    },
}

/// Appends a message. A way that took longer than can be told counts as missed.
pub fn write(compound: &mut Compound, ssrc: Ssrc, message: ChirpMessage) {
    let (subtype, timestamp, word) = match message {
        ChirpMessage::Announced { timestamp } => (ANNOUNCED, timestamp, None),
        ChirpMessage::Answered { timestamp, outcome } => {
            let word = match outcome {
                ChirpOutcome::Heard(after) => u32::try_from(after.as_micros())
                    .ok()
                    .filter(|micros| *micros <= LONGEST_DELAY)
                    .unwrap_or(MISSED),
                ChirpOutcome::Missed => MISSED,
                ChirpOutcome::Deaf => DEAF,
            };
            (ANSWERED, timestamp, Some(word))
        }
    };
    compound.add_application(subtype, ssrc, |body| {
        body.extend_from_slice(&timestamp.to_be_bytes());
        if let Some(word) = word {
            body.extend_from_slice(&word.to_be_bytes());
        }
    });
}

/// Reads a message; `None` for any other packet, and for a time that cannot be.
pub fn read(packet: &Packet<'_>) -> Option<ChirpMessage> {
    let (subtype, rest) = packet.application()?;
    let (timestamp, rest) = rest.split_first_chunk::<4>()?;
    let timestamp = Timestamp::from_be_bytes(*timestamp);
    // A later release may say more behind these.
    match (subtype, rest) {
        (ANNOUNCED, _) => Some(ChirpMessage::Announced { timestamp }),
        (ANSWERED, &[a, b, c, d, ..]) => {
            let outcome = match u32::from_be_bytes([a, b, c, d]) {
                MISSED => ChirpOutcome::Missed,
                DEAF => ChirpOutcome::Deaf,
                micros if micros <= LONGEST_DELAY => {
                    ChirpOutcome::Heard(Duration::from_micros(u64::from(micros)))
                }
                _ => return None,
            };
            Some(ChirpMessage::Answered { timestamp, outcome })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::rtcp::packets;
    use super::*;

    #[test]
    fn messages_read_back_and_impossible_ones_do_not() {
        let answered = |outcome| ChirpMessage::Answered {
            timestamp: Timestamp::new(0xfedc_ba98),
            outcome,
        };
        for message in [
            ChirpMessage::Announced {
                timestamp: Timestamp::new(7),
            },
            answered(ChirpOutcome::Heard(Duration::from_micros(41_234))),
            answered(ChirpOutcome::Missed),
            answered(ChirpOutcome::Deaf),
        ] {
            let mut compound = Compound::new();
            write(&mut compound, Ssrc::new(5), message);
            let packet = packets(compound.bytes()).next().unwrap();
            assert_eq!(read(&packet), Some(message));
            assert_eq!(super::super::path::read(&packet), None);
            assert_eq!(super::super::delays::read(&packet), None);
            for count in [1, 2, 5] {
                assert_eq!(read(&Packet { count, ..packet }), None);
            }
            let longer = [packet.body, &[1, 2, 3, 4]].concat();
            let longer = Packet {
                body: &longer,
                ..packet
            };
            assert_eq!(read(&longer), Some(message), "added by a later release");
            for end in 0..packet.body.len() {
                let body = &packet.body[..end];
                assert_eq!(read(&Packet { body, ..packet }).filter(|_| end != 8), None);
            }
        }
        let mut compound = Compound::new();
        write(
            &mut compound,
            Ssrc::new(5),
            answered(ChirpOutcome::Heard(Duration::from_secs(11))),
        );
        let packet = packets(compound.bytes()).next().unwrap();
        assert_eq!(read(&packet), Some(answered(ChirpOutcome::Missed)));
    }
}
