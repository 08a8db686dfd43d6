//! `sotto deafen`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::AudioDeafen;

/// Close loudspeaker and microphone
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sotto deafen")]
pub(crate) struct Deafen {}

impl Deafen {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        output.show(&ask(AudioDeafen {}).await?, format::audio)
    }
}
