//! `sotto silence`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::AudioSilence;

/// Stop playing a colleague who sits in the same room
#[derive(Debug, clap::Args)]
#[command(
    after_help = "You hear each other through the room, and the others hear you both. It ends when you leave the meeting, or with 'sotto unsilence'. They hear you through their loudspeaker until they do the same.\n\nExample:\n  sotto silence dara"
)]
pub(crate) struct Silence {
    /// Whom
    name: String,
}

impl Silence {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let request = AudioSilence { name: self.name };
        output.show(&ask(request).await?, format::silence)
    }
}
