//! The Debian package. What it contains stands in the daemon's manifest.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Profile;
use crate::steps::{Failed, Minutes, READING, Steps, cargo, output_of};

/// Packing everything, on a slow machine.
const PACKING: Minutes = Minutes(10);

/// Makes it from what is built and put together.
pub(super) fn make(
    profile: Profile,
    version: &str,
    maintainer: Option<&str>,
    steps: &mut Steps,
) -> Result<PathBuf, Failed> {
    let deb = profile.folder().join(format!("sotto_{version}.deb"));
    let mut command = cargo();
    command
        .args(["deb", "--package", "sotto-daemon", "--no-build", "--locked"])
        .args(["--strip", "--no-dbgsym"])
        .args(["--deb-version", version, "--output"])
        .arg(&deb);
    if let Some(maintainer) = maintainer {
        command.args(["--maintainer", maintainer]);
    }
    if profile == Profile::Dev {
        command.arg("--fast");
    }
    // It knows release builds alone, so it is shown the programs where it would find those.
    command.env("CARGO_TARGET_DIR", profile.target());
    steps.quiet(&format!("package {version}"), PACKING, &mut command)?;
    Ok(deb)
}

/// Makes the same package with another version, in a moment.
pub(super) fn renumbered(deb: &Path, version: &str, steps: &mut Steps) -> Result<PathBuf, Failed> {
    let renumbered = deb.with_file_name(format!("sotto_{version}.deb"));
    let mut command = Command::new("sh");
    command
        .args(["-c", RENUMBER])
        .arg(deb)
        .arg(deb.with_file_name("renumbered"))
        .args([version.as_ref(), renumbered.as_os_str()]);
    steps.quiet(&format!("package {version}"), PACKING, &mut command)?;
    Ok(renumbered)
}

/// Unpacks the package, writes the version into it, and packs it again.
const RENUMBER: &str = r#"set -e; rm -rf "$1"; dpkg-deb --raw-extract "$0" "$1"
sed -i "s/^Version: .*/Version: $2/" "$1/DEBIAN/control"
dpkg-deb --root-owner-group -Zgzip -z1 --build "$1" "$3"; rm -rf "$1""#;

/// Has Debian's own checker look at it.
pub(super) fn check(deb: &Path, steps: &mut Steps) -> Result<(), Failed> {
    let mut command = Command::new("lintian");
    command
        .args(["--fail-on", "error,warning", "--allow-root"])
        .arg(deb);
    steps.quiet("lintian", READING, &mut command)
}

/// Returns what other packages it needs, the C library among them.
pub(super) fn needs(deb: &Path) -> Result<String, Failed> {
    let mut command = Command::new("dpkg-deb");
    command.arg("--field").arg(deb).arg("Depends");
    let needs = output_of(&mut command)?;
    Ok(String::from_utf8_lossy(&needs).trim().to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test fails by panicking
mod tests {
    use crate::steps::root;

    #[test]
    fn the_changelog_tells_of_the_version_that_is_built() {
        let changelog = root().join("daemon/package/debian/changelog");
        let changelog = std::fs::read_to_string(changelog).unwrap();
        let begins = format!("sotto ({}-1) ", crate::package::VERSION);
        assert!(changelog.starts_with(&begins), "{changelog}");
    }
}
