//! The system packages that each task needs, and no others.
//!
//! Nothing is ever removed for them. A set is made of groups, each with one purpose.

use std::collections::HashSet;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::Command;

use sotto_namespaces::is_root;

use crate::steps::{Failed, Steps, shown};

/// Packages by their names in Debian and its relatives, each with what it is for.
type Group = &'static [(&'static str, &'static str)];

const COMPILING: Group = &[
    (
        "build-essential",
        "the C compiler for the codec and the cryptography",
    ),
    ("cmake", "builds the Opus codec"),
    ("pkg-config", "finds ALSA"),
    ("libasound2-dev", "sound devices"),
];

const SPEECH: Group = &[
    ("alsa-utils", "natural spoken prompts"),
    ("espeak-ng", "spoken sentences"),
    ("sox", "converts spoken sentences"),
];

const SANDBOXES: Group = &[
    ("util-linux", "sandboxes (unshare)"),
    ("iproute2", "virtual hosts"),
];

const VIRTUAL_NETWORKS: Group = &[
    ("nftables", "losses, blocked ports, packet counts"),
    (
        "iptables",
        "packets that are held back, where the kernel has no netem",
    ),
    ("procps", "settings of virtual hosts (sysctl)"),
];

const SOUND_SERVER: Group = &[
    (PULSEAUDIO, "a sound server with null sinks"),
    ("pulseaudio-utils", "talks to it"),
];

const OTHER_PROGRAMS: Group = &[
    (AVAHI, "another program's view of the service"),
    ("avahi-utils", "another program's view of the service"),
    ("dbus", "private message buses"),
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
];

const REFERENCE_PESQ: Group = &[
    (
        "python3-venv",
        "an environment of its own for the reference implementation",
    ),
    ("python3-dev", "compiles the reference implementation"),
];

const PULSEAUDIO: &str = "pulseaudio";
const AVAHI: &str = "avahi-daemon";

/// Sound systems that cannot be installed beside PulseAudio: apt would remove them for it.
const INSTEAD_OF_PULSEAUDIO: [&str; 2] = ["pipewire-audio", "pipewire-alsa"];

/// What a task needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    /// Compiling Sotto.
    Build,
    /// The demonstration.
    Demo,
    /// Everything that `cargo xtask test` runs, scenarios included.
    Test,
    /// The figures.
    Bench,
    /// The comparison of two implementations of PESQ.
    Pesq,
}

impl Set {
    /// The set for a task's name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "build" => Self::Build,
            "demo" => Self::Demo,
            "test" => Self::Test,
            "bench" => Self::Bench,
            "pesq-agreement" => Self::Pesq,
            _ => return None,
        })
    }

    fn groups(self) -> &'static [Group] {
        match self {
            Self::Build => &[COMPILING],
            Self::Demo => &[COMPILING, SPEECH, SANDBOXES],
            Self::Test => &[
                COMPILING,
                SPEECH,
                SANDBOXES,
                VIRTUAL_NETWORKS,
                SOUND_SERVER,
                OTHER_PROGRAMS,
            ],
            Self::Bench => &[COMPILING, SPEECH, SANDBOXES, VIRTUAL_NETWORKS, SOUND_SERVER],
            Self::Pesq => &[COMPILING, SPEECH, REFERENCE_PESQ],
        }
    }

    fn packages(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.groups().iter().flat_map(|group| group.iter().copied())
    }

    /// What is to be installed where `installed` is there already, and what the person is to know about it.
    fn missing(self, installed: &HashSet<String>) -> (Vec<&'static str>, Vec<String>) {
        let mut missing: Vec<&str> = self
            .packages()
            .map(|(package, _)| package)
            .filter(|package| !installed.contains(*package))
            .collect();
        let mut remarks = Vec::new();
        let other = INSTEAD_OF_PULSEAUDIO
            .iter()
            .find(|other| installed.contains(**other));
        if let Some(other) = other
            && let Some(place) = missing.iter().position(|package| *package == PULSEAUDIO)
        {
            missing.remove(place);
            remarks.push(format!(
                "{PULSEAUDIO} is left out: it would replace {other}, your sound system. What needs it is not tested here."
            ));
        }
        if missing.contains(&AVAHI) {
            remarks.push(format!(
                "{AVAHI} starts a service of that name; 'sudo systemctl disable --now {AVAHI}' stops it again."
            ));
        }
        (missing, remarks)
    }
}

