//! `sottod`: the daemon that finds colleagues on the local network and carries voice between them.
//!
//! [`main`] only starts the parts, in an order in which each failure can be told clearly; `hub` is where they meet. It is
//! a library for its benchmark alone.

#[doc(hidden)]
pub mod bench;
mod config_file;
mod desktop;
mod dnd_file;
mod files;
mod filter;
mod groups;
mod hub;
mod identity;
mod keylog;
mod log;
mod notice;
mod ports;
mod scribe;
mod service;
mod settings;
mod sound;
mod start;
mod threads;
mod turns;
mod worker;

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use sotto_control::ForPeople;

/// Sotto's daemon: finds colleagues on the local network and carries voice between them.
///
/// Runs in the foreground and logs to stderr, as a service of your login. Control it with 'sotto'.
#[derive(Debug, Parser)]
#[command(
    name = "sottod",
    version,
    after_help = "\
Exit codes:
  0   stopped, as it was told
  1   failed; the message says why
  2   wrong usage
  78  cannot run like this: the configuration is wrong, a file cannot be used, or another sottod runs

Example: SOTTO_HOME=/tmp/anna sottod --log debug"
)]
pub(crate) struct Arguments {
    /// What to log: error, warn, info, debug or trace; or by part, as in 'info,sotto_net=debug' [default: info, in a
    /// terminal warn]
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// For debugging alone: write every voice key to FILE, which must not exist. Whoever has that file can listen to
    /// what is recorded of your conversations
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    export_voice_keys: Option<PathBuf>,
    /// For packagers: write the manual page into DIRECTORY, and start nothing
    #[arg(long, value_name = "DIRECTORY", hide = true)]
    write_manual: Option<PathBuf>,
}

/// Writes the manual page, and says if that fails.
fn write_manual(directory: &Path) -> ExitCode {
    match clap_mangen::generate_to(Arguments::command().name("sottod"), directory) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let sentence = format!(
                "the manual page cannot be written to {}: {error}",
                directory.display()
            );
            last_words(&on_the_terminal(sentence, None::<&str>));
            ExitCode::FAILURE
        }
    }
}

/// What is logged unless the user says otherwise: in a terminal, where somebody types commands between the lines, only
/// what is wrong.
fn default_log() -> &'static str {
    if std::io::stderr().is_terminal() {
        "warn"
    } else {
        // The library names the identity in its own way, which nobody can do anything with.
        "info,libp2p_swarm=warn"
    }
}

/// Returns a sentence for whoever starts the daemon, with what helps in a line of its own.
fn on_the_terminal(sentence: impl Display, hint: Option<impl Display>) -> String {
    match hint {
        Some(hint) => format!("sottod: {sentence}\n  help: {hint}\n"),
        None => format!("sottod: {sentence}\n"),
    }
}

/// Says why the daemon does not even begin, if anybody reads it.
fn last_words(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Runs the daemon until it is told to stop.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(directory) = &arguments.write_manual {
        return write_manual(directory);
    }
    let log = match &arguments.log {
        Some(log) => log.clone(),
        None => default_log().to_owned(),
    };
    let filter = match filter::read(&log) {
        Ok(filter) => filter,
        Err(error) => {
            let sentence = format!("--log {log}: {error}");
            let hint = "levels are error, warn, info, debug and trace; write for instance 'debug' or 'info,sotto_net=debug'";
            last_words(&on_the_terminal(sentence, Some(hint)));
            return ExitCode::from(2);
        }
    };
    let log = match log::Log::start() {
        Ok(log) => log,
        Err(error) => {
            let error = start::StartError::NoThreads(error);
            last_words(&on_the_terminal(&error, error.hint()));
            return ExitCode::FAILURE;
        }
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(log.clone());
    match log::is_journal() {
        true => subscriber.without_time().init(),
        false => subscriber.init(),
    }
    // Sound has threads of its own. For the rest one is enough, and two would keep waking each other.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => {
            let outcome = runtime.block_on(start::run(arguments));
            // A question to the sound system may still be under way in a thread; nobody waits for its answer.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(start::StartError::NoThreads(error)),
    };
    match outcome {
        Ok(()) => {
            log.finish(log::LAST_LINES);
            ExitCode::SUCCESS
        }
        Err(error) => {
            log.say(on_the_terminal(&error, error.hint()).as_bytes());
            log.finish(log::LAST_ERROR);
            ExitCode::from(error.exit_code())
        }
    }
}
