//! `sotto service logs`

use std::io::ErrorKind;
use std::process::ExitStatus;

use serde::Serialize;
use sotto_control::Places;
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
        if self.show_journal(output).await? {
            return Ok(());
        }
        match log_file(&places) {
            Some(file) => {
                output.remark("The journal has nothing of the service; this is the log of a daemon that was started as a program:");
                self.show_file(&LogSource::File(file), output).await
            }
            None => Err(Failure::service(
                "the journal has nothing of the service",
                "the service has not run yet, or its journal may not be read by you",
            )),
        }
    }

    /// Returns whether the journal had anything to show.
    async fn show_journal(&self, output: &Output) -> Result<bool, Failure> {
        let mut journal = LogSource::Journal.reader(self.lines, self.follow);
        if output.is_json() {
            journal.arg("--output=json");
        }
        self.show(journal, |text| output.line(text)).await
    }

    async fn show_file(&self, file: &LogSource, output: &Output) -> Result<(), Failure> {
        let json = output.is_json();
        if json && self.follow {
            return Err(Failure::Usage(
                "a log file cannot be followed as JSON; leave out --json or --follow".to_owned(),
            ));
        }
        let tail = file.reader(self.lines, self.follow);
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
