//! `sotto top`

use crate::failure::Failure;
use crate::output::Output;

/// Show the meeting live: presence, who speaks, how well voice arrives, with keys to act
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Keys: m mute, d deafen, w whisper, r reply, t talk to all, a away or back, s switch, j join, l leave, q quit top (the meeting goes on).\n\nExample:\n  sotto top"
)]
pub(crate) struct Top {}

impl Top {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        if output.is_json() {
            return Err(Failure::Usage(
                "'sotto top' is a screen for people and has no JSON; programs follow a meeting with 'sotto events'"
                    .into(),
            ));
        }
        crate::top::run().await
    }
}
