//! The system packages that building, testing and the demonstration need.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::Command;

use crate::steps::Failed;

/// By their names in Debian and its relatives, each with what it is for.
const PACKAGES: &[(&str, &str)] = &[
    (
        "build-essential",
        "the C compiler for the codec and the cryptography",
    ),
    ("cmake", "builds the Opus codec"),
    ("pkg-config", "finds ALSA"),
    ("libasound2-dev", "sound devices"),
    ("iproute2", "virtual hosts"),
    ("nftables", "losses, blocked ports, packet counts"),
    ("util-linux", "sandboxes (unshare)"),
    ("alsa-utils", "natural spoken prompts"),
    ("espeak-ng", "spoken sentences"),
    ("sox", "converts spoken sentences"),
    ("tcpdump", "captures of the media stream"),
    ("avahi-daemon", "another program's view of the service"),
    ("avahi-utils", "another program's view of the service"),
    ("dbus", "private message buses"),
    ("dbus-daemon", "private message buses"),
    ("python3-dbusmock", "stand-ins for the desktop's services"),
    (
        "gstreamer1.0-tools",
        "another program's view of the media stream",
    ),
    (
        "gstreamer1.0-plugins-base",
        "another program's view of the media stream",
    ),
    (
        "gstreamer1.0-plugins-good",
        "another program's view of the media stream",
    ),
    (
        "gstreamer1.0-plugins-bad",
        "another program's view of the media stream",
    ),
    ("pulseaudio", "a sound server with null sinks"),
    ("pulseaudio-utils", "talks to it"),
];

/// Installs what is missing; asks before it uses sudo.
///
/// # Errors
///
/// When something is missing and cannot be installed here; the error lists it.
pub(crate) fn install() -> Result<(), Failed> {
    if !Path::new("/usr/bin/apt-get").exists() {
        println!(
            "This system has no apt. Sotto's build, tests and demonstration need what these Debian packages hold:"
        );
        for (package, purpose) in PACKAGES {
            println!("  {package:28} {purpose}");
        }
        return Ok(());
    }
    let missing: Vec<&str> = PACKAGES
        .iter()
        .map(|(package, _)| *package)
        .filter(|package| !is_installed(package))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let root = is_root();
    println!("Missing packages: {}", missing.join(" "));
    if !root && !agreed()? {
        return Err(Failed::new(
            "system packages",
            format!("install them with 'apt-get install {}'", missing.join(" ")),
        ));
    }
    apt(root, &["update", "--quiet=2"])?;
    let mut install = vec!["install", "--yes", "--quiet=2", "--no-install-recommends"];
    install.extend(&missing);
    apt(root, &install)
}

fn is_installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status}", package])
        .output()
        .is_ok_and(|output| output.status.success() && output.stdout == b"installed")
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Asks whether sudo may be used. Without a terminal nobody can be asked.
fn agreed() -> Result<bool, Failed> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    print!("Install them with sudo apt-get? [y/N] ");
    let failed = |error: std::io::Error| Failed::new("system packages", error.to_string());
    std::io::stdout().flush().map_err(failed)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(failed)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn apt(root: bool, arguments: &[&str]) -> Result<(), Failed> {
    let mut command = if root {
        Command::new("apt-get")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.arg("apt-get");
        sudo
    };
    let status = command
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .status()
        .map_err(|error| {
            Failed::new("system packages", format!("cannot start apt-get: {error}"))
        })?;
    if !status.success() {
        return Err(Failed::new(
            "system packages",
            format!("'apt-get {}' ended with {status}", arguments.join(" ")),
        ));
    }
    Ok(())
}
