//! Programs that start a service wherever they are installed, so they are not installed.
//!
//! Debian's `avahi-daemon` announces its machine on every real network from the moment of its installation, and
//! `pulseaudio` takes the place of another sound system, as `dunst` takes that of another server of notifications; `sway`
//! is offered at the next login, and `foot` brings a service of its own. The scenarios need them inside their virtual
//! hosts alone. So apt fetches these packages, with the libraries that the system lacks, and they are unpacked into the
//! target folder. The fetching needs no root and changes nothing of the system. Programs that are installed already are
//! used as they are.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files::Files;
use crate::steps::{FETCHING, Failed, READING, Steps, tools};

/// A program, its place in its package, and the package.
type Program = (&'static str, &'static str, &'static str);

const PROGRAMS: [Program; 9] = [
    ("avahi-daemon", "usr/sbin/avahi-daemon", "avahi-daemon"),
    ("avahi-browse", "usr/bin/avahi-browse", "avahi-utils"),
    (PULSEAUDIO, "usr/bin/pulseaudio", PULSEAUDIO),
    ("dunst", "usr/bin/dunst", "dunst"),
    ("dunstctl", "usr/bin/dunstctl", "dunst"),
    ("sway", "usr/bin/sway", "sway"),
    ("swaymsg", "usr/bin/swaymsg", "sway"),
    ("grim", "usr/bin/grim", "grim"),
    ("foot", "usr/bin/foot", "foot"),
];

const PULSEAUDIO: &str = "pulseaudio";

/// Unpacks each archive below the folder that it is given.
const UNPACK: &str = r#"set -e; for archive in "$0"/archives/*.deb; do dpkg-deb --extract "$archive" "$0"/root; done"#;

const STEP: &str = "unpacked programs";
/// Its files.
const FILES: Files = Files(STEP);

/// Unpacks what is missing. Without apt, says what to install.
///
/// # Errors
///
/// When the packages cannot be fetched or unpacked.
pub(crate) fn prepare(steps: &mut Steps) -> Result<(), Failed> {
    let missing = missing(system_has);
    if missing.is_empty() || is_complete(&missing) {
        return Ok(());
    }
    if !Path::new("/usr/bin/apt-get").exists() {
        let names: Vec<&str> = missing.iter().copied().collect();
        println!(
            "This system has no apt. Scenarios need the programs of: {}",
            names.join(" ")
        );
        return Ok(());
    }
    let folder = folder();
    FILES.remove(&folder)?;
    for inside in ["lists/partial", "archives/partial", "root"] {
        FILES.create(&folder.join(inside))?;
    }
    FILES.create(&tools().join("bin"))?;
    let list: Vec<&str> = missing.iter().copied().collect();
    let because = |failed: Failed| {
        failed.because(&format!(
            "a mirror in this system's sources for apt does not answer, or lacks something; scenarios need the programs \
             of {}, which are only unpacked, and not fetched where they are installed",
            list.join(" ")
        ))
    };
    steps
        .quiet("package lists, own", FETCHING, apt(&folder).arg("update"))
        .map_err(because)?;
    steps
        .quiet(
            "fetching programs",
            FETCHING,
            apt(&folder)
                .args(["install", "--yes", "--no-install-recommends"])
                // Nothing is installed, so what a real installation would remove stays.
                .arg("--download-only")
                .args(&missing),
        )
        .map_err(because)?;
    let mut unpacking = Command::new("sh");
    unpacking.args(["-c", UNPACK]).arg(&folder);
    steps.quiet("unpacking programs", READING, &mut unpacking)?;
    write_wrappers(&folder)?;
    for spent in ["lists", "archives"] {
        FILES.remove(&folder.join(spent))?;
    }
    FILES.write(&folder.join(COMPLETE), list.join("\n"))
}

/// Names, when all is done, the packages that were unpacked.
const COMPLETE: &str = "complete";

fn folder() -> PathBuf {
    tools().join("unpacked")
}

/// The packages of programs that `has` does not know.
fn missing(has: impl Fn(&str) -> bool) -> BTreeSet<&'static str> {
    PROGRAMS
        .iter()
        .filter(|(program, ..)| !has(program))
        .map(|(.., package)| *package)
        .collect()
}

/// Tells whether the system itself has a program. System programs may be outside of the user's own search path.
pub(crate) fn system_has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // What was unpacked before is not the system's, even if somebody has it on the search path.
    let unpacked = tools().join("bin");
    std::env::split_paths(&path)
        .filter(|place| *place != unpacked)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .any(|place| place.join(program).is_file())
}

