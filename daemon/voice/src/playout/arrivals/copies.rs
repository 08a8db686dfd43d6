//! Which copies of earlier frames were of use, and how far back playback should therefore wait for them.

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

/// The copies that brought a frame first.
#[derive(Debug)]
pub(super) struct Copies {
    /// The share of packets that brought a frame from each distance.
    brought: [f32; DISTANCES],
    /// Frames that the packet at hand brought first.
    brought_now: u32,
    /// The distance of the copy that is waited for always: in frames, and in steps.
    always_frames: u8,
    always: usize,
    /// The distance that playback waits for, in steps.
    distance: usize,
}

impl Copies {
    /// Playback always waits for the copy that comes `always` frames later.
    pub(super) fn new(always: u8) -> Self {
        Self {
            brought: [0.0; DISTANCES],
            brought_now: 0,
            always_frames: always,
            always: steps(always, FrameLength::Usual),
            distance: 0,
        }
    }

    /// Learns how long the sender's frames are.
    pub(super) fn set_frame(&mut self, frame: FrameLength) {
        self.always = steps(self.always_frames, frame);
    }

    /// Begins with the next packet.
    pub(super) fn next_packet(&mut self) {
        self.brought_now = 0;
    }

    /// Takes note that a copy from `distance` back was the first to bring its frame.
    pub(super) fn brought(&mut self, distance: SampleCount) {
        if self.brought_now == COUNTED_OF_PACKET {
            return;
        }
        self.brought_now += 1;
        let steps = (distance + STEP - SampleCount::new(1)) / STEP;
        if let Ok(steps) = usize::try_from(steps)
            && let Some(share) = self.brought.get_mut(steps)
        {
            *share += 1.0 / MEMORY;
        }
    }

    /// Lets a packet's time pass.
    pub(super) fn decay(&mut self) {
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

    /// Returns the farthest distance from which a share of packets brought a frame lately, and no less than the one
    /// that is always waited for.
    fn needed(&self, [near, far]: [f32; 2]) -> usize {
        let (mut share, mut nearby) = (0.0, 0.0);
        for (distance, brought) in self.brought.iter().enumerate().rev() {
            share += brought;
            if distance <= NEAR {
                nearby += brought;
            }
            if share >= far || nearby >= near || distance == self.always {
                return distance;
            }
        }
        0
    }
}

/// Returns a distance of so many frames, in steps.
fn steps(frames: u8, frame: FrameLength) -> usize {
    let frame = (frame.count() / STEP) as usize;
    (usize::from(frames) * frame).min(DISTANCES - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: SampleCount = FrameLength::Usual.count();

    #[test]
    fn playback_waits_for_a_near_copy_after_one_was_of_use_and_for_seconds() {
        let mut copies = Copies::new(0);
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

    #[test]
    fn a_single_burst_is_no_reason_to_wait_for_far_copies() {
        let mut copies = Copies::new(0);
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
    fn the_copy_that_is_always_waited_for_is_as_far_away_as_the_senders_frames_are_long() {
        let mut copies = Copies::new(1);
        assert_eq!(copies.choose_distance(), Some(FRAME));
        copies.set_frame(FrameLength::Short);
        copies.distance = 0;
        assert_eq!(copies.choose_distance(), Some(FRAME / 2));
    }

    #[test]
    fn a_copy_from_farther_than_anybody_repeats_is_not_counted() {
        let mut copies = Copies::new(0);
        for _ in 0..1_000 {
            copies.next_packet();
            copies.brought(FRAME * 30);
            copies.brought(-FRAME);
        }
        assert_eq!(copies.choose_distance(), None);
    }
}
