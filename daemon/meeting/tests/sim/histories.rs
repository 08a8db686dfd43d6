//! What tests with random histories share: how many there are, who takes part, and what befalls machines and network.

use proptest::prelude::ProptestConfig;
use sotto_meeting::PeerId;

use super::{Host, Sim, Weather};

/// The number of people in a history.
pub(crate) const PEOPLE: usize = 5;

/// Returns how many histories are drawn: as many as `SOTTO_CASES` says, or else `usual`.
///
/// A history that fails is shortened and printed with its seed; no file keeps it.
pub(crate) fn cases(usual: u32) -> ProptestConfig {
    let wished = std::env::var("SOTTO_CASES").ok();
    let wished = wished.and_then(|text| text.parse().ok());
    ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 400,
        ..ProptestConfig::with_cases(wished.unwrap_or(usual))
    }
}

impl Sim {
    /// A world of the people of a history, who know of one another.
    pub(crate) fn with_people(seed: u64) -> (Self, [Host; PEOPLE]) {
        Self::with(seed, ["Anna", "Bao", "Chen", "Dara", "Emil"])
    }

    /// Returns those whose bit is set, except `but`.
    pub(crate) fn chosen(&self, bits: u8, but: Host) -> Vec<PeerId> {
        self.hosts()
            .filter(|host| *host != but && is_set(bits, *host))
            .map(|host| self.id(host))
            .collect()
    }

    /// Splits the network into those whose bit is set and the others.
    pub(crate) fn split_by(&mut self, bits: u8) {
        let (one, other): (Vec<Host>, Vec<Host>) =
            self.hosts().partition(|host| is_set(bits, *host));
        self.split(&[&one, &other]);
    }

    /// The network is as bad as it gets, or clear.
    pub(crate) fn set_storm(&mut self, storm: bool) {
        self.weather = if storm {
            Weather::STORM
        } else {
            Weather::CLEAR
        };
    }

    /// Starts the daemon unless it runs.
    pub(crate) fn start_if_stopped(&mut self, host: Host) {
        if !self.is_running(host) {
            self.start(host);
        }
    }

    /// Crashes the daemon if it runs.
    pub(crate) fn crash_if_running(&mut self, host: Host) {
        if self.is_running(host) {
            self.crash(host);
        }
    }

    /// Stops the daemon if it runs.
    pub(crate) fn stop_if_running(&mut self, host: Host) {
        if self.is_running(host) {
            self.stop(host);
        }
    }
}

fn is_set(bits: u8, host: Host) -> bool {
    bits & (1 << host.0) != 0
}
