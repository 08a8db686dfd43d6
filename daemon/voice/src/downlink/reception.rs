//! What arrived on one stream: loss, jitter (RFC 3550 §6.4, appendix A) and the last packets one by one.

use std::time::Duration;

use crate::sequence::PacketIndex;
use crate::wire::feedback::{StreamFeedback, WINDOW};
use crate::wire::report::{ReportBlock, compact_duration};
use crate::{SampleCount, SequenceNumber, Slot, Ssrc, Timestamp, duration_of};

/// The longest time after a gap shows until we tell the sender. The promise is 100 ms.
const LONGEST_WAIT: Duration = Duration::from_millis(40);

/// A gap is told once more after this, should the first telling be lost.
const AGAIN: Duration = Duration::from_millis(15);

/// The most that one packet may change the jitter by: what lies beyond is no jitter.
const MOST_CHANGE: SampleCount = SampleCount::from_millis(1_000);

/// How many packets a feedback covers: what a sender can still repeat, which is its history of frames.
const COVERED: u64 = 32;

/// One stream's packets so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reception {
    first: PacketIndex,
    highest: PacketIndex,
    received: u64,
    /// What was expected and received by the last report, and by the end of the last interval.
    reported: (u64, u64),
    counted: (u64, u64),
    /// Payload bytes in this interval.
    bytes: u64,
    /// The interarrival jitter in 1/16 samples (appendix A.8).
    jitter: u32,
    /// The packet before, and when it arrived.
    before: Option<(Timestamp, SampleCount)>,
    /// Bit `i`: packet `highest − i` arrived.
    window: u64,
    /// When packet `s` arrived, at `s % 64`, in milliseconds.
    arrivals: [u32; WINDOW],
    feedback_due: Option<Duration>,
    /// Whether what is due was told before.
    again: bool,
    /// The last sender report: the middle of its time, and when it came.
    sender_report: Option<(u32, Duration)>,
}

impl Default for Reception {
    fn default() -> Self {
        Self {
            first: PacketIndex::first(SequenceNumber::new(0)),
            highest: PacketIndex::first(SequenceNumber::new(0)),
            received: 0,
            reported: (0, 0),
            counted: (0, 0),
            bytes: 0,
            jitter: 0,
            before: None,
            window: 0,
            arrivals: [0; WINDOW],
            feedback_due: None,
            again: false,
            sender_report: None,
        }
    }
}

/// What happened in one interval.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Interval {
    pub(super) expected: u64,
    pub(super) lost: u64,
    pub(super) bytes: u64,
}

impl Reception {
    /// Takes note of a genuine packet.
    pub(super) fn packet(
        &mut self,
        sequence: SequenceNumber,
        timestamp: Timestamp,
        bytes: usize,
        now: Duration,
    ) {
        self.bytes += bytes as u64;
        self.measure_jitter(timestamp, now);
        if self.received == 0 {
            self.first = PacketIndex::first(sequence);
            self.highest = self.first;
            self.window = 0;
        }
        self.received += 1;
        let ahead = sequence.ahead_of(self.highest.sequence());
        let index = self.highest.nearest(sequence);
        self.first = self.first.min(index);
        if ahead > 0 {
            let ahead = u32::from(ahead.unsigned_abs());
            self.window = self.window.checked_shl(ahead).unwrap_or(0) | 1;
            self.highest = index;
            if ahead > 1 {
                let due = now + self.patience();
                self.feedback_due = Some(self.feedback_due.map_or(due, |before| before.min(due)));
                self.again = false;
            }
        } else {
            let back = u32::from(ahead.unsigned_abs());
            self.window |= 1_u64.checked_shl(back).unwrap_or(0);
        }
        if self.highest.since(index) < WINDOW as u64 {
            self.arrivals[index.place(WINDOW)] = now.as_millis() as u32;
        }
    }

    /// RFC 3550 appendix A.8.
    fn measure_jitter(&mut self, timestamp: Timestamp, now: Duration) {
        let arrival = SampleCount::during(now);
        if let Some((before, arrived)) = self.before.replace((timestamp, arrival)) {
            let expected = before + (arrival - arrived);
            // A jump is the sender's clock beginning anew, not jitter; it is bounded all the same.
            let change = timestamp.ahead_of(expected).abs().min(MOST_CHANGE);
            let change = change.number() as u32;
            self.jitter += change;
            self.jitter -= (self.jitter - change + 8) >> 4;
        }
    }

