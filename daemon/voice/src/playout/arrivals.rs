//! How long packets take, and how long playback should therefore wait.
//!
//! All values are samples at 48 kHz. The *offset* of a packet is its arrival minus its timestamp; the
//! smallest of the last seconds is the *base*; what a packet's offset has beyond the base is its relative
//! delay. The two clocks may drift apart: the base follows, because it forgets.

use super::PlayoutConfig;
use crate::FRAME_SAMPLES;

const FRAME: i64 = FRAME_SAMPLES as i64;
const MILLISECOND: i64 = 48;

/// The base is the minimum over this many windows.
const WINDOWS: usize = 8;
/// One window: half a second.
const WINDOW: i64 = 24_000;
/// How fast two sound devices' clocks may drift apart, in samples a million. ±200 and a reserve.
const DRIFT: i64 = 300;

/// Bins of the histogram of relative delay, 1 ms each.
const BINS: usize = 300;
/// Packets after which an observation has lost two thirds of its weight: 5 s of talk.
const MEMORY: f32 = 500.0;
/// Packets after which the histogram alone decides.
const ENOUGH: f32 = 50.0;

/// A gap in arrivals longer than this that ends in a burst is an outage: 50 ms.
const OUTAGE_GAP: i64 = 50 * MILLISECOND;
/// The relative delay from which a packet after such a gap counts as part of a burst: 40 ms.
const OUTAGE_DELAY: i64 = 40 * MILLISECOND;
/// Gaps shorter than this that come again within [`SELDOM`] are how the link is, and playback should wait for
/// them: 100 ms.
const ALWAYS_OUTAGE: i64 = 100 * MILLISECOND;
/// The time between stalls that are not worth waiting for: 1 s.
const SELDOM: i64 = 1_000 * MILLISECOND;
/// How long a burst may take. Packets that are late after that are late for good: 60 ms.
const BURST: i64 = 60 * MILLISECOND;
/// An offset this far from the base is another clock: 5 s.
const ANOTHER_CLOCK: i64 = 5_000 * MILLISECOND;

/// Packets for which the target must have been too low before it is raised, unless one came too late for
/// it: 300 ms of talk.
const PERSISTENT: u32 = 30;

/// The target is not lowered by less than this: 1.5 ms.
const CALM: i64 = 72;

/// The share of packets that playback waits for, where no copy comes earlier.
const PUNCTUAL: f32 = 0.99;

/// Copy distances are told apart in steps of a short frame: 5 ms.
pub(super) const STEP: i64 = FRAME / 2;
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

/// What a packet's arrival means for playback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Observation {
    /// Nothing out of the ordinary.
    Usual,
    /// An outage ended with this packet.
    OutageOver,
    /// The sender's timestamps have nothing to do with those before.
    AnotherClock,
}

/// The delays of one sender's packets.
#[derive(Debug)]
pub(super) struct Arrivals {
    base: Option<i64>,
    windows: [i64; WINDOWS],
    window: usize,
    window_end: i64,
    last_arrival: i64,
    /// Set while a burst after an outage comes in: when it began, and the smallest offset in it.
    burst: Option<(i64, i64)>,
    /// When the last such burst began.
    last_burst: Option<i64>,
    histogram: [f32; BINS],
    observed: f32,
    brought: [f32; DISTANCES],
    /// Frames that the packet at hand brought first.
    brought_now: u32,
    /// The distance of the copy that is waited for always: in frames, and in steps.
    copy: usize,
    waits_for_copy: usize,
    /// The distance that playback waits for, in steps.
    distance: usize,
    margin: i64,
    initial: i64,
    max: i64,
    target: i64,
    /// What of the target is only there for copies.
    reserve: i64,
    /// Packets in a row that would have the target raised.
    rising: u32,
    jitter: i64,
}

