//! Where sound spends its time at the sender of this packet: an application packet (RFC 3550 §6.7), once a second.
//!
//! Each side knows what its own devices, codec and buffers cost; told to the other, both know the whole way from
//! mouth to ear in either direction.

use std::time::Duration;

use super::LONGEST_DELAY as LONGEST;
use super::rtcp::{Compound, Packet};
use crate::Ssrc;

/// The subtype of this one.
const SUBTYPE: u8 = 2;

/// Stands for a time that is not known.
const UNKNOWN: u32 = u32::MAX;

/// What speaking costs on the way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SendingDelays {
    /// What the microphone's blocks take beyond a frame.
    pub capture: Duration,
    /// A frame's length: it is complete when its last sample is captured.
    pub frame: Duration,
    /// Echo cancellation and noise suppression.
    pub processing: Duration,
    /// The encoder's look-ahead.
    pub look_ahead: Duration,
}

/// What the sender of this packet knows of its delays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delays {
    /// Its own voice on its way out.
    pub sending: SendingDelays,
    /// From the jitter buffer to the ear: mixer, ring and device.
    pub playback: Duration,
    /// The receiver's voice, from a sample's capture at the receiver's microphone to its turn in the sender's
    /// jitter buffer, as the clocks of both tell. `None` before any was heard.
    pub transit: Option<Duration>,
}

/// Appends the delays. What is longer than can be told counts as unknown or as the longest.
pub fn write(compound: &mut Compound, ssrc: Ssrc, delays: &Delays) {
    let known = |time: Duration| {
        u32::try_from(time.as_micros())
            .unwrap_or(LONGEST)
            .min(LONGEST)
    };
    let sending = delays.sending;
    let words = [
        known(sending.capture),
        known(sending.frame),
        known(sending.processing),
        known(sending.look_ahead),
        known(delays.playback),
        delays.transit.map_or(UNKNOWN, known),
    ];
    compound.add_application(SUBTYPE, ssrc, |body| {
        for word in words {
            body.extend_from_slice(&word.to_be_bytes());
        }
    });
}

/// Reads the delays; `None` for any other packet, and for times that cannot be.
pub fn read(packet: &Packet<'_>) -> Option<Delays> {
    let (_, rest) = packet
        .application()
        .filter(|(subtype, _)| *subtype == SUBTYPE)?;
    // A later release may say more behind these.
    let rest = rest.first_chunk::<24>()?;
    let word = |index: usize| {
        let at = 4 * index;
        u32::from_be_bytes([rest[at], rest[at + 1], rest[at + 2], rest[at + 3]])
    };
    let known = |index| {
        let micros = word(index);
        (micros <= LONGEST).then(|| Duration::from_micros(u64::from(micros)))
    };
    Some(Delays {
        sending: SendingDelays {
            capture: known(0)?,
            frame: known(1)?,
            processing: known(2)?,
            look_ahead: known(3)?,
        },
        playback: known(4)?,
        transit: known(5),
    })
}

#[cfg(test)]
mod tests {
    use super::super::rtcp::packets;
    use super::*;

    fn written(delays: &Delays) -> Vec<u8> {
        let mut compound = Compound::new();
        write(&mut compound, Ssrc::new(7), delays);
        compound.bytes().to_vec()
    }

    #[test]
    fn delays_read_back_and_impossible_ones_do_not() {
        let delays = Delays {
            sending: SendingDelays {
                capture: Duration::from_micros(1),
                frame: Duration::from_millis(10),
                processing: Duration::ZERO,
                look_ahead: Duration::from_micros(6500),
            },
            playback: Duration::from_millis(12),
            transit: Some(Duration::from_micros(23_456)),
        };
        let mut bytes = written(&delays);
        let packet = packets(&bytes).next().unwrap();
        assert_eq!(read(&packet), Some(delays));
        assert_eq!(super::super::path::read(&packet), None);
        assert_eq!(read(&Packet { count: 1, ..packet }), None);
        let longer = [packet.body, &[1, 2, 3, 4]].concat();
        let longer = Packet {
            body: &longer,
            ..packet
        };
        assert_eq!(read(&longer), Some(delays), "added by a later release");
        for end in 0..packet.body.len() {
            let body = &packet.body[..end];
            assert_eq!(read(&Packet { body, ..packet }), None, "cut at {end}");
        }
        bytes[12] = 1;
        assert_eq!(read(&packets(&bytes).next().unwrap()), None);
        let unknown = Delays {
            transit: None,
            ..delays
        };
        let bytes = written(&unknown);
        assert_eq!(read(&packets(&bytes).next().unwrap()), Some(unknown));
    }
}
