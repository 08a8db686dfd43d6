//! What can go wrong, and the exit code that says so.

use serde_json::{Value, json};
use sotto_control::config::{ConfigError, EditError};
use sotto_control::unit::UnitError;
use sotto_control::{CallError, ConnectError, ControlError, ErrorCode, ForPeople, NoHome};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// No connection to the daemon.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The daemon refused or has gone.
    #[error(transparent)]
    Call(#[from] CallError),
    /// An argument that the parser could not tell wrong.
    #[error("{0}")]
    Usage(String),
    /// Something did not happen in time.
    #[error("{what} did not happen within {}", crate::format::duration(*.within))]
    Timeout {
        /// What was waited for.
        what: String,
        /// How long.
        within: Duration,
    },
    /// Something that was waited for cannot happen any more.
    #[error("{0}")]
    Refused(String),
    /// The configuration file is wrong.
    #[error("{}: {source}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ConfigError,
    },
    /// A setting that does not exist, or a value that does not fit.
    #[error("{0}")]
    Setting(ConfigError),
    /// A file could not be read or written.
    #[error("cannot {what} {}: {source}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no place for files.
    #[error(transparent)]
    NoHome(#[from] NoHome),
    /// No colleague has such a name.
    #[error("no colleague whom Sotto has found is called \"{name}\"")]
    NobodyCalled {
        /// The name.
        name: String,
    },
    /// There is no daemon to be stopped.
    #[error("the Sotto daemon is not running: there is nothing to stop")]
    NothingToStop,
    /// The daemon cannot be started.
    #[error("{0}")]
    NotStarted(String),
    /// The service manager is not there, or refused.
    #[error(transparent)]
    Unit(#[from] UnitError),
    /// The service is not as the command needs it.
    #[error("{sentence}")]
    Service {
        /// How it is.
        sentence: String,
        /// What helps.
        hint: String,
    },
    /// The terminal refused.
    #[error("cannot use this terminal: {0}")]
    Terminal(io::Error),
    /// The doctor found a problem, first in this part. It was told as the reply.
    #[error("there is a problem: {part}")]
    Unwell {
        /// The part, as the report names it.
        part: &'static str,
        /// Its exit code.
        exit_code: u8,
    },
    /// The reader of the output has gone (`sotto events | head`): not a failure.
    #[error("nobody reads the output")]
    NobodyReads,
}

impl Failure {
    /// What went wrong while editing `path`.
    pub(crate) fn edit(path: PathBuf, error: EditError) -> Self {
        match error {
            EditError::File(source) => Self::Config { path, source },
            EditError::Setting(source) => Self::Setting(source),
        }
    }

    /// The service is not as a command needs it.
    pub(crate) fn service(sentence: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Service {
            sentence: sentence.into(),
            hint: hint.into(),
        }
    }

    /// The exit code, as `sotto --help` lists it.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Connect(error) => match error {
                ConnectError::NotRunning { .. } => 3,
                ConnectError::NotPermitted { .. } | ConnectError::Closed { .. } => 4,
                ConnectError::OtherVersion { .. } => 5,
                ConnectError::Refused(error) => refusal(error),
                ConnectError::NoAnswer { .. }
                | ConnectError::NoDaemon { .. }
                | ConnectError::NotListening { .. } => 8,
                ConnectError::Io { .. } => 1,
            },
            Self::Call(CallError::Refused(error)) => refusal(error),
            Self::Call(CallError::Disconnected) | Self::NothingToStop => 3,
            Self::Call(CallError::Unreadable { .. }) => 5,
            Self::Usage(_) | Self::Setting(_) => 2,
            Self::NobodyCalled { .. } => 6,
            Self::Refused(_) => 7,
            Self::Unwell { exit_code, .. } => *exit_code,
            Self::Timeout { .. }
            | Self::Call(CallError::NoAnswer { .. })
            | Self::Unit(UnitError::Slow { .. }) => 8,
            Self::NobodyReads => 0,
            Self::Config { .. }
            | Self::File { .. }
            | Self::NoHome(_)
            | Self::NotStarted(_)
            | Self::Unit(_)
            | Self::Service { .. }
            | Self::Terminal(_) => 1,
        }
    }

    /// The daemon's refusal, if that is what it is.
    pub(crate) const fn refusal(&self) -> Option<&ControlError> {
        match self {
            Self::Call(CallError::Refused(error)) | Self::Connect(ConnectError::Refused(error)) => {
                Some(error)
            }
            _ => None,
        }
    }

    /// Returns what the user can do, if there is something.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Connect(error) => error.hint(),
            Self::Call(error) => error.hint(),
            Self::NoHome(error) => error.hint(),
            Self::Unit(error) => error.hint(),
            Self::Service { hint, .. } => Some(hint.clone()),
            Self::NobodyCalled { .. } => Some(
                "see them with 'sotto peers'; 'sotto peers NAME --wait' waits for one, 'sotto connect ADDRESS' helps where \
                 the network does not pass multicast"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    /// The failure for programs.
    pub(crate) fn to_json(&self) -> Value {
        let code = match self {
            Self::Connect(ConnectError::NotRunning { .. })
            | Self::NothingToStop
            | Self::Call(CallError::Disconnected) => "not_running",
            Self::NobodyCalled { .. } => "not_found",
            Self::Connect(ConnectError::NotPermitted { .. } | ConnectError::Closed { .. }) => {
                "not_permitted"
            }
            Self::Connect(ConnectError::OtherVersion { .. }) => "unsupported_version",
            Self::Timeout { .. }
            | Self::Connect(ConnectError::NoAnswer { .. } | ConnectError::NotListening { .. })
            | Self::Call(CallError::NoAnswer { .. }) => "timeout",
            Self::Usage(_) | Self::Setting(_) => "invalid",
            Self::Refused(_) => "refused",
            _ => self.refusal().map_or("failed", |error| error.code.name()),
        };
        let mut error = json!({
            "code": code,
            "message": self.to_string(),
            "exit_code": self.exit_code(),
        });
        if let Some(hint) = self.hint() {
            error["hint"] = json!(hint);
        }
        if let Some(refusal) = self.refusal() {
            error["candidates"] = json!(refusal.candidates);
            error["absent"] = json!(refusal.absent);
        }
        json!({ "error": error })
    }
}

/// The exit code for what the daemon refused.
const fn refusal(error: &ControlError) -> u8 {
    match error.code {
        ErrorCode::Invalid => 2,
        ErrorCode::UnsupportedVersion | ErrorCode::UnknownMethod => 5,
        ErrorCode::NotFound | ErrorCode::Ambiguous => 6,
        ErrorCode::Absent | ErrorCode::NotInMeeting | ErrorCode::Refused | ErrorCode::Limit => 7,
        ErrorCode::Timeout => 8,
        _ => 1,
    }
}
