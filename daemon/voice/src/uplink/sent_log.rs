//! What was sent to one recipient on one stream, and what became of it.
//!
//! Every packet is remembered with the frames that it carried. Reports then tell which packets arrived, and
//! from both follows what the recipient never saw: a frame is *missing* when every packet that carried it is
//! known to be lost. The next packet repeats it. On a local network, where a report takes a millisecond, that
//! mends a burst of any length one packet after its end, and costs nothing while nothing is lost.

use crate::FrameLength;

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
#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    /// The timestamp of its primary frame.
    timestamp: u32,
    /// The frames in it: bit `d` stands for the one `d` frames before the primary.
    carried: u32,
    fate: Fate,
}

/// The last packets of one stream to one recipient.
#[derive(Debug, Clone)]
pub(super) struct SentLog {
    entries: [Entry; REMEMBERED],
    /// The index of the next packet. Its lower 16 bits are the sequence number; it only ever rises.
    next: u64,
    /// The first packet in here.
    first: u64,
    /// The next packet whose fate is to be told.
    settled: u64,
    /// Whether a loss was reported that may still be mended.
    mending: bool,
}

impl SentLog {
    /// Before the packet with this index.
    pub(super) fn new(next: u64) -> Self {
        Self {
            entries: [Entry::default(); REMEMBERED],
            next,
            first: next,
            settled: next,
            mending: false,
        }
    }

    /// The sequence number of the next packet.
    pub(super) fn sequence(&self) -> u16 {
        self.next as u16
    }

    /// Remembers the next packet.
    pub(super) fn sent(&mut self, timestamp: u32, carried: u32) {
        *self.entry(self.next) = Entry {
            timestamp,
            carried,
            fate: Fate::Pending,
        };
        self.next += 1;
        self.first = self.first.max(self.next.saturating_sub(REMEMBERED as u64));
        self.settled = self.settled.max(self.first);
    }

    fn entry(&mut self, index: u64) -> &mut Entry {
        &mut self.entries[index as usize % REMEMBERED]
    }

    /// The packet with this sequence number, if it is remembered.
    fn index(&self, sequence: u16) -> Option<u64> {
        let last = self.next.checked_sub(1)?;
        let back = u64::from((last as u16).wrapping_sub(sequence));
        last.checked_sub(back).filter(|index| *index >= self.first)
    }

    /// Takes note of feedback: of `count` packets from `begin` on, bit `i` of `received` says whether the
    /// `i`-th arrived. `settle` is told of every packet whose fate is certain by now, in order: whether it
    /// was lost.
    pub(super) fn feedback(
        &mut self,
        begin: u16,
        count: u8,
        received: u64,
        mut settle: impl FnMut(bool),
    ) {
        let mut newest = None;
        for offset in 0..count.min(64) {
            let Some(index) = self.index(begin.wrapping_add(u16::from(offset))) else {
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
            self.settle(newest + 1, &mut settle);
        }
    }

    /// Takes note of a report that reaches to `highest`. Losses were told by feedback; what was not has
    /// arrived. `settle` as for [`feedback`](Self::feedback).
    pub(super) fn report(&mut self, highest: u16, mut settle: impl FnMut(bool)) {
        if let Some(newest) = self.index(highest) {
            self.settle(newest + 1, &mut settle);
        }
    }

    fn settle(&mut self, end: u64, settle: &mut impl FnMut(bool)) {
        while self.settled < end {
            let entry = self.entry(self.settled);
            if entry.fate == Fate::Pending {
                entry.fate = Fate::Received;
            }
            let lost = entry.fate == Fate::Lost;
            settle(lost);
            self.settled += 1;
        }
    }

    /// The frames, of this length, that the recipient misses, seen from a packet whose primary has this timestamp: bit `d`
    /// stands for the frame `d` frames before it. A frame that is on its way in `tries` packets already is
    /// not among them.
    pub(super) fn missing(&mut self, timestamp: u32, length: FrameLength, tries: u8) -> u32 {
        if !self.mending {
            return 0;
        }
        let (mut delivered, mut lost, mut once, mut twice) = (0_u32, 0_u32, 0_u32, 0_u32);
        for index in (self.first..self.next).rev() {
            let entry = self.entries[index as usize % REMEMBERED];
            let back = timestamp.wrapping_sub(entry.timestamp) / length.samples() as u32;
            if back >= u32::BITS {
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
    const FRAME: u32 = USUAL.samples() as u32;

    /// A log of packets 100… that carry their frame and the one before.
    fn log(packets: u32) -> SentLog {
        let mut log = SentLog::new(0xfff0);
        for packet in 0..packets {
            log.sent(packet * FRAME, 0b11);
        }
        log
    }

    #[test]
    fn a_frame_is_missing_when_every_packet_with_it_was_lost() {
        let mut log = log(10);
        assert_eq!(log.missing(10 * FRAME, USUAL, 1), 0);
        // Packets 4 and 5 were lost: frame 4 was in both, frame 5 in the sixth as well, frame 3 in the third.
        log.feedback(0xfff0, 8, 0b1100_1111, |_| {});
        assert_eq!(log.missing(10 * FRAME, USUAL, 1), 1 << 6);
        log.sent(10 * FRAME, 1 << 6 | 0b11);
        assert_eq!(log.missing(11 * FRAME, USUAL, 1), 0);
        assert_eq!(log.missing(11 * FRAME, USUAL, 2), 1 << 7);
        log.feedback(0xfff0, 11, 0b111_1100_1111, |_| {});
        assert_eq!(log.missing(11 * FRAME, USUAL, 2), 0);
        assert!(!log.mending);
    }

    #[test]
    fn a_frame_that_was_lost_again_is_missing_again() {
        let mut log = log(10);
        log.feedback(0xfff0, 8, 0b1100_1111, |_| {});
        log.sent(10 * FRAME, 1 << 6 | 0b11);
        log.sent(11 * FRAME, 0b11);
        log.feedback(0xfff0, 12, 0b1011_1100_1111, |_| {});
        assert_eq!(log.missing(12 * FRAME, USUAL, 1), 1 << 8);
    }

    #[test]
    fn packets_are_settled_once_and_in_order_across_a_wrap() {
        let mut log = log(40);
        let mut settled = Vec::new();
        log.feedback(0xfff0, 20, 0xf_fffb, |lost| settled.push(lost));
        log.feedback(0xfff2, 20, 0xf_fffe, |lost| settled.push(lost));
        assert_eq!(settled.len(), 22);
        assert_eq!(settled.iter().filter(|lost| **lost).count(), 1);
        assert!(settled[2]);
        log.report(39_u16.wrapping_add(0xfff0), |lost| settled.push(lost));
        assert_eq!(settled.len(), 40);
    }

    #[test]
    fn a_packet_that_only_came_late_is_not_lost() {
        let mut log = log(10);
        log.feedback(0xfff0, 6, 0b11_0011, |_| {});
        log.feedback(0xfff0, 8, 0b1111_1111, |_| {});
        // An older feedback that was overtaken changes nothing.
        log.feedback(0xfff0, 6, 0b11_0011, |_| {});
        assert_eq!(log.missing(10 * FRAME, USUAL, 1), 0);
    }

    #[test]
    fn feedback_on_packets_that_nobody_sent_is_passed_over() {
        let mut log = SentLog::new(5);
        log.feedback(0, 64, 0, |_| {});
        log.report(77, |_| {});
        log.sent(0, 1);
        log.feedback(6, 64, 0, |_| {});
        log.feedback(900, 3, 0, |_| {});
        assert_eq!(log.missing(FRAME, USUAL, 1), 0);
    }
}
