//! Clean systems of Debian, in which the packages are installed, upgraded over a meeting, removed and purged.
//!
//! Each is made anew from the mirror that this system's own apt uses. What happens in it is in `tests/packages`.

use std::path::{Path, PathBuf};
use std::process::Command;

use sotto_namespaces::is_root;

use crate::build_programs;
use crate::package::{self, Made};
use crate::packages::{self, Set};
use crate::steps::{COMPILING, FETCHING, Failed, Minutes, Steps, root, target};
use crate::unpacked::system_has;

/// The releases that are supported.
const RELEASES: [&str; 2] = ["bookworm", "trixie"];

/// One system, made and used, on a slow machine.
const TRYING: Minutes = Minutes(15);

/// Names another mirror than that of this system's apt.
const MIRROR: &str = "SOTTO_DEBIAN_MIRROR";

const STEP: &str = "packages on clean systems";

/// Programs that it takes, which only Debian and its relatives have.
const PROGRAMS: [&str; 4] = ["dpkg-deb", "dpkg-shlibdeps", "lintian", "mmdebstrap"];

/// The program that fetches a file as apt does.
const APT_HELPER: &str = "/usr/lib/apt/apt-helper";

/// Builds what the packages contain, and tries them.
pub(crate) fn try_packages() -> Result<(), Failed> {
    let mut steps = Steps::begin();
    packages::install(Set::TryPackages, &mut steps)?;
    let mirror = ready(&mut steps).map_err(|why| Failed::new(STEP, why))?;
    let mut building = build_programs();
    building.args(["--package", "sotto-tray"]);
    steps.quiet("build", COMPILING, &mut building)?;
    with_programs(&mirror, &mut steps)?;
    steps.summary();
    Ok(())
}

/// Tries packages of the programs that have been built for the tests, where that can be done.
pub(crate) fn beside_the_tests(steps: &mut Steps) -> Result<(), Failed> {
    match ready(steps) {
        Ok(mirror) => with_programs(&mirror, steps),
        Err(why) => {
            steps.say(&format!("packages                    not tried: {why}"));
            Ok(())
        }
    }
}

/// Returns the mirror that the clean systems come from, or why there can be none.
fn ready(steps: &mut Steps) -> Result<String, String> {
    if let Some(missing) = PROGRAMS.iter().find(|program| !system_has(program)) {
        return Err(format!(
            "there is no {missing}; packages are made and tried on Debian and its relatives"
        ));
    }
    if !is_root() {
        let mut command = Command::new("unshare");
        command.args(AS_ROOT_OVER_A_RANGE).arg("true");
        if !steps.trying("range of ids", FETCHING, &mut command) {
            return Err(
                "you have no range of ids, or may not use it; an administrator gives one with \
                 'usermod --add-subuids 100000-165535 --add-subgids 100000-165535 NAME'"
                    .to_owned(),
            );
        }
    }
    let mirror = mirror()?;
    if Path::new(APT_HELPER).exists() {
        let mut command = Command::new(APT_HELPER);
        command
            .args([
                "-o",
                "Acquire::http::Timeout=15",
                "-o",
                "Acquire::Retries=1",
            ])
            .args(["-o", "APT::Sandbox::User=root"])
            .arg("download-file")
            .arg(format!(
                "{}/dists/{}/InRelease",
                mirror.trim_end_matches('/'),
                RELEASES[0]
            ))
            .arg(target().join("xtask/InRelease"));
        if !steps.trying("mirror of Debian", FETCHING, &mut command) {
            return Err(format!(
                "{mirror} cannot be reached, or is no mirror of Debian; {MIRROR}=URL names another"
            ));
        }
    }
    Ok(mirror)
}

/// Has `unshare` make a namespace with the range of ids that the system gives to its user.
const AS_ROOT_OVER_A_RANGE: [&str; 4] = ["--user", "--map-auto", "--map-root-user", "--"];

fn with_programs(mirror: &str, steps: &mut Steps) -> Result<(), Failed> {
    let made = package::for_tests(steps)?;
    let boots = can_boot();
    if let Err(why) = &boots {
        steps.say(&format!("logins on clean systems     not tried: {why}"));
    }
    let boots = boots.is_ok();
    let [one, other] = RELEASES;
    steps.beside(
        |steps| on(one, mirror, &made, boots, steps),
        |steps| on(other, mirror, &made, boots, steps),
    )
}

/// Asks whether a system can be booted here with an init of its own; says why not.
fn can_boot() -> Result<(), String> {
    let mut command = Command::new("sh");
    command
        .arg(root().join("tests/packages/boot.sh"))
        .arg("can");
    let asked = command.output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&asked.stdout);
    match asked.status.success() {
        true => Ok(()),
        false => Err(said.lines().last().unwrap_or("it is refused").to_owned()),
    }
}

fn on(
    release: &str,
    mirror: &str,
    made: &Made,
    boots: bool,
    steps: &mut Steps,
) -> Result<(), Failed> {
    // Root is root there, too. Others are in a namespace with the range of ids that the system gives them.
    let mut command = Command::new("nice");
    command.args(["-n", "5"]);
    if !is_root() {
        command.arg("unshare").args(AS_ROOT_OVER_A_RANGE);
    }
    command
        .arg("sh")
        .arg(root().join("tests/packages/on-a-clean-system.sh"))
        .args([release, mirror])
        .arg(target().join("xtask/clean-systems"))
        .args([&made.older, &made.newer, &made.tarball]);
    if boots {
        command.arg("boot");
    }
    let what = format!("packages on {release}");
    steps.quiet(&what, TRYING, &mut command).map_err(|failed| {
        failed.because(&format!(
            "the clean system comes from {mirror}; {MIRROR}=URL names another mirror of Debian"
        ))
    })
}

/// Returns the mirror of Debian that this system uses, or that the user names.
fn mirror() -> Result<String, String> {
    if let Ok(named) = std::env::var(MIRROR) {
        return Ok(named);
    }
    let folder = Path::new("/etc/apt");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder.join("sources.list.d"))
        .map(|listed| listed.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    files.sort();
    files.insert(0, folder.join("sources.list"));
    files
        .iter()
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .find_map(|text| debian(&text))
        .ok_or_else(|| {
            format!(
                "no mirror of Debian is in this system's sources for apt; name one with {MIRROR}=URL"
            )
        })
}

/// Returns the first mirror of Debian's own archive in a file of apt's sources, of either form.
fn debian(sources: &str) -> Option<String> {
    sources
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("deb ") || line.starts_with("URIs:"))
        .flat_map(str::split_whitespace)
        .find(|word| word.contains("://") && word.trim_end_matches('/').ends_with("/debian"))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_that_of_the_first_source_of_debian() {
        let mirror = Some("http://mirror.invalid/debian".to_owned());
        let old = "# deb http://no.invalid/debian x\ndeb-src http://no.invalid/debian x main\n\
                   deb [arch=amd64] http://other.invalid/tools x main\n\
                   deb [arch=amd64] http://mirror.invalid/debian bookworm main\n";
        assert_eq!(debian(old), mirror);
        let new = "Types: deb\nURIs: http://mirror.invalid/debian\nSuites: bookworm\n";
        assert_eq!(debian(new), mirror);
        assert_eq!(debian("URIs: http://mirror.invalid/debian-security"), None);
        assert_eq!(debian("deb http://mirror.invalid/ubuntu noble main"), None);
    }
}
