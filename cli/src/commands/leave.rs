//! `sotto leave`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::MeetingLeave;

/// Leave a meeting; it goes on without you
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sotto leave")]
pub(crate) struct Leave {
    /// Which meeting, instead of the one that you are in
    meeting: Option<String>,
}

impl Leave {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let request = MeetingLeave {
            meeting: self.meeting,
        };
        output.show(&ask(request).await?, format::left)
    }
}
