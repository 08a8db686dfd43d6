//! Which packets came, to tell sound that was lost from sound that was never sent.
//!
//! Sequence numbers count packets and timestamps count captured samples. Between two packets with
//! neighbouring sequence numbers nothing was sent, however far their timestamps lie apart; only where a
//! number is missing can a frame be.

use crate::sequence::PacketIndex;
use crate::{FrameLength, MediaTime, SampleCount, SequenceNumber};

/// Packets remembered, per stream. Covers the longest gap that is concealed, with room for reordering.
const REMEMBERED: usize = 48;

/// A sequence number farther than this from the newest belongs to new keys, which count anew.
const SAME_COUNT: u16 = 512;

/// How a packet stands to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Newer than all before it.
    Newest,
    /// Sent before the newest and arrived after it.
    Overtaken,
    /// A new packet with an old frame: sent once more.
    Again,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    index: PacketIndex,
    timestamp: MediaTime,
}

/// The last packets of one stream.
#[derive(Debug)]
pub(super) struct PacketLog {
    entries: [Entry; REMEMBERED],
    count: usize,
    next: usize,
    newest: Option<Entry>,
    /// New sound in a packet.
    step: SampleCount,
    /// The length of the sender's frames.
    frame: FrameLength,
}

impl PacketLog {
    pub(super) fn new() -> Self {
        Self {
            entries: [Entry {
                index: PacketIndex::first(SequenceNumber::new(0)),
                timestamp: MediaTime::START,
            }; REMEMBERED],
            count: 0,
            next: 0,
            newest: None,
            step: FrameLength::Usual.count(),
            frame: FrameLength::Usual,
        }
    }

    /// Learns how long the sender's frames are.
    pub(super) fn set_frame(&mut self, frame: FrameLength) {
        self.frame = frame;
        self.step = frame.count();
    }

    pub(super) fn reset(&mut self) {
        *self = Self {
            step: self.frame.count(),
            frame: self.frame,
            ..Self::new()
        };
    }

    /// The primary frame of the newest packet.
    pub(super) fn newest(&self) -> Option<MediaTime> {
        self.newest.map(|newest| newest.timestamp)
    }

    /// Notes a packet whose primary frame has `timestamp`.
    pub(super) fn note(&mut self, sequence: SequenceNumber, timestamp: MediaTime) -> Order {
        let mut index = PacketIndex::first(sequence);
        let mut order = Order::Newest;
        if let Some(newest) = self.newest {
            let lead = sequence.ahead_of(newest.index.sequence());
            if lead.unsigned_abs() > SAME_COUNT {
                self.reset();
            } else {
                index = newest.index.nearest(sequence);
                if lead <= 0 {
                    order = Order::Overtaken;
                } else if timestamp <= newest.timestamp {
                    order = Order::Again;
                } else if lead == 1 && timestamp - newest.timestamp <= self.frame.count() * 2 {
                    self.step = timestamp - newest.timestamp;
                }
            }
        }
        let entry = Entry { index, timestamp };
        match (order, &mut self.newest) {
            (Order::Newest, newest) => *newest = Some(entry),
            (Order::Again, Some(newest)) => newest.index = index,
            _ => {}
        }
        self.entries[self.next] = entry;
        self.next = (self.next + 1) % REMEMBERED;
        self.count = (self.count + 1).min(REMEMBERED);
        order
    }

    /// Whether the frame of `timestamp`, which is not there, may have been in a packet that is missing,
    /// while a later packet has arrived.
    pub(super) fn is_lost(&self, timestamp: MediaTime) -> bool {
        let entries = &self.entries[..self.count];
        let before = entries
            .iter()
            .filter(|entry| entry.timestamp < timestamp)
            .max_by_key(|entry| entry.timestamp);
        let Some(before) = before else { return false };
        let after = entries
            .iter()
            .filter(|entry| entry.timestamp > timestamp && entry.index > before.index)
            .min_by_key(|entry| entry.index);
        let Some(after) = after else { return false };
        let arrived = entries
            .iter()
            .filter(|entry| (before.index.next()..after.index).contains(&entry.index))
            .count() as i64;
        let missing = after.index.since(before.index) as i64 - 1 - arrived;
        missing > 0 && timestamp - before.timestamp <= self.step * missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(sequence: u16) -> SequenceNumber {
        SequenceNumber::new(sequence)
    }

    /// The place of this sample of the sender.
    fn at(sample: i64) -> MediaTime {
        MediaTime::START + SampleCount::new(sample)
    }

    #[test]
    fn a_missing_timestamp_without_a_missing_packet_was_never_sent() {
        let mut log = PacketLog::new();
        log.note(number(65535), at(480));
        log.note(number(0), at(480 * 100));
        assert!(!log.is_lost(at(960)));
        log.note(number(3), at(480 * 103));
        assert!(log.is_lost(at(480 * 101)));
        assert!(log.is_lost(at(480 * 102)));
        log.note(number(2), at(480 * 102));
        assert!(log.is_lost(at(480 * 101)));
        log.note(number(1), at(480 * 101));
        assert!(!log.is_lost(at(480 * 100 + 1)));
    }

    #[test]
    fn a_packet_that_was_lost_before_a_pause_does_not_make_the_pause_a_loss() {
        let mut log = PacketLog::new();
        log.note(number(10), at(0));
        log.note(number(12), at(480 * 50));
        assert!(log.is_lost(at(480)));
        assert!(!log.is_lost(at(960)));
    }

    #[test]
    fn a_lost_packet_of_two_frames_loses_both() {
        let mut log = PacketLog::new();
        log.note(number(1), at(0));
        log.note(number(2), at(960));
        log.note(number(4), at(960 * 3));
        assert!(log.is_lost(at(960 + 480)));
        assert!(log.is_lost(at(960 + 960)));
        assert!(!log.is_lost(at(960 + 1440)));
    }

    #[test]
    fn short_frames_that_were_never_sent_are_no_loss_either() {
        let mut log = PacketLog::new();
        log.set_frame(FrameLength::Short);
        log.note(number(1), at(0));
        // Two frames were left out, and a packet was lost after them.
        log.note(number(2), at(720));
        log.note(number(4), at(1200));
        assert!(!log.is_lost(at(240)));
        assert!(log.is_lost(at(960)));
        log.note(number(6), at(2400));
        assert!(log.is_lost(at(1440)));
        assert!(!log.is_lost(at(1680)));
    }

    #[test]
    fn a_frame_sent_once_more_is_no_sign_of_delay_and_closes_no_gap_but_its_own() {
        let mut log = PacketLog::new();
        assert_eq!(log.note(number(1), at(0)), Order::Newest);
        assert_eq!(log.note(number(3), at(960)), Order::Newest);
        assert_eq!(log.note(number(4), at(480)), Order::Again);
        assert_eq!(log.note(number(5), at(1440)), Order::Newest);
        assert_eq!(log.note(number(2), at(480)), Order::Overtaken);
    }

    #[test]
    fn new_keys_count_anew() {
        let mut log = PacketLog::new();
        log.note(number(1), at(0));
        assert_eq!(log.note(number(20_000), at(480)), Order::Newest);
        assert!(!log.is_lost(at(240)));
    }
}