impl Arrivals {
    pub(super) fn new(config: &PlayoutConfig) -> Self {
        let initial = super::samples(config.initial_target);
        Self {
            base: None,
            windows: [i64::MAX; WINDOWS],
            window: 0,
            window_end: 0,
            last_arrival: 0,
            burst: None,
            last_burst: None,
            histogram: [0.0; BINS],
            observed: 0.0,
            brought: [0.0; DISTANCES],
            brought_now: 0,
            copy: usize::from(config.waits_for_copy),
            waits_for_copy: steps(usize::from(config.waits_for_copy), FRAME),
            distance: 0,
            margin: super::samples(config.margin),
            initial,
            max: super::samples(config.max_target).max(FRAME),
            target: initial,
            reserve: 0,
            rising: 0,
            jitter: 0,
        }
    }

    /// Learns how long the sender's frames are, in samples.
    pub(super) fn set_frame(&mut self, frame: i64) {
        self.waits_for_copy = steps(self.copy, frame);
    }

    /// Forgets the sender's clock. What is known of the link stays.
    pub(super) fn reset_clock(&mut self) {
        self.base = None;
        self.burst = None;
        self.last_burst = None;
    }

    /// The offset of the fastest packets, once one has come.
    pub(super) fn base(&self) -> Option<i64> {
        self.base
    }

    /// What playback should hold beyond the fastest packets.
    pub(super) fn target(&self) -> i64 {
        self.target
    }

    /// What of the target is not needed by packets that arrive, only by copies of those that do not.
    pub(super) fn reserve(&self) -> i64 {
        self.reserve
    }

    /// The 95th percentile of relative delay.
    pub(super) fn jitter(&self) -> i64 {
        self.jitter
    }

    /// Takes note of a packet. `sampled` is false for one that says nothing of the link's delay because its
    /// frame was sent before. `needed` is false for one whose frame a copy had brought before it: it tells
    /// how the clocks lie, but nobody had to wait for it.
    pub(super) fn packet(
        &mut self,
        timestamp: i64,
        arrival: i64,
        sampled: bool,
        needed: bool,
    ) -> Observation {
        self.brought_now = 0;
        if !sampled {
            return Observation::Usual;
        }
        let offset = arrival - timestamp;
        let gap = arrival - self.last_arrival;
        self.last_arrival = self.last_arrival.max(arrival);
        let Some(base) = self.base else {
            self.restart_base(offset, arrival);
            self.sample(0);
            return Observation::Usual;
        };
        if (offset - base).abs() > ANOTHER_CLOCK {
            self.restart_base(offset, arrival);
            self.burst = None;
            self.last_burst = None;
            return Observation::AnotherClock;
        }
        if gap > WINDOW * WINDOWS as i64 {
            // Nothing is left in the windows. The clocks have drifted by at most so much.
            let drifted = base + gap.saturating_mul(DRIFT) / 1_000_000;
            self.restart_base(offset.min(drifted), arrival);
        } else {
            self.follow_base(offset, arrival);
        }
        let delay = offset - self.base.unwrap_or(offset);
        let mut observation = Observation::Usual;
        if self.burst.is_none() && gap > OUTAGE_GAP && delay > OUTAGE_DELAY {
            let seldom = self
                .last_burst
                .replace(arrival)
                .is_none_or(|last| arrival - last > SELDOM);
            if seldom || gap > ALWAYS_OUTAGE {
                self.burst = Some((arrival, offset));
                observation = Observation::OutageOver;
            }
        }
        if let Some((began, smallest)) = &mut self.burst {
            *smallest = offset.min(*smallest);
            if delay <= self.target {
                self.burst = None;
            } else if arrival - *began > BURST {
                // It does not catch up: the way has become longer.
                let offset = *smallest;
                self.burst = None;
                self.restart_base(offset, arrival);
            } else {
                return observation;
            }
        }
        if needed {
            self.sample(offset - self.base.unwrap_or(offset));
        }
        observation
    }

