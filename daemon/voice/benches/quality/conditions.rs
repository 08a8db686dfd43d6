//! The networks that are measured.

use crate::link::{CLEAN, Impairment, Loss, Outages, Spread};

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

const PLAIN: Condition = Condition {
    name: "",
    impairment: CLEAN,
    drift: 0.0,
    random_loss: None,
    expected_loss: 10,
    sets_in: false,
};

fn losing(name: &'static str, loss: Loss) -> Condition {
    let share = match loss {
        Loss::Random(share) | Loss::Bursts(share, _) | Loss::ExactBursts(share, _) => share,
    };
    Condition {
        name,
        impairment: Impairment { loss, ..CLEAN },
        expected_loss: if share > 0.1 { 20 } else { 10 },
        sets_in: share >= 0.1,
        ..PLAIN
    }
}

fn random(name: &'static str, share: f64) -> Condition {
    Condition {
        random_loss: Some(share),
        ..losing(name, Loss::Random(share))
    }
}

fn delayed(name: &'static str, base: f64, spread: Spread) -> Condition {
    Condition {
        name,
        impairment: Impairment {
            base,
            spread,
            ..CLEAN
        },
        ..PLAIN
    }
}

fn jitter(name: &'static str, width: f64) -> Condition {
    delayed(name, CLEAN.base, Spread::Uniform(width))
}

fn gaps(name: &'static str, shortest: f64, longest: f64, every: f64) -> Condition {
    Condition {
        name,
        impairment: Impairment {
            outages: Some(Outages {
                length: (shortest, longest),
                every,
            }),
            ..CLEAN
        },
        ..PLAIN
    }
}

fn drifting(name: &'static str, drift: f64) -> Condition {
    Condition {
        name,
        drift,
        ..PLAIN
    }
}

/// All of them, in the order of the table.
pub(crate) fn all() -> Vec<Condition> {
    let jitter_and_loss = Condition {
        name: "jitter 0-40 ms, random 10 %",
        impairment: Impairment {
            loss: Loss::Random(0.1),
            spread: Spread::Uniform(40.0),
            ..CLEAN
        },
        ..PLAIN
    };
    vec![
        random("clean", 0.0),
        random("random 5 %", 0.05),
        random("random 10 %", 0.1),
        random("random 20 %", 0.2),
        random("random 30 %", 0.3),
        losing("bursts of 3 (mean), 10 %", Loss::Bursts(0.1, 3.0)),
        losing("bursts of 3 (mean), 20 %", Loss::Bursts(0.2, 3.0)),
        losing("bursts of 3 (exactly), 20 %", Loss::ExactBursts(0.2, 3)),
        losing("bursts of 8 (mean), 10 %", Loss::Bursts(0.1, 8.0)),
        losing("bursts of 8 (mean), 20 %", Loss::Bursts(0.2, 8.0)),
        losing("bursts of 8 (exactly), 20 %", Loss::ExactBursts(0.2, 8)),
        jitter("jitter 0-20 ms", 20.0),
        jitter("jitter 0-60 ms", 60.0),
        delayed(
            "5 % overtaken by 15 ms",
            CLEAN.base,
            Spread::Overtaken(0.05, 15.0),
        ),
        delayed("20 ms + uniform 0-40 ms", 20.0, Spread::Uniform(40.0)),
        delayed(
            "20 ms + exponential 15 ms",
            20.0,
            Spread::ExponentialInOrder(15.0),
        ),
        jitter_and_loss,
        drifting("drift +200 ppm", 200.0),
        drifting("drift -200 ppm", -200.0),
        gaps("Wi-Fi scans 100-300 ms each 4 s", 100.0, 300.0, 4_000.0),
        gaps("power save 60-100 ms each 1 s", 60.0, 100.0, 1_000.0),
    ]
}
