//! What arrived on one stream: loss, jitter (RFC 3550 §6.4, appendix A) and the last packets one by one.

use std::time::Duration;

use crate::wire::feedback::{StreamFeedback, WINDOW};
use crate::wire::report::{ReportBlock, compact_duration};
use crate::{SAMPLE_RATE, Slot, duration_of};

/// The longest time after a gap shows until we tell the sender. The promise is 100 ms.
const LONGEST_WAIT: Duration = Duration::from_millis(40);

/// A gap is told once more after this, should the first telling be lost.
const AGAIN: Duration = Duration::from_millis(15);

/// How many packets a feedback covers: what a sender can still repeat, which is its history of frames.
const COVERED: u64 = 32;

/// One stream's packets so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reception {
    /// Sequence numbers with their wraps in the upper bits: the first and the highest.
    first: u64,
    highest: u64,
    received: u64,
    /// What was expected and received by the last report, and by the end of the last interval.
    reported: (u64, u64),
    counted: (u64, u64),
    /// Payload bytes in this interval.
    bytes: u64,
    /// The interarrival jitter in 1/16 samples (appendix A.8).
    jitter: u32,
    transit: Option<u32>,
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
            first: 0,
            highest: 0,
            received: 0,
            reported: (0, 0),
            counted: (0, 0),
            bytes: 0,
            jitter: 0,
            transit: None,
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
    pub(super) fn packet(&mut self, sequence: u16, timestamp: u32, bytes: usize, now: Duration) {
        self.bytes += bytes as u64;
        self.measure_jitter(timestamp, now);
        if self.received == 0 {
            // One wrap ahead, so that packets before the first do not underflow.
            self.first = 0x1_0000 + u64::from(sequence);
            self.highest = self.first;
            self.window = 0;
        }
        self.received += 1;
        let ahead = sequence.wrapping_sub(self.highest as u16) as i16;
        let place = self.highest.saturating_add_signed(i64::from(ahead));
        self.first = self.first.min(place);
        if ahead > 0 {
            let ahead = u32::from(ahead.unsigned_abs());
            self.window = self.window.checked_shl(ahead).unwrap_or(0) | 1;
            self.highest = place;
            if ahead > 1 {
                let due = now + self.patience();
                self.feedback_due = Some(self.feedback_due.map_or(due, |before| before.min(due)));
                self.again = false;
            }
        } else {
            let back = u32::from(ahead.unsigned_abs());
            self.window |= 1_u64.checked_shl(back).unwrap_or(0);
        }
        if self.highest - place < WINDOW as u64 {
            self.arrivals[place as usize % WINDOW] = now.as_millis() as u32;
        }
    }

    /// RFC 3550 appendix A.8.
    fn measure_jitter(&mut self, timestamp: u32, now: Duration) {
        let arrival = (now.as_nanos() * u128::from(SAMPLE_RATE) / 1_000_000_000) as u32;
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            // A jump is the sender's clock beginning anew, not jitter; it is bounded all the same.
            let change = (transit.wrapping_sub(before) as i32)
                .unsigned_abs()
                .min(SAMPLE_RATE);
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
            self.highest - self.first + 1
        }
    }

    /// What to report since the last call, if anything ever came.
    pub(super) fn report(&mut self, ssrc: u32, now: Duration) -> Option<ReportBlock> {
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
            // Relative to the wrap that we started one ahead.
            highest_sequence: self.highest.wrapping_sub(0x1_0000) as u32,
            jitter: self.jitter >> 4,
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
    pub(super) fn take_feedback(&mut self, ssrc: u32, now: Duration) -> Option<StreamFeedback> {
        self.feedback_due.filter(|due| *due <= now)?;
        let again = std::mem::replace(&mut self.again, true);
        self.feedback_due = (!again).then_some(now + AGAIN);
        let count = (self.highest - self.first + 1).min(COVERED);
        let begin = self.highest + 1 - count;
        // The window counts backwards from the highest, feedback forwards to it.
        let received = self.window.reverse_bits() >> (WINDOW as u64 - count);
        let feedback = StreamFeedback {
            ssrc,
            begin: begin as u16,
            count: count as u8,
            received,
        };
        (feedback.lost() > 0).then_some(feedback)
    }

    /// How long ago packet `begin + index` of a feedback arrived.
    pub(super) fn age(&self, feedback: &StreamFeedback, index: u8, now: Duration) -> Duration {
        let sequence = feedback.begin.wrapping_add(u16::from(index));
        let arrival = self.arrivals[usize::from(sequence) % WINDOW];
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

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn loss_is_counted_across_a_wrap_of_the_sequence() {
        let mut reception = Reception::default();
        let mut sent = 0;
        for index in 0..200_u32 {
            let sequence = 65_500_u16.wrapping_add(index as u16);
            if index % 10 != 5 {
                reception.packet(sequence, index * 480, 60, at(u64::from(index) * 10));
                sent += 1;
            }
        }
        let (block, interval) = (
            reception.report(1, at(2000)).unwrap(),
            reception.close_interval(),
        );
        assert_eq!(interval.expected, 200);
        assert_eq!(interval.lost, 20);
        assert_eq!(block.cumulative_lost, 20);
        assert_eq!(block.highest_sequence, 0x1_0000 + 163);
        assert_eq!(interval.bytes, sent * 60);
        assert_eq!(block.jitter, 0);
        let (block, interval) = (
            reception.report(1, at(3000)).unwrap(),
            reception.close_interval(),
        );
        assert_eq!((interval.expected, block.fraction_lost), (0, 0));
    }

    #[test]
    fn feedback_follows_a_gap_at_once_and_once_more() {
        let mut reception = Reception::default();
        for (index, sequence) in [0_u16, 1, 2, 5].into_iter().enumerate() {
            let frame = u32::from(sequence) * 480;
            reception.packet(sequence, frame, 60, at(10 * u64::from(sequence)));
            assert_eq!(reception.feedback_due().is_some(), index == 3);
        }
        let feedback = reception.take_feedback(1, at(50)).unwrap();
        assert_eq!((feedback.begin, feedback.count), (0, 6));
        assert_eq!(feedback.received, 0b10_0111);
        assert!(reception.take_feedback(1, at(50)).is_none());
        reception.packet(6, 6 * 480, 60, at(60));
        let feedback = reception.take_feedback(1, at(65)).unwrap();
        assert_eq!((feedback.count, feedback.received), (7, 0b110_0111));
        assert!(reception.take_feedback(1, at(200)).is_none());
    }

    #[test]
    fn packets_that_overtake_each_other_are_waited_for() {
        let mut reception = Reception::default();
        for index in 0..400_u64 {
            let stray = if index % 2 == 0 { 0 } else { 15 };
            reception.packet(index as u16, index as u32 * 480, 60, at(index * 10 + stray));
        }
        let now = at(4_020);
        reception.packet(402, 402 * 480, 60, now);
        assert!(reception.feedback_due().unwrap() > now + at(20));
        reception.packet(400, 400 * 480, 60, now);
        reception.packet(401, 401 * 480, 60, now);
        assert!(reception.take_feedback(1, now + at(41)).is_none());
    }

    #[test]
    fn a_long_window_is_told_as_far_as_the_sender_can_repeat() {
        let mut reception = Reception::default();
        for sequence in (0_u16..80).filter(|sequence| *sequence != 70) {
            let frame = u32::from(sequence) * 480;
            reception.packet(sequence, frame, 60, at(10 * u64::from(sequence)));
        }
        let feedback = reception.take_feedback(1, at(800)).unwrap();
        assert_eq!((feedback.begin, feedback.count), (48, 32));
        assert_eq!(feedback.received, u64::from(u32::MAX) & !(1 << 22));
    }

    #[test]
    fn a_packet_before_the_first_moves_the_beginning() {
        let mut reception = Reception::default();
        for sequence in [3_u16, 2, 0] {
            reception.packet(sequence, 0, 60, at(0));
        }
        let (block, interval) = (
            reception.report(1, at(10)).unwrap(),
            reception.close_interval(),
        );
        assert_eq!((interval.expected, interval.lost), (4, 1));
        assert_eq!(block.highest_sequence, 3);
    }

    #[test]
    fn an_arrival_that_strays_by_a_frame_shows_as_jitter() {
        let mut reception = Reception::default();
        for index in 0..400_u64 {
            let stray = if index % 2 == 0 { 0 } else { 5 };
            reception.packet(index as u16, index as u32 * 480, 60, at(index * 10 + stray));
        }
        let jitter = reception.jitter();
        assert!(jitter > at(4) && jitter <= at(5), "{jitter:?}");
    }
}
