//! A task that the window gives to the shell, and its outcome.

use sotto_control::model::{Devices, MicrophoneTest, TestProgress};
use sotto_control::{DeviceRole, SettingReply};

use crate::quiet::Quiet;

/// A task for the shell, which takes a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Errand {
    /// Read `config.toml`.
    Read,
    /// List the devices.
    Devices,
    /// Use this one, now and for later.
    Use {
        /// Its identifier, or `default`.
        device: String,
        /// Its role.
        role: DeviceRole,
    },
    /// Try the microphone.
    Try,
    /// Change a setting, now and for later.
    Set {
        /// The key in `config.toml`.
        key: &'static str,
        /// The new value.
        value: String,
    },
    /// Give an action a key, or none.
    Key {
        /// The key in `config.toml`.
        setting: String,
        /// The key of the keyboard.
        key: Option<String>,
    },
    /// Show the desktop's own dialog about keys.
    ChooseKeys,
    /// Be left alone, or no longer.
    Quiet(Quiet),
}

/// The outcome of an errand.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    /// The text of `config.toml`.
    Read(String),
    /// The devices.
    Devices(Box<Devices>),
    /// The trial's progress.
    Trial(TestProgress),
    /// The trial's outcome.
    Tried(Box<MicrophoneTest>),
    /// A setting was changed.
    Set(SettingReply),
    /// It was done, but holds only until the daemon ends, for this reason.
    NotKept(String),
    /// It could not be done.
    Failed(String),
}

impl Told {
    /// Returns what went wrong, in a sentence.
    pub(crate) fn trouble(&self) -> Option<String> {
        let why = match self {
            Self::Failed(why) => return Some(why.clone()),
            Self::NotKept(why) => why,
            Self::Set(reply) => reply.not_saved.as_ref()?,
            Self::Read(_) | Self::Devices(_) | Self::Trial(_) | Self::Tried(_) => return None,
        };
        Some(format!("It holds now, but is not kept: {why}"))
    }
}
