//! `sotto decline`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::MeetingDecline;

/// Decline an invitation
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sotto decline planning")]
pub(crate) struct Decline {
    /// Which meeting's; not needed if there is one invitation
    meeting: Option<String>,
}

impl Decline {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let request = MeetingDecline {
            meeting: self.meeting,
        };
        output.show(&ask(request).await?, format::declined)
    }
}
