//! `sotto roster`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::MeetingRoster;

/// Show who is in a meeting, with presence, microphone and how well voice arrives
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  sotto roster\n  sotto roster retro --json | jq -r '.meeting.participants[].label'"
)]
pub(crate) struct Roster {
    /// Which meeting, instead of the one that you are in
    meeting: Option<String>,
}

impl Roster {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let request = MeetingRoster {
            meeting: self.meeting,
        };
        output.show(&ask(request).await?, format::roster)
    }
}
