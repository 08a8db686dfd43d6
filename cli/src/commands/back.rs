//! `sotto back`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::PresenceBack;

/// Be back, from away or from the phone
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sotto back")]
pub(crate) struct Back {}

impl Back {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        output.show(&ask(PresenceBack {}).await?, format::presence_reply)
    }
}
