//! Clean systems of Debian, in which the packages are installed, upgraded over a meeting, removed and purged.
//!
//! Each is made anew from the mirror that this system's own apt uses. What happens in it is in `tests/packages`.

use std::path::{Path, PathBuf};
use std::process::Command;

use sotto_namespaces::is_root;

use crate::package::{self, Made};
use crate::packages::{self, Set};
use crate::steps::{COMPILING, Failed, Minutes, Steps, build_tests, root, target};

/// The releases that are supported.
const RELEASES: [&str; 2] = ["bookworm", "trixie"];

/// One system, made and used, on a slow machine.
const TRYING: Minutes = Minutes(15);

/// Names another mirror than that of this system's apt.
const MIRROR: &str = "SOTTO_DEBIAN_MIRROR";

const STEP: &str = "packages on clean systems";

/// Builds what the packages contain, and tries them.
pub(crate) fn try_packages() -> Result<(), Failed> {
    let mut steps = Steps::begin();
    packages::install(Set::Test, &mut steps)?;
    steps.quiet("build", COMPILING, &mut build_tests())?;
    with_programs(&mut steps)?;
    steps.summary();
    Ok(())
}

/// Tries packages of the programs that have been built for the tests.
pub(crate) fn with_programs(steps: &mut Steps) -> Result<(), Failed> {
    let made = package::for_tests(steps)?;
    let mirror = mirror()?;
    let [one, other] = RELEASES;
    steps.beside(
        |steps| on(one, &mirror, &made, steps),
        |steps| on(other, &mirror, &made, steps),
    )
}

fn on(release: &str, mirror: &str, made: &Made, steps: &mut Steps) -> Result<(), Failed> {
    // Root is root there, too. Others are in a namespace with the range of ids that the system gives them.
    let mut command = Command::new("nice");
    command.args(["-n", "5"]);
    if !is_root() {
        command.args(["unshare", "--user", "--map-auto", "--map-root-user", "--"]);
    }
    command
        .arg("sh")
        .arg(root().join("tests/packages/on-a-clean-system.sh"))
        .args([release, mirror])
        .arg(target().join("xtask/clean-systems"))
        .args([&made.older, &made.newer, &made.tarball]);
    let what = format!("packages on {release}");
    steps.quiet(&what, TRYING, &mut command).map_err(|failed| {
        failed.because(&format!(
            "the clean system comes from {mirror}; {MIRROR}=URL names another mirror of Debian"
        ))
    })
}

/// Returns the mirror of Debian that this system uses, or that the user names.
fn mirror() -> Result<String, Failed> {
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
            let how = format!(
                "no mirror of Debian is in this system's sources for apt; name one with {MIRROR}=URL"
            );
            Failed::new(STEP, how)
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
