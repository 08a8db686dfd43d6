//! Which copies of earlier frames were of use, and how far back playback should therefore wait for them.

use crate::playout::CopyWait;
use crate::{FrameLength, SampleCount};

/// Packets after which an observation has lost two thirds of its weight: 5 s of talk.
pub(super) const MEMORY: f32 = 500.0;

/// Copy distances are told apart in steps of a short frame.
const STEP: SampleCount = FrameLength::Short.count();

/// How many of them: the farthest copy is 34 frames of 10 ms away at most, and few are farther than 170 ms.
const DISTANCES: usize = 48;

/// The share of packets that must owe a frame to copies of a distance before playback waits for them: for a
/// near one a single frame in the last seconds, because waiting for it costs little; for one farther than
/// [`NEAR`] two or three.
const USEFUL_SHARE: [f32; 2] = [0.001_5, 0.005];

/// How far the near distances reach, in steps: 30 ms.
const NEAR: usize = 6;

/// The share below which it stops waiting for them. Lower, or the target would go to and fro.
const USELESS_SHARE: [f32; 2] = [0.000_7, 0.001];

/// How many of the frames that one packet brings as copies count, those from farthest back first: the packet
/// after a burst brings many, but a single burst, however long, is no reason to wait for the next for seconds.
const COUNTED_OF_PACKET: u32 = 2;

/// After a loss on a link that had lost nothing, playback waits for the next frame's copy for so many packets: 30 s of
/// talk. Each further loss doubles that.
const FIRST_HOLD: u32 = 3_000;

/// The longest it waits without a loss: 5 min of talk.
const LONGEST_HOLD: u32 = 30_000;

/// Losses within so many packets are one, and do not double anything.
const ONE_LOSS: u32 = 100;

/// The copies that brought a frame first.
#[derive(Debug)]
pub(super) struct Copies {
    /// The share of packets that brought a frame from each distance.
    brought: [f32; DISTANCES],
    /// Frames that the packet at hand brought first.
    brought_now: u32,
    wait: CopyWait,
    /// The distance of the next frame's copy, in steps.
    next_frame: usize,
    hold: Hold,
    /// What the last copy that was of use changed: the hold before it, and the place of its share.
    last: Option<(Hold, usize)>,
    /// The distance that playback waits for, in steps.
    distance: usize,
}

/// How long playback still waits for the next frame's copy because of what was lost.
#[derive(Debug, Clone, Copy)]
struct Hold {
    left: u32,
    span: u32,
}

impl Hold {
    /// Begins anew, for twice as long as the last time.
    fn begin(&mut self) {
        if self.left == 0 {
            self.span = FIRST_HOLD;
        } else if self.span - self.left > ONE_LOSS {
            self.span = (self.span * 2).min(LONGEST_HOLD);
        }
        self.left = self.span;
    }
}

impl Copies {
    /// Playback waits for the copy in the next frame's packet at these times, and for others while they are of use.
    pub(super) fn new(wait: CopyWait) -> Self {
        Self {
            brought: [0.0; DISTANCES],
            brought_now: 0,
            wait,
            next_frame: steps(FrameLength::Usual),
            hold: Hold {
                left: 0,
                span: FIRST_HOLD,
            },
            last: None,
            distance: 0,
        }
    }

    /// Learns how long the sender's frames are.
    pub(super) fn set_frame(&mut self, frame: FrameLength) {
        self.next_frame = steps(frame);
    }

    /// Begins with the next packet.
    pub(super) fn next_packet(&mut self) {
        self.brought_now = 0;
    }

    /// Takes note that a copy from `distance` back was the first to bring its frame.
    pub(super) fn brought(&mut self, distance: SampleCount) {
        let before = self.hold;
        self.hold.begin();
        if self.brought_now == COUNTED_OF_PACKET {
            return;
        }
        self.brought_now += 1;
        let steps = (distance + STEP - SampleCount::new(1)) / STEP;
        if let Ok(steps) = usize::try_from(steps)
            && let Some(share) = self.brought.get_mut(steps)
        {
            *share += 1.0 / MEMORY;
            self.last = Some((before, steps));
        }
    }

    /// Takes back what was noted last: the frame's own packet was only overtaken, and came in time.
    pub(super) fn take_back(&mut self) {
        if let Some((hold, steps)) = self.last.take() {
            self.hold = hold;
            if let Some(share) = self.brought.get_mut(steps) {
                *share = (*share - 1.0 / MEMORY).max(0.0);
            }
        }
    }

    /// Lets a packet's time pass.
    pub(super) fn decay(&mut self) {
        self.hold.left = self.hold.left.saturating_sub(1);
        for share in &mut self.brought {
            *share *= 1.0 - 1.0 / MEMORY;
        }
    }

