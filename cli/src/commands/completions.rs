//! `sotto completions`

use crate::failure::Failure;
use crate::output::Output;
use clap::CommandFactory;
use clap_complete::Shell;

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  sotto completions bash > ~/.local/share/bash-completion/completions/sotto\n  sotto completions fish > ~/.config/fish/completions/sotto.fish"
)]
pub(crate) struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    #[allow(clippy::unused_async)] // every command is run alike
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let mut script = Vec::new();
        let mut command = crate::Arguments::command();
        clap_complete::generate(self.shell, &mut command, "sotto", &mut script);
        output.line(&String::from_utf8_lossy(&script))
    }
}
