//! `sotto status`

use crate::connection::{ask, connect_when_running};
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use crate::wait::Wait;
use sotto_control::StatusGet;

/// Show the daemon at a glance: your meeting, microphone, sound, network and warnings
#[derive(Debug, clap::Args)]
#[command(
    after_help = "With --wait, waits until the daemon runs.\n\nExamples:\n  sotto status\n  sotto status --json | jq .meeting.title\n  sottod & sotto status --wait 5s"
)]
pub(crate) struct Status {
    #[command(flatten)]
    wait: Wait,
}

impl Status {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let status = match self.wait.limit {
            Some(_) => {
                let running = async {
                    let client = connect_when_running().await?;
                    Ok(client.call(StatusGet {}).await?)
                };
                self.wait
                    .limited("the start of the daemon", running)
                    .await?
            }
            None => ask(StatusGet {}).await?,
        };
        output.show(&status, format::status)
    }
}