fn is_complete(wanted: &BTreeSet<&str>) -> bool {
    let done = std::fs::read_to_string(folder().join(COMPLETE)).unwrap_or_default();
    let done: BTreeSet<&str> = done.lines().collect();
    wanted.is_subset(&done)
}

/// apt-get with lists and archives of its own. It reads which packages are installed, and locks nothing.
fn apt(folder: &Path) -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    let own = [
        ("Dir::State::lists", folder.join("lists")),
        ("Dir::Cache", folder.join("archives")),
        ("Dir::Cache::archives", folder.join("archives")),
        ("Debug::NoLocking", "1".into()),
        // apt's own user may not write into a folder of ours.
        ("APT::Sandbox::User", "root".into()),
    ];
    for (name, value) in own {
        let mut option = OsString::from(format!("{name}="));
        option.push(value);
        command.arg("--option").arg(option);
    }
    command
}

/// Writes a script for each unpacked program that starts it with the libraries beside it.
fn write_wrappers(folder: &Path) -> Result<(), Failed> {
    let root = folder.join("root");
    let libraries = library_folders(&root)?;
    let libraries = std::env::join_paths(libraries)
        .map_err(|error| Failed::new(STEP, format!("{}: {error}", root.display())))?;
    for (name, inside, _) in PROGRAMS {
        let program = root.join(inside);
        if !program.is_file() {
            continue;
        }
        let mut words = vec![quoted(&program)];
        if name == PULSEAUDIO {
            words.push("--dl-search-path".to_owned());
            words.push(quoted(&pulse_modules(&root)?));
        }
        let script = format!(
            "#!/bin/sh\nLD_LIBRARY_PATH={} exec {} \"$@\"\n",
            quoted(Path::new(&libraries)),
            words.join(" ")
        );
        let wrapper = tools().join("bin").join(name);
        FILES.write(&wrapper, &script)?;
        executable(&wrapper)?;
    }
    Ok(())
}

/// The folders below `usr/lib` that hold libraries: the machine's own, and PulseAudio's private one in it.
fn library_folders(root: &Path) -> Result<Vec<PathBuf>, Failed> {
    let mut folders = Vec::new();
    for below in ["usr/lib", "lib"] {
        let below = root.join(below);
        if !below.is_dir() {
            continue;
        }
        for machine in FILES.within(&below)? {
            if machine.is_dir() && holds_libraries(&machine)? {
                let private = machine.join(PULSEAUDIO);
                folders.push(machine);
                if private.is_dir() {
                    folders.push(private);
                }
            }
        }
    }
    Ok(folders)
}

fn holds_libraries(folder: &Path) -> Result<bool, Failed> {
    let is_library = |file: &PathBuf| {
        file.file_name()
            .is_some_and(|name| name.to_string_lossy().contains(".so."))
    };
    Ok(FILES.within(folder)?.iter().any(is_library))
}

/// The folder of PulseAudio's modules, which carries its version in its name.
fn pulse_modules(root: &Path) -> Result<PathBuf, Failed> {
    let found = FILES
        .within(&root.join("usr/lib"))?
        .into_iter()
        .map(|folder| folder.join("modules"))
        .find(|folder| folder.join("module-null-sink.so").is_file());
    found.ok_or_else(|| Failed::new(STEP, "the package of PulseAudio holds no modules"))
}

/// A path as one word for the shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

fn executable(file: &Path) -> Result<(), Failed> {
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(file, mode).map_err(|error| FILES.failed(file, &error))?;
    }
    let _ = file;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test fails by panicking
mod tests {
    use super::*;

    #[test]
    fn only_what_the_system_lacks_is_fetched() {
        assert_eq!(
            missing(|_| false),
            BTreeSet::from([
                "avahi-daemon",
                "avahi-utils",
                "dunst",
                "foot",
                "grim",
                "pulseaudio",
                "sway"
            ])
        );
        assert_eq!(
            missing(|program| program != "avahi-browse"),
            BTreeSet::from(["avahi-utils"])
        );
        assert!(missing(|_| true).is_empty());
    }

    #[test]
    fn a_path_is_one_word_for_the_shell() {
        assert_eq!(quoted(Path::new("/a b/c")), "'/a b/c'");
        assert_eq!(quoted(Path::new("/o'clock")), r"'/o'\''clock'");
    }
}
