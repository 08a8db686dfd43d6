//! `sotto stats`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::MeetingRoster;

/// Show what the network does to each voice, and what is done about it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Figures are of the last second. 'heard' is their voice on its way here, 'sent' is yours on its way there,\n\
                  by their reports.\n\n\
                  Examples:\n  sotto stats\n  sotto stats --json | jq '.meeting.participants[] | {label, stats}'"
)]
pub(crate) struct Stats {}

impl Stats {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let request = MeetingRoster { meeting: None };
        output.show(&ask(request).await?, format::stats)
    }
}
