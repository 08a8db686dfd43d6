//! `sotto restart`

use super::{quit, start};
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::stopper::ENDS_WITHIN;

/// Stop the daemon and start it again
#[derive(Debug, clap::Args)]
#[command(
    after_help = "You leave no meeting by it: the daemon comes back to them, muted.\n\nExample:\n  sotto restart"
)]
pub(crate) struct Restart {}

impl Restart {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        match quit::stop(ENDS_WITHIN).await {
            Ok(()) | Err(Failure::NothingToStop) => {}
            Err(failure) => return Err(failure),
        }
        let started = start::start().await?;
        output.show(&started, format::started)
    }
}
