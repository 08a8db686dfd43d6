//! The networks that are measured.

use crate::link::{CLEAN, Impairment, Loss, Outages, Spread};

/// A network, the same in both directions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Network {
    /// What it is called in tables and on command lines.
    pub name: &'static str,
    /// What each direction does to packets.
    pub impairment: Impairment,
}

impl Network {
    /// Whether it loses packets and does nothing else that a wired network would not do.
    #[must_use]
    pub fn only_loses(&self) -> bool {
        let loss = self.impairment.loss;
        self.impairment == (Impairment { loss, ..CLEAN })
    }
}

fn losing(name: &'static str, loss: Loss) -> Network {
    let impairment = Impairment { loss, ..CLEAN };
    Network { name, impairment }
}

fn delayed(name: &'static str, base: f64, spread: Spread) -> Network {
    let impairment = Impairment {
        base,
        spread,
        ..CLEAN
    };
    Network { name, impairment }
}

fn jitter(name: &'static str, width: f64) -> Network {
    delayed(name, CLEAN.base, Spread::Uniform(width))
}

fn gaps(name: &'static str, shortest: f64, longest: f64, every: f64) -> Network {
    let outages = Some(Outages {
        length: (shortest, longest),
        every,
    });
    let impairment = Impairment { outages, ..CLEAN };
    Network { name, impairment }
}

/// All of them, in the order of the tables.
#[must_use]
pub fn networks() -> Vec<Network> {
    let jitter_and_loss = Network {
        name: "jitter 0-40 ms, random 10 %",
        impairment: Impairment {
            loss: Loss::Random(0.1),
            spread: Spread::Uniform(40.0),
            ..CLEAN
        },
    };
    let overtaken = Spread::Overtaken(0.05, 15.0);
    let in_order = Spread::ExponentialInOrder(15.0);
    vec![
        losing("clean", Loss::Random(0.0)),
        losing("random 5 %", Loss::Random(0.05)),
        losing("random 10 %", Loss::Random(0.1)),
        losing("random 20 %", Loss::Random(0.2)),
        losing("random 30 %", Loss::Random(0.3)),
        losing("bursts of 3 (mean), 10 %", Loss::Bursts(0.1, 3.0)),
        losing("bursts of 3 (mean), 20 %", Loss::Bursts(0.2, 3.0)),
        losing("bursts of 3 (exactly), 20 %", Loss::ExactBursts(0.2, 3)),
        losing("bursts of 8 (mean), 10 %", Loss::Bursts(0.1, 8.0)),
        losing("bursts of 8 (mean), 20 %", Loss::Bursts(0.2, 8.0)),
        losing("bursts of 8 (exactly), 20 %", Loss::ExactBursts(0.2, 8)),
        jitter("jitter 0-20 ms", 20.0),
        jitter("jitter 0-60 ms", 60.0),
        delayed("5 % overtaken by 15 ms", CLEAN.base, overtaken),
        delayed("20 ms + uniform 0-40 ms", 20.0, Spread::Uniform(40.0)),
        delayed("20 ms + exponential 15 ms", 20.0, in_order),
        jitter_and_loss,
        gaps("Wi-Fi scans 100-300 ms each 4 s", 100.0, 300.0, 4_000.0),
        gaps("power save 60-100 ms each 1 s", 60.0, 100.0, 1_000.0),
        gaps("stalls of 20 ms each 3 s", 20.0, 20.0, 3_000.0),
        gaps("stalls of 40 ms each 3 s", 40.0, 40.0, 3_000.0),
        gaps("stalls of 60 ms each 3 s", 60.0, 60.0, 3_000.0),
        gaps("stalls of 100 ms each 3 s", 100.0, 100.0, 3_000.0),
    ]
}
