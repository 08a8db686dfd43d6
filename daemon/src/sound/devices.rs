//! Sound devices as the control API shows them, and what is told of them.

use sotto_audio::{Backend, DeviceError, DeviceInfo, DeviceSpec, DeviceState, Direction};
use sotto_control::model::{self, DeviceChoice, DeviceInUse, Sound, SoundState};
use sotto_control::{AudioUse, ControlError, DeviceRole, ErrorCode};

use super::Voice;
use crate::config_file::ConfigFile;

impl Voice {
    /// Returns what is open, and what is wrong with it.
    pub(crate) fn sound(&self) -> Sound {
        let (devices, microphone, loudspeaker) = self.devices();
        let failure = [&microphone, &loudspeaker]
            .into_iter()
            .find_map(DeviceState::failure);
        let state = match (&microphone, &loudspeaker) {
            (DeviceState::Closed, DeviceState::Closed) => SoundState::Closed,
            _ => match failure {
                Some(DeviceError::NoSoundSystem { .. }) => SoundState::Unavailable,
                Some(_) => SoundState::Failed,
                None => SoundState::Open,
            },
        };
        Sound {
            state,
            problem: failure.map(DeviceError::to_string),
            hint: failure.and_then(DeviceError::hint),
            profile: Some(devices.profile.to_string()),
            scheduling: self.priority().map(|priority| priority.to_string()),
            input: in_use(devices.capture.device.to_string(), &microphone),
            output: in_use(devices.playback.device.to_string(), &loudspeaker),
            processing: self.processing(),
        }
    }
}

fn in_use(wanted: String, state: &DeviceState) -> DeviceInUse {
    let DeviceState::Open {
        device,
        default_elsewhere,
    } = state
    else {
        let failure = state.failure();
        return DeviceInUse {
            wanted,
            problem: failure.map(DeviceError::to_string),
            hint: failure.and_then(DeviceError::hint),
            ..DeviceInUse::default()
        };
    };
    DeviceInUse {
        wanted,
        open: Some(device.name.clone()),
        id: Some(device.id.clone()).filter(|id| !id.is_empty()),
        form: device.form.name().map(str::to_owned),
        muted_by_system: device.muted,
        default_elsewhere: default_elsewhere.clone(),
        ..DeviceInUse::default()
    }
}

fn shown(device: &DeviceInfo) -> model::Device {
    model::Device {
        id: device.id.clone(),
        name: device.name.clone(),
        default: device.is_default,
        in_use: false,
        form: device.form.name().map(str::to_owned),
        bluetooth: device.bluetooth,
        muted_by_system: device.muted,
        monitor: device.is_monitor,
    }
}

/// Every device of `backend`. Asks the sound system, which takes up to seconds.
pub(crate) fn devices(mut sound: Sound, backend: Backend) -> model::Devices {
    let listed = sotto_audio::devices(backend);
    if let Err(error) = &listed
        && sound.problem.is_none()
    {
        sound.problem = Some(error.to_string());
        sound.hint = error.hint();
    }
    let listed = listed.unwrap_or_default();
    let of = |direction: Direction, used: &DeviceInUse| {
        listed
            .iter()
            .filter(|device| device.direction == direction)
            .map(|device| model::Device {
                in_use: used.id.as_deref() == Some(&*device.id),
                ..shown(device)
            })
            .collect()
    };
    model::Devices {
        backend: backend.name().to_owned(),
        inputs: of(Direction::Capture, &sound.input),
        outputs: of(Direction::Playback, &sound.output),
        sound,
    }
}

/// Devices that a client has chosen.
pub(crate) struct Choice {
    /// The microphone, if one was chosen.
    pub(crate) microphone: Option<DeviceSpec>,
    /// The loudspeaker, if one was chosen.
    pub(crate) loudspeaker: Option<DeviceSpec>,
    /// The answer to the client.
    pub(crate) reply: DeviceChoice,
    /// The client's name.
    pub(crate) client: String,
}

impl Choice {
    /// Looks for what `params` means and writes it into the configuration. Asks the sound system,
    /// and waits for the disk a bounded time.
    pub(crate) fn find(
        params: &AudioUse,
        backend: Backend,
        config: &ConfigFile,
        client: &str,
    ) -> Result<Self, ControlError> {
        let name = params.device.trim();
        let listed = match name {
            "default" | "null" => Ok(Vec::new()),
            _ => sotto_audio::devices(backend),
        };
        let listed = listed.map_err(|error| refusal(&error))?;
        let (input, output) = choose(params, name, &listed)?;
        let spec = |device: &model::Device| match name {
            "default" => DeviceSpec::Default,
            "null" => DeviceSpec::Null,
            _ => DeviceSpec::Named(device.id.clone()),
        };
        let (microphone, loudspeaker) = (input.as_ref().map(spec), output.as_ref().map(spec));
        let chosen = [("audio.input", &microphone), ("audio.output", &loudspeaker)];
        let settings = chosen
            .into_iter()
            .filter_map(|(key, device)| Some((key, device.as_ref()?.to_string())))
            .collect();
        let not_saved = config.set(settings).err();
        Ok(Self {
            microphone,
            loudspeaker,
            reply: DeviceChoice {
                input,
                output,
                not_saved,
            },
            client: client.to_owned(),
        })
    }
}

