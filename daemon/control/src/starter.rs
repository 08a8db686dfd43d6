//! Starting the daemon, as the user's service where it is one, else as a program beside this one.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use crate::durable;
use crate::error::{ForPeople, in_one_line};
use crate::places::Places;
use crate::unit::{self, PROGRAM, UNIT, UnitError, UnitState};

/// The longest time from a start to a daemon that can be connected to.
pub const ANSWERS_WITHIN: Duration = Duration::from_secs(15);
/// A daemon that ends within this time did not start.
const ENDS_WITHIN: Duration = Duration::from_secs(2);

/// The file that says that the service was started once by its user.
const STARTED_ONCE: &str = "service-started";

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
        if unit::is_elsewhere() {
            return Self::Program;
        }
        match UnitState::ask().await {
            Ok(state) if state.is_installed() => Self::Service,
            _ => Self::Program,
        }
    }

    /// Starts the daemon. That it can be connected to shows a moment later.
    ///
    /// # Errors
    /// A sentence that says what helps.
    pub async fn start(self, places: &Places) -> Result<(), String> {
        match self {
            Self::Service => start_service(places).await,
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

/// Starts the service. The first time, it is enabled too: whoever starts Sotto once wants it at the next login. Who
/// disables it later is not overruled.
async fn start_service(places: &Places) -> Result<(), String> {
    if !was_started(places) {
        // A start counts, whether or not it will be repeated.
        if unit::act(&["enable", UNIT]).await.is_ok() {
            remember_start(places);
        }
    }
    // One that has failed a few times in a row would be refused.
    let _ = unit::act(&["reset-failed", UNIT]).await;
    match unit::act(&["start", UNIT]).await {
        // systemd calls it no failure where a condition of the unit keeps it from starting.
        Ok(()) => match UnitState::ask().await {
            Ok(state) if state.active == "inactive" => Err(NOT_FOR_THIS_USER.to_owned()),
            _ => Ok(()),
        },
        Err(error) => Err(why_not_started(error).await),
    }
}

/// Says that the unit's condition is not met.
const NOT_FOR_THIS_USER: &str = "the service is for people who log in, not for root and the accounts of the system; \
                                 'sottod' in a terminal runs it all the same";

/// Returns whether its user has started or installed the service before.
#[must_use]
pub fn was_started(places: &Places) -> bool {
    places.state.join(STARTED_ONCE).exists()
}

/// Notes that the service was started or installed by its user, who decides from now on whether it is enabled.
pub fn remember_start(places: &Places) {
    // Without the note the service is enabled once more.
    let _ = durable::create_private(&places.state)
        .and_then(|()| durable::replace(&places.state.join(STARTED_ONCE), b""));
}

/// Returns a sentence about a service that did not start: the daemon's own where it said one.
async fn why_not_started(error: UnitError) -> String {
    if !matches!(error, UnitError::Failed { .. }) {
        return in_one_line(&error, error.hint());
    }
    if let Some(words) = unit::last_words().await {
        return words;
    }
    match UnitState::ask().await {
        Ok(state) if state.exit_code == unit::WRONG_CONFIGURATION => {
            "the service did not start: its configuration or place is wrong; 'sottod' in a terminal says what"
                .to_owned()
        }
        _ => format!("the service {UNIT} did not start; 'sotto service logs' says why"),
    }
}

async fn start_program(places: &Places) -> Result<(), String> {
    let program = unit::daemon_beside_this().unwrap_or_else(|| PROGRAM.into());
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

/// Returns what a daemon said that did not start.
fn last_words(log: &Path) -> Option<String> {
    unit::own_words(&std::fs::read(log).ok()?)
}
