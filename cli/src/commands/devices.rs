//! `sotto devices`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::AudioDevices;

/// List microphones and loudspeakers, with those in use
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sotto devices")]
pub(crate) struct Devices {}

impl Devices {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        output.show(&ask(AudioDevices {}).await?, format::devices)
    }
}
