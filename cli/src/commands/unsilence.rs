//! `sotto unsilence`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::AudioUnsilence;

/// Play a colleague again who was silenced
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sotto unsilence dara")]
pub(crate) struct Unsilence {
    /// Whom
    name: String,
}

impl Unsilence {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let request = AudioUnsilence { name: self.name };
        output.show(&ask(request).await?, format::silence)
    }
}
