//! Sound devices as the control API shows them.

use sotto_audio::{Backend, DeviceError, DeviceState, Direction};
use sotto_control::model::{self, DeviceInUse, Sound, SoundState};

use super::Core;

impl Core {
    /// What is open, and what is wrong with it.
    pub(super) fn sound(&self) -> Sound {
        let (devices, microphone, loudspeaker) = self.voice.devices();
        let failure = [&microphone, &loudspeaker]
            .into_iter()
            .find_map(|state| match state {
                DeviceState::Failed(error) => Some(error),
                _ => None,
            });
        let state = match (&microphone, &loudspeaker) {
            (DeviceState::Closed, DeviceState::Closed) => SoundState::Closed,
            _ => match failure {
                Some(DeviceError::NoSoundSystem { .. }) => SoundState::Unavailable,
                Some(_) => SoundState::Failed,
                None => SoundState::Open,
            },
        };
        // A device's error says what failed and, behind a semicolon, what to do.
        let sentence = failure.map(ToString::to_string).unwrap_or_default();
        let (problem, hint) = match sentence.split_once("; ") {
            Some((problem, hint)) => (Some(problem.to_owned()), Some(hint.to_owned())),
            None => (failure.is_some().then_some(sentence), None),
        };
        Sound {
            state,
            problem,
            hint,
            scheduling: self.voice.priority().map(|priority| priority.to_string()),
            input: in_use(devices.capture.device.to_string(), &microphone),
            output: in_use(devices.playback.device.to_string(), &loudspeaker),
        }
    }
}

fn in_use(wanted: String, state: &DeviceState) -> DeviceInUse {
    let open = match state {
        DeviceState::Open { device, .. } => Some(device.name.clone()),
        _ => None,
    };
    DeviceInUse { wanted, open }
}

/// Every device of `backend`. Asks the sound system, which takes up to seconds.
pub(super) fn devices(mut sound: Sound, backend: Backend) -> model::Devices {
    let listed = sotto_audio::devices(backend);
    if let Err(error) = &listed {
        sound.problem.get_or_insert_with(|| error.to_string());
    }
    let listed = listed.unwrap_or_default();
    let of = |direction: Direction| {
        listed
            .iter()
            .filter(|device| device.direction == direction)
            .map(|device| model::Device {
                id: device.id.clone(),
                name: device.name.clone(),
                default: device.is_default,
            })
            .collect()
    };
    model::Devices {
        sound,
        backend: backend.name().to_owned(),
        inputs: of(Direction::Capture),
        outputs: of(Direction::Playback),
    }
}
