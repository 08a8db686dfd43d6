//! Places where the network is loopback alone, and why this system may not give them.
//!
//! Tests and measurements that speak multicast run there, so that nothing of it leaves through a real interface.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::steps::Failed;

/// Brings loopback up, then becomes the command that follows.
const WITH_LOOPBACK: &str = "ip link set lo up && exec \"$@\"";

/// A command that runs the words added to it in a network namespace of their own, with loopback up.
///
/// Root needs no user namespace for it, and does without, as the scenarios' sandbox does: a system may forbid the one
/// and allow the other.
pub(crate) fn on_loopback_alone() -> Command {
    let mut command = Command::new("unshare");
    if !is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--net", "--", "sh", "-c", WITH_LOOPBACK, "sh"]);
    command
}

/// Asks whether this system gives such places.
///
/// # Errors
///
/// When it does not; the error says why, as far as the system tells, and what to do.
pub(crate) fn require() -> Result<(), Failed> {
    let tried = on_loopback_alone()
        .arg("true")
        .stdin(Stdio::null())
        .output();
    let how = match tried {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            format!("{} ({})", obstacle(is_root(), setting), said.trim())
        }
        Err(error) => {
            format!("'unshare' is needed (on Debian in the package util-linux): {error}")
        }
    };
    Err(Failed::new("network namespaces", how))
}

/// Why there are no namespaces and what helps, by the kernel's settings.
fn obstacle(root: bool, setting: impl Fn(&str) -> Option<u32>) -> &'static str {
    if setting("user/max_user_namespaces") == Some(0) && !root {
        "this system allows no user namespaces; run this as root, or allow them until the next start with \
         'sudo sysctl user.max_user_namespaces=10000'"
    } else if setting("kernel/unprivileged_userns_clone") == Some(0) && !root {
        "this system keeps user namespaces for root; run this as root, or allow them until the next start with \
         'sudo sysctl kernel.unprivileged_userns_clone=1'"
    } else if setting("kernel/apparmor_restrict_unprivileged_userns") == Some(1) && !root {
        "AppArmor keeps user namespaces from programs without a profile (Ubuntu since 24.04 does); run this as root, or \
         allow them until the next start with 'sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0'"
    } else if root {
        "this root may not create network namespaces, or lacks 'ip' (iproute2); a container needs the capabilities \
         SYS_ADMIN and NET_ADMIN for it"
    } else {
        "this system does not let you create network namespaces; run this as root"
    }
}

fn setting(name: &str) -> Option<u32> {
    let text = std::fs::read_to_string(Path::new("/proc/sys").join(name)).ok()?;
    text.trim().parse().ok()
}

/// Whether this process may do everything.
pub(crate) fn is_root() -> bool {
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
            assert!(obstacle(false, only).contains(&name.replace('/', ".")));
            // These settings do not concern root.
            assert!(obstacle(true, only).contains("SYS_ADMIN"));
        }
        assert!(obstacle(false, |_| None).contains("run this as root"));
    }
}
