//! `sotto undeafen`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::AudioUndeafen;

/// Open the loudspeaker; the microphone returns to what it was
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sotto undeafen")]
pub(crate) struct Undeafen {}

impl Undeafen {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        output.show(&ask(AudioUndeafen {}).await?, format::audio)
    }
}
