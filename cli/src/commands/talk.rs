//! `sotto talk`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::TalkEveryone;

/// Speak to everyone in the meeting again
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sotto talk")]
pub(crate) struct Talk {}

impl Talk {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        output.show(&ask(TalkEveryone {}).await?, format::talk_reply)
    }
}