    /// A copy from `distance` samples back was the first to bring its frame, in time or not.
    pub(super) fn brought(&mut self, distance: i64) {
        if self.brought_now == COUNTED_OF_PACKET {
            return;
        }
        self.brought_now += 1;
        let steps = usize::try_from((distance + STEP - 1) / STEP).unwrap_or(usize::MAX);
        if let Some(share) = self.brought.get_mut(steps) {
            *share += 1.0 / MEMORY;
        }
    }

    fn restart_base(&mut self, offset: i64, arrival: i64) {
        self.windows = [i64::MAX; WINDOWS];
        self.windows[0] = offset;
        self.window = 0;
        self.window_end = arrival + WINDOW;
        self.last_arrival = arrival;
        self.base = Some(offset);
    }

    fn follow_base(&mut self, offset: i64, arrival: i64) {
        while arrival >= self.window_end {
            self.window = (self.window + 1) % WINDOWS;
            self.windows[self.window] = i64::MAX;
            self.window_end += WINDOW;
        }
        let smallest = &mut self.windows[self.window];
        *smallest = offset.min(*smallest);
        self.base = self.windows.iter().copied().min();
    }

    fn sample(&mut self, delay: i64) {
        self.observed = (self.observed + 1.0).min(MEMORY);
        let weight = 1.0 / self.observed;
        for bin in &mut self.histogram {
            *bin *= 1.0 - weight;
        }
        for share in &mut self.brought {
            *share *= 1.0 - 1.0 / MEMORY;
        }
        let bin = usize::try_from(delay / MILLISECOND).unwrap_or(0);
        self.histogram[bin.min(BINS - 1)] += weight;
        self.choose_target(delay);
    }

    /// The delay that a share of packets stays below, rounded up to a millisecond.
    fn percentile(&self, share: f32) -> i64 {
        let mut sum = 0.0;
        for (bin, weight) in self.histogram.iter().enumerate() {
            sum += weight;
            if sum >= share {
                return (bin as i64 + 1) * MILLISECOND;
            }
        }
        BINS as i64 * MILLISECOND
    }

    fn choose_target(&mut self, delay: i64) {
        self.jitter = self.percentile(0.95);
        // The margin is for when the playback thread wakes up.
        let for_jitter = self.percentile(PUNCTUAL) + self.margin;
        self.distance = self
            .needed_distance(USEFUL_SHARE)
            .max(self.distance.min(self.needed_distance(USELESS_SHARE)));
        let distance = self.distance;
        // A copy comes `distance` steps later than its frame and then takes as long as any packet.
        let for_copies = if distance == 0 {
            0
        } else {
            distance as i64 * STEP + self.percentile(0.9) + self.margin / 2
        };
        let mut target = for_jitter.max(for_copies);
        if self.observed < ENOUGH {
            target = target.max(self.initial);
        }
        let target = target.min(self.max);
        // A percentile that flickers between two milliseconds is no reason to stretch sound to and fro.
        self.rising = if target > self.target {
            self.rising + 1
        } else {
            0
        };
        let too_low = self.rising > PERSISTENT || target > self.target && delay > self.target;
        if too_low || target < self.target - CALM.max(self.target / 8) {
            self.target = target;
            self.rising = 0;
        }
        self.reserve = (self.target - for_jitter).max(0);
    }

    /// The farthest distance from which a share of packets brought a frame lately, and no less than the one
    /// that is always waited for.
    fn needed_distance(&self, [near, far]: [f32; 2]) -> usize {
        let (mut share, mut nearby) = (0.0, 0.0);
        for (distance, brought) in self.brought.iter().enumerate().rev() {
            share += brought;
            if distance <= NEAR {
                nearby += brought;
            }
            if share >= far || nearby >= near || distance == self.waits_for_copy {
                return distance;
            }
        }
        0
    }
}

/// A distance of so many frames, in steps.
fn steps(frames: usize, frame: i64) -> usize {
    let frame = usize::try_from(frame / STEP).unwrap_or(1);
    (frames * frame).min(DISTANCES - 1)
}
