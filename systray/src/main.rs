//! sotto-tray: the Sotto daemon as an icon in the panel.
//!
//! A pure client of the control API: it keeps no state of its own. What the daemon says becomes a [`view::View`] and
//! [`notify`]'s notifications, and what the user clicks becomes a request, or something that this program does itself:
//! it shows the window, a program of its own, and starts the daemon. Closing this program leaves the meeting running;
//! *Quit Sotto* in its menu takes the user Offline first, so that no microphone stays open without a visible sign.

#[cfg(any(target_os = "linux", test))]
mod app;
#[cfg(target_os = "linux")]
mod changes;
#[cfg(target_os = "linux")]
mod child;
#[cfg(any(target_os = "linux", test))]
mod click;
#[cfg(any(target_os = "linux", test))]
mod daemon;
#[cfg(any(target_os = "linux", test))]
mod face;
#[cfg(any(target_os = "linux", test))]
mod hands;
#[cfg(target_os = "linux")]
mod hotkeys;
#[cfg(any(target_os = "linux", test))]
mod icon;
#[cfg(target_os = "linux")]
mod install;
#[cfg(target_os = "linux")]
mod instance;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(target_os = "linux", test))]
mod notify;
#[cfg(any(target_os = "linux", test))]
mod quiet;
#[cfg(target_os = "linux")]
mod shipped;
#[cfg(any(target_os = "linux", test))]
mod state;
#[cfg(any(target_os = "linux", test))]
mod view;
#[cfg(target_os = "linux")]
mod window;
#[cfg(any(target_os = "linux", test))]
mod wish;
#[cfg(any(target_os = "linux", test))]
mod words;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Shows the Sotto daemon as an icon in the panel.
///
/// The icon tells whether the daemon runs, whether you are in a meeting and who hears you. Its menu opens the window,
/// mutes, whispers, answers invitations, starts and quits Sotto. Invitations, whispers to you and what goes wrong are
/// shown as notifications too. If the icon is there already, its window is opened.
#[derive(Debug, Parser)]
#[command(
    name = "sotto-tray",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  sotto-tray &\n  sotto-tray --open\n  sotto-tray install\n\n\
                  SOTTO_HOME=DIR chooses the daemon that runs with that directory."
)]
struct Arguments {
    /// What to log to standard error, for instance "info" or "sotto_tray=debug".
    #[arg(long, value_name = "FILTER", default_value = "warn")]
    log: String,

    /// Show no notifications.
    #[arg(long)]
    no_notifications: bool,

    /// Open the window too.
    #[arg(long, value_name = "PLACE", num_args = 0..=1, default_missing_value = "window")]
    open: Option<Place>,

    /// Starts this program in place of the window, for tests.
    #[arg(long, value_name = "PATH", hide = true)]
    window_program: Option<PathBuf>,

    #[command(subcommand)]
    command: Option<Command>,
}

/// The place at which the window is opened.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Place {
    /// Where you are.
    Window,
    /// Where a meeting is started.
    NewMeeting,
    /// At the settings.
    Settings,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[cfg(target_os = "linux")]
    Window(window::Arguments),
    /// Put Sotto into your menu of programs and let it start with your session.
    ///
    /// For a build from source; of a package, which brings these files itself, it only lets the icon start with your
    /// session. Desktops that run on Wayland give keys that work everywhere only to programs that are installed. Nothing is
    /// written outside your home.
    Install {
        /// Do not start it with your session.
        #[arg(long)]
        no_autostart: bool,
    },
    /// Remove what 'sotto-tray install' has put there.
    Uninstall,
    /// Write what a package ships for this program: launcher, icons and manual pages
    #[command(hide = true)]
    Share {
        /// Where this program will be
        #[arg(long, value_name = "PATH", default_value = "/usr/bin/sotto-tray")]
        program: String,
        /// What becomes the folder 'share'
        directory: PathBuf,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Fonts are found as soon as there is something to write, and the toolkit complains before.
    let quiet = "epaint::text::family=off,egui_system_font_provider=error";
    let filter = match EnvFilter::try_new(format!("{},{quiet}", arguments.log)) {
        Ok(filter) => filter,
        Err(error) => {
            say(&format!("--log {}: {error}", arguments.log));
            return ExitCode::from(2);
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        // When nobody reads the log, there is no other place to say so.
        .log_internal_errors(false)
        .with_writer(std::io::stderr)
        .init();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::debug!("{error:?}");
            say(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

#[cfg(target_os = "linux")]
fn run(arguments: Arguments) -> anyhow::Result<()> {
    use anyhow::Context;

    match arguments.command {
        Some(Command::Window(window)) => return window::run(window),
        Some(Command::Install { no_autostart }) => return install::install(!no_autostart),
        Some(Command::Uninstall) => return install::uninstall(),
        Some(Command::Share { program, directory }) => {
            return install::share(
                &directory,
                &program,
                <Arguments as clap::CommandFactory>::command(),
            );
        }
        None => {}
    }
    let wanted = linux::Wanted {
        notifications: !arguments.no_notifications,
        open: arguments.open.map(|place| match place {
            Place::Window => click::Show::Window,
            Place::NewMeeting => click::Show::NewMeeting,
            Place::Settings => click::Show::Settings,
        }),
        window: arguments.window_program,
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the system gives no threads")?
        .block_on(linux::run(&sotto_control::Places::find()?, wanted))
}

#[cfg(not(target_os = "linux"))]
fn run(_arguments: Arguments) -> anyhow::Result<()> {
    anyhow::bail!("there is no icon for this system yet; use 'sotto top' in a terminal")
}

/// Says something on standard error, if anybody reads it.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "sotto-tray: {text}");
}
