//! The places of Sotto's files: whose they are, and whether they may be used. A daemon that does not start because of
//! them says so itself; whoever asks why it does not run has not seen that.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use rustix::io::Errno;
use sotto_control::{Places, shell_word};

use super::finding::{Area, Finding, Help};
use super::machine::Machine;

const OTHER_USER: &str = "run this as that user, or set SOTTO_HOME to a directory of your own";

/// A fault of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Trouble {
    /// It belongs to somebody else.
    NotYours { path: PathBuf, owner: u32 },
    /// Others could put files of theirs into it.
    OpenToOthers { path: PathBuf },
    /// It may not be read or written.
    Closed {
        path: PathBuf,
        /// The letters of chmod(1) that open it.
        wanted: &'static str,
        owner: u32,
        errno: Errno,
    },
}

/// Judges the places; the first that cannot be used is told.
pub(super) fn judge(machine: &Machine, places: &Places) -> Option<Finding> {
    let user = rustix::process::geteuid().as_raw();
    let runtime = machine.variable("XDG_RUNTIME_DIR").map(Path::new);
    trouble(places, user).map(|trouble| trouble.finding(user, runtime))
}

fn trouble(places: &Places, user: u32) -> Option<Trouble> {
    let own = places.directories().chain(places.socket.parent());
    let kept = [&places.data, &places.state];
    let own = own.map(|path| {
        // The daemon starts also where it can only read its settings.
        let only_read = places.config.parent() == Some(path) && !kept.iter().any(|it| *it == path);
        directory(path, if only_read { "x" } else { "rwx" }, user)
    });
    let identity = places.data.join("identity");
    let files = [&places.lock, &identity, &places.socket];
    own.chain(files.into_iter().map(|path| file(path, "rw")))
        .chain([file(&places.config, "r")])
        .find_map(|found| found)
}

/// Looks at a directory that the daemon makes if it is not there, and that nobody else may write to.
fn directory(path: &Path, wanted: &'static str, user: u32) -> Option<Trouble> {
    let (found, metadata) = nearest(path)?;
    if found != path {
        return closed(found, &metadata, "wx");
    }
    if metadata.uid() != user {
        return Some(Trouble::NotYours {
            path: path.to_owned(),
            owner: metadata.uid(),
        });
    }
    if metadata.mode() & 0o022 != 0 {
        let path = path.to_owned();
        return Some(Trouble::OpenToOthers { path });
    }
    closed(path, &metadata, wanted)
}

fn file(path: &Path, wanted: &'static str) -> Option<Trouble> {
    let metadata = std::fs::metadata(path).ok()?;
    closed(path, &metadata, wanted)
}

/// Returns what is there of a path: itself, or the next above it.
fn nearest(path: &Path) -> Option<(&Path, Metadata)> {
    path.ancestors()
        .find_map(|path| Some((path, std::fs::metadata(path).ok()?)))
}

fn closed(path: &Path, metadata: &Metadata, wanted: &'static str) -> Option<Trouble> {
    let mut modes = Access::empty();
    for letter in wanted.chars() {
        modes |= match letter {
            'r' => Access::READ_OK,
            'w' => Access::WRITE_OK,
            _ => Access::EXEC_OK,
        };
    }
    let errno = access(path, modes).err()?;
    Some(Trouble::Closed {
        path: path.to_owned(),
        wanted,
        owner: metadata.uid(),
        errno,
    })
}

