//! What can go wrong between a program and the daemon.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::{ControlError, ForPeople};
use crate::holder::{Holder, in_brackets};
use crate::places::{FOREIGN_RUNTIME, file_in_path, is_in_runtime_directory};
use crate::shell::shell_word;

/// Why there is no connection to the daemon.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nothing listens at the socket.
    #[error("the Sotto daemon is not running")]
    NotRunning {
        /// The socket.
        socket: PathBuf,
    },
    /// The daemon runs, but nobody listens at its socket.
    #[error(
        "the Sotto daemon runs{}, but nobody listens at {}",
        holder.in_brackets(),
        socket.display()
    )]
    NotListening {
        /// The socket.
        socket: PathBuf,
        /// The daemon's own note.
        holder: Holder,
    },
    /// The socket belongs to another user.
    #[error(
        "not permitted to use the Sotto daemon at {}: it belongs to another user",
        socket.display()
    )]
    NotPermitted {
        /// The socket.
        socket: PathBuf,
    },
    /// A directory on the way to the socket, or the socket, is the user's own and does not let the user in.
    #[error("not permitted to use the Sotto daemon: {} is closed to you", path.display())]
    Closed {
        /// The socket, or a directory above it.
        path: PathBuf,
    },
    /// The daemon speaks another version of the API.
    #[error("{message}")]
    OtherVersion {
        /// The daemon's words.
        message: String,
        /// The command that helps.
        hint: String,
    },
    /// The daemon refused this connection.
    #[error(transparent)]
    Refused(ControlError),
    /// The daemon runs, but does not say its version in time.
    #[error(
        "the Sotto daemon{} hangs: it does not answer at {}",
        in_brackets(*process),
        socket.display()
    )]
    NoAnswer {
        /// The socket.
        socket: PathBuf,
        /// The process that listens there, where the system tells it.
        process: Option<u32>,
    },
    /// Something listens, but does not answer as a Sotto daemon does.
    #[error(
        "the program{} at {} does not answer as a Sotto daemon",
        in_brackets(*process),
        socket.display()
    )]
    NoDaemon {
        /// The socket.
        socket: PathBuf,
        /// The process that listens there, where the system tells it.
        process: Option<u32>,
    },
    /// The system refused.
    #[error("cannot connect to the Sotto daemon at {}: {source}", socket.display())]
    Io {
        /// The socket.
        socket: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Why a call brought no reply.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The daemon refused it.
    #[error(transparent)]
    Refused(ControlError),
    /// The connection ended before the reply came.
    #[error("the Sotto daemon has stopped")]
    Disconnected,
    /// The daemon runs, but has not replied in time.
    #[error(
        "the Sotto daemon{} hangs: it has not answered {method} within {} s",
        in_brackets(*process),
        within.as_secs_f32()
    )]
    NoAnswer {
        /// Its process, where the system tells it.
        process: Option<u32>,
        /// The method.
        method: &'static str,
        /// How long was waited.
        within: Duration,
    },
    /// The reply is not of the form that this version knows.
    #[error("cannot read the daemon's reply to {method}: {source}")]
    Unreadable {
        /// The method.
        method: &'static str,
        /// What does not fit.
        source: serde_json::Error,
    },
}

impl ConnectError {
    /// Returns whether nobody listens, so that a daemon that is about to start may be waited for.
    #[must_use]
    pub const fn nobody_listens(&self) -> bool {
        matches!(self, Self::NotRunning { .. } | Self::NotListening { .. })
    }
}

impl ForPeople for ConnectError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotRunning { .. } => "start it with 'sotto start'",
            Self::NotListening { holder, .. } => {
                let kill = match holder.process {
                    Some(process) => format!("'kill {process}'"),
                    None => "ending its process".to_owned(),
                };
                return Some(format!(
                    "try again in a moment: it starts, or makes its socket anew; else stop it with {kill}"
                ));
            }
            Self::NotPermitted { socket } if is_in_runtime_directory(socket) => FOREIGN_RUNTIME,
            Self::NotPermitted { .. } => {
                "run this command as that user, or start your own with 'sotto start'"
            }
            Self::Closed { path } => {
                return Some(format!("open it with: chmod u+rwx {}", shell_word(path)));
            }
            Self::OtherVersion { hint, .. } => hint,
            Self::Refused(error) => return error.hint(),
            Self::NoAnswer { process, .. } | Self::NoDaemon { process, .. } => {
                return Some(start_anew(*process));
            }
            Self::Io { source, .. } if source.kind() == io::ErrorKind::NotADirectory => {
                return Some(file_in_path());
            }
            Self::Io { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

impl ForPeople for CallError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Refused(error) => return error.hint(),
            Self::Disconnected => "start it with 'sotto start'",
            Self::NoAnswer { process, .. } => return Some(start_anew(*process)),
            Self::Unreadable { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

/// Says how a daemon that hangs is replaced. One that hangs does not heed a plain `kill`.
fn start_anew(process: Option<u32>) -> String {
    let kill = match process {
        Some(process) => format!("'kill -9 {process}'"),
        None => "ending its process".to_owned(),
    };
    format!("stop it with {kill}, then start it again with 'sotto start'")
}
