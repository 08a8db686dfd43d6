//! The daemon's unit, as the user's service manager has it: that of systemd, which runs a service as long as its user is
//! logged in, or for ever where the user *lingers*.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::process::Command;
use tokio::time::timeout;

use crate::ForPeople;
use crate::places::{RUNTIME_VARIABLE, own_home};

/// The name of the daemon's unit.
pub const UNIT: &str = "sottod.service";
/// The daemon's exit code for a wrong configuration or place, for which the unit does not start it again: EX_CONFIG of
/// sysexits.h.
pub const WRONG_CONFIGURATION: i32 = 78;

/// How long the service manager may take to say something.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// How long it may take to start or stop the daemon.
const ACTS_WITHIN: Duration = Duration::from_secs(30);
/// Where systemd says that it runs this machine.
const RUN_BY_SYSTEMD: &str = "/run/systemd/system";

/// Why the service manager did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// There is none that Sotto knows.
    #[error("this machine is not run by systemd, so there is no service of your login")]
    NoSystemd,
    /// It cannot be reached from here.
    #[error("the service manager of your login cannot be reached: {0}")]
    Unreachable(String),
    /// It refused.
    #[error("'systemctl --user {what}' failed: {said}")]
    Failed {
        /// What was asked.
        what: String,
        /// What it said.
        said: String,
    },
    /// It takes too long.
    #[error("'systemctl --user {what}' is not done within {} s", .within.as_secs())]
    Slow {
        /// What was asked.
        what: String,
        /// How long it was waited for.
        within: Duration,
    },
}

impl ForPeople for UnitError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoSystemd => {
                "'sotto start' runs the daemon in the background; put it among the programs that your session starts"
                    .to_owned()
            }
            Self::Unreachable(_) => "log in as yourself, not with 'su' or 'sudo'; for services without a login: \
                 'loginctl enable-linger'"
                .to_owned(),
            Self::Failed { .. } => return None,
            Self::Slow { .. } => "see how it is with 'sotto service status'".to_owned(),
        })
    }
}

/// What the service manager says of the unit. Texts are systemd's own words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitState {
    /// Whether there is one: `loaded`, `not-found`, `masked`, `bad-setting`, `error`.
    pub load: String,
    /// Whether it runs: `active`, `activating`, `deactivating`, `inactive`, `failed`.
    pub active: String,
    /// Whether it starts with the login: `enabled`, `disabled` and others.
    pub enabled: String,
    /// Its file.
    pub file: Option<PathBuf>,
    /// Files that change it, as systemd lists them.
    pub drop_ins: Option<String>,
    /// The program that it starts.
    pub program: Option<PathBuf>,
    /// Its process, while it runs.
    pub process: Option<u32>,
    /// How its last run ended: `success`, `exit-code`, `watchdog` and others.
    pub result: String,
    /// The exit code of its last run, or the number of the signal that ended it.
    pub exit_code: i32,
    /// How often it was started again after a failure.
    pub restarts: u32,
    /// What the daemon says that it does.
    pub doing: Option<String>,
    /// Since when it runs, in seconds since 1970.
    pub since: Option<u64>,
    /// Its file is newer than what the manager has read.
    pub outdated: bool,
}

const PROPERTIES: &str = "--property=LoadState,ActiveState,UnitFileState,FragmentPath,DropInPaths,ExecStart,MainPID,Result,\
                          ExecMainStatus,NRestarts,StatusText,ActiveEnterTimestamp,NeedDaemonReload";

impl UnitState {
    /// Asks the service manager.
    ///
    /// # Errors
    /// There is none, or it does not answer.
    pub async fn ask() -> Result<Self, UnitError> {
        let text = ask(&["show", UNIT, "--timestamp=unix", PROPERTIES]).await?;
        Ok(Self::read(&text))
    }

    /// Returns whether there is a unit that can be started.
    #[must_use]
    pub fn is_installed(&self) -> bool {
        !matches!(self.load.as_str(), "not-found" | "masked" | "")
    }

    /// Returns whether it runs, or is about to.
    #[must_use]
    pub fn runs(&self) -> bool {
        matches!(self.active.as_str(), "active" | "activating" | "reloading")
    }

    /// Returns whether it starts with the login.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.enabled.starts_with("enabled")
    }

    fn read(text: &str) -> Self {
        let mut state = Self::default();
        for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
            let some = || (!value.is_empty()).then(|| value.to_owned());
            match key {
                "LoadState" => state.load = value.to_owned(),
                "ActiveState" => state.active = value.to_owned(),
                "UnitFileState" => state.enabled = value.to_owned(),
                "FragmentPath" => state.file = some().map(PathBuf::from),
                "DropInPaths" => state.drop_ins = some(),
                "ExecStart" => state.program = program_of(value),
                "MainPID" => state.process = value.parse().ok().filter(|process| *process != 0),
                "Result" => state.result = value.to_owned(),
                "ExecMainStatus" => state.exit_code = value.parse().unwrap_or(0),
                "NRestarts" => state.restarts = value.parse().unwrap_or(0),
                "StatusText" => state.doing = some(),
                "ActiveEnterTimestamp" => {
                    let seconds = value.strip_prefix('@').and_then(|at| at.parse().ok());
                    state.since = seconds.filter(|_| state.active == "active");
                }
                "NeedDaemonReload" => state.outdated = value == "yes",
                _ => {}
            }
        }
        state
    }
}

/// Returns the program in systemd's form of a command: `{ path=/usr/bin/sottod ; argv[]=/usr/bin/sottod ; … }`.
fn program_of(command: &str) -> Option<PathBuf> {
    let (_, rest) = command.split_once("path=")?;
    let (path, _) = rest.split_once(" ; argv[]=")?;
    Some(PathBuf::from(path))
}

