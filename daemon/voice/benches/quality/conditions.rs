//! What is measured: networks, and clocks that differ.

use sotto_impairment::{CLEAN, Impairment, Loss, Network, networks};

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
            expected_loss: if loss.share() > 0.1 { 20 } else { 10 },
            sets_in: network.only_loses() && loss.share() >= 0.1,
        }
    }

    fn drifting(name: &'static str, drift: f64) -> Self {
        let clean = Network {
            name,
            impairment: CLEAN,
        };
        Self {
            drift,
            random_loss: None,
            ..Self::on(clean)
        }
    }
}

/// All of them, in the order of the table.
pub(crate) fn all() -> Vec<Condition> {
    let drifting = [
        Condition::drifting("drift +200 ppm", 200.0),
        Condition::drifting("drift -200 ppm", -200.0),
    ];
    networks()
        .into_iter()
        .map(Condition::on)
        .chain(drifting)
        .collect()
}
