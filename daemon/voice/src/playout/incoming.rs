//! What packets tell of their sender's timeline: where a timestamp lies on it, what is missing, and how long frames are.

use super::Packet;
use super::sequence::{Order, PacketLog};
use crate::codec::frame_length;
use crate::{FrameLength, MediaTime, Timestamp};

/// What the headers of a sender's packets told so far.
#[derive(Debug)]
pub(super) struct Incoming {
    logs: [PacketLog; 2],
    newest: Option<MediaTime>,
    /// The length of the sender's frames, as its last packet had it.
    frame: FrameLength,
}

/// A packet that was noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Noted {
    /// The place of its primary frame.
    pub(super) timestamp: MediaTime,
    /// The primary frame of the newest packet before it on its stream.
    pub(super) before: Option<MediaTime>,
    pub(super) order: Order,
    /// The length of the sender's frames, if that has changed.
    pub(super) frame: Option<FrameLength>,
}

impl Incoming {
    pub(super) fn new() -> Self {
        Self {
            logs: [PacketLog::new(), PacketLog::new()],
            newest: None,
            frame: FrameLength::Usual,
        }
    }

    /// Returns the length of the sender's frames.
    pub(super) fn frame(&self) -> FrameLength {
        self.frame
    }

    /// Takes note of a packet.
    pub(super) fn note(&mut self, packet: &Packet<'_>) -> Noted {
        let timestamp = self.place(packet.timestamp);
        let frame = self.learn_frame(packet);
        let log = &mut self.logs[packet.stream.index()];
        let before = log.newest();
        let order = log.note(packet.sequence, timestamp);
        Noted {
            timestamp,
            before,
            order,
            frame,
        }
    }

    /// Begins anew with a packet that was noted: it is of another clock.
    pub(super) fn restart(&mut self, packet: &Packet<'_>, timestamp: MediaTime) {
        self.forget_packets();
        self.newest = Some(timestamp);
        self.logs[packet.stream.index()].note(packet.sequence, timestamp);
    }

    /// Forgets which packets came.
    pub(super) fn forget_packets(&mut self) {
        for log in &mut self.logs {
            log.reset();
        }
    }

    /// Forgets the sender's timeline.
    pub(super) fn forget(&mut self) {
        self.forget_packets();
        self.newest = None;
    }

    /// Tells whether the frame of `timestamp`, which is not there, may have been in a packet that is missing.
    pub(super) fn is_lost(&self, timestamp: MediaTime) -> bool {
        self.logs.iter().any(|log| log.is_lost(timestamp))
    }

    /// Finds the place of a timestamp.
    fn place(&mut self, timestamp: Timestamp) -> MediaTime {
        let Some(newest) = self.newest else {
            return *self.newest.insert(MediaTime::first(timestamp));
        };
        let place = newest.nearest(timestamp);
        self.newest = Some(newest.max(place));
        place
    }

    /// Learns from a packet's primary how long the sender's frames are.
    fn learn_frame(&mut self, packet: &Packet<'_>) -> Option<FrameLength> {
        let frame = packet
            .frames
            .iter()
            .find(|frame| frame.timestamp == packet.timestamp)
            .and_then(|primary| frame_length(primary.payload))
            .filter(|frame| *frame != self.frame)?;
        self.frame = frame;
        for log in &mut self.logs {
            log.set_frame(frame);
        }
        Some(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Encoder, MAX_FRAME_BYTES};
    use crate::playout::EncodedFrame;
    use crate::{FRAME_SAMPLES, SampleCount, SequenceNumber, Stream};

    const LAST: Timestamp = Timestamp::new(u32::MAX);

    fn note(
        incoming: &mut Incoming,
        stream: Stream,
        sequence: u16,
        timestamp: Timestamp,
        payload: &[u8],
    ) -> Noted {
        incoming.note(&Packet {
            stream,
            sequence: SequenceNumber::new(sequence),
            timestamp,
            marker: false,
            frames: &[EncodedFrame { timestamp, payload }],
        })
    }

    #[test]
    fn timestamps_of_both_streams_lie_on_one_line_across_a_wrap() {
        let mut incoming = Incoming::new();
        let (open, whisper) = (Stream::Open, Stream::Whisper);
        let first = note(&mut incoming, open, 1, LAST, &[]);
        let later = LAST + SampleCount::from_millis(10);
        let second = note(&mut incoming, whisper, 900, later, &[]);
        assert_eq!(
            second.timestamp - first.timestamp,
            SampleCount::from_millis(10)
        );
        assert_eq!((first.before, second.before), (None, None));
        let late = note(&mut incoming, open, 2, LAST, &[]);
        assert_eq!(late.timestamp, first.timestamp);
        assert_eq!(late.order, Order::Again);
    }

    #[test]
    fn the_length_of_frames_is_told_when_it_changes() {
        let mut incoming = Incoming::new();
        let mut encoder = Encoder::for_frames(FrameLength::Short).unwrap();
        let mut short = [0; MAX_FRAME_BYTES];
        let length = encoder
            .encode(&[0.0; FRAME_SAMPLES / 2], &mut short)
            .unwrap();
        let short = &short[..length];
        let noted = note(&mut incoming, Stream::Open, 1, LAST, short);
        assert_eq!(noted.frame, Some(FrameLength::Short));
        let later = LAST + FrameLength::Short.count();
        let noted = note(&mut incoming, Stream::Open, 2, later, short);
        assert_eq!(noted.frame, None);
        assert_eq!(incoming.frame(), FrameLength::Short);
    }
}
