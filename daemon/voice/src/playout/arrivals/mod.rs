//! How long packets take, and how long playback should therefore wait.
//!
//! The [*offset*](Offset) of a packet is its arrival minus its timestamp; the smallest of the last seconds is the
//! [*base*](base); what a packet's offset has beyond the base is its relative delay. The two clocks may drift apart:
//! the base follows, because it forgets.

mod base;
mod copies;
mod histogram;
mod outages;
mod stalls;
mod target;

use super::PlayoutConfig;
use super::timeline::{Moment, Offset};
use crate::{FrameLength, MediaTime, SampleCount};
use base::{Base, Clock};
use copies::Copies;
use histogram::Histogram;
use outages::{Burst, Outages};
use stalls::Stalls;
use target::Target;

/// The share of packets that playback waits for, where no copy comes earlier. One late packet in a second is worth
/// waiting for, one in two seconds is not.
const PUNCTUAL: f32 = 0.992_5;

/// The share of packets whose copies playback waits for.
const PUNCTUAL_COPIES: f32 = 0.9;

/// The share of packets whose delay is told as the link's jitter.
const JITTER: f32 = 0.95;

/// What comes no later than this after its turn is no stall: playback gains it by going back a little.
const LATE: SampleCount = SampleCount::from_millis(5);

/// What a packet's arrival means for playback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Observation {
    /// Nothing out of the ordinary.
    Usual,
    /// An outage ended with this packet. So much that was due has not been heard.
    OutageOver(SampleCount),
    /// The sender's timestamps have nothing to do with those before.
    AnotherClock,
}

/// The delays of one sender's packets.
#[derive(Debug)]
pub(super) struct Arrivals {
    base: Base,
    outages: Outages,
    stalls: Stalls,
    delays: Histogram,
    copies: Copies,
    /// The last frame that a copy brought first.
    brought: Option<MediaTime>,
    target: Target,
    jitter: SampleCount,
}

impl Arrivals {
    pub(super) fn new(config: &PlayoutConfig) -> Self {
        Self {
            base: Base::new(),
            outages: Outages::default(),
            stalls: Stalls::default(),
            delays: Histogram::new(),
            copies: Copies::new(config.copy_wait),
            brought: None,
            target: Target::new(config),
            jitter: SampleCount::ZERO,
        }
    }

    /// Learns how long the sender's frames are.
    pub(super) fn set_frame(&mut self, frame: FrameLength) {
        self.copies.set_frame(frame);
    }

    /// Forgets the sender's clock. What is known of the link stays.
    pub(super) fn reset_clock(&mut self) {
        self.base.forget();
        self.forget_gaps();
    }

    /// Forgets what was told by the sender's clock of gaps and frames.
    fn forget_gaps(&mut self) {
        self.outages.forget();
        self.stalls.forget();
        self.brought = None;
    }

    /// Returns the offset of the fastest packets, once one has come.
    pub(super) fn base(&self) -> Option<Offset> {
        self.base.offset()
    }

    /// Returns what playback should hold beyond the fastest packets.
    pub(super) fn target(&self) -> SampleCount {
        self.target.value()
    }

    /// Returns the part of the target that only copies of lost packets need, and no packet that arrives.
    pub(super) fn reserve(&self) -> SampleCount {
        self.target.reserve()
    }

    /// Returns the 95th percentile of relative delay.
    pub(super) fn jitter(&self) -> SampleCount {
        self.jitter
    }

    /// Takes note of a packet. `sampled` is false for one that says nothing of the link's delay because its
    /// frame was sent before. `needed` is false for one whose frame a copy had brought before it: it tells
    /// how the clocks lie, but nobody had to wait for it.
    pub(super) fn packet(
        &mut self,
        timestamp: MediaTime,
        arrival: Moment,
        sampled: bool,
        needed: bool,
    ) -> Observation {
        self.copies.next_packet();
        if !sampled {
            return Observation::Usual;
        }
        let offset = arrival - timestamp;
        let gap = match self.base.packet(offset, arrival) {
            Clock::First => {
                self.sample(SampleCount::ZERO);
                return Observation::Usual;
            }
            Clock::Another => {
                self.forget_gaps();
                return Observation::AnotherClock;
            }
            Clock::Same { gap } => gap,
        };
        let delay = self.base.delay(offset);
        let caught_up = delay <= self.target.value();
        if caught_up && self.brought == Some(timestamp) {
            // The copy had overtaken it, and it came in time.
            self.brought = None;
            self.copies.take_back();
        }
        let late = delay > self.target.value() + LATE;
        let counts = self.stalls.counts(arrival, late);
        let observation = if self.outages.begins(arrival, offset, gap, delay) {
            Observation::OutageOver(delay - self.target.value())
        } else {
            Observation::Usual
        };
        match self.outages.burst(arrival, offset, caught_up) {
            Burst::None => {}
            Burst::ComesIn => return observation,
            Burst::Stays(offset) => self.base.restart(offset, arrival),
        }
        if needed && counts {
            self.sample(self.base.delay(offset));
        }
        observation
    }

    /// Takes note that a copy from `distance` back was the first to bring its `frame`, in time or not.
    pub(super) fn brought(&mut self, frame: MediaTime, distance: SampleCount) {
        if self.stalls.holds_back() {
            return;
        }
        self.brought = Some(frame);
        self.copies.brought(distance);
        // The loss that begins it all is the first to be waited for.
        self.choose_target(SampleCount::ZERO);
    }

    /// Learns from the relative delay of a packet that had to be waited for.
    fn sample(&mut self, delay: SampleCount) {
        self.delays.add(delay);
        self.copies.decay();
        self.jitter = self.delays.percentile(JITTER);
        self.choose_target(delay);
    }

    fn choose_target(&mut self, delay: SampleCount) {
        let punctual = self.delays.percentile(PUNCTUAL);
        // A copy comes so much later than its frame and then takes as long as any packet.
        let copies = self
            .copies
            .choose_distance()
            .map(|distance| distance + self.delays.percentile(PUNCTUAL_COPIES));
        self.target
            .choose(punctual, copies, self.delays.is_young(), delay);
    }
}
