//! What keeps a daemon from taking its place.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::ForPeople;
use crate::holder::Holder;
use crate::places::{
    FOREIGN_RUNTIME, HOME_VARIABLE, RUNTIME_VARIABLE, file_in_path, is_in_runtime_directory,
};
use crate::shell::shell_word;

/// Why the control socket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another daemon runs with the same home.
    #[error(
        "another sottod{} already runs with these files ({})",
        holder.in_brackets(),
        lock.display()
    )]
    AlreadyRunning {
        /// The lock that it holds.
        lock: PathBuf,
        /// Its own note.
        holder: Holder,
    },
    /// A daemon of another home listens at the same socket.
    #[error(
        "another sottod{}, with the files in {}, already listens at {}",
        holder.in_brackets(),
        holder.files.as_deref().unwrap_or(Path::new("another directory")).display(),
        socket.display()
    )]
    SocketTaken {
        /// The socket.
        socket: PathBuf,
        /// Its own note.
        holder: Holder,
    },
    /// A directory or file could not be made or used.
    #[error("cannot {what} {}: {source}", path.display())]
    File {
        /// The attempt, as a verb.
        what: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// A directory belongs to somebody else.
    #[error("{} belongs to another user of this machine (number {owner})", path.display())]
    NotYours {
        /// The directory.
        path: PathBuf,
        /// The user's number.
        owner: u32,
    },
    /// Others could change what lies in a directory of ours.
    #[error(
        "other users of this machine can write to {}, and so take your place in Sotto",
        path.display()
    )]
    OpenToOthers {
        /// The directory.
        path: PathBuf,
    },
    /// The socket's path is longer than the system allows.
    #[error(
        "the path of the control socket, {}, is {length} bytes long, and at most {most}",
        path.display()
    )]
    PathTooLong {
        /// The path.
        path: PathBuf,
        /// Its length in bytes.
        length: usize,
        /// The system's limit.
        most: usize,
    },
}

impl BindError {
    pub(super) fn file<'a>(
        what: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::File {
            what,
            path: path.to_owned(),
            source,
        }
    }
}

impl ForPeople for BindError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::AlreadyRunning { holder, .. } => {
                let kill = holder
                    .process
                    .map(|process| format!(" or 'kill {process}'"))
                    .unwrap_or_default();
                Some(format!(
                    "stop it with 'sotto quit'{kill}, or set {HOME_VARIABLE} to another directory"
                ))
            }
            Self::SocketTaken { socket, .. } => {
                let both = if is_in_runtime_directory(socket) {
                    format!("both were started with the same {RUNTIME_VARIABLE}; ")
                } else {
                    String::new()
                };
                Some(format!(
                    "{both}set {HOME_VARIABLE} to a directory of its own for this one"
                ))
            }
            Self::OpenToOthers { path } => Some(format!(
                "set {HOME_VARIABLE} to another directory, or run: chmod go-w {}",
                shell_word(path)
            )),
            Self::NotYours { path, .. } => Some(foreign(path)),
            Self::File { path, source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied => Some(foreign(path)),
                io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => Some(file_in_path()),
                _ => None,
            },
            Self::PathTooLong { .. } => Some(format!("set {HOME_VARIABLE} to a shorter one")),
        }
    }
}

/// Says what helps where a place of Sotto's belongs to somebody else.
fn foreign(path: &Path) -> String {
    if is_in_runtime_directory(path) {
        FOREIGN_RUNTIME.to_owned()
    } else {
        format!(
            "start it as the user whom it belongs to, or set {HOME_VARIABLE} to a directory of your own"
        )
    }
}
