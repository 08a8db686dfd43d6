//! `sotto service`

mod control;
mod install;
mod logs;
mod status;
mod unit_file;

pub(crate) use control::Stopped;
pub(crate) use install::{Installed, Running, Uninstalled};
pub(crate) use status::ServiceStatus;

use sotto_control::unit;

use crate::failure::Failure;
use crate::output::Output;

/// Let the daemon be a service of your login: it starts with it, and again after a failure
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The service belongs to you, not to the machine: each user decides for themselves. It is systemd's; where there is none, 'sotto start' runs the daemon as a program.\n\nExamples:\n  sotto service install\n  sotto service status\n  sotto service logs --follow"
)]
pub(crate) struct Service {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make the daemon a service of your login
    #[command(
        after_help = "Uses the unit that came with a package, if there is one; else writes one to ~/.config/systemd/user that starts the sottod beside this sotto. A unit that was changed by hand is left alone. Settings of your own belong into a drop-in: 'systemctl --user edit sottod'.\n\nExample:\n  sotto service install && sotto start"
    )]
    Install(install::Install),
    /// Start the service
    #[command(after_help = "Example:\n  sotto service start")]
    Start,
    /// Stop the service: offline in every meeting first. It starts again with your next login
    #[command(after_help = "Example:\n  sotto service stop")]
    Stop,
    /// Stop the service and start it again
    #[command(after_help = "Example:\n  sotto service restart")]
    Restart,
    /// Say whether there is a service, whether it runs, and what it starts
    #[command(
        after_help = "Examples:\n  sotto service status\n  sotto service status --json | jq .running"
    )]
    Status,
    /// Show what the daemon has logged
    #[command(after_help = "Examples:\n  sotto service logs -n 200\n  sotto service logs --follow")]
    Logs(logs::Logs),
    /// Stop the service and start it no more with your login; settings and identity stay
    #[command(after_help = "Example:\n  sotto service uninstall")]
    Uninstall(install::Uninstall),
}

impl Service {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        if unit::is_elsewhere() {
            return Err(Failure::service(
                "SOTTO_HOME is set, and the service of your login does not use that home",
                "unset SOTTO_HOME for this command; 'sotto start' and 'sotto quit' are for the daemon of a home",
            ));
        }
        match self.action {
            Action::Install(install) => install.run(output).await,
            Action::Start => control::start(output).await,
            Action::Stop => control::stop(output).await,
            Action::Restart => control::restart(output).await,
            Action::Status => status::run(output).await,
            Action::Logs(logs) => logs.run(output).await,
            Action::Uninstall(uninstall) => uninstall.run(output).await,
        }
    }
}
