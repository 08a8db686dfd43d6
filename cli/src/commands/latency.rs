//! `sotto latency`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::AudioLatency;

/// Show how long sound takes between you and a colleague, and where each millisecond goes
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Both must be in the meeting, and whoever is to be measured must have been heard.\n\
                  From capture to playback both machines' clocks measure; what devices and codecs\n\
                  cost beside is what they say.\n\n\
                  Examples:\n  sotto latency bao\n  sotto latency bao --json | jq .to.total_ms"
)]
pub(crate) struct Latency {
    /// With whom
    name: String,
}

impl Latency {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let request = AudioLatency { name: self.name };
        output.show(&ask(request).await?, format::latency)
    }
}
