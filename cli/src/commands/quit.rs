//! `sotto quit`

use crate::connection::connect;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use crate::wait::Wait;
use sotto_control::{CallError, DaemonQuit};

/// Stop the daemon: offline in every meeting first, then everything closed
#[derive(Debug, clap::Args)]
#[command(
    after_help = "With --wait, waits until it has stopped.\n\nExample:\n  sotto quit --wait 5s"
)]
pub(crate) struct Quit {
    #[command(flatten)]
    wait: Wait,
}

impl Quit {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let client = connect().await?;
        let (_, mut events) = client.subscribe(false).await?;
        match client.call(DaemonQuit {}).await {
            // A daemon that is gone before its reply was read has done what was asked.
            Ok(_) | Err(CallError::Disconnected) => {}
            Err(error) => return Err(error.into()),
        }
        if self.wait.limit.is_some() {
            let stopped = async {
                while events.next().await.is_some() {}
                Ok(())
            };
            self.wait.limited("the daemon's end", stopped).await?;
        }
        output.show(&sotto_control::Done {}, format::quit)
    }
}
