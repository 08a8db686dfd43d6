//! The place of the daemon's log, and the reading of its end.

use std::path::PathBuf;
use std::process::Stdio;

use sotto_control::unit::{self, UNIT, UnitError, UnitState};
use sotto_control::{Holder, Places, starter};
use tokio::process::Command;

/// A log of the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LogSource {
    /// In the journal, as the service's.
    Journal,
    /// In a file: a daemon that was started as a program writes one.
    File(PathBuf),
}

impl LogSource {
    /// Finds the log of the daemon that runs, or ran last.
    ///
    /// # Errors
    /// There is none, and the service manager could not be asked.
    pub(crate) async fn find(places: &Places) -> Result<Option<Self>, UnitError> {
        let file = log_file(places).map(Self::File);
        // The service is that of the platform's own places.
        if unit::is_elsewhere() {
            return Ok(file);
        }
        match (UnitState::ask().await, file) {
            (Ok(state), Some(file)) if by_hand(places, &state).is_some() => Ok(Some(file)),
            (Ok(state), _) if state.is_installed() => Ok(Some(Self::Journal)),
            (_, Some(file)) => Ok(Some(file)),
            (Ok(_), None) => Ok(None),
            (Err(error), None) => Err(error),
        }
    }

    /// Returns the program that prints the last `lines`, and, to `follow`, what is logged from now on.
    pub(crate) fn reader(&self, lines: u32, follow: bool) -> Command {
        let lines = format!("--lines={lines}");
        let mut command = match self {
            Self::Journal => {
                let mut journal = Command::new("journalctl");
                journal.args(["--user-unit", UNIT, "--quiet", "--no-pager"]);
                journal.args(["--no-hostname", &lines]);
                if follow {
                    journal.arg("--follow");
                }
                journal
            }
            Self::File(file) => {
                let mut tail = Command::new("tail");
                tail.arg(&lines);
                if follow {
                    // The next daemon makes the file anew.
                    tail.args(["--follow=name", "--retry"]);
                }
                tail.arg("--").arg(file);
                tail
            }
        };
        command.stdin(Stdio::null());
        command
    }
}

/// Returns the log of a daemon that was started as a program, if there is one.
pub(crate) fn log_file(places: &Places) -> Option<PathBuf> {
    Some(starter::log_of(places)).filter(|file| file.exists())
}

/// Returns the daemon that runs without being the service, if there is one.
pub(crate) fn by_hand(places: &Places, state: &UnitState) -> Option<Holder> {
    Holder::find(places).filter(|holder| holder.process != state.process || !state.runs())
}