/// What there was of a set before anything was done for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// All of it.
    Everything,
    /// Something was missing, and has been installed.
    Less,
    /// This system has no apt, so the person was told what is needed.
    Unknown,
}

/// Installs what is missing of `set`; asks before it uses sudo.
///
/// # Errors
///
/// When something is missing and cannot be installed here; the error lists it.
pub(crate) fn install(set: Set, steps: &mut Steps) -> Result<Found, Failed> {
    if !Path::new("/usr/bin/apt-get").exists() {
        println!("This system has no apt. What follows needs what these Debian packages hold:");
        for (package, purpose) in set.packages() {
            println!("  {package:28} {purpose}");
        }
        return Ok(Found::Unknown);
    }
    let (missing, remarks) = set.missing(&installed(set));
    for remark in remarks {
        println!("{remark}");
    }
    if missing.is_empty() {
        return Ok(Found::Everything);
    }
    println!("Missing packages: {}", missing.join(" "));
    let root = is_root();
    let install = apt(
        root,
        &[
            &["install", "--yes", "--no-remove", "--no-install-recommends"],
            &missing[..],
        ]
        .concat(),
    );
    if !root && !agreed()? {
        return Err(Failed::new(
            "system packages",
            format!("install them with {}", shown(&install)),
        ));
    }
    if !root {
        // It asks for a password here, on a line of its own; what follows is covered by the answer.
        Steps::asking("sudo", &mut apt(root, &["--version"]))?;
    }
    steps.in_foreground("package lists", &mut apt(root, &["update"]))?;
    let mut install = install;
    steps
        .in_foreground("system packages", &mut install)
        .map_err(|failed| {
            failed.because(
                "apt removes nothing for Sotto (--no-remove): if it says above that packages need to be removed, \
                 decide by yourself whether to install these by hand",
            )
        })?;
    Ok(Found::Less)
}

/// Which of a set, and of what conflicts with it, are installed.
fn installed(set: Set) -> HashSet<String> {
    let output = Command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status} ${Package}\n"])
        .args(set.packages().map(|(package, _)| package))
        .args(INSTEAD_OF_PULSEAUDIO)
        .output();
    // It fails when it does not know one of them, and lists the others all the same.
    let listed = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&listed)
        .lines()
        .filter_map(|line| line.strip_prefix("installed "))
        .map(str::to_owned)
        .collect()
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

/// apt-get, as root. sudo forgets the environment, so it is set behind it.
fn apt(root: bool, arguments: &[&str]) -> Command {
    let mut command = Command::new(if root { "env" } else { "sudo" });
    if !root {
        command.arg("env");
    }
    command
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get"])
        .args(arguments);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(packages: &[&str]) -> HashSet<String> {
        packages.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_demonstration_brings_no_sound_server_and_starts_no_service() {
        for set in [Set::Build, Set::Demo] {
            let (missing, remarks) = set.missing(&with(&[]));
            assert!(!missing.contains(&PULSEAUDIO) && !missing.contains(&AVAHI));
            assert!(remarks.is_empty());
        }
    }

    #[test]
    fn pulseaudio_does_not_replace_another_sound_system() {
        let (missing, remarks) = Set::Test.missing(&with(&["pipewire-alsa"]));
        assert!(!missing.contains(&PULSEAUDIO));
        assert!(missing.contains(&"pulseaudio-utils"));
        assert!(
            remarks
                .iter()
                .any(|remark| remark.contains("pipewire-alsa"))
        );
        assert!(Set::Test.missing(&with(&[])).0.contains(&PULSEAUDIO));
    }

    #[test]
    fn what_is_there_is_not_installed_again() {
        let all = Set::Test.packages().map(|(package, _)| package.to_owned());
        assert_eq!(Set::Test.missing(&all.collect()), (Vec::new(), Vec::new()));
    }
}
