//! `sotto meetings`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::MeetingList;

/// List your meetings, with who is present
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sotto meetings")]
pub(crate) struct Meetings {}

impl Meetings {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        output.show(&ask(MeetingList {}).await?, format::meetings)
    }
}
