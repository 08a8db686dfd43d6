//! `sotto deafen`

use crate::connection::connect;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::{AudioDeafen, AudioUndeafen, StatusGet};

/// Close loudspeaker and microphone
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  sotto deafen\n  sotto deafen --toggle")]
pub(crate) struct Deafen {
    /// Open them if they are closed; for a key
    #[arg(long)]
    toggle: bool,
}

impl Deafen {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let client = connect().await?;
        let reply = if self.toggle && client.call(StatusGet {}).await?.deafened {
            client.call(AudioUndeafen {}).await?
        } else {
            client.call(AudioDeafen {}).await?
        };
        output.show(&reply, format::audio)
    }
}
