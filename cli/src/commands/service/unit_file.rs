//! The unit's file: where it is, what stands in it, and whether somebody has changed it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sotto_control::unit::UNIT;
use sotto_control::{Places, data_directories, durable};

use crate::failure::Failure;

/// The unit as packages install it.
const TEMPLATE: &str = include_str!("../../../../daemon/service/sottod.service");
/// The line of it that names the program.
const COMMAND: &str = "ExecStart=/usr/bin/sottod";
/// The first line of a file that was written here.
const WRITTEN: &str = "# Written by 'sotto service install'. Your own settings belong into a drop-in: systemctl --user edit sottod";
/// The beginning of the second, by which a change shows.
const CHECKSUM: &str = "# Checksum of what follows: ";

/// The directories of systemd's user manager for units of this machine's administrator, the first first (systemd.unit(5)).
const OF_THE_MACHINE: [&str; 2] = ["/etc/systemd/user", "/run/systemd/user"];
/// Its directories for those of distributions. Between both come the directories for data: there a tarball puts its own.
const OF_DISTRIBUTIONS: [&str; 3] = [
    "/usr/local/lib/systemd/user",
    "/usr/lib/systemd/user",
    "/lib/systemd/user",
];

/// A unit in the user's own configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Own {
    /// There is none.
    None,
    /// It is as it was written here, by this release or another.
    Written,
    /// Somebody wrote or changed it.
    ByHand,
}

/// The place of the user's own unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OwnFile(PathBuf);

impl OwnFile {
    /// Finds it beside the other configuration.
    pub(super) fn of(places: &Places) -> Self {
        // config.toml lies in a directory of its own.
        let directory = places.config.ancestors().nth(2).unwrap_or(Path::new("."));
        Self(directory.join("systemd/user").join(UNIT))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Returns what is there.
    pub(super) fn look(&self) -> Result<Own, Failure> {
        let found = fs::symlink_metadata(&self.0);
        match found {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Own::None),
            Err(source) => return Err(self.failed("look at", source)),
            // A link, for instance to the file of a source tree, was made by somebody.
            Ok(found) if !found.is_file() => return Ok(Own::ByHand),
            Ok(_) => {}
        }
        let text = fs::read(&self.0).map_err(|source| self.failed("read", source))?;
        Ok(match String::from_utf8(text) {
            Ok(text) if is_as_written(&text) => Own::Written,
            _ => Own::ByHand,
        })
    }

    /// Puts `text` there.
    pub(super) fn write(&self, text: &str) -> Result<(), Failure> {
        let directory = self.0.parent().unwrap_or(Path::new("."));
        durable::create_private(directory)
            .and_then(|()| durable::replace(&self.0, text.as_bytes()))
            .map_err(|source| self.failed("write", source))
    }

    /// Takes away what was found there; a file that was changed by hand is kept, and where it is then is returned.
    pub(super) fn clear(&self, found: &Own) -> Result<Option<PathBuf>, Failure> {
        match found {
            Own::None => Ok(None),
            Own::Written => self.remove().map(|()| None),
            Own::ByHand => self.set_aside().map(Some),
        }
    }

    /// Moves it aside and returns where it is then.
    fn set_aside(&self) -> Result<PathBuf, Failure> {
        let aside = self.0.with_extension("service.old");
        fs::rename(&self.0, &aside).map_err(|source| self.failed("move away", source))?;
        Ok(aside)
    }

    fn remove(&self) -> Result<(), Failure> {
        fs::remove_file(&self.0).map_err(|source| self.failed("remove", source))
    }

    /// The failure where somebody has changed it.
    pub(super) fn changed(&self, command: &str) -> Failure {
        Failure::service(
            format!("{} was written or changed by hand", self.0.display()),
            format!(
                "keep your changes in a drop-in ('systemctl --user edit sottod'), then \
                 'sotto service {command} --force' sets this file aside"
            ),
        )
    }

    fn failed(&self, what: &'static str, source: io::Error) -> Failure {
        Failure::File {
            what,
            path: self.0.clone(),
            source,
        }
    }
}