/// Asks the service manager and returns what it printed.
///
/// # Errors
/// There is none, or it refuses, or does not answer.
pub async fn ask(arguments: &[&str]) -> Result<String, UnitError> {
    let output = run(arguments, ANSWERS_WITHIN).await?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Has the service manager do something, and returns once it is done.
///
/// # Errors
/// There is none, or it refuses, or is not done in time.
pub async fn act(arguments: &[&str]) -> Result<(), UnitError> {
    run(arguments, ACTS_WITHIN).await.map(drop)
}

async fn run(arguments: &[&str], within: Duration) -> Result<Output, UnitError> {
    if !Path::new(RUN_BY_SYSTEMD).is_dir() {
        return Err(UnitError::NoSystemd);
    }
    let what = || arguments[..arguments.len().min(2)].join(" ");
    let mut command = Command::new("systemctl");
    command
        .arg("--user")
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if let Some(directory) = runtime_directory() {
        command.env(RUNTIME_VARIABLE, directory);
    }
    let output = match timeout(within, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(UnitError::NoSystemd);
        }
        Ok(Err(error)) => return Err(UnitError::Unreachable(error.to_string())),
        Err(_) => {
            return Err(UnitError::Slow {
                what: what(),
                within,
            });
        }
    };
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().find(|line| !line.trim().is_empty());
    let said = said.unwrap_or("it does not say why").trim().to_owned();
    Err(match said.strip_prefix("Failed to connect to bus: ") {
        Some(why) => UnitError::Unreachable(why.to_owned()),
        None => UnitError::Failed { what: what(), said },
    })
}

/// Returns where the service manager listens, for a shell whose environment does not say it (cron, `su`).
#[cfg(unix)]
fn runtime_directory() -> Option<PathBuf> {
    use std::os::unix::fs::MetadataExt;
    let known = std::env::var_os(RUNTIME_VARIABLE).is_some_and(|directory| !directory.is_empty());
    let user = rustix::process::geteuid().as_raw();
    let directory = PathBuf::from(format!("/run/user/{user}"));
    let own = std::fs::metadata(&directory).is_ok_and(|found| found.uid() == user);
    (!known && own).then_some(directory)
}

#[cfg(not(unix))]
fn runtime_directory() -> Option<PathBuf> {
    None
}

/// Returns the last words of a daemon that the unit started: its own sentence, without its name before it.
pub async fn last_words() -> Option<String> {
    let mut command = Command::new("journalctl");
    command
        .args(["--user-unit", UNIT, "--lines=20", "--output=cat", "--quiet"])
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = timeout(ANSWERS_WITHIN, command.output()).await.ok()?.ok()?;
    own_words(&output.stdout)
}

/// The longest part of a daemon's last words that is repeated, in bytes.
const LAST_WORDS: usize = 2000;

/// Returns the sentence with which a daemon ended, and its hint, in one line.
pub(crate) fn own_words(log: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(log);
    let own = text
        .rfind("sottod: ")
        .map(|at| &text[at + "sottod: ".len()..])?;
    let mut lines = own.lines();
    let sentence = lines.next()?.trim_end();
    let hint = lines.next().and_then(|line| line.strip_prefix("  help: "));
    let own = match hint {
        Some(hint) => format!("{sentence}; {}", hint.trim_end()),
        None => sentence.to_owned(),
    };
    Some(own.chars().take(LAST_WORDS).collect())
}

/// Returns the daemon that was built or installed together with this program.
#[must_use]
pub fn daemon_beside_this() -> Option<PathBuf> {
    let daemon = std::env::current_exe().ok()?.with_file_name(PROGRAM);
    daemon.is_file().then_some(daemon)
}

/// The daemon's program.
pub(crate) const PROGRAM: &str = "sottod";

/// Returns whether this process has a home of its own, which the service of the login does not use.
#[must_use]
pub fn is_elsewhere() -> bool {
    own_home().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systemds_words_are_read() {
        let state = UnitState::read(
            "MainPID=4711\nResult=success\nNRestarts=2\nExecMainStatus=0\nLoadState=loaded\nActiveState=active\n\
             FragmentPath=/home/a b/.config/systemd/user/sottod.service\nUnitFileState=enabled-runtime\nDropInPaths=\n\
             ExecStart={ path=/home/a b/sottod ; argv[]=/home/a b/sottod ; ignore_errors=no ; status=0/0 }\n\
             StatusText=in \"Plan = B\", 3 present\nActiveEnterTimestamp=@1700000000\nNeedDaemonReload=no\n",
        );
        assert!(state.is_installed() && state.runs() && state.is_enabled());
        assert_eq!(state.process, Some(4711));
        assert_eq!(state.program, Some("/home/a b/sottod".into()));
        assert_eq!(state.doing.as_deref(), Some("in \"Plan = B\", 3 present"));
        assert_eq!((state.since, state.restarts), (Some(1_700_000_000), 2));
        assert_eq!((state.drop_ins, state.outdated), (None, false));
    }

    #[test]
    fn what_is_not_there_or_masked_is_not_installed() {
        for load in ["not-found", "masked"] {
            let state = UnitState::read(&format!(
                "LoadState={load}\nActiveState=inactive\nMainPID=0\n"
            ));
            assert!(!state.is_installed() && !state.runs() && !state.is_enabled());
            assert_eq!(state.process, None);
        }
    }

    #[test]
    fn last_words_are_the_last_sentence_with_its_hint() {
        let log = b"sottod: an earlier one\nnoise\nsottod: config.toml: line 1: wrong\n  help: put it right\nsystemd: x\n";
        assert_eq!(
            own_words(log).as_deref(),
            Some("config.toml: line 1: wrong; put it right")
        );
        assert_eq!(own_words(b"nothing of the kind"), None);
    }
}
