//! `sotto quit`

use crate::connection::connect_to_any_version;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use crate::wait::Wait;
use sotto_control::{CallError, DaemonQuit};

/// Stop the daemon: offline in every meeting first, then everything closed
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Stops a daemon of another release, too. With --wait, waits until it has stopped.\n\nExample:\n  sotto quit --wait 5s"
)]
pub(crate) struct Quit {
    #[command(flatten)]
    wait: Wait,
}

impl Quit {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let client = connect_to_any_version().await?;
        match client.call(DaemonQuit {}).await {
            // A daemon that is gone before its reply was read has done what was asked.
            Ok(_) | Err(CallError::Disconnected) => {}
            Err(error) => return Err(error.into()),
        }
        if self.wait.limit.is_some() {
            let stopped = async {
                client.ended().await;
                Ok(())
            };
            self.wait.limited("the daemon's end", stopped).await?;
        }
        output.show(&sotto_control::Done {}, format::quit)
    }
}