impl Trouble {
    /// Says it to this user, whose session keeps its sockets in `runtime`.
    fn finding(self, user: u32, runtime: Option<&Path>) -> Finding {
        let problem = |what: String| {
            Finding::problem(Area::Daemon, "files", what)
                .because("the daemon starts only where it can keep its files, and is reached only through them")
        };
        match self {
            Self::NotYours { path, owner } => {
                let shown = path.display();
                let what = format!("{shown} belongs to {}", named(owner));
                let above = path.parent().and_then(|it| std::fs::metadata(it).ok());
                let within_own = above.is_some_and(|it| it.uid() == user);
                problem(what).helped_by(match (owner, user) {
                    // As after 'su' or 'sudo'.
                    _ if runtime.is_some_and(|it| path.starts_with(it)) => {
                        "log in as yourself ('su -'), or: unset XDG_RUNTIME_DIR".into()
                    }
                    (_, 0) => "run Sotto as that user, not as root".into(),
                    // As after a start with sudo.
                    (0, _) if within_own => {
                        Help::command(format!("sudo chown -R \"$USER\" {}", shell_word(&path)))
                    }
                    _ => OTHER_USER.into(),
                })
            }
            Self::OpenToOthers { path } => {
                let what = format!(
                    "other users of this machine can write to {}, and so take your place in Sotto",
                    path.display()
                );
                problem(what).helped_by(Help::command(format!("chmod go-w {}", shell_word(&path))))
            }
            Self::Closed { path, errno, .. } if errno != Errno::ACCESS => {
                let error = std::io::Error::from(errno);
                problem(format!("{} cannot be used: {error}", path.display()))
            }
            Self::Closed {
                path,
                wanted,
                owner,
                ..
            } => {
                let shown = path.display();
                if owner == user {
                    problem(format!("{shown} is yours, but closed to you")).helped_by(
                        Help::command(format!("chmod u+{wanted} {}", shell_word(&path))),
                    )
                } else {
                    let what = format!("{shown} is closed to you: it belongs to {}", named(owner));
                    problem(what).helped_by(OTHER_USER)
                }
            }
        }
    }
}

fn named(owner: u32) -> String {
    match owner {
        0 => "root".to_owned(),
        number => format!("another user of this machine (number {number})"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use sotto_control::server::InstanceLock;

    use super::*;

    fn here() -> Machine {
        Machine::pretended(Path::new("/"), &[])
    }

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn places_of_ones_own_are_well_before_and_after_they_are_made() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(judge(&here(), &Places::within(directory.path())), None);
        let later = directory.path().join("not/yet");
        assert_eq!(judge(&here(), &Places::within(later)), None);
    }

    #[test]
    fn a_place_that_others_can_write_to_comes_with_the_command_that_closes_it() {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().join("anna's");
        std::fs::create_dir(&home).unwrap();
        set_mode(&home, 0o777);
        let help = judge(&here(), &Places::within(&home))
            .unwrap()
            .help
            .unwrap();
        let shown = home.display().to_string().replace('\'', "'\\''");
        assert_eq!(help, format!("chmod go-w '{shown}'"));
        set_mode(&home, 0o700);
        assert_eq!(judge(&here(), &Places::within(&home)), None);
    }

    #[test]
    fn what_keeps_the_daemon_from_starting_is_told_of_every_directory() {
        let directory = tempfile::tempdir().unwrap();
        let within = |name: &str| directory.path().join(name);
        let places = Places {
            config: within("config/config.toml"),
            data: within("data"),
            state: within("state"),
            socket: within("run/control.sock"),
            lock: within("state/sottod.lock"),
        };
        let starts = || InstanceLock::acquire(&places).is_ok();
        assert!(starts());
        for name in ["config", "data", "state", "run"] {
            set_mode(&within(name), 0o770);
            assert!(!starts(), "{name}");
            let found = judge(&here(), &places).unwrap();
            let shown = within(name).display().to_string();
            assert!(found.what.contains(&shown), "{name}: {found:?}");
            set_mode(&within(name), 0o700);
        }
        // The daemon does not need to write its settings.
        set_mode(&within("config"), 0o500);
        assert_eq!(judge(&here(), &places), None);
        assert!(starts());
    }

    #[test]
    fn whose_place_it_is_decides_what_helps() {
        let directory = tempfile::tempdir().unwrap();
        let user = rustix::process::geteuid().as_raw();
        let below = directory.path().join("sotto");
        let help = |path: &Path, owner, user| {
            let path = path.to_owned();
            let finding = Trouble::NotYours { path, owner }.finding(user, Some(Path::new("/run")));
            finding.help.unwrap()
        };
        if user != 0 {
            assert!(help(&below, 0, user).starts_with("sudo chown -R"));
        }
        let elsewhere = help(Path::new("/"), 0, user + 1);
        assert!(!elsewhere.contains("chown"), "{elsewhere}");
        assert!(help(Path::new("/run/sotto"), 0, user + 1).contains("unset XDG_RUNTIME_DIR"));
        assert!(help(&below, 1000, 0).contains("not as root"));
        assert!(help(&below, user + 2, user + 1).contains("SOTTO_HOME"));
        let stranger = user + 1;
        let places = Places::within(directory.path());
        assert!(matches!(
            trouble(&places, stranger),
            Some(Trouble::NotYours { .. })
        ));
    }
}
