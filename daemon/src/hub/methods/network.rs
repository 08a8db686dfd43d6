//! The ways to others.

use sotto_control::model::NetworkReport;

use super::super::Hub;

impl Hub {
    /// Returns the ways to others, one by one.
    pub(super) fn network_report(&self) -> NetworkReport {
        let status = self.neighbours.status(self.voice.media_port());
        NetworkReport {
            media_port: status.media_port,
            problem: status.problem,
            hint: status.hint,
            ..NetworkReport::default()
        }
    }
}
