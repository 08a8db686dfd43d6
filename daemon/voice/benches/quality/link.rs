//! One direction of a bad network: which packets arrive, and when.
//!
//! Everything random comes from one seed. Time is in nanoseconds since the run began.

use crate::simulated::Chance;

/// A millisecond.
pub(crate) const MS: f64 = 1e6;

/// Which packets are lost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Loss {
    /// Each with this chance.
    Random(f64),
    /// This share, in bursts whose length is drawn anew each time, with this mean (Gilbert and Elliott's two states,
    /// where the bad one loses all).
    Bursts(f64, f64),
    /// This share, in bursts of exactly this length.
    ExactBursts(f64, u32),
}

/// How long packets take beyond the shortest way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Spread {
    /// Uniform up to so many ms: packets overtake each other.
    Uniform(f64),
    /// Exponential with this mean in ms, but never before the one sent earlier.
    ExponentialInOrder(f64),
    /// This share of packets takes so many ms longer than the others, and is overtaken.
    Overtaken(f64, f64),
}

/// Times in which nothing arrives. What was on its way comes all at once afterwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Outages {
    /// The shortest and the longest, in ms.
    pub(crate) length: (f64, f64),
    /// One begins somewhere in every so many ms.
    pub(crate) every: f64,
}

/// What a direction does to packets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Impairment {
    pub(crate) loss: Loss,
    /// The shortest way, in ms.
    pub(crate) base: f64,
    pub(crate) spread: Spread,
    pub(crate) outages: Option<Outages>,
    /// Until then nothing is lost, in ms.
    pub(crate) loses_from: f64,
}

/// A wired network on a good day.
pub(crate) const CLEAN: Impairment = Impairment {
    loss: Loss::Random(0.0),
    base: 0.2,
    spread: Spread::Uniform(0.3),
    outages: None,
    loses_from: 0.0,
};

/// One direction, under way.
pub(crate) struct Link {
    impairment: Impairment,
    chance: Chance,
    /// A generator of its own for outages, so that they do not depend on how much is sent.
    schedule: Chance,
    outage: (f64, f64),
    next_outage: f64,
    burst: u32,
    last_arrival: f64,
}

impl Link {
    pub(crate) fn new(impairment: Impairment, seed: u64) -> Self {
        Self {
            impairment,
            chance: Chance::new(seed),
            schedule: Chance::new(seed ^ 0x07a6_e500),
            outage: (0.0, 0.0),
            next_outage: 1_000.0 * MS,
            burst: 0,
            last_arrival: 0.0,
        }
    }

    /// When a packet sent at `now` arrives, if it does. Calls are in the order of time.
    pub(crate) fn send(&mut self, now: u64) -> Option<u64> {
        let now = now as f64;
        // Drawn for every packet, so that one seed is one weather for all who send at the same pace.
        let lost = self.loses();
        let takes = self.takes();
        if lost && now >= self.impairment.loses_from * MS {
            return None;
        }
        let mut at = now + self.impairment.base * MS + takes;
        if matches!(self.impairment.spread, Spread::ExponentialInOrder(_)) {
            at = at.max(self.last_arrival);
            self.last_arrival = at;
        }
        Some(self.after_outage(at) as u64)
    }

    fn loses(&mut self) -> bool {
        let draw = self.chance.unit();
        match self.impairment.loss {
            Loss::Random(share) => draw < share,
            Loss::Bursts(share, mean) => {
                let bad = if self.burst > 0 {
                    draw >= 1.0 / mean
                } else {
                    draw < share / (mean * (1.0 - share))
                };
                self.burst = u32::from(bad);
                bad
            }
            Loss::ExactBursts(share, length) => {
                if self.burst > 0 {
                    self.burst -= 1;
                    return true;
                }
                let begins = draw < share / (f64::from(length) * (1.0 - share));
                self.burst = if begins { length - 1 } else { 0 };
                begins
            }
        }
    }

    fn takes(&mut self) -> f64 {
        let draw = self.chance.unit();
        MS * match self.impairment.spread {
            Spread::Uniform(most) => draw * most,
            Spread::ExponentialInOrder(mean) => -mean * (1.0 - draw).max(1e-9).ln(),
            Spread::Overtaken(share, longer) => {
                if draw < share {
                    longer
                } else {
                    0.3 * draw
                }
            }
        }
    }

    fn after_outage(&mut self, at: f64) -> f64 {
        let Some(outages) = self.impairment.outages else {
            return at;
        };
        while at >= self.next_outage {
            let (shortest, longest) = outages.length;
            let length = (shortest + self.schedule.unit() * (longest - shortest)) * MS;
            let latest = (outages.every * MS - length).max(0.0);
            let begin = self.next_outage + self.schedule.unit() * latest;
            self.outage = (begin, begin + length);
            self.next_outage += outages.every * MS;
        }
        let (from, to) = self.outage;
        if (from..to).contains(&at) {
            // In the order in which they came, in next to no time.
            to + (at - from) * 0.001
        } else {
            at
        }
    }
}
