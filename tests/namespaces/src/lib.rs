//! Places where the network is loopback alone, and why this system may not give them.
//!
//! Tests and measurements that speak multicast run in Linux namespaces, so that nothing of it leaves through a real
//! interface. Root needs no user namespace for that, and does without: a system may forbid the one and allow the other.
//!
//! A crate of its own, without dependencies, because both the task runner, which must build before anything else does,
//! and the scenarios need it.

use std::path::Path;
use std::process::{Command, Stdio};

/// Brings loopback up, then becomes the command that follows.
const WITH_LOOPBACK: &str = "ip link set lo up && exec \"$@\"";

/// Why there is no such place, and what helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// A command that runs the words added to it in a network of their own, with loopback up and nothing else.
#[must_use]
pub fn on_loopback_alone() -> Command {
    let mut command = unshare(&["--net"]);
    command.args(["sh", "-c", WITH_LOOPBACK, "sh"]);
    command
}

/// A command that runs the words added to it as root over a network of their own without any interface up, with mounts
/// of their own, and as the first of processes that all end with it.
#[must_use]
pub fn sandbox() -> Command {
    unshare(&[
        "--net",
        "--mount",
        "--propagation",
        "private",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
    ])
}

fn unshare(what: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    if !is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(what).arg("--");
    command
}

/// Asks whether this system gives both kinds of places.
///
/// # Errors
///
/// When it does not; the error says why, as far as the system tells, and what to do.
pub fn require() -> Result<(), Refused> {
    attempt(sandbox().arg("true"))?;
    attempt(on_loopback_alone().arg("true"))
}

fn attempt(command: &mut Command) -> Result<(), Refused> {
    match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let why = obstacle(is_root(), is_changed_root(), setting);
            Err(Refused(format!("{why} ({})", said.trim())))
        }
        Err(error) => Err(Refused(format!(
            "'unshare' is needed (on Debian in the package util-linux): {error}"
        ))),
    }
}

/// Why there are no namespaces and what helps, by the kernel's settings.
fn obstacle(root: bool, changed_root: bool, setting: impl Fn(&str) -> Option<u32>) -> &'static str {
    if root {
        "this root may not create network namespaces, or lacks 'ip' (iproute2); a container needs the capabilities \
         SYS_ADMIN and NET_ADMIN for it"
    } else if setting("user/max_user_namespaces") == Some(0) {
        "this system allows no user namespaces; run this as root, or allow them until the next start with \
         'sudo sysctl user.max_user_namespaces=10000'"
    } else if setting("kernel/unprivileged_userns_clone") == Some(0) {
        "this system keeps user namespaces for root; run this as root, or allow them until the next start with \
         'sudo sysctl kernel.unprivileged_userns_clone=1'"
    } else if setting("kernel/apparmor_restrict_unprivileged_userns") == Some(1) {
        "AppArmor keeps user namespaces from programs without a profile (Ubuntu since 24.04 does); run this as root, or \
         allow them until the next start with 'sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0'"
    } else if changed_root {
        "this is a chroot, in which Linux gives user namespaces to nobody; run this as root, or outside"
    } else {
        "this system does not let you create network namespaces; run this as root"
    }
}

fn setting(name: &str) -> Option<u32> {
    let text = std::fs::read_to_string(Path::new("/proc/sys").join(name)).ok()?;
    text.trim().parse().ok()
}

/// Whether this process sees another root directory than the one that is mounted.
fn is_changed_root() -> bool {
    std::fs::read_to_string("/proc/self/mountinfo").is_ok_and(|mounts| !has_root(&mounts))
}

/// Whether something is mounted at `/`, by the fifth field of each line (proc(5), `mountinfo`).
fn has_root(mounts: &str) -> bool {
    mounts
        .lines()
        .any(|mount| mount.split(' ').nth(4) == Some("/"))
}

/// Whether this process may do everything.
#[must_use]
pub fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_that_is_in_the_way_is_named() {
        for (name, value) in [
            ("user/max_user_namespaces", 0),
            ("kernel/unprivileged_userns_clone", 0),
            ("kernel/apparmor_restrict_unprivileged_userns", 1),
        ] {
            let only = |asked: &str| (asked == name).then_some(value);
            assert!(obstacle(false, false, only).contains(&name.replace('/', ".")));
            // These settings do not concern root.
            assert!(obstacle(true, false, only).contains("SYS_ADMIN"));
        }
        assert!(obstacle(false, true, |_| None).contains("chroot"));
        assert!(obstacle(false, false, |_| None).contains("run this as root"));
    }

    #[test]
    fn a_chroot_shows_no_mount_at_its_root() {
        let proc = "69 48 0:22 / /proc rw,relatime - proc proc rw";
        let root = "24 1 254:0 / / rw,relatime - ext4 /dev/root rw";
        assert!(!has_root(proc));
        assert!(has_root(&format!("{proc}\n{root}")));
    }
}
