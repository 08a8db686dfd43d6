//! `sotto away`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::PresenceAway;

/// Be away: you hear, your microphone is closed
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sotto away")]
pub(crate) struct Away {}

impl Away {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        output.show(&ask(PresenceAway {}).await?, format::presence_reply)
    }
}