/// Returns the unit that a package, a tarball or whoever runs the machine has installed, if there is one.
pub(super) fn of_the_system() -> Option<PathBuf> {
    let data = data_directories(|name| std::env::var_os(name)).into_iter();
    let data = data.map(|directory| directory.join("systemd/user"));
    OF_THE_MACHINE
        .iter()
        .map(PathBuf::from)
        .chain(data)
        .chain(OF_DISTRIBUTIONS.iter().map(PathBuf::from))
        .map(|place| place.join(UNIT))
        .find(|path| path.is_file())
}

/// Returns the text of a unit that starts `program`.
pub(super) fn text_for(program: &Path) -> Result<String, Failure> {
    let quoted = quoted(program).ok_or_else(|| {
        Failure::service(
            format!(
                "no unit can start {:?}: its path has quotes, backslashes or control characters, or is no UTF-8",
                program.display()
            ),
            "move the programs to a directory with another name",
        )
    })?;
    let unit = TEMPLATE.replace(COMMAND, &format!("ExecStart={quoted}"));
    Ok(format!("{WRITTEN}\n{CHECKSUM}{}\n{unit}", checksum(&unit)))
}

/// Writes a program's path as a word of systemd's (systemd.unit(5), systemd.syntax(7)), if systemd takes it.
fn quoted(path: &Path) -> Option<String> {
    // systemd takes none of these there, however they are written.
    let refused = |it: char| it.is_control() || matches!(it, '"' | '\'' | '\\');
    let path = path.to_str().filter(|path| !path.contains(refused))?;
    Some(format!("\"{}\"", path.replace('%', "%%")))
}

fn checksum(text: &str) -> String {
    blake3::hash(text.as_bytes())
        .to_hex()
        .chars()
        .take(16)
        .collect()
}

fn is_as_written(text: &str) -> bool {
    let mut parts = text.splitn(3, '\n');
    let (head, sum, unit) = (parts.next(), parts.next(), parts.next());
    if let (Some(WRITTEN), Some(sum), Some(unit)) = (head, sum, unit) {
        return sum.strip_prefix(CHECKSUM) == Some(&checksum(unit));
    }
    // Copied from the source tree by hand, with the program's path put in.
    let commandless = |text: &str| -> String {
        text.lines()
            .filter(|line| !line.starts_with("ExecStart="))
            .collect()
    };
    commandless(text) == commandless(TEMPLATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_so_that_systemd_reads_it_back() {
        for (path, word) in [
            ("/usr/bin/sottod", "\"/usr/bin/sottod\""),
            ("/home/a b/50%/sottod", "\"/home/a b/50%%/sottod\""),
        ] {
            assert_eq!(quoted(Path::new(path)).as_deref(), Some(word));
        }
    }

    #[test]
    fn the_unit_starts_the_program_and_keeps_the_rest() {
        let text = text_for(Path::new("/opt/x/sottod")).unwrap();
        assert!(text.contains("\nExecStart=\"/opt/x/sottod\"\n"), "{text}");
        assert!(!text.contains("/usr/bin/sottod"), "{text}");
        for kept in [
            "RestartPreventExitStatus=",
            "NoNewPrivileges=yes",
            "WantedBy=default.target",
        ] {
            assert!(text.contains(kept), "{kept}");
        }
    }

    #[test]
    fn a_path_that_systemd_does_not_take_is_refused() {
        for path in [
            "/a\"b/sottod",
            "/it's/sottod",
            "/a\\b/sottod",
            "/a\nb/sottod",
        ] {
            assert!(text_for(Path::new(path)).is_err(), "{path}");
        }
    }

    #[test]
    fn a_change_by_hand_is_noticed_and_none_is_invented() {
        let text = text_for(Path::new("/opt/x/sottod")).unwrap();
        assert!(is_as_written(&text));
        assert!(!is_as_written(
            &text.replace("WatchdogSec=30s", "WatchdogSec=60s")
        ));
        assert!(!is_as_written("[Service]\nExecStart=/usr/bin/sottod\n"));
        assert!(is_as_written(&TEMPLATE.replace("/usr/bin/", "/opt/y/")));
        assert!(!is_as_written(""));
    }
}
