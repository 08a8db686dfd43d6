//! Why a server cannot be used.

use std::io;
use std::time::Duration;

use pulseaudio::protocol::{ProtocolError, PulseError};

use crate::error::{DeviceError, Direction};

/// The server answers within this, or counts as hung.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// A reason that the server cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("not running")]
    NotRunning,
    #[error("{0}")]
    NoAnswer(String),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("it does not answer")]
    TimedOut,
    #[error("it refuses: {0:?}")]
    Refused(PulseError),
    #[error("it sends what is not understood: {0}")]
    Unreadable(ProtocolError),
}

impl From<ProtocolError> for Refusal {
    fn from(error: ProtocolError) -> Self {
        match error {
            ProtocolError::ServerError(error) => Self::Refused(error),
            ProtocolError::Io(error) => Self::Io(error),
            error => Self::Unreadable(error),
        }
    }
}

impl Refusal {
    /// Returns what it means for a device of this `name`; an empty one while none is chosen yet.
    pub(super) fn about(&self, direction: Direction, name: &str) -> DeviceError {
        let name = name.to_owned();
        match self {
            Self::TimedOut => DeviceError::TimedOut {
                seconds: PATIENCE.as_secs(),
            },
            Self::Refused(PulseError::AccessDenied | PulseError::AuthKey) => {
                DeviceError::Denied { direction, name }
            }
            Self::Refused(PulseError::Busy) => DeviceError::Busy { direction, name },
            Self::Refused(PulseError::NoEntity) if !name.is_empty() => {
                DeviceError::NotFound { direction, name }
            }
            Self::Refused(PulseError::NoEntity) => DeviceError::NoDefault(direction),
            refusal if name.is_empty() => DeviceError::NoSoundSystem {
                tried: format!("PulseAudio: {refusal}"),
            },
            refusal => DeviceError::Unusable {
                direction,
                name,
                detail: refusal.to_string(),
            },
        }
    }
}
