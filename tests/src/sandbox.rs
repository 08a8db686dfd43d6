//! A place of its own for virtual hosts: network, mounts and processes that vanish with the process.
//!
//! The program starts itself again under `unshare`. In there it is root over a network that has only loopback,
//! `/run` is empty and its own, and every process it starts dies with it, however it ends.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::programs::run;

/// Set for the program inside.
const INSIDE: &str = "SOTTO_SANDBOX";

/// Whether this process runs in a sandbox.
#[must_use]
pub fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// A command that runs `program` in a new sandbox.
#[must_use]
pub fn command(program: &Path) -> Command {
    let mut command = sotto_namespaces::sandbox();
    command.arg(program).env(INSIDE, "1");
    command
}

/// Replaces this process by itself inside a sandbox, with the same arguments.
///
/// # Errors
///
/// When the system does not allow it: the error says why, and what to do. Otherwise it does not return.
pub fn enter() -> Result<std::convert::Infallible> {
    sotto_namespaces::require()?;
    let own = std::env::current_exe().context("cannot tell where this program is")?;
    let failure = command(&own).args(std::env::args_os().skip(1)).exec();
    Err(failure).context("cannot start unshare")
}

/// Makes the sandbox ready for use: an empty `/run`, and loopback up.
///
/// # Errors
///
/// When this process is not in a sandbox.
pub fn prepare() -> Result<()> {
    if !is_inside() {
        bail!("not in a sandbox");
    }
    run(Command::new("mount").args(["-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run"]))?;
    std::fs::create_dir_all("/run/netns").context("cannot create /run/netns")?;
    run(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    Ok(())
}
