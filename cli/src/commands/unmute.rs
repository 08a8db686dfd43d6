//! `sotto unmute`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::microphone;
use crate::output::Output;
use sotto_control::AudioUnmute;

/// Open the microphone
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sotto unmute")]
pub(crate) struct Unmute {}

impl Unmute {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        output.show(&ask(AudioUnmute {}).await?, format::audio)?;
        microphone::check(output).await;
        Ok(())
    }
}
