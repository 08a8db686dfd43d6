//! `sotto mute`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::AudioMute;

/// Close the microphone
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sotto mute")]
pub(crate) struct Mute {}

impl Mute {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        output.show(&ask(AudioMute {}).await?, format::audio)
    }
}
