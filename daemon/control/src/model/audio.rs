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
    /// How delay is weighed against safety: `default`, `latency` or `safe`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
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

impl Sound {
    /// Whether a microphone should be open and none works.
    #[must_use]
    pub fn has_no_microphone(&self) -> bool {
        matches!(self.state, SoundState::Failed | SoundState::Unavailable)
            && self.input.open.is_none()
    }

    /// Returns why the microphone does not work, when it should, and what helps.
    #[must_use]
    pub fn microphone_problem(&self) -> Option<(&str, Option<&str>)> {
        let problem = self.input.problem.as_deref()?;
        Some((problem, self.input.hint.as_deref()))
    }
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
    /// The identifier of the device that is open, as [`Device::id`]; absent for what is no device of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What kind of thing it is, as [`Device::form`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// Whether it is muted in the system's own settings, so that nothing comes of it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub muted_by_system: bool,
    /// The identifier of the system's default device, where that is wanted and has become another one while the
    /// microphone was open to others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_elsewhere: Option<String>,
    /// Why it does not work, when it should: a sentence for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What the user can do about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde hands over a reference
const fn is_false(value: &bool) -> bool {
    !*value
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
    /// Whether it is open right now.
    #[serde(default)]
    pub in_use: bool,
    /// What kind of thing it is, where the system knows: `headset`, `headphones`, `handset`, `speakers`, `microphone`,
    /// `webcam`, `hands-free`, `screen`, `built-in`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// Whether it is connected by Bluetooth. Such a microphone is opened only if it is chosen by name: the headset's
    /// sound drops to telephone quality while its microphone is open.
    #[serde(default, skip_serializing_if = "is_false")]
    pub bluetooth: bool,
    /// Whether it is muted in the system's own settings.
    #[serde(default, skip_serializing_if = "is_false")]
    pub muted_by_system: bool,
    /// Whether it is no microphone but what another device plays, or a loudspeaker that plays into nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub monitor: bool,
}

/// Reply to `audio.use`: what is used from now on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceChoice {
    /// The microphone, if one was chosen; without an identifier for `default` and `null`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Device>,
    /// The loudspeaker, if one was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Device>,
    /// Why the choice will not outlive the daemon, if it will not: the configuration could not be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_saved: Option<String>,
}

/// Reply to `audio.test`: what a microphone gave.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MicrophoneTest {
    /// The microphone.
    #[serde(default)]
    pub input: String,
    /// The loudspeaker; absent if none could be opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Why there was no loudspeaker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_problem: Option<String>,
    /// How long it was listened to, in milliseconds.
    #[serde(default)]
    pub recorded_ms: u64,
    /// The loudest sample, in decibels relative to full scale.
    #[serde(default)]
    pub peak_dbfs: f32,
    /// How loud speech was: the level that a twentieth of the time exceeded.
    #[serde(default)]
    pub speech_dbfs: f32,
    /// How loud it is when nobody speaks: the level that nine tenths of the time exceeded.
    #[serde(default)]
    pub noise_dbfs: f32,
    /// How many samples reached full scale.
    #[serde(default)]
    pub clipped_samples: u64,
    /// What that means.
    #[serde(default)]
    pub verdict: TestVerdict,
    /// How long sound takes from the mouth through devices, processing and codec to the ear, without a network, in
    /// milliseconds; if an echo was asked for and played.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// What is done to the microphone's sound in a meeting, if an echo was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processing: Option<Processing>,
}

/// What a microphone's test means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestVerdict {
    /// Speech stands well above the noise.
    Good,
    /// It gave nothing at all: muted in the system, or the wrong one.
    Silent,
    /// It gave noise alone: nobody spoke, or it is the wrong one.
    NoSpeech,
    /// Speech is too quiet to be understood well.
    Faint,
    /// It distorts.
    Clipped,
    /// Noise is nearly as loud as speech.
    Noisy,
    /// A verdict that this version does not know.
    #[default]
    #[serde(other)]
    Unknown,
}

/// What a test of the microphone does right now.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TestProgress {
    /// What.
    pub step: TestStep,
    /// How loud the microphone is, in decibels relative to full scale, while it is listened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level_dbfs: Option<f32>,
    /// How long this step still takes, in milliseconds.
    #[serde(default)]
    pub remaining_ms: u64,
}

/// A step of a test.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestStep {
    /// The loudspeaker plays a short sound.
    Sound,
    /// The microphone is listened to.
    Listening,
    /// What was recorded is played.
    PlayingBack,
    /// A step that this version does not know.
    #[default]
    #[serde(other)]
    Unknown,
}
