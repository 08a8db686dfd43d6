//! One direction of a bad network.

use sotto_instruments::Chance;

/// A millisecond, in nanoseconds.
pub const MS: f64 = 1e6;

/// Which packets are lost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Loss {
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
pub enum Spread {
    /// Uniform up to so many ms: packets overtake each other.
    Uniform(f64),
    /// Exponential with this mean in ms, but never before the one sent earlier.
    ExponentialInOrder(f64),
    /// This share of packets takes so many ms longer than the others, and is overtaken.
    Overtaken(f64, f64),
}

/// Times in which nothing arrives. What was on its way comes all at once afterwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outages {
    /// The shortest and the longest, in ms.
    pub length: (f64, f64),
    /// One begins somewhere in every so many ms.
    pub every: f64,
}

impl Loss {
    /// The share of packets that are lost.
    #[must_use]
    pub fn share(self) -> f64 {
        match self {
            Self::Random(share) | Self::Bursts(share, _) | Self::ExactBursts(share, _) => share,
        }
    }
}

/// What a direction does to packets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Impairment {
    /// Which never arrive.
    pub loss: Loss,
    /// The shortest way, in ms.
    pub base: f64,
    /// What comes on top of it.
    pub spread: Spread,
    /// When nothing arrives at all.
    pub outages: Option<Outages>,
    /// Until then nothing is lost, in ms.
    pub loses_from: f64,
}

/// A wired network on a good day.
pub const CLEAN: Impairment = Impairment {
    loss: Loss::Random(0.0),
    base: 0.2,
    spread: Spread::Uniform(0.3),
    outages: None,
    loses_from: 0.0,
};

/// One direction, under way.
#[derive(Debug)]
pub struct Link {
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
    /// A direction of which nothing was sent yet.
    #[must_use]
    pub fn new(impairment: Impairment, seed: u64) -> Self {
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

    /// When a packet sent at `now` arrives, if it does, in nanoseconds since the run began. Calls are in the order of
    /// time.
    pub fn send(&mut self, now: u64) -> Option<u64> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: u64 = 10_000_000;
    const COUNT: u64 = 100_000;

    /// When each of many packets, one every 10 ms, arrives.
    fn arrivals(impairment: Impairment, seed: u64) -> Vec<Option<u64>> {
        let mut link = Link::new(impairment, seed);
        (0..COUNT).map(|number| link.send(number * PACE)).collect()
    }

    /// How many packets in a row were lost, each time.
    fn bursts(arrivals: &[Option<u64>]) -> Vec<usize> {
        arrivals
            .split(Option::is_some)
            .map(<[_]>::len)
            .filter(|length| *length > 0)
            .collect()
    }

    #[test]
    fn as_many_are_lost_as_is_said_and_in_bursts_as_long() {
        for (loss, mean) in [
            (Loss::Random(0.2), 1.25),
            (Loss::Bursts(0.2, 3.0), 3.0),
            (Loss::Bursts(0.1, 8.0), 8.0),
            (Loss::ExactBursts(0.2, 8), 8.0 / (1.0 - 0.2 / (8.0 * 0.8))),
        ] {
            let arrivals = arrivals(Impairment { loss, ..CLEAN }, 1);
            let bursts = bursts(&arrivals);
            let lost: usize = bursts.iter().sum();
            let share = lost as f64 / COUNT as f64;
            assert!(
                (share / loss.share() - 1.0).abs() < 0.1,
                "{loss:?}: {share}"
            );
            let length = lost as f64 / bursts.len() as f64;
            assert!((length / mean - 1.0).abs() < 0.1, "{loss:?}: {length}");
            if let Loss::ExactBursts(_, exactly) = loss {
                // Two of them may touch.
                let whole = |length: &usize| length.is_multiple_of(exactly as usize);
                assert!(bursts[..bursts.len() - 1].iter().all(whole));
            }
        }
    }

    #[test]
    fn packets_take_as_long_as_is_said_and_keep_their_order_where_they_should() {
        let taken = |spread| -> Vec<f64> {
            let arrivals = arrivals(Impairment { spread, ..CLEAN }, 2);
            let sent = (0..).step_by(PACE as usize);
            let taken = sent.zip(arrivals).map(|(sent, at)| at.unwrap() - sent);
            taken.map(|nanoseconds| nanoseconds as f64 / MS).collect()
        };
        let uniform = taken(Spread::Uniform(40.0));
        assert!(uniform.iter().all(|ms| (0.2..=40.2).contains(ms)));
        let mean = uniform.iter().sum::<f64>() / COUNT as f64;
        assert!((mean - 20.2).abs() < 0.3, "{mean}");
        let in_order = taken(Spread::ExponentialInOrder(15.0));
        assert!(
            in_order
                .windows(2)
                .all(|pair| pair[0] <= pair[1] + 10.0 + 1e-6)
        );
    }

    #[test]
    fn nothing_arrives_during_an_outage_and_everything_afterwards() {
        let outages = Some(Outages {
            length: (100.0, 300.0),
            every: 4_000.0,
        });
        let arrivals: Vec<u64> = arrivals(Impairment { outages, ..CLEAN }, 3)
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(arrivals.len() as u64, COUNT);
        let gaps: Vec<f64> = arrivals
            .windows(2)
            .map(|pair| (pair[1].saturating_sub(pair[0])) as f64 / MS)
            .filter(|ms| *ms > 50.0)
            .collect();
        assert_eq!(gaps.len() as u64, COUNT * PACE / 4_000_000_000);
        assert!(
            gaps.iter().all(|ms| (90.0..=320.0).contains(ms)),
            "{gaps:?}"
        );
    }
}
