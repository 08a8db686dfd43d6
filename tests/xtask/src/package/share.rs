//! What is shared by both packages below `share`: everything but the programs and the unit.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{FILES, Profile};
use crate::steps::{Failed, output_of, root};

/// Where each shell looks for a package's completions.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "bash-completion/completions/sotto"),
    ("zsh", "zsh/vendor-completions/_sotto"),
    ("fish", "fish/vendor_completions.d/sotto.fish"),
];

/// Writes all of it anew. The programs know most of it themselves.
pub(super) fn put_together(profile: Profile, licences: Option<&Path>) -> Result<(), Failed> {
    let programs = profile.programs();
    let share = profile.folder().join("share");
    FILES.remove(&profile.folder())?;
    let pages = share.join("man/man1");
    FILES.create(&pages)?;
    let run = |program: &str| Command::new(programs.join(program));
    output_of(run("sotto-tray").arg("share").arg(&share))?;
    output_of(run("sotto").arg("man").arg(&pages))?;
    output_of(run("sottod").arg("--write-manual").arg(&pages))?;
    for (shell, place) in COMPLETIONS {
        let script = output_of(run("sotto").args(["completions", shell]))?;
        FILES.write(&share.join(place), &script)?;
    }
    let documents = share.join("doc/sotto");
    FILES.copy(&root().join("README.md"), &documents.join("README.md"))?;
    let changes = documents.join("changelog");
    FILES.copy(&root().join("daemon/docs/CHANGELOG.md"), &changes)?;
    compress(&[pages, changes])?;
    let overrides = share.join("lintian/overrides/sotto");
    let debian = root().join("daemon/package/debian");
    FILES.copy(&debian.join("lintian-overrides"), &overrides)?;
    if let Some(licences) = licences {
        FILES.copy(licences, &documents.join("third-party.txt"))?;
    }
    Ok(())
}

/// Compresses files, and those in folders, as Debian wants manual pages and changes.
fn compress(paths: &[PathBuf]) -> Result<(), Failed> {
    let mut command = Command::new("gzip");
    command.args(["--recursive", "--best", "--no-name"]);
    output_of(command.args(paths))?;
    Ok(())
}
