//! The tarball: the same files with a script that installs them, for one user or for all.

use std::path::PathBuf;
use std::process::Command;

use super::{FILES, PROGRAMS, Profile, VERSION};
use crate::steps::{Failed, READING, Steps, output_of, root};

fn name() -> String {
    format!("sotto-{VERSION}-{}-linux", std::env::consts::ARCH)
}

/// Returns the programs as the tarball has them.
pub(super) fn programs(profile: Profile) -> impl Iterator<Item = PathBuf> {
    let bin = profile.folder().join(name()).join("bin");
    PROGRAMS
        .into_iter()
        .map(move |(program, _)| bin.join(program))
}

/// Makes it from what is built and put together.
pub(super) fn make(profile: Profile, steps: &mut Steps) -> Result<PathBuf, Failed> {
    let folder = profile.folder().join(name());
    FILES.remove(&folder)?;
    FILES.create(&folder.join("bin"))?;
    for stripped in programs(profile) {
        let built = profile
            .programs()
            .join(stripped.file_name().unwrap_or_default());
        let mut strip = Command::new("strip");
        output_of(strip.arg("-o").arg(&stripped).arg(built))?;
    }
    let share = folder.join("share");
    let mut all = Command::new("cp");
    all.arg("-r")
        .arg(profile.folder().join("share"))
        .arg(&share);
    output_of(&mut all)?;
    // Debian's own.
    FILES.remove(&share.join("lintian"))?;
    let daemon = root().join("daemon");
    let documents = share.join("doc/sotto");
    for (from, to) in [
        (
            "service/sottod.service",
            share.join("systemd/user/sottod.service"),
        ),
        ("service/ufw/sotto", documents.join("firewall/ufw/sotto")),
        (
            "service/firewalld/sotto.xml",
            documents.join("firewall/firewalld/sotto.xml"),
        ),
        ("package/install.sh", folder.join("install.sh")),
    ] {
        FILES.copy(&daemon.join(from), &to)?;
    }
    for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
        FILES.copy(&root().join(licence), &documents.join(licence))?;
    }
    let tarball = profile.folder().join(format!("{}.tar.gz", name()));
    let mut pack = Command::new("tar");
    pack.arg("--directory")
        .arg(profile.folder())
        .args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner"])
        .args(["--mode=u+rwX,go+rX,go-w", "--gzip", "--create", "--file"])
        .arg(&tarball)
        .arg(name());
    steps.quiet("tarball", READING, &mut pack)?;
    Ok(tarball)
}
