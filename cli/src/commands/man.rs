//! `sotto man`, for packagers

use crate::failure::Failure;
use crate::output::Output;
use clap::CommandFactory;
use std::path::PathBuf;

/// Write the manual pages into a directory
#[derive(Debug, clap::Args)]
#[command(
    hide = true,
    after_help = "Example:\n  sotto man /usr/local/share/man/man1"
)]
pub(crate) struct Man {
    /// An existing directory
    directory: PathBuf,
}

impl Man {
    #[allow(clippy::unused_async)] // every command is run alike
    pub(crate) async fn run(self, _output: &Output) -> Result<(), Failure> {
        clap_mangen::generate_to(crate::Arguments::command(), &self.directory).map_err(|source| {
            Failure::File {
                what: "write manual pages to",
                path: self.directory,
                source,
            }
        })
    }
}
