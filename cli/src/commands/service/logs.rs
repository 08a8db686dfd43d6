//! `sotto service logs`

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use serde::Serialize;
use sotto_control::unit::{UNIT, UnitState};
use sotto_control::{Places, starter};
use tokio::process::Command;

use super::control::by_hand;
use crate::failure::Failure;
use crate::output::Output;

#[derive(Debug, clap::Args)]
pub(super) struct Logs {
    /// How many lines, the last ones
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    lines: u32,

    /// Go on with what is logged from now on, until you press Ctrl-C
    #[arg(short, long)]
    follow: bool,
}

/// Where the daemon's log is.
enum Source {
    /// In the journal, as the service's.
    Journal,
    /// In a file: a daemon that was started as a program writes one.
    File(PathBuf),
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
        let file = Some(starter::log_of(&places)).filter(|file| file.exists());
        match source(&places, file.as_deref()).await? {
            Source::File(file) => self.show_file(&file, output).await,
            Source::Journal => match self.show_journal(output).await? {
                true => Ok(()),
                false => match file {
                    Some(file) => {
                        output.remark("The journal has nothing of the service; this is the log of a daemon that was started as a program:");
                        self.show_file(&file, output).await
                    }
                    None => Err(Failure::service(
                        "the journal has nothing of the service",
                        "the service has not run yet, or its journal may not be read by you",
                    )),
                },
            },
        }
    }

    /// Returns whether the journal had anything to show.
    async fn show_journal(&self, output: &Output) -> Result<bool, Failure> {
        let mut journal = Command::new("journalctl");
        journal
            .args([
                "--user-unit",
                UNIT,
                "--quiet",
                "--no-pager",
                "--no-hostname",
            ])
            .arg(format!("--lines={}", self.lines));
        if output.is_json() {
            journal.arg("--output=json");
        }
        if self.follow {
            journal.arg("--follow");
        }
        self.show(journal, |text| output.line(text)).await
    }

    async fn show_file(&self, file: &Path, output: &Output) -> Result<(), Failure> {
        let mut tail = Command::new("tail");
        tail.arg(format!("--lines={}", self.lines));
        if self.follow {
            // The next daemon makes the file anew.
            tail.args(["--follow=name", "--retry"]);
        }
        tail.arg("--").arg(OsString::from(file));
        let json = output.is_json();
        if json && self.follow {
            return Err(Failure::Usage(
                "a log file cannot be followed as JSON; leave out --json or --follow".to_owned(),
            ));
        }
        let shown = self.show(tail, |text| {
            if !json {
                return output.line(text);
            }
            text.lines()
                .try_for_each(|message| output.json_line(&Line { message }))
        });
        shown.await.map(drop)
    }

    /// Runs a program that prints a log; returns whether it printed anything.
    async fn show(
        &self,
        mut program: Command,
        print: impl Fn(&str) -> Result<(), Failure>,
    ) -> Result<bool, Failure> {
        program.stdin(Stdio::null());
        let failed = |source| Failure::File {
            what: "show",
            path: "the log".into(),
            source,
        };
        if self.follow {
            // It writes by itself, and ends with its reader.
            return match program.status().await {
                Ok(status) if is_fine(status) => Ok(true),
                Ok(_) => Ok(false),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
                Err(error) => Err(failed(error)),
            };
        }
        let printed = match program.output().await {
            Ok(printed) => printed,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed(error)),
        };
        let text = String::from_utf8_lossy(&printed.stdout);
        if text.trim().is_empty() {
            return Ok(false);
        }
        print(&text)?;
        Ok(true)
    }
}

/// Returns whether a program that followed a log ended as it should: by itself, or because nobody reads.
fn is_fine(status: ExitStatus) -> bool {
    // A signal leaves no code.
    status.success() || status.code().is_none()
}

async fn source(places: &Places, file: Option<&Path>) -> Result<Source, Failure> {
    let state = UnitState::ask().await;
    let file = file.map(Path::to_owned);
    match (state, file) {
        (Ok(state), Some(file)) if by_hand(places, &state).is_some() => Ok(Source::File(file)),
        (Ok(state), _) if state.is_installed() => Ok(Source::Journal),
        (_, Some(file)) => Ok(Source::File(file)),
        (Ok(_), None) => Err(Failure::service(
            "there is no log: Sotto is no service of your login, nor was it started with 'sotto start'",
            "a daemon that runs in a terminal logs there",
        )),
        (Err(error), None) => Err(error.into()),
    }
}
