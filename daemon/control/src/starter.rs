//! Starting the daemon, as the user's service where it is one, else as a program beside this one.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use crate::durable;
use crate::places::{HOME_VARIABLE, Places};

/// The daemon's unit.
const UNIT: &str = "sottod.service";
/// The daemon's program.
const PROGRAM: &str = "sottod";
/// The longest time from a start to a daemon that can be connected to.
pub const ANSWERS_WITHIN: Duration = Duration::from_secs(15);
/// How long the service manager may take to say whether it knows the unit.
const ASK_WITHIN: Duration = Duration::from_secs(5);
/// How long it may take to start it.
const START_WITHIN: Duration = Duration::from_secs(30);
/// A daemon that ends within this time did not start.
const ENDS_WITHIN: Duration = Duration::from_secs(2);

/// The longest part of a daemon's last words that is repeated, in bytes.
const LAST_WORDS: usize = 2000;

/// The way in which the daemon is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As the service of this login. It logs to the journal.
    Service,
    /// As a program of its own. It logs to [`log_of`].
    Program,
}

impl Way {
    /// Finds out how the daemon of this home is started.
    pub async fn find() -> Self {
        // The service is that of the platform's own places.
        let elsewhere = std::env::var_os(HOME_VARIABLE).is_some_and(|home| !home.is_empty());
        if !elsewhere && is_a_service().await {
            Self::Service
        } else {
            Self::Program
        }
    }

    /// Starts the daemon. That it can be connected to shows a moment later.
    ///
    /// # Errors
    /// A sentence that says what helps.
    pub async fn start(self, places: &Places) -> Result<(), String> {
        match self {
            Self::Service => start_service().await,
            Self::Program => start_program(places).await,
        }
    }
}

/// Starts the daemon of this home, in its way.
///
/// # Errors
/// A sentence that says what helps.
pub async fn start(places: &Places) -> Result<(), String> {
    Way::find().await.start(places).await
}

/// Returns the log of a daemon that was started as a program.
#[must_use]
pub fn log_of(places: &Places) -> PathBuf {
    places.state.join("sottod.log")
}

async fn is_a_service() -> bool {
    let asked = systemctl(&["cat", UNIT]).stdout(Stdio::null()).status();
    matches!(timeout(ASK_WITHIN, asked).await, Ok(Ok(status)) if status.success())
}

async fn start_service() -> Result<(), String> {
    let started = systemctl(&["start", UNIT]).status();
    match timeout(START_WITHIN, started).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(_)) => Err(format!(
            "the service {UNIT} did not start; 'journalctl --user -u {UNIT}' says why"
        )),
        Ok(Err(error)) => Err(format!("systemctl cannot be run: {error}")),
        Err(_) => Err(format!(
            "the service {UNIT} has not started within {} s; 'systemctl --user status {UNIT}' says how it is",
            START_WITHIN.as_secs()
        )),
    }
}

fn systemctl(arguments: &[&str]) -> Command {
    let mut command = Command::new("systemctl");
    command
        .arg("--user")
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

async fn start_program(places: &Places) -> Result<(), String> {
    let program = beside_this().unwrap_or_else(|| PROGRAM.into());
    let path = log_of(places);
    let log = open_log(&path);
    let mut command = Command::new(&program);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log.map_or_else(Stdio::null, Stdio::from));
    // In a group of its own: what ends this program, such as Ctrl-C in a terminal, does not end the daemon.
    #[cfg(unix)]
    command.process_group(0);
    let mut daemon = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!(
            "there is no {PROGRAM} beside this program, nor in PATH; install it, or start it by hand"
        ),
        _ => format!("{} cannot be started: {error}", program.display()),
    })?;
    match timeout(ENDS_WITHIN, daemon.wait()).await {
        // It runs, and goes on when this program ends.
        Err(_) => Ok(()),
        Ok(Ok(status)) => Err(last_words(&path).unwrap_or_else(|| {
            format!(
                "{PROGRAM} has ended ({status}); '{}' in a terminal says why",
                program.display()
            )
        })),
        Ok(Err(error)) => Err(format!("{PROGRAM} was lost: {error}")),
    }
}

/// Makes the log anew; the one before is kept. It can be read by its user alone, as it names colleagues.
fn open_log(path: &Path) -> Option<File> {
    durable::create_private(path.parent()?).ok()?;
    // There may be none.
    let _ = std::fs::rename(path, path.with_extension("log.old"));
    let mut options = File::options();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).ok()
}

/// Returns what a daemon said that did not start: its own sentence, without its name before it.
fn last_words(log: &Path) -> Option<String> {
    let text = std::fs::read(log).ok()?;
    let text = String::from_utf8_lossy(&text);
    let own = text
        .rfind("sottod: ")
        .map(|at| &text[at + "sottod: ".len()..])?;
    let own: String = own.trim_end().chars().take(LAST_WORDS).collect();
    Some(own.replace("\n  help: ", "; "))
}

/// Returns the daemon that was built or installed together with this program.
fn beside_this() -> Option<PathBuf> {
    let daemon = std::env::current_exe().ok()?.with_file_name(PROGRAM);
    daemon.is_file().then_some(daemon)
}
