//! Starting the daemon, as the user's service where it is one, else as a program beside this one.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use sotto_control::HOME_VARIABLE;
use tokio::process::Command;
use tokio::time::timeout;

/// The daemon's unit.
const UNIT: &str = "sottod.service";
/// The daemon's program.
const PROGRAM: &str = "sottod";
/// The longest time from a start to a daemon that can be connected to.
pub(crate) const ANSWERS_WITHIN: Duration = Duration::from_secs(15);
/// How long the service manager may take to say whether it knows the unit.
const ASK_WITHIN: Duration = Duration::from_secs(5);
/// How long it may take to start it.
const START_WITHIN: Duration = Duration::from_secs(30);
/// A daemon that ends within this time did not start.
const ENDS_WITHIN: Duration = Duration::from_secs(2);

/// Starts the daemon of this home. That it can be connected to shows a moment later.
///
/// # Errors
/// A sentence that says what helps.
pub(crate) async fn start() -> Result<(), String> {
    // The service is that of the platform's own places.
    let elsewhere = std::env::var_os(HOME_VARIABLE).is_some_and(|home| !home.is_empty());
    if !elsewhere && is_a_service().await {
        start_service().await
    } else {
        start_program().await
    }
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

async fn start_program() -> Result<(), String> {
    let program = beside_this().unwrap_or_else(|| PROGRAM.into());
    // In a group of its own: what ends this program, such as Ctrl-C in a terminal, does not end the daemon.
    let mut daemon = Command::new(&program)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => format!(
                "there is no {PROGRAM} beside sotto-tray, nor in PATH; install it, or start it by hand"
            ),
            _ => format!("{} cannot be started: {error}", program.display()),
        })?;
    match timeout(ENDS_WITHIN, daemon.wait()).await {
        // It runs, and goes on when this program ends.
        Err(_) => Ok(()),
        Ok(Ok(status)) => Err(format!(
            "{PROGRAM} has ended ({status}); '{}' in a terminal says why",
            program.display()
        )),
        Ok(Err(error)) => Err(format!("{PROGRAM} was lost: {error}")),
    }
}

/// Returns the daemon that was built or installed together with this program.
fn beside_this() -> Option<PathBuf> {
    let daemon = std::env::current_exe().ok()?.with_file_name(PROGRAM);
    daemon.is_file().then_some(daemon)
}