/// A microphone and a loudspeaker, where they are chosen.
type Pair = (Option<model::Device>, Option<model::Device>);

/// Returns the devices that a name means: a headset's name means its microphone and its loudspeaker.
fn choose(params: &AudioUse, name: &str, listed: &[DeviceInfo]) -> Result<Pair, ControlError> {
    let wants = |role| params.only.is_none_or(|only| only == role);
    let find = |direction, role| {
        if !wants(role) {
            return Ok(None);
        }
        if matches!(name, "default" | "null") {
            return Ok(Some(model::Device {
                name: name.to_owned(),
                ..model::Device::default()
            }));
        }
        match sotto_audio::find(listed, direction, name) {
            Ok(device) => Ok(Some(shown(device))),
            // It may be of the other direction.
            Err(DeviceError::NotFound { .. }) if params.only.is_none() => Ok(None),
            Err(error) => Err(refusal(&error)),
        }
    };
    let found = (
        find(Direction::Capture, DeviceRole::Input)?,
        find(Direction::Playback, DeviceRole::Output)?,
    );
    if found == (None, None) {
        return Err(ControlError::new(
            ErrorCode::NotFound,
            format!("there is no device \"{}\"", name.escape_debug()),
        )
        .with_hint("'sotto devices' lists them"));
    }
    Ok(found)
}

/// A device's error as a refusal.
pub(crate) fn refusal(error: &DeviceError) -> ControlError {
    let code = match error {
        DeviceError::NotFound { .. } => ErrorCode::NotFound,
        DeviceError::Ambiguous { .. } => ErrorCode::Ambiguous,
        DeviceError::Busy { .. } => ErrorCode::Busy,
        DeviceError::TimedOut { .. } => ErrorCode::Timeout,
        DeviceError::BluetoothMicrophone { .. } => ErrorCode::Refused,
        _ => ErrorCode::Unavailable,
    };
    let refusal = match error {
        DeviceError::Ambiguous { name, candidates } => ControlError::new(
            code,
            format!("\"{name}\" fits {} devices", candidates.len()),
        )
        .with_candidates(candidates.clone()),
        _ => ControlError::new(code, error.to_string()),
    };
    refusal.with_hint_if(error.hint())
}

#[cfg(test)]
mod tests {
    use sotto_audio::FormFactor;

    use super::*;

    fn device(name: &str, direction: Direction) -> DeviceInfo {
        DeviceInfo {
            id: format!("pulseaudio:{}.{direction}", name.replace(' ', "_")),
            name: name.to_owned(),
            direction,
            is_default: false,
            is_monitor: false,
            form: FormFactor::Unknown,
            bluetooth: false,
            muted: false,
        }
    }

    fn listed() -> Vec<DeviceInfo> {
        vec![
            device("USB Headset", Direction::Capture),
            device("USB Camera", Direction::Capture),
            device("USB Headset", Direction::Playback),
            device("Speakers", Direction::Playback),
        ]
    }

    fn chosen(name: &str, only: Option<DeviceRole>) -> Result<(String, String), ControlError> {
        let params = AudioUse {
            device: name.to_owned(),
            only,
        };
        let name = |device: Option<model::Device>| device.map_or_else(String::new, |it| it.name);
        choose(&params, &params.device, &listed())
            .map(|(input, output)| (name(input), name(output)))
    }

    #[test]
    fn a_headset_is_both_and_others_are_what_they_are() {
        let pair = |input: &str, output: &str| Ok((input.to_owned(), output.to_owned()));
        assert_eq!(chosen("usb head", None), pair("USB Headset", "USB Headset"));
        assert_eq!(
            chosen("usb head", Some(DeviceRole::Output)),
            pair("", "USB Headset")
        );
        assert_eq!(chosen("camera", None), pair("USB Camera", ""));
        assert_eq!(chosen("speak", None), pair("", "Speakers"));
        assert_eq!(chosen("default", None), pair("default", "default"));
        let error = chosen("usb", None).unwrap_err();
        assert_eq!(error.code, ErrorCode::Ambiguous);
        assert_eq!(error.candidates.len(), 2, "{error:?}");
        assert_eq!(chosen("jabra", None).unwrap_err().code, ErrorCode::NotFound);
        let error = chosen("speak", Some(DeviceRole::Input)).unwrap_err();
        assert_eq!(error.code, ErrorCode::NotFound);
    }
}
