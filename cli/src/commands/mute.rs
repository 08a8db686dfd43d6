//! `sotto mute`

use crate::connection::connect;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::{AudioMute, AudioUnmute, StatusGet};

/// Close the microphone
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  sotto mute\n  sotto mute --toggle")]
pub(crate) struct Mute {
    /// Open it if it is closed; for a key
    #[arg(long)]
    toggle: bool,
}

impl Mute {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let client = connect().await?;
        let reply = if self.toggle && client.call(StatusGet {}).await?.muted {
            client.call(AudioUnmute {}).await?
        } else {
            client.call(AudioMute {}).await?
        };
        output.show(&reply, format::audio)
    }
}