    /// The interarrival jitter.
    pub(super) fn jitter(&self) -> Duration {
        duration_of(u64::from(self.jitter >> 4))
    }

    /// How long a packet that was overtaken may take to arrive after all. Where packets come in step, a gap
    /// is a loss, and the sooner the sender knows, the sooner it repeats what was lost.
    fn patience(&self) -> Duration {
        let jitter = self.jitter();
        if jitter < Duration::from_millis(2) {
            Duration::ZERO
        } else {
            (jitter * 2).min(LONGEST_WAIT)
        }
    }

    /// A sender report on this stream came.
    pub(super) fn sender_report(&mut self, compact_time: u32, now: Duration) {
        self.sender_report = Some((compact_time, now));
    }

    fn expected(&self) -> u64 {
        if self.received == 0 {
            0
        } else {
            self.highest.since(self.first) + 1
        }
    }

    /// What to report since the last call, if anything ever came.
    pub(super) fn report(&mut self, ssrc: Ssrc, now: Duration) -> Option<ReportBlock> {
        if self.received == 0 {
            return None;
        }
        let all = self.expected();
        let (expected, lost) = since(&mut self.reported, all, self.received);
        let (last_report, delay_since) = self.sender_report.map_or((0, 0), |(time, came)| {
            (time, compact_duration(now.saturating_sub(came)))
        });
        Some(ReportBlock {
            ssrc,
            fraction_lost: (lost * 256).checked_div(expected).unwrap_or(0).min(255) as u8,
            cumulative_lost: (all as i64 - self.received as i64).clamp(-0x80_0000, 0x7f_ffff)
                as i32,
            highest_sequence: self.highest.extended(),
            jitter: SampleCount::new(i64::from(self.jitter >> 4)),
            last_report,
            delay_since,
        })
    }

    /// Ends an interval of the statistics, and tells what happened in it.
    pub(super) fn close_interval(&mut self) -> Interval {
        let all = self.expected();
        let (expected, lost) = since(&mut self.counted, all, self.received);
        Interval {
            expected,
            lost,
            bytes: std::mem::take(&mut self.bytes),
        }
    }

    /// When feedback is due, if a loss showed.
    pub(super) fn feedback_due(&self) -> Option<Duration> {
        self.feedback_due
    }

    /// The feedback that is due `now`; `None` when the missing packets came after all.
    pub(super) fn take_feedback(&mut self, ssrc: Ssrc, now: Duration) -> Option<StreamFeedback> {
        self.feedback_due.filter(|due| *due <= now)?;
        let again = std::mem::replace(&mut self.again, true);
        self.feedback_due = (!again).then_some(now + AGAIN);
        let count = self.expected().min(COVERED);
        let begin = self.highest.next().back(count);
        // The window counts backwards from the highest, feedback forwards to it.
        let received = self.window.reverse_bits() >> (WINDOW as u64 - count);
        let feedback = StreamFeedback {
            ssrc,
            begin: begin.sequence(),
            count: count as u8,
            received,
        };
        (feedback.lost() > 0).then_some(feedback)
    }

    /// How long ago packet `begin + index` of a feedback arrived.
    pub(super) fn age(&self, feedback: &StreamFeedback, index: u8, now: Duration) -> Duration {
        let sequence = feedback.begin + u16::from(index);
        let arrival = self.arrivals[usize::from(sequence.number()) % WINDOW];
        Duration::from_millis(u64::from((now.as_millis() as u32).wrapping_sub(arrival)))
    }
}

/// What was expected and lost since `before`, which becomes now.
fn since(before: &mut (u64, u64), expected: u64, received: u64) -> (u64, u64) {
    let (expected_before, received_before) = std::mem::replace(before, (expected, received));
    let expected = expected.saturating_sub(expected_before);
    (
        expected,
        expected.saturating_sub(received - received_before),
    )
}

