//! `sotto service logs`

use std::io::ErrorKind;
use std::process::ExitStatus;

use serde::Serialize;
use sotto_control::Places;
use sotto_control::unit::{UNIT, UnitState};
use tokio::process::Command;

use crate::failure::Failure;
use crate::log_source::{LogSource, log_file};
use crate::output::Output;

#[derive(Debug, clap::Args)]
pub(super) struct Logs {
    /// The number of lines, counted from the end
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    lines: u32,

    /// Go on with what is logged from now on, until you press Ctrl-C
    #[arg(short, long)]
    follow: bool,
}

/// A line of a log file, for programs.
#[derive(Serialize)]
#[serde(rename_all = "UPPERCASE")]
struct Line<'a> {
    message: &'a str,
}

impl Logs {
    pub(super) async fn run(self, output: &Output) -> Result<(), Failure> {
        let places = Places::find()?;
        let Some(source) = LogSource::find(&places).await? else {
            return Err(Failure::service(
                "there is no log: Sotto is no service of your login, nor was it started with 'sotto start'",
                "a daemon that runs in a terminal logs there",
            ));
        };
        if source != LogSource::Journal {
            return self.show_file(&source, output).await;
        }
        self.show_journal(&places, output).await
    }

    async fn show_journal(&self, places: &Places, output: &Output) -> Result<(), Failure> {
        let journal = |lines, follow| {
            let mut journal = LogSource::Journal.reader(lines, follow);
            if output.is_json() {
                journal.arg("--output=json");
            }
            journal
        };
        // Whoever follows it is told first where there is nothing to follow: it would be waited for in vain.
        let lines = if self.follow { 1 } else { self.lines };
        let printed = print_of(journal(lines, false).env("LC_ALL", "C")).await?;
        let missing = match entries(printed.as_ref()) {
            Ok(_) if self.follow => return follow(journal(self.lines, true)).await,
            Ok(text) => return output.line(&text),
            Err(missing) => missing,
        };
        let runs = UnitState::ask().await.is_ok_and(|state| state.runs());
        match (missing, log_file(places)) {
            (_, Some(file)) if !(runs && self.follow) => {
                output.remark("The journal has nothing of the service; this is the log of a daemon that was started as a program:");
                self.show_file(&LogSource::File(file), output).await
            }
            (Missing::Nothing, _) if self.follow => {
                output.remark(
                    "The journal has nothing of the service yet; press Ctrl-C to wait no longer.",
                );
                follow(journal(self.lines, true)).await
            }
            (missing, _) => Err(missing.failure(runs)),
        }
    }

    async fn show_file(&self, file: &LogSource, output: &Output) -> Result<(), Failure> {
        let json = output.is_json();
        if json && self.follow {
            return Err(Failure::Usage(
                "a log file cannot be followed as JSON; leave out --json or --follow".to_owned(),
            ));
        }
        if self.follow {
            return follow(file.reader(self.lines, true)).await;
        }
        let Some(printed) = print_of(&mut file.reader(self.lines, false)).await? else {
            return Ok(());
        };
        let text = String::from_utf8_lossy(&printed.stdout);
        if text.trim().is_empty() {
            return Ok(());
        }
        if !json {
            return output.line(&text);
        }
        text.lines()
            .try_for_each(|message| output.json_line(&Line { message }))
    }
}

/// Why the journal shows no entries of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    /// It has nothing.
    Nothing,
    /// It is another's to read: where a machine keeps its journal in memory, or each user's is not apart.
    NotPermitted,
    /// There is no program that shows it.
    NoProgram,
}

/// Returns the journal's entries of the service.
fn entries(printed: Option<&std::process::Output>) -> Result<String, Missing> {
    let printed = printed.ok_or(Missing::NoProgram)?;
    let text = String::from_utf8_lossy(&printed.stdout);
    if !text.trim().is_empty() {
        return Ok(text.into_owned());
    }
    let complaint = String::from_utf8_lossy(&printed.stderr);
    Err(match complaint.contains("insufficient permissions") {
        true => Missing::NotPermitted,
        false => Missing::Nothing,
    })
}

impl Missing {
    /// Says why nothing is shown of a service that `runs`, or does not.
    fn failure(self, runs: bool) -> Failure {
        match self {
            Self::NoProgram => Failure::service(
                "the journal cannot be shown: there is no journalctl",
                "install systemd's programs, or see where your system keeps its log",
            ),
            Self::NotPermitted if runs => Failure::service(
                "the journal of this machine may not be read by you",
                format!(
                    "'sudo journalctl _UID=$(id -u) _SYSTEMD_USER_UNIT={UNIT}' shows it; \
                     who is in the group systemd-journal may read it"
                ),
            ),
            Self::Nothing if runs => Failure::service(
                "the journal keeps nothing of the service",
                "see Storage= in 'man journald.conf'",
            ),
            Self::Nothing | Self::NotPermitted => Failure::service(
                "the journal has nothing of the service",
                "the service has not run yet, or its journal may not be read by you; 'sotto start' starts it",
            ),
        }
    }
}

/// Runs a program to its end and returns what it printed; `None` if there is no such program.
async fn print_of(program: &mut Command) -> Result<Option<std::process::Output>, Failure> {
    match program.output().await {
        Ok(printed) => Ok(Some(printed)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// Runs a program that writes a log as it grows, and ends with its reader.
async fn follow(mut program: Command) -> Result<(), Failure> {
    match program.status().await {
        Ok(status) if is_fine(status) => Ok(()),
        Ok(status) => Err(failed(std::io::Error::other(format!(
            "it cannot be followed ({status})"
        )))),
        Err(error) => Err(failed(error)),
    }
}

fn failed(source: std::io::Error) -> Failure {
    Failure::File {
        what: "show",
        path: "the log".into(),
        source,
    }
}

/// Returns whether a program that followed a log ended as it should: by itself, or because nobody reads.
fn is_fine(status: ExitStatus) -> bool {
    // A signal leaves no code.
    status.success() || status.code().is_none()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn found(stdout: &str, stderr: &str) -> Result<String, Missing> {
        entries(Some(&std::process::Output {
            status: ExitStatus::from_raw(256),
            stdout: stdout.into(),
            stderr: stderr.into(),
        }))
    }

    #[test]
    fn an_empty_journal_is_told_from_one_that_may_not_be_read() {
        let refused = "No journal files were opened due to insufficient permissions.\n";
        assert_eq!(found("a line\n", ""), Ok("a line\n".into()));
        assert_eq!(found("", ""), Err(Missing::Nothing));
        assert_eq!(found("", refused), Err(Missing::NotPermitted));
        assert_eq!(entries(None), Err(Missing::NoProgram));
        let said = |missing: Missing, runs| missing.failure(runs).to_string();
        assert!(said(Missing::NotPermitted, true).contains("may not be read by you"));
        // Of somebody who never logged anything journalctl says the same.
        assert!(said(Missing::NotPermitted, false).contains("has nothing"));
        assert!(said(Missing::Nothing, true).contains("keeps nothing"));
        assert!(said(Missing::Nothing, false).contains("has nothing"));
    }
}
