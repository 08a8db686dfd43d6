//! `sotto quit`

use std::time::Duration;

use sotto_control::{CallError, ConnectError, DaemonQuit, Holder, Places};

use crate::connection::connect_to_any_version;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use crate::wait::{self, Wait};

/// The longest time to the daemon's end unless the user says otherwise. It says goodbye within a second.
pub(super) const LIMIT: Duration = Duration::from_secs(10);
/// The time between two looks whether its process has gone.
const LOOK: Duration = Duration::from_millis(20);

/// Stop the daemon: offline in every meeting first, then everything closed
#[derive(Debug, clap::Args)]
#[command(
    visible_alias = "stop",
    after_help = "Returns when it has stopped. Stops a daemon of another release, too.\n\nExample:\n  sotto quit"
)]
pub(crate) struct Quit {
    #[command(flatten)]
    wait: Wait,
}

impl Quit {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        stop(self.wait.limit.unwrap_or(LIMIT)).await?;
        output.show(&sotto_control::Done {}, format::quit)
    }
}

/// Stops the daemon and returns once its process has gone, so that the next can start.
pub(super) async fn stop(within: Duration) -> Result<(), Failure> {
    let places = Places::find()?;
    let client = match connect_to_any_version().await {
        Ok(client) => client,
        Err(Failure::Connect(ConnectError::NotRunning { .. })) => {
            return Err(Failure::NothingToStop);
        }
        Err(failure) => return Err(failure),
    };
    match client.call(DaemonQuit {}).await {
        // A daemon that is gone before its reply was read has done what was asked.
        Ok(_) | Err(CallError::Disconnected) => {}
        Err(error) => return Err(error.into()),
    }
    let over = async {
        client.ended().await;
        while Holder::find(&places).is_some() {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    };
    wait::within(within, "the daemon's end", over).await
}
