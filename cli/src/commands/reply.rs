//! `sotto reply`

use super::whisper::{Ending, hold};
use crate::connection::connect;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::TalkReplyTo;

/// Answer the last whisper: its speaker and the others who heard it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The answer lasts until 'sotto talk', unless --for or --hold says otherwise. If the whisperer has gone it is refused, so that an answer never falls into the open room.\n\nExamples:\n  sotto reply\n  sotto reply --for 5s"
)]
pub(crate) struct Reply {
    #[command(flatten)]
    ending: Ending,
}

impl Reply {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let client = connect().await?;
        let mut subscription = client.subscribe(false).await?;
        let request = TalkReplyTo {
            mode: self.ending.mode(),
        };
        let reply = client.call(request).await?;
        match self.ending.mode() {
            sotto_control::model::WhisperMode::Hold => {
                hold(&client, &mut subscription, &reply, output).await
            }
            _ => output.show(&reply, format::talk_reply),
        }
    }
}
