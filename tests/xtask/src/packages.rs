//! The system packages that each task needs, and no others.
//!
//! Nothing is ever removed for them. A set is made of groups, each with one purpose.

use std::collections::HashSet;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::Command;

use sotto_namespaces::is_root;

use crate::steps::{Failed, Steps, shown};
use crate::unpacked;

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

const SERVICE: Group = &[("systemd", "the manager of a user's services")];

const SOUND_SERVER: Group = &[("pulseaudio-utils", "talks to a sound server")];

const OTHER_PROGRAMS: Group = &[
    ("dbus-daemon", "private message buses"),
    ("python3-dbusmock", "stand-ins for the desktop's services"),
    ("xvfb", "a display whose keyboard a test presses"),
    ("desktop-file-utils", "checks launchers"),
    ("appstream", "checks the description for software centres"),
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

const DESKTOP: Group = &[
    ("xvfb", "a screen in memory"),
    ("openbox", "a window manager"),
    ("xfce4-panel", "a panel that shows the icons of programs"),
    ("xdotool", "moves and presses the pointer, and presses keys"),
    ("x11-utils", "asks the window manager, and another window"),
    ("x11-apps", "pictures of the screen"),
    ("at-spi2-core", "what screen readers listen to"),
    ("gir1.2-atspi-2.0", "finds what a window offers by its name"),
    ("libgl1", "draws the meeting window"),
    ("libegl1", "draws the meeting window"),
    (
        "libgl1-mesa-dri",
        "draws the meeting window without a graphics card",
    ),
    ("libwayland-egl1", "draws the meeting window on Wayland"),
    ("libxkbcommon-x11-0", "the keyboard in the meeting window"),
    ("fonts-dejavu-core", "letters in the meeting window"),
];

const PACKING: Group = &[
    (
        "dpkg-dev",
        "finds the libraries that the programs are linked with",
    ),
    ("lintian", "checks the package"),
];

const CLEAN_SYSTEMS: Group = &[
    ("mmdebstrap", "a clean system to install the package in"),
    ("debian-archive-keyring", "the signatures of those systems"),
    ("uidmap", "lets others than root make them"),
];

const REFERENCE_PESQ: Group = &[
    (
        "python3-venv",
        "an environment of its own for the reference implementation",
    ),
    ("python3-dev", "compiles the reference implementation"),
];

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
    /// The packages.
    Package,
    /// The packages, tried in clean systems.
    TryPackages,
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
            "package" => Self::Package,
            "try-packages" => Self::TryPackages,
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
                SERVICE,
                SOUND_SERVER,
                OTHER_PROGRAMS,
                DESKTOP,
                PACKING,
                CLEAN_SYSTEMS,
            ],
            Self::Bench => &[COMPILING, SPEECH, SANDBOXES, VIRTUAL_NETWORKS, SOUND_SERVER],
            Self::Package => &[COMPILING, PACKING],
            Self::TryPackages => &[COMPILING, SANDBOXES, PACKING, CLEAN_SYSTEMS],
            Self::Pesq => &[COMPILING, SPEECH, REFERENCE_PESQ],
        }
    }

    fn packages(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.groups().iter().flat_map(|group| group.iter().copied())
    }

    /// Returns what is to be installed where `installed` is there already.
    fn missing(self, installed: &HashSet<String>) -> Vec<&'static str> {
        self.packages()
            .map(|(package, _)| package)
            .filter(|package| !installed.contains(*package))
            .collect()
    }

    /// Returns whether the task runs programs that are unpacked rather than installed.
    fn runs_unpacked_programs(self) -> bool {
        matches!(self, Self::Test | Self::Bench)
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

/// Installs what is missing of `set`, and unpacks what must not be installed; asks before it uses sudo.
///
/// # Errors
///
/// When something is missing and cannot be installed here; the error lists it.
pub(crate) fn install(set: Set, steps: &mut Steps) -> Result<Found, Failed> {
    let found = install_packages(set, steps)?;
    if set.runs_unpacked_programs() {
        unpacked::prepare(steps)?;
    }
    Ok(found)
}

fn install_packages(set: Set, steps: &mut Steps) -> Result<Found, Failed> {
    if !Path::new("/usr/bin/apt-get").exists() {
        println!("This system has no apt. What follows needs what these Debian packages hold:");
        for (package, purpose) in set.packages() {
            println!("  {package:28} {purpose}");
        }
        return Ok(Found::Unknown);
    }
    let missing = set.missing(&installed(set));
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
    let mut install = install;
    steps
        .in_foreground("package lists", &mut apt(root, &["update"]))
        .map_err(|failed| {
            failed.because(&format!(
                "a mirror in this system's sources for apt does not answer; once these packages are there, installed \
                 with {} or otherwise, apt is not asked",
                shown(&install)
            ))
        })?;
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

/// Returns which packages of a set are installed.
fn installed(set: Set) -> HashSet<String> {
    let output = Command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status} ${Package}\n"])
        .args(set.packages().map(|(package, _)| package))
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
    fn no_task_installs_a_sound_server_or_a_service() {
        for set in [
            Set::Build,
            Set::Demo,
            Set::Test,
            Set::Bench,
            Set::Package,
            Set::TryPackages,
            Set::Pesq,
        ] {
            let missing = set.missing(&with(&[]));
            for service in ["pulseaudio", "avahi-daemon", "avahi-utils", "dbus"] {
                assert!(!missing.contains(&service), "{set:?} installs {service}");
            }
        }
    }

    #[test]
    fn pulseaudio_does_not_replace_another_sound_system() {
        for others in [&["pipewire-alsa"][..], &[]] {
            let missing = Set::Test.missing(&with(others));
            assert!(!missing.contains(&"pulseaudio"));
            assert!(missing.contains(&"pulseaudio-utils"));
        }
    }

    #[test]
    fn what_is_there_is_not_installed_again() {
        let all = Set::Test.packages().map(|(package, _)| package.to_owned());
        assert_eq!(Set::Test.missing(&all.collect()), Vec::<&str>::new());
    }
}
