//! `sotto phone`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::PresencePhone;

/// Take a phone call: offline in the meeting, microphone and loudspeaker closed
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sotto phone     # and 'sotto back' afterwards")]
pub(crate) struct Phone {}

impl Phone {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        output.show(&ask(PresencePhone {}).await?, format::presence_reply)
    }
}
