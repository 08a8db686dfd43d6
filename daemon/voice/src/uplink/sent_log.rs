//! What was sent to one recipient on one stream, and what became of it.
//!
//! Every packet is remembered with the frames that it carried. Reports then tell which packets arrived, and
//! from both follows what the recipient never saw: a frame is *missing* when every packet that carried it is
//! known to be lost. The next packet repeats it. On a local network, where a report takes a millisecond, that
//! mends a burst of any length one packet after its end, and costs nothing while nothing is lost.

use crate::sequence::PacketIndex;
use crate::{FrameLength, SequenceNumber, Timestamp};

/// Packets remembered: more than a second of them even with short frames, so that the reports of every second find
/// all of theirs.
const REMEMBERED: usize = 256;

/// What is known of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Fate {
    #[default]
    Pending,
    Received,
    Lost,
}

/// One packet.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The timestamp of its primary frame.
    timestamp: Timestamp,
    /// The frames in it: bit `d` stands for the one `d` frames before the primary.
    carried: u32,
    fate: Fate,
}

/// The last packets of one stream to one recipient.
#[derive(Debug, Clone)]
pub(super) struct SentLog {
    entries: [Entry; REMEMBERED],
    /// The next packet. It only ever rises.
    next: PacketIndex,
    /// The first packet in here.
    first: PacketIndex,
    /// The next packet whose fate is to be told.
    settled: PacketIndex,
    /// Whether a loss was reported that may still be mended.
    mending: bool,
}

impl SentLog {
    /// Returns a log of nothing: the first packet will have this sequence number.
    pub(super) fn new(first: SequenceNumber) -> Self {
        let next = PacketIndex::starting(first);
        let unused = Entry {
            timestamp: Timestamp::new(0),
            carried: 0,
            fate: Fate::Pending,
        };
        Self {
            entries: [unused; REMEMBERED],
            next,
            first: next,
            settled: next,
            mending: false,
        }
    }

    /// The sequence number of the next packet.
    pub(super) fn sequence(&self) -> SequenceNumber {
        self.next.sequence()
    }

    /// Remembers the next packet.
    pub(super) fn sent(&mut self, timestamp: Timestamp, carried: u32) {
        *self.entry(self.next) = Entry {
            timestamp,
            carried,
            fate: Fate::Pending,
        };
        self.next = self.next.next();
        self.first = self.first.max(self.next.back(REMEMBERED as u64));
        self.settled = self.settled.max(self.first);
    }

    fn entry(&mut self, index: PacketIndex) -> &mut Entry {
        &mut self.entries[index.place(REMEMBERED)]
    }

    /// The packet with this sequence number, if it is remembered.
    fn index(&self, sequence: SequenceNumber) -> Option<PacketIndex> {
        let last = self.next.previous()?;
        last.latest(sequence).filter(|index| *index >= self.first)
    }

    /// Takes note of feedback: of `count` packets from `begin` on, bit `i` of `received` says whether the
    /// `i`-th arrived. `settle` is told of every packet whose fate is certain by now, in order: whether it
    /// was lost.
    pub(super) fn feedback(
        &mut self,
        begin: SequenceNumber,
        count: u8,
        received: u64,
        mut settle: impl FnMut(bool),
    ) {
        let mut newest = None;
        for offset in 0..count.min(64) {
            let Some(index) = self.index(begin + u16::from(offset)) else {
                continue;
            };
            newest = Some(index);
            let entry = self.entry(index);
            if received & 1 << offset != 0 {
                entry.fate = Fate::Received;
            } else if entry.fate == Fate::Pending {
                // What once arrived is not lost, whatever an old feedback says that came late.
                entry.fate = Fate::Lost;
                self.mending = true;
            }
        }
        if let Some(newest) = newest {
            self.settle(newest.next(), &mut settle);
        }
    }

    /// Takes note of a report that reaches to `highest`. Losses were told by feedback; what was not has
    /// arrived. `settle` as for [`feedback`](Self::feedback).
    pub(super) fn report(&mut self, highest: SequenceNumber, mut settle: impl FnMut(bool)) {
        if let Some(newest) = self.index(highest) {
            self.settle(newest.next(), &mut settle);
        }
    }

    fn settle(&mut self, end: PacketIndex, settle: &mut impl FnMut(bool)) {
        while self.settled < end {
            let entry = self.entry(self.settled);
            if entry.fate == Fate::Pending {
                entry.fate = Fate::Received;
            }
            let lost = entry.fate == Fate::Lost;
            settle(lost);
            self.settled = self.settled.next();
        }
    }

