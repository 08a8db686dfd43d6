//! The packages: a `.deb` for Debian and its relatives, and a tarball for other systems, from the same files.
//!
//! `cargo xtask package` makes both as they are handed on: release builds that carry the list of what they are built
//! from, with the licences of all of it. The tests make both from the programs that are built for the tests.

mod deb;
mod made_from;
mod share;
mod tarball;

use std::path::PathBuf;

use crate::files::Files;
use crate::packages::{self, Set};
use crate::steps::{Failed, Minutes, Steps, cargo, target};

/// The programs of the packages, each with its crate.
const PROGRAMS: [(&str, &str); 3] = [
    ("sottod", "sotto-daemon"),
    ("sotto", "sotto-cli"),
    ("sotto-tray", "sotto-tray"),
];

/// The files of this step.
const FILES: Files = Files("package");

/// A release build from nothing on two slow cores: each program is optimised as a whole.
const RELEASING: Minutes = Minutes(180);

/// The version of all programs.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How the programs are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Profile {
    Release,
    /// As for tests.
    Dev,
}

impl Profile {
    /// Where cargo has put its programs.
    fn programs(self) -> PathBuf {
        target().join(match self {
            Self::Release => "release",
            Self::Dev => "debug",
        })
    }

    /// The target folder whose release build is packed.
    fn target(self) -> PathBuf {
        match self {
            Self::Release => target(),
            Self::Dev => target().join("xtask/packing"),
        }
    }

    /// Where the packages are put together, beside the programs that are packed.
    fn folder(self) -> PathBuf {
        self.target().join("release/package")
    }
}

/// The packages for tests.
#[derive(Debug)]
pub(crate) struct Made {
    /// The package with an older version.
    pub(crate) older: PathBuf,
    /// The package with this version.
    pub(crate) newer: PathBuf,
    /// The tarball.
    pub(crate) tarball: PathBuf,
}

/// Makes the packages that are handed on.
pub(crate) fn package(words: &[String]) -> Result<(), Failed> {
    let maintainer = match words {
        [] => None,
        [option, name] if option == "--maintainer" => Some(name.as_str()),
        _ => {
            let how = "it takes nothing, or --maintainer 'NAME <ADDRESS>'";
            return Err(Failed::new("package", how));
        }
    };
    if let Some(maintainer) = maintainer.filter(|name| !is_maintainer(name)) {
        let how = format!("{maintainer:?} is no maintainer: write 'NAME <ADDRESS>'");
        return Err(Failed::new("package", how));
    }
    let mut steps = Steps::begin();
    packages::install(Set::Package, &mut steps)?;
    for tool in ["cargo-deb", "cargo-auditable", "rust-audit-info"] {
        steps.require_tool(tool)?;
    }
    // First: it takes a moment, and whether all sources are there is better known before the long build.
    let licences = made_from::licences()?;
    let profile = Profile::Release;
    let mut build = cargo();
    build.args(["auditable", "build", "--locked", "--release"]);
    for (program, package) in PROGRAMS {
        build.args(["--package", package, "--bin", program]);
    }
    steps.quiet("build with its list", RELEASING, &mut build)?;
    share::put_together(profile, Some(&licences))?;
    let deb = deb::make(profile, &format!("{VERSION}-1"), maintainer, &mut steps)?;
    deb::check(&deb, &mut steps)?;
    let tarball = tarball::make(profile, &mut steps)?;
    for program in tarball::programs(profile) {
        made_from::check_list(&program)?;
    }
    steps.summary();
    println!("\n{}\n{}", deb.display(), tarball.display());
    println!("The package needs: {}", deb::needs(&deb)?);
    if maintainer.is_none() {
        println!(
            "Its maintainer is a placeholder; before you hand it on: --maintainer 'NAME <ADDRESS>'"
        );
    }
    Ok(())
}

/// Returns whether it is a name and an address as Debian writes them.
fn is_maintainer(text: &str) -> bool {
    let parts = text
        .strip_suffix('>')
        .and_then(|text| text.split_once(" <"));
    parts.is_some_and(|(name, address)| {
        let (user, host) = address.split_once('@').unwrap_or_default();
        let is_word = |text: &str| {
            !text.is_empty() && !text.contains(|c: char| "<>@,".contains(c) || c.is_whitespace())
        };
        !name.trim().is_empty()
            && !name.contains(|c: char| "<>@,".contains(c) || c.is_control())
            && is_word(user)
            && is_word(host)
    })
}

/// Makes two versions of the package, and a tarball, from the programs that are built for tests.
pub(crate) fn for_tests(steps: &mut Steps) -> Result<Made, Failed> {
    steps.require_tool("cargo-deb")?;
    let profile = Profile::Dev;
    share::put_together(profile, None)?;
    let tarball = tarball::make(profile, steps)?;
    for program in tarball::programs(profile) {
        let name = program.file_name().unwrap_or_default();
        FILES.copy(&program, &profile.target().join("release").join(name))?;
    }
    let newer = deb::make(profile, &format!("{VERSION}-1"), None, steps)?;
    deb::check(&newer, steps)?;
    let older = deb::renumbered(&newer, "0.0.1-1", steps)?;
    Ok(Made {
        older,
        newer,
        tarball,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_maintainer_is_a_name_and_an_address() {
        for fine in [
            "Anna <anna@example.org>",
            "Zoë d'Arc <zoe.d+x@mail.example.org>",
        ] {
            assert!(is_maintainer(fine), "{fine}");
        }
        for wrong in [
            "",
            "Anna",
            "anna@example.org",
            "<anna@example.org>",
            "Anna <anna>",
            "Anna <@example.org>",
            "Anna <a b@example.org>",
            "Anna <a@b@example.org>",
            "Anna <a@example.org>, Bao <b@example.org>",
            "Anna\nDepends: x <a@example.org>",
        ] {
            assert!(!is_maintainer(wrong), "{wrong:?}");
        }
    }
}
