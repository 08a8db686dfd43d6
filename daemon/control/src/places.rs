//! Where Sotto keeps its files and its socket.
//!
//! `SOTTO_HOME=DIR` puts everything into one directory, so that several daemons can run on one machine; without it
//! the platform's own places are used.

use crate::ForPeople;
use directories::ProjectDirs;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The environment variable that puts everything into one directory.
pub const HOME_VARIABLE: &str = "SOTTO_HOME";

/// The environment variable that says where sockets are.
pub(crate) const RUNTIME_VARIABLE: &str = "XDG_RUNTIME_DIR";

/// Returns whether `path` lies where [`RUNTIME_VARIABLE`] says.
pub(crate) fn is_in_runtime_directory(path: &Path) -> bool {
    let directory = std::env::var_os(RUNTIME_VARIABLE).filter(|directory| !directory.is_empty());
    directory.is_some_and(|directory| path.starts_with(directory))
}

/// The hint where [`RUNTIME_VARIABLE`] leads to somebody else's place.
pub(crate) const FOREIGN_RUNTIME: &str = "XDG_RUNTIME_DIR names another user's directory, as after 'su' or 'sudo': log in \
     as yourself ('su -'), or unset XDG_RUNTIME_DIR";

/// Returns the hint where a file lies in the way of a directory.
pub(crate) fn file_in_path() -> String {
    format!(
        "a part of this path is a file: move it away, or set {HOME_VARIABLE} to another directory"
    )
}

/// Where configuration, data, state and the control socket are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The configuration file, `config.toml`.
    pub config: PathBuf,
    /// The directory for what must not be lost: the identity.
    pub data: PathBuf,
    /// The directory for what the daemon remembers: meetings, contacts.
    pub state: PathBuf,
    /// The control socket, or the name of the pipe on Windows.
    pub socket: PathBuf,
    /// The file that the running daemon holds locked: one daemon per home.
    pub lock: PathBuf,
}

/// There is no place to keep anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot tell your home directory")]
pub struct NoHome;

impl ForPeople for NoHome {
    fn hint(&self) -> Option<String> {
        Some("set SOTTO_HOME to a directory for Sotto's files".to_owned())
    }
}

/// Returns the directory that [`HOME_VARIABLE`] names, if it does.
#[must_use]
pub fn own_home() -> Option<OsString> {
    std::env::var_os(HOME_VARIABLE).filter(|home| !home.is_empty())
}

impl Places {
    /// The places for this process's environment.
    ///
    /// # Errors
    /// Neither `SOTTO_HOME` nor a home directory is known.
    pub fn find() -> Result<Self, NoHome> {
        match own_home() {
            Some(home) => Ok(Self::within(home)),
            None => Self::of_the_platform(),
        }
    }

    /// Everything within one directory, as with `SOTTO_HOME`.
    #[must_use]
    pub fn within(home: impl Into<OsString>) -> Self {
        let home = PathBuf::from(home.into());
        // A path that cannot be made absolute (no current directory) still works as it is.
        let home = std::path::absolute(&home).unwrap_or(home);
        Self {
            config: home.join("config.toml"),
            data: home.clone(),
            state: home.clone(),
            socket: socket_within(&home),
            lock: home.join("sottod.lock"),
        }
    }

    /// Returns the directories for files, each of which must be the user's alone to write to.
    pub fn directories(&self) -> impl Iterator<Item = &Path> {
        [
            Some(self.data.as_path()),
            Some(self.state.as_path()),
            self.config.parent(),
        ]
        .into_iter()
        .flatten()
    }

    fn of_the_platform() -> Result<Self, NoHome> {
        let project = ProjectDirs::from("", "", "sotto").ok_or(NoHome)?;
        let state = project.state_dir().unwrap_or(project.data_local_dir());
        // Without XDG_RUNTIME_DIR (macOS; a login without a session) the state directory is the next that only
        // the user can write. /tmp would let others take the name first.
        let runtime = project.runtime_dir().unwrap_or(state);
        Ok(Self {
            config: project.config_dir().join("config.toml"),
            data: project.data_local_dir().to_owned(),
            state: state.to_owned(),
            socket: platform_socket(runtime),
            lock: state.join("sottod.lock"),
        })
    }
}

#[cfg(unix)]
fn socket_within(home: &Path) -> PathBuf {
    home.join("control.sock")
}

#[cfg(unix)]
fn platform_socket(runtime: &Path) -> PathBuf {
    runtime.join("control.sock")
}

/// A pipe's name cannot be a path: the home stands in it as a number.
#[cfg(windows)]
fn socket_within(home: &Path) -> PathBuf {
    use std::hash::{DefaultHasher, Hash, Hasher};
    // Fixed keys: the daemon and its clients come to the same number.
    let mut hasher = DefaultHasher::new();
    home.hash(&mut hasher);
    PathBuf::from(format!(r"\\.\pipe\sotto-{:016x}", hasher.finish()))
}

#[cfg(windows)]
fn platform_socket(runtime: &Path) -> PathBuf {
    // The directory lies in the user's profile, so that every user has their own pipe.
    socket_within(runtime)
}