    /// The frames, of this length, that the recipient misses, seen from a packet whose primary has this timestamp: bit `d`
    /// stands for the frame `d` frames before it. A frame that is on its way in `tries` packets already is
    /// not among them.
    pub(super) fn missing(&mut self, timestamp: Timestamp, length: FrameLength, tries: u8) -> u32 {
        if !self.mending {
            return 0;
        }
        let (mut delivered, mut lost, mut once, mut twice) = (0_u32, 0_u32, 0_u32, 0_u32);
        for index in self.first.until(self.next).rev() {
            let entry = self.entries[index.place(REMEMBERED)];
            let back = timestamp.since(entry.timestamp) / length.count();
            if back >= i64::from(u32::BITS) {
                break;
            }
            let frames = entry.carried << back;
            match entry.fate {
                Fate::Received => delivered |= frames,
                Fate::Lost => lost |= frames,
                Fate::Pending => {
                    twice |= once & frames;
                    once |= frames;
                }
            }
        }
        let under_way = if tries > 1 { twice } else { once };
        // A frame that no lost packet carried is not missing yet.
        let open = lost & !delivered;
        self.mending = open != 0;
        open & !under_way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: FrameLength = FrameLength::Usual;
    const BEGIN: SequenceNumber = SequenceNumber::new(0xfff0);

    /// The timestamp of this frame.
    fn at(frame: i64) -> Timestamp {
        Timestamp::new(0) + USUAL.count() * frame
    }

    /// A log of packets 100… that carry their frame and the one before.
    fn log(packets: i64) -> SentLog {
        let mut log = SentLog::new(BEGIN);
        for packet in 0..packets {
            log.sent(at(packet), 0b11);
        }
        log
    }

    #[test]
    fn a_frame_is_missing_when_every_packet_with_it_was_lost() {
        let mut log = log(10);
        assert_eq!(log.missing(at(10), USUAL, 1), 0);
        // Packets 4 and 5 were lost: frame 4 was in both, frame 5 in the sixth as well, frame 3 in the third.
        log.feedback(BEGIN, 8, 0b1100_1111, |_| {});
        assert_eq!(log.missing(at(10), USUAL, 1), 1 << 6);
        log.sent(at(10), 1 << 6 | 0b11);
        assert_eq!(log.missing(at(11), USUAL, 1), 0);
        assert_eq!(log.missing(at(11), USUAL, 2), 1 << 7);
        log.feedback(BEGIN, 11, 0b111_1100_1111, |_| {});
        assert_eq!(log.missing(at(11), USUAL, 2), 0);
        assert!(!log.mending);
    }

    #[test]
    fn a_frame_that_was_lost_again_is_missing_again() {
        let mut log = log(10);
        log.feedback(BEGIN, 8, 0b1100_1111, |_| {});
        log.sent(at(10), 1 << 6 | 0b11);
        log.sent(at(11), 0b11);
        log.feedback(BEGIN, 12, 0b1011_1100_1111, |_| {});
        assert_eq!(log.missing(at(12), USUAL, 1), 1 << 8);
    }

    #[test]
    fn packets_are_settled_once_and_in_order_across_a_wrap() {
        let mut log = log(40);
        let mut settled = Vec::new();
        log.feedback(BEGIN, 20, 0xf_fffb, |lost| settled.push(lost));
        log.feedback(BEGIN + 2, 20, 0xf_fffe, |lost| settled.push(lost));
        assert_eq!(settled.len(), 22);
        assert_eq!(settled.iter().filter(|lost| **lost).count(), 1);
        assert!(settled[2]);
        log.report(BEGIN + 39, |lost| settled.push(lost));
        assert_eq!(settled.len(), 40);
    }

    #[test]
    fn a_packet_that_only_came_late_is_not_lost() {
        let mut log = log(10);
        log.feedback(BEGIN, 6, 0b11_0011, |_| {});
        log.feedback(BEGIN, 8, 0b1111_1111, |_| {});
        // An older feedback that was overtaken changes nothing.
        log.feedback(BEGIN, 6, 0b11_0011, |_| {});
        assert_eq!(log.missing(at(10), USUAL, 1), 0);
    }

    #[test]
    fn feedback_on_packets_that_nobody_sent_is_passed_over() {
        let mut log = SentLog::new(SequenceNumber::new(5));
        log.feedback(SequenceNumber::new(0), 64, 0, |_| {});
        log.report(SequenceNumber::new(77), |_| {});
        log.sent(at(0), 1);
        log.feedback(SequenceNumber::new(6), 64, 0, |_| {});
        log.feedback(SequenceNumber::new(900), 3, 0, |_| {});
        assert_eq!(log.missing(at(1), USUAL, 1), 0);
    }
}
