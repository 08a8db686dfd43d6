//! sotto-tray: the Sotto daemon as an icon in the panel.
//!
//! A pure client of the control API: it keeps no state of its own. What the daemon says becomes a [`view::View`] and
//! [`notify`]'s notifications, and what the user clicks becomes a request. Closing this program leaves the meeting running; *Quit Sotto* in its
//! menu takes the user Offline first, so that no microphone stays open without a visible sign.

#[cfg(any(target_os = "linux", test))]
mod daemon;
#[cfg(any(target_os = "linux", test))]
mod icon;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(target_os = "linux", test))]
mod notify;
#[cfg(any(target_os = "linux", test))]
mod state;
#[cfg(any(target_os = "linux", test))]
mod view;
#[cfg(any(target_os = "linux", test))]
mod wish;
#[cfg(any(target_os = "linux", test))]
mod words;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

/// Shows the Sotto daemon as an icon in the panel.
///
/// The icon tells whether the daemon runs, whether you are in a meeting and whether your microphone is open. Its menu
/// mutes, leaves, answers invitations and quits Sotto. Invitations, whispers to you and what goes wrong are shown as
/// notifications too.
#[derive(Debug, Parser)]
#[command(
    name = "sotto-tray",
    version,
    after_help = "Example: sotto-tray &\n\nSOTTO_HOME=DIR chooses the daemon that runs with that directory."
)]
struct Arguments {
    /// What to log to standard error, for instance "info" or "sotto_tray=debug".
    #[arg(long, value_name = "FILTER", default_value = "warn")]
    log: String,

    /// Show no notifications.
    #[arg(long)]
    no_notifications: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = match EnvFilter::try_new(&arguments.log) {
        Ok(filter) => filter,
        Err(error) => {
            eprintln!("sotto-tray: --log {}: {error}", arguments.log);
            return ExitCode::from(2);
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run(!arguments.no_notifications)),
        Err(error) => Err(anyhow::Error::from(error).context("the system gives no threads")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::debug!("{error:?}");
            eprintln!("sotto-tray: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(target_os = "linux")]
async fn run(with_notifications: bool) -> anyhow::Result<()> {
    linux::run(&sotto_control::Places::find()?, with_notifications).await
}

#[cfg(not(target_os = "linux"))]
async fn run(_with_notifications: bool) -> anyhow::Result<()> {
    anyhow::bail!("there is no icon for this system yet; use 'sotto top' in a terminal")
}
