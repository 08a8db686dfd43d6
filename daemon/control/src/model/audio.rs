//! Sound devices: what is in use, and what there is.

use serde::{Deserialize, Serialize};

/// The daemon's sound, in short.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sound {
    /// Whether devices are open.
    pub state: SoundState,
    /// What is wrong, when something is: a sentence for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What the user can do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// How the voice threads are scheduled: `real-time`, `raised` or `ordinary`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduling: Option<String>,
    /// The microphone, or what stands in for it.
    #[serde(default)]
    pub input: DeviceInUse,
    /// The loudspeaker, or what stands in for it.
    #[serde(default)]
    pub output: DeviceInUse,
    /// What is done to the microphone's sound, while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processing: Option<Processing>,
}

/// What is done to the microphone's sound before it is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Processing {
    /// Whether what the loudspeaker plays is taken out.
    pub echo_cancellation: bool,
    /// Why it is not: a part of a sentence for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether steady noise is taken out.
    pub noise_suppression: bool,
    /// Whether speech is brought to an even level.
    pub gain_control: bool,
    /// Whether nothing is sent in pauses.
    pub gate: bool,
}

/// Whether devices are open. They are closed unless a meeting is active.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SoundState {
    /// No meeting is active: nothing is open.
    #[default]
    Closed,
    /// Everything that should be open is.
    Open,
    /// A device is gone or refuses; the daemon keeps trying.
    Failed,
    /// There is no sound system on this machine. Everything else works.
    Unavailable,
    /// A state that this version does not know.
    #[serde(other)]
    Unknown,
}

/// One direction of sound.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceInUse {
    /// What the configuration asks for: `default`, a name, `file:PATH`, `tone:HZ` or `null`.
    #[serde(default)]
    pub wanted: String,
    /// The device that is open, by the name that its system gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<String>,
}

/// Reply to `audio.devices`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Devices {
    /// What is in use.
    pub sound: Sound,
    /// The sound system that they belong to, as the configuration names it; `auto` for the best that answers.
    #[serde(default)]
    pub backend: String,
    /// Its microphones.
    #[serde(default)]
    pub inputs: Vec<Device>,
    /// Its loudspeakers.
    #[serde(default)]
    pub outputs: Vec<Device>,
}

/// A sound device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The value for `audio.input` or `audio.output` in the configuration.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whether it is its system's default.
    #[serde(default)]
    pub default: bool,
}
