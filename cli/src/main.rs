//! `sotto`: the command line of the Sotto daemon.
//!
//! A command is one request to the daemon and one way to show its reply. Everything that takes time can be waited for
//! with `--wait`; everything can be had as JSON; exit codes are stable and listed in `sotto --help`.

mod arguments;
mod bugreport;
mod commands;
mod connection;
mod doctor;
mod failure;
mod format;
mod guesses;
mod log_source;
mod microphone;
mod output;
mod signals;
mod top;
mod wait;

use arguments::Answer;
use clap::Parser;
use commands::Command;
use failure::Failure;
use output::Output;
use std::io::Write;
use std::process::ExitCode;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed; the message says why
  2  wrong usage, or an argument that does not fit
  3  the daemon is not running
  4  not permitted to use the daemon
  5  the daemon is of another version
  6  no such person, meeting or invitation, or a name that fits several
  7  refused: somebody is absent, you are in no meeting, a limit is reached
  8  did not happen in time: within --wait, or the daemon does not answer
 10  'sotto doctor' found a problem of the daemon;
     11 of the network, 12 of sound, 13 of the desktop

Files:
  SOTTO_HOME=DIR keeps configuration, identity, state and socket in DIR.
  'sotto config path' says where the configuration is.";

/// Voice for people on one local network: meetings without a server, and whispers inside them
#[derive(Debug, Parser)]
#[command(name = "sotto", version, arg_required_else_help = true, after_help = EXIT_CODES)]
struct Arguments {
    /// Print JSON instead of text
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Arguments = match arguments::read(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(answer) => return answered(answer),
    };
    let output = Output::new(arguments.json);
    match arguments.command.run(&output).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::NobodyReads) => ExitCode::SUCCESS,
        // It was the answer, not a failure to give one.
        Err(failure @ Failure::Unwell { .. }) => ExitCode::from(failure.exit_code()),
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Shows help, or what is wrong with the command line. Nobody has to read it.
fn answered(answer: Answer) -> ExitCode {
    match answer {
        Answer::Wanted(error) => {
            let _ = error.print();
            ExitCode::SUCCESS
        }
        Answer::Wrong(error, json) => {
            if let Some(json) = json {
                let _ = writeln!(std::io::stdout(), "{json}");
            }
            let _ = error.print();
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Arguments;
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        let mut all = Arguments::command();
        all.build();
        let mut waiting: Vec<clap::Command> = all.get_subcommands().cloned().collect();
        while let Some(mut command) = waiting.pop() {
            let name = command.get_name().to_owned();
            if name == "help" {
                continue;
            }
            waiting.extend(command.get_subcommands().cloned());
            let help = command.render_long_help().to_string();
            assert!(
                help.contains("Example"),
                "sotto {name} --help shows no example"
            );
        }
    }
}
