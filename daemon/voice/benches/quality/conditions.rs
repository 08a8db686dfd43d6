//! What is measured: networks, clocks that differ, and programs that stand still now and then.

use sotto_impairment::{CLEAN, Impairment, Loss, Network, networks};

use crate::simulated::Stalls;

/// A network, the same in both directions, and the difference between the two clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Condition {
    pub(crate) name: &'static str,
    pub(crate) impairment: Impairment,
    /// How much faster the talker's clock runs, in parts per million.
    pub(crate) drift: f64,
    /// The share of packets lost, for plots over random loss.
    pub(crate) random_loss: Option<f64>,
    /// The loss that the baseline's encoder is told to expect, in per cent.
    pub(crate) expected_loss: i32,
    /// How long the talker's and the listener's program stand still, once in each [`STALLS_EVERY`]. Milliseconds.
    pub(crate) stalls: (f64, f64),
    /// The condition is one in whose first second the ladder is looked at too.
    pub(crate) sets_in: bool,
}

impl Condition {
    fn on(network: Network) -> Self {
        let loss = network.impairment.loss;
        Self {
            name: network.name,
            impairment: network.impairment,
            drift: 0.0,
            random_loss: match loss {
                Loss::Random(share) if network.only_loses() => Some(share),
                _ => None,
            },
            stalls: (0.0, 0.0),
            expected_loss: if loss.share() > 0.1 { 20 } else { 10 },
            sets_in: network.only_loses() && loss.share() >= 0.1,
        }
    }

    fn drifting(name: &'static str, drift: f64) -> Self {
        Self {
            drift,
            ..Self::clean(name)
        }
    }

    fn stalling(name: &'static str, talker: f64, listener: f64) -> Self {
        Self {
            stalls: (talker, listener),
            ..Self::clean(name)
        }
    }

    /// Returns a wired network on a good day. The plot over random loss, in which that is the first point, leaves it out.
    fn clean(name: &'static str) -> Self {
        let clean = Network {
            name,
            impairment: CLEAN,
        };
        Self {
            random_loss: None,
            ..Self::on(clean)
        }
    }

    /// When the talker's and the listener's program stand still, until so many nanoseconds have passed.
    pub(crate) fn draw_stalls(&self, seed: u64, until: f64) -> (Stalls, Stalls) {
        let (talker, listener) = self.stalls;
        let stalls = |length| Stalls::new(seed, length, STALLS_EVERY, until);
        (stalls(talker), stalls(listener))
    }
}

/// The time in which one stall falls. Milliseconds.
const STALLS_EVERY: f64 = 3_000.0;

/// All of them, in the order of the table.
pub(crate) fn all() -> Vec<Condition> {
    let drifting = [
        Condition::drifting("drift +200 ppm", 200.0),
        Condition::drifting("drift -200 ppm", -200.0),
    ];
    let stalling = [
        Condition::stalling("stalls of 20 ms, talker", 20.0, 0.0),
        Condition::stalling("stalls of 40 ms, talker", 40.0, 0.0),
        Condition::stalling("stalls of 60 ms, talker", 60.0, 0.0),
        Condition::stalling("stalls of 100 ms, talker", 100.0, 0.0),
        Condition::stalling("stalls of 20 ms, listener", 0.0, 20.0),
        Condition::stalling("stalls of 40 ms, listener", 0.0, 40.0),
        Condition::stalling("stalls of 60 ms, listener", 0.0, 60.0),
        Condition::stalling("stalls of 100 ms, listener", 0.0, 100.0),
    ];
    networks()
        .into_iter()
        .map(Condition::on)
        .chain(stalling)
        .chain(drifting)
        .collect()
}
