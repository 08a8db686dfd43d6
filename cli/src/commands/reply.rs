//! `sotto reply`

use super::whisper::{Ending, Input};
use crate::connection::connect;
use crate::failure::Failure;
use crate::format;
use crate::microphone;
use crate::output::Output;
use sotto_control::TalkReplyTo;

/// Answer the last whisper: its speaker and the others who heard it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The answer lasts until 'sotto talk', unless --for, --hold or --toggle says otherwise. It goes to whoever began to whisper last, and is refused if that one has gone or somebody else begins at the same moment. --hold is as in 'sotto whisper --help'.\n\nExamples:\n  sotto reply\n  sotto reply --for 5s\n  sotto reply --toggle"
)]
pub(crate) struct Reply {
    #[command(flatten)]
    ending: Ending,
}

impl Reply {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let input = Input::at_start();
        let client = connect().await?;
        let mut subscription = client.subscribe(false).await?;
        let answered = &subscription.0.talk.reply_to;
        if !answered.is_empty() {
            // Before the first sample goes out; should somebody else begin to whisper meanwhile, it is refused.
            output.remark(&format!("Answering {}.", format::names(answered)));
        }
        let request = TalkReplyTo {
            to: answered.iter().map(|person| person.id.clone()).collect(),
            mode: self.ending.mode(),
        };
        microphone::tell(&subscription.0, output);
        self.ending
            .carry_out(&client, &mut subscription, request, input, output)
            .await
    }
}