    /// Chooses anew from how far back playback waits for copies, and returns it; `None` if it waits for none.
    pub(super) fn choose_distance(&mut self) -> Option<SampleCount> {
        self.distance = self
            .needed(USEFUL_SHARE)
            .max(self.distance.min(self.needed(USELESS_SHARE)));
        (self.distance > 0).then(|| STEP * self.distance as i64)
    }

    /// Returns the least distance that is waited for, in steps.
    fn least(&self) -> usize {
        let waits = match self.wait {
            CopyWait::Never => false,
            CopyWait::AfterLoss => self.hold.left > 0,
            CopyWait::Always => true,
        };
        if waits { self.next_frame } else { 0 }
    }

    /// Returns the farthest distance from which a share of packets brought a frame lately, and no less than the
    /// [least](Self::least).
    fn needed(&self, [near, far]: [f32; 2]) -> usize {
        let least = self.least();
        let (mut share, mut nearby) = (0.0, 0.0);
        for (distance, brought) in self.brought.iter().enumerate().rev() {
            share += brought;
            if distance <= NEAR {
                nearby += brought;
            }
            if share >= far || nearby >= near || distance == least {
                return distance;
            }
        }
        0
    }
}

/// Returns the length of a frame, in steps.
fn steps(frame: FrameLength) -> usize {
    (frame.count() / STEP) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: SampleCount = FrameLength::Usual.count();

    #[test]
    fn playback_waits_for_a_near_copy_after_one_was_of_use_and_for_seconds() {
        let mut copies = Copies::new(CopyWait::Never);
        assert_eq!(copies.choose_distance(), None);
        copies.next_packet();
        copies.brought(FRAME * 2);
        assert_eq!(copies.choose_distance(), Some(FRAME * 2));
        let packets = (0..10_000)
            .take_while(|_| {
                copies.decay();
                copies.choose_distance().is_some()
            })
            .count();
        assert!((400..700).contains(&packets), "{packets}");
    }

    /// How many packets after a loss nothing is waited for any more.
    fn packets_until_none(copies: &mut Copies) -> usize {
        (0..100_000)
            .take_while(|_| {
                copies.decay();
                copies.choose_distance().is_some()
            })
            .count()
    }

    #[test]
    fn a_loss_is_remembered_for_30_s_and_more_of_them_for_minutes() {
        let mut copies = Copies::new(CopyWait::AfterLoss);
        assert_eq!(copies.choose_distance(), None);
        let lose = |copies: &mut Copies| {
            copies.next_packet();
            copies.brought(FRAME);
            assert_eq!(copies.choose_distance(), Some(FRAME));
        };
        lose(&mut copies);
        lose(&mut copies);
        assert_eq!(packets_until_none(&mut copies), 2_999);
        for _ in 0..10 {
            lose(&mut copies);
            (0..200).for_each(|_| copies.decay());
        }
        assert!(packets_until_none(&mut copies) > 29_000);
        // What is long over counts for nothing.
        lose(&mut copies);
        assert_eq!(packets_until_none(&mut copies), 2_999);
    }

    #[test]
    fn a_packet_that_was_only_overtaken_is_no_loss() {
        let mut copies = Copies::new(CopyWait::AfterLoss);
        copies.next_packet();
        copies.brought(FRAME);
        copies.take_back();
        assert_eq!(copies.choose_distance(), None);
        copies.take_back();
        assert_eq!(copies.choose_distance(), None);
    }

    #[test]
    fn a_single_burst_is_no_reason_to_wait_for_far_copies() {
        let mut copies = Copies::new(CopyWait::Never);
        copies.next_packet();
        for distance in (4..16).rev() {
            copies.brought(FRAME * distance);
        }
        assert_eq!(copies.choose_distance(), None);
        // The second burst is one.
        copies.next_packet();
        for distance in (4..16).rev() {
            copies.brought(FRAME * distance);
        }
        assert_eq!(copies.choose_distance(), Some(FRAME * 14));
    }

    #[test]
    fn a_copy_that_is_always_waited_for_is_as_far_away_as_the_senders_frames_are_long() {
        let mut copies = Copies::new(CopyWait::Always);
        assert_eq!(copies.choose_distance(), Some(FRAME));
        copies.set_frame(FrameLength::Short);
        copies.distance = 0;
        assert_eq!(copies.choose_distance(), Some(FRAME / 2));
    }

    #[test]
    fn a_copy_from_farther_than_anybody_repeats_is_not_counted() {
        let mut copies = Copies::new(CopyWait::Never);
        for _ in 0..1_000 {
            copies.next_packet();
            copies.brought(FRAME * 30);
            copies.brought(-FRAME);
        }
        assert_eq!(copies.choose_distance(), None);
    }
}
