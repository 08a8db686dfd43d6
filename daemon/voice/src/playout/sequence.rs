//! Which packets came, to tell sound that was lost from sound that was never sent.
//!
//! Sequence numbers count packets and timestamps count captured samples. Between two packets with
//! neighbouring sequence numbers nothing was sent, however far their timestamps lie apart; only where a
//! number is missing can a frame be.

use crate::FRAME_SAMPLES;

const FRAME: i64 = FRAME_SAMPLES as i64;

/// Packets remembered, per stream. Covers the longest gap that is concealed, with room for reordering.
const REMEMBERED: usize = 48;

/// A sequence number farther than this from the newest belongs to new keys, which count anew.
const SAME_COUNT: i64 = 512;

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
    sequence: i64,
    timestamp: i64,
}

/// The last packets of one stream.
#[derive(Debug)]
pub(super) struct PacketLog {
    entries: [Entry; REMEMBERED],
    count: usize,
    next: usize,
    newest: Option<Entry>,
    /// New sound in a packet, in samples.
    step: i64,
    /// The length of the sender's frames, in samples.
    frame: i64,
}

impl PacketLog {
    pub(super) fn new() -> Self {
        Self {
            entries: [Entry {
                sequence: 0,
                timestamp: 0,
            }; REMEMBERED],
            count: 0,
            next: 0,
            newest: None,
            step: FRAME,
            frame: FRAME,
        }
    }

    /// Learns how long the sender's frames are.
    pub(super) fn set_frame(&mut self, frame: i64) {
        self.frame = frame;
        self.step = frame;
    }

    pub(super) fn reset(&mut self) {
        *self = Self {
            step: self.frame,
            frame: self.frame,
            ..Self::new()
        };
    }

    /// The primary frame of the newest packet.
    pub(super) fn newest(&self) -> Option<i64> {
        self.newest.map(|newest| newest.timestamp)
    }

    /// Notes a packet whose primary frame has `timestamp` (unwrapped).
    pub(super) fn note(&mut self, sequence: u16, timestamp: i64) -> Order {
        let mut sequence = i64::from(sequence);
        let mut order = Order::Newest;
        if let Some(newest) = self.newest {
            let lead = (sequence as u16).wrapping_sub(newest.sequence as u16) as i16;
            sequence = newest.sequence + i64::from(lead);
            if i64::from(lead).abs() > SAME_COUNT {
                self.reset();
            } else if lead <= 0 {
                order = Order::Overtaken;
            } else if timestamp <= newest.timestamp {
                order = Order::Again;
            } else if lead == 1 && timestamp - newest.timestamp <= 2 * self.frame {
                self.step = timestamp - newest.timestamp;
            }
        }
        let entry = Entry {
            sequence,
            timestamp,
        };
        match (order, &mut self.newest) {
            (Order::Newest, newest) => *newest = Some(entry),
            (Order::Again, Some(newest)) => newest.sequence = sequence,
            _ => {}
        }
        self.entries[self.next] = entry;
        self.next = (self.next + 1) % REMEMBERED;
        self.count = (self.count + 1).min(REMEMBERED);
        order
    }

    /// Whether the frame of `timestamp`, which is not there, may have been in a packet that is missing,
    /// while a later packet has arrived.
    pub(super) fn is_lost(&self, timestamp: i64) -> bool {
        let entries = &self.entries[..self.count];
        let before = entries
            .iter()
            .filter(|entry| entry.timestamp < timestamp)
            .max_by_key(|entry| entry.timestamp);
        let Some(before) = before else { return false };
        let after = entries
            .iter()
            .filter(|entry| entry.timestamp > timestamp && entry.sequence > before.sequence)
            .min_by_key(|entry| entry.sequence);
        let Some(after) = after else { return false };
        let arrived = entries
            .iter()
            .filter(|entry| (before.sequence + 1..after.sequence).contains(&entry.sequence))
            .count() as i64;
        let missing = after.sequence - before.sequence - 1 - arrived;
        missing > 0 && timestamp - before.timestamp <= missing * self.step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_timestamp_without_a_missing_packet_was_never_sent() {
        let mut log = PacketLog::new();
        log.note(65535, 480);
        log.note(0, 480 * 100);
        assert!(!log.is_lost(960));
        log.note(3, 480 * 103);
        assert!(log.is_lost(480 * 101));
        assert!(log.is_lost(480 * 102));
        log.note(2, 480 * 102);
        assert!(log.is_lost(480 * 101));
        log.note(1, 480 * 101);
        assert!(!log.is_lost(480 * 100 + 1));
    }

    #[test]
    fn a_packet_that_was_lost_before_a_pause_does_not_make_the_pause_a_loss() {
        let mut log = PacketLog::new();
        log.note(10, 0);
        log.note(12, 480 * 50);
        assert!(log.is_lost(480));
        assert!(!log.is_lost(960));
    }

    #[test]
    fn a_lost_packet_of_two_frames_loses_both() {
        let mut log = PacketLog::new();
        log.note(1, 0);
        log.note(2, 960);
        log.note(4, 960 * 3);
        assert!(log.is_lost(960 + 480));
        assert!(log.is_lost(960 + 960));
        assert!(!log.is_lost(960 + 1440));
    }

    #[test]
    fn short_frames_that_were_never_sent_are_no_loss_either() {
        let mut log = PacketLog::new();
        log.set_frame(240);
        log.note(1, 0);
        // Two frames were left out, and a packet was lost after them.
        log.note(2, 720);
        log.note(4, 1200);
        assert!(!log.is_lost(240));
        assert!(log.is_lost(960));
        log.note(6, 2400);
        assert!(log.is_lost(1440));
        assert!(!log.is_lost(1680));
    }

    #[test]
    fn a_frame_sent_once_more_is_no_sign_of_delay_and_closes_no_gap_but_its_own() {
        let mut log = PacketLog::new();
        assert_eq!(log.note(1, 0), Order::Newest);
        assert_eq!(log.note(3, 960), Order::Newest);
        assert_eq!(log.note(4, 480), Order::Again);
        assert_eq!(log.note(5, 1440), Order::Newest);
        assert_eq!(log.note(2, 480), Order::Overtaken);
    }

    #[test]
    fn new_keys_count_anew() {
        let mut log = PacketLog::new();
        log.note(1, 0);
        assert_eq!(log.note(20_000, 480), Order::Newest);
        assert!(!log.is_lost(240));
    }
}
