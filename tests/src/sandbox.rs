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
    let mut command = Command::new("unshare");
    if !is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command
        .args(["--net", "--mount", "--propagation", "private"])
        .args(["--pid", "--fork", "--kill-child", "--mount-proc", "--"])
        .arg(program)
        .env(INSIDE, "1");
    command
}

/// Whether the system lets this user have sandboxes.
#[must_use]
pub fn is_possible() -> bool {
    command(Path::new("true"))
        .output()
        .is_ok_and(|output| output.status.success())
}

/// Replaces this process by itself inside a sandbox, with the same arguments.
///
/// # Errors
///
/// When the system does not allow it. Otherwise it does not return.
pub fn enter() -> Result<std::convert::Infallible> {
    if !is_possible() {
        bail!(
            "this system does not let you create network namespaces; run as root, or allow unprivileged user \
             namespaces (sysctl kernel.unprivileged_userns_clone=1)"
        );
    }
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

fn is_root() -> bool {
    run(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
