//! `sotto quit`

use std::time::Duration;

use sotto_control::Places;
use sotto_control::stopper::{self, ENDS_WITHIN, StopError};

use crate::connection::NAME;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use crate::wait::{self, Wait};

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
        stop(self.wait.limit.unwrap_or(ENDS_WITHIN)).await?;
        output.show(&sotto_control::Done {}, format::quit)
    }
}

/// Stops the daemon and returns once its process has gone, so that the next can start.
pub(super) async fn stop(within: Duration) -> Result<(), Failure> {
    let stopping = stopper::stop(&Places::find()?, NAME).await;
    let stopping = stopping.map_err(|error| match error {
        StopError::Connect(error) => Failure::Connect(error),
        StopError::Call(error) => Failure::Call(error),
    })?;
    let over = async {
        stopping.ok_or(Failure::NothingToStop)?.ended().await;
        Ok(())
    };
    wait::within(within, "the daemon's end", over).await
}