/// Spreads what happens every `period` for all peers over the period.
pub(super) fn spread(slot: Slot, period: Duration) -> Duration {
    period * slot.index() as u32 / Slot::COUNT as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Ssrc = Ssrc::new(1);

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn number(sequence: u16) -> SequenceNumber {
        SequenceNumber::new(sequence)
    }

    /// The timestamp of this frame.
    fn timestamp(frame: u32) -> Timestamp {
        Timestamp::new(frame * 480)
    }

    #[test]
    fn loss_is_counted_across_a_wrap_of_the_sequence() {
        let mut reception = Reception::default();
        let mut sent = 0;
        for index in 0..200_u32 {
            let sequence = SequenceNumber::new(65_500) + index as u16;
            if index % 10 != 5 {
                reception.packet(sequence, timestamp(index), 60, at(u64::from(index) * 10));
                sent += 1;
            }
        }
        let (block, interval) = (
            reception.report(OPEN, at(2000)).unwrap(),
            reception.close_interval(),
        );
        assert_eq!(interval.expected, 200);
        assert_eq!(interval.lost, 20);
        assert_eq!(block.cumulative_lost, 20);
        assert_eq!(block.highest_sequence.number(), 0x1_0000 + 163);
        assert_eq!(interval.bytes, sent * 60);
        assert_eq!(block.jitter, SampleCount::ZERO);
        let (block, interval) = (
            reception.report(OPEN, at(3000)).unwrap(),
            reception.close_interval(),
        );
        assert_eq!((interval.expected, block.fraction_lost), (0, 0));
    }

    #[test]
    fn feedback_follows_a_gap_at_once_and_once_more() {
        let mut reception = Reception::default();
        for (index, sequence) in [0_u16, 1, 2, 5].into_iter().enumerate() {
            let frame = timestamp(u32::from(sequence));
            reception.packet(number(sequence), frame, 60, at(10 * u64::from(sequence)));
            assert_eq!(reception.feedback_due().is_some(), index == 3);
        }
        let feedback = reception.take_feedback(OPEN, at(50)).unwrap();
        assert_eq!((feedback.begin, feedback.count), (number(0), 6));
        assert_eq!(feedback.received, 0b10_0111);
        assert!(reception.take_feedback(OPEN, at(50)).is_none());
        reception.packet(number(6), timestamp(6), 60, at(60));
        let feedback = reception.take_feedback(OPEN, at(65)).unwrap();
        assert_eq!((feedback.count, feedback.received), (7, 0b110_0111));
        assert!(reception.take_feedback(OPEN, at(200)).is_none());
    }

    #[test]
    fn packets_that_overtake_each_other_are_waited_for() {
        let mut reception = Reception::default();
        for index in 0..400_u64 {
            let stray = if index % 2 == 0 { 0 } else { 15 };
            let (sequence, frame) = (number(index as u16), timestamp(index as u32));
            reception.packet(sequence, frame, 60, at(index * 10 + stray));
        }
        let now = at(4_020);
        reception.packet(number(402), timestamp(402), 60, now);
        assert!(reception.feedback_due().unwrap() > now + at(20));
        reception.packet(number(400), timestamp(400), 60, now);
        reception.packet(number(401), timestamp(401), 60, now);
        assert!(reception.take_feedback(OPEN, now + at(41)).is_none());
    }

    #[test]
    fn a_long_window_is_told_as_far_as_the_sender_can_repeat() {
        let mut reception = Reception::default();
        for sequence in (0_u16..80).filter(|sequence| *sequence != 70) {
            let frame = timestamp(u32::from(sequence));
            reception.packet(number(sequence), frame, 60, at(10 * u64::from(sequence)));
        }
        let feedback = reception.take_feedback(OPEN, at(800)).unwrap();
        assert_eq!((feedback.begin, feedback.count), (number(48), 32));
        assert_eq!(feedback.received, u64::from(u32::MAX) & !(1 << 22));
    }

    #[test]
    fn a_packet_before_the_first_moves_the_beginning() {
        let mut reception = Reception::default();
        for sequence in [3_u16, 2, 0] {
            reception.packet(number(sequence), timestamp(0), 60, at(0));
        }
        let (block, interval) = (
            reception.report(OPEN, at(10)).unwrap(),
            reception.close_interval(),
        );
        assert_eq!((interval.expected, interval.lost), (4, 1));
        assert_eq!(block.highest_sequence.number(), 3);
    }

    #[test]
    fn an_arrival_that_strays_by_a_frame_shows_as_jitter() {
        let mut reception = Reception::default();
        for index in 0..400_u64 {
            let stray = if index % 2 == 0 { 0 } else { 5 };
            let (sequence, frame) = (number(index as u16), timestamp(index as u32));
            reception.packet(sequence, frame, 60, at(index * 10 + stray));
        }
        let jitter = reception.jitter();
        assert!(jitter > at(4) && jitter <= at(5), "{jitter:?}");
    }
}
