//! Sound devices as the control API shows them, and what is told of them.

use std::path::Path;

use sotto_audio::{Backend, DeviceError, DeviceInfo, DeviceSpec, DeviceState, Direction};
use sotto_control::config;
use sotto_control::model::{
    self, DeviceChoice, DeviceInUse, Notice, NoticeKind, Severity, Sound, SoundState,
};
use sotto_control::{AudioUse, ControlError, DeviceRole, ErrorCode};

use super::Voice;
use crate::notice::notice;

impl Voice {
    /// Returns what is open, and what is wrong with it.
    pub(crate) fn sound(&self) -> Sound {
        let (devices, microphone, loudspeaker) = self.devices();
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
        let (problem, hint) = match failure {
            Some(error) => {
                let (problem, hint) = sentence(error);
                (Some(problem), hint)
            }
            None => (None, None),
        };
        Sound {
            state,
            problem,
            hint,
            profile: Some(devices.profile.to_string()),
            scheduling: self.priority().map(|priority| priority.to_string()),
            input: in_use(devices.capture.device.to_string(), &microphone),
            output: in_use(devices.playback.device.to_string(), &loudspeaker),
            processing: self.processing(),
        }
    }
}

/// A device's error says what failed and, behind a semicolon, what to do.
fn sentence(error: &DeviceError) -> (String, Option<String>) {
    let sentence = error.to_string();
    match sentence.split_once("; ") {
        Some((problem, hint)) => (problem.to_owned(), Some(hint.to_owned())),
        None => (sentence, None),
    }
}

fn in_use(wanted: String, state: &DeviceState) -> DeviceInUse {
    let DeviceState::Open {
        device,
        default_elsewhere,
    } = state
    else {
        return DeviceInUse {
            wanted,
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
    if let Err(error) = &listed {
        sound.problem.get_or_insert_with(|| error.to_string());
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
    /// Looks for what `params` means and writes it into the configuration. Asks the sound system.
    pub(crate) fn find(
        params: &AudioUse,
        backend: Backend,
        config: &Path,
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
        let settings = [("audio.input", &microphone), ("audio.output", &loudspeaker)];
        let not_saved = save(config, settings).err();
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

/// Writes the chosen devices into the configuration, comments kept.
fn save(config: &Path, settings: [(&str, &Option<DeviceSpec>); 2]) -> Result<(), String> {
    let mut text = config::read(config)
        .map_err(|error| format!("cannot read {}: {error}", config.display()))?;
    for (key, device) in settings {
        if let Some(device) = device {
            text = config::set(&text, key, &device.to_string())
                .map_err(|error| format!("{}: {error}", config.display()))?;
        }
    }
    config::replace(config, &text)
        .map_err(|error| format!("cannot write {}: {error}", config.display()))
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
    let (problem, hint) = sentence(error);
    let refusal = match error {
        DeviceError::Ambiguous { name, candidates } => ControlError::new(
            code,
            format!("\"{name}\" fits {} devices", candidates.len()),
        )
        .with_candidates(candidates.clone()),
        _ => ControlError::new(code, problem),
    };
    match hint {
        Some(hint) => refusal.with_hint(hint),
        None => refusal,
    }
}

/// The news of the two devices that the user was told, so that nothing is told twice.
#[derive(Debug, Default)]
pub(crate) struct Told([Known; 2]);

/// The user's knowledge of one device.
#[derive(Debug, Default)]
struct Known {
    /// The device that was open last: its identifier and name.
    open: Option<(String, String)>,
    /// Why it did not work, as it was told.
    failed: Option<String>,
    /// It was told that the loss is for good until the user does something.
    replaced: bool,
    muted: bool,
    elsewhere: Option<String>,
}

impl Told {
    /// Returns what is new about the microphone and the loudspeaker; `heard` says that others hear the microphone.
    pub(crate) fn news(&mut self, states: [&DeviceState; 2], heard: bool) -> Vec<Notice> {
        let mut news = Vec::new();
        let names = ["microphone", "loudspeaker"];
        for (known, (state, what)) in self.0.iter_mut().zip(states.into_iter().zip(names)) {
            match state {
                DeviceState::Closed | DeviceState::Opening => {}
                DeviceState::Failed(error) => known.failed_with(error, &mut news),
                DeviceState::Open {
                    device,
                    default_elsewhere,
                } => {
                    known.opened(what, device, &mut news);
                    if what == "microphone" {
                        known.is_mute(device.muted && heard, &mut news);
                        known.is_elsewhere(default_elsewhere.as_deref(), device, &mut news);
                    }
                }
            }
        }
        // Both closed: the meeting is over, and the next one begins anew.
        if states.iter().all(|state| **state == DeviceState::Closed) {
            *self = Self::default();
        }
        news
    }
}

impl Known {
    fn failed_with(&mut self, error: &DeviceError, news: &mut Vec<Notice>) {
        let replaced = matches!(error, DeviceError::Replaced { .. });
        // The first reason is told, and later the one that says how to go on: not every failed attempt.
        if self.failed.is_some() && (!replaced || self.replaced) {
            return;
        }
        self.replaced |= replaced;
        let (problem, hint) = sentence(error);
        self.failed = Some(problem.clone());
        let mut told = notice(NoticeKind::Sound, Severity::Warning, problem);
        told.hint = hint;
        news.push(told);
    }

    fn opened(&mut self, what: &str, device: &sotto_audio::OpenDevice, news: &mut Vec<Notice>) {
        let before = self.open.replace((device.id.clone(), device.name.clone()));
        let failed = self.failed.take().is_some();
        self.replaced = false;
        let text = match before {
            Some((id, _)) if id != device.id => {
                format!("the {what} is \"{}\" now", device.name)
            }
            _ if failed => format!("the {what} \"{}\" works", device.name),
            _ => return,
        };
        news.push(notice(NoticeKind::Sound, Severity::Info, text));
    }

    fn is_mute(&mut self, muted: bool, news: &mut Vec<Notice>) {
        if muted && !self.muted {
            let mut told = notice(
                NoticeKind::Sound,
                Severity::Warning,
                "your microphone is muted in the system's sound settings: nobody hears you",
            );
            told.hint = Some("unmute it there".to_owned());
            news.push(told);
        }
        self.muted = muted;
    }

    fn is_elsewhere(
        &mut self,
        elsewhere: Option<&str>,
        device: &sotto_audio::OpenDevice,
        news: &mut Vec<Notice>,
    ) {
        if let Some(id) = elsewhere
            && self.elsewhere.as_deref() != Some(id)
        {
            let text = format!(
                "the system's default microphone has changed; you still speak through \"{}\"",
                device.name
            );
            let mut told = notice(NoticeKind::Sound, Severity::Info, text);
            told.hint = Some("change to it with 'sotto unmute'".to_owned());
            news.push(told);
        }
        self.elsewhere = elsewhere.map(str::to_owned);
    }
}

#[cfg(test)]
mod tests {
    use sotto_audio::{FormFactor, OpenDevice};

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

    #[test]
    fn a_choice_is_saved_and_comments_stay() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new").join("config.toml");
        let (microphone, none) = (Some(DeviceSpec::Named("pulseaudio:mic".to_owned())), None);
        save(
            &path,
            [("audio.input", &microphone), ("audio.output", &none)],
        )
        .unwrap();
        std::fs::write(
            &path,
            "# mine\n[audio]\ninput = \"default\" # the built-in one\noutput = \"null\"\n",
        )
        .unwrap();
        save(
            &path,
            [("audio.input", &microphone), ("audio.output", &none)],
        )
        .unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "# mine\n[audio]\ninput = \"pulseaudio:mic\" # the built-in one\noutput = \"null\"\n"
        );
        std::fs::write(&path, "audio = 3").unwrap();
        let error = save(
            &path,
            [("audio.input", &microphone), ("audio.output", &none)],
        );
        assert!(error.unwrap_err().contains("config.toml"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "audio = 3");
    }

    fn open(id: &str) -> DeviceState {
        DeviceState::Open {
            device: OpenDevice {
                id: id.to_owned(),
                name: id.to_uppercase(),
                ..OpenDevice::default()
            },
            default_elsewhere: None,
        }
    }

    fn lost() -> DeviceState {
        DeviceState::Failed(DeviceError::Lost {
            direction: Direction::Capture,
            name: "HEADSET".to_owned(),
            detail: "unplugged".to_owned(),
        })
    }

    #[test]
    fn a_lost_microphone_is_told_once_then_how_to_go_on_then_that_it_works() {
        let replaced = DeviceState::Failed(DeviceError::Replaced {
            gone: "HEADSET".to_owned(),
            offered: "CAMERA".to_owned(),
        });
        let speaker = open("speakers");
        let mut told = Told::default();
        let mut news = |state: &DeviceState| -> Vec<String> {
            told.news([state, &speaker], true)
                .into_iter()
                .map(|notice| notice.text)
                .collect()
        };
        assert!(news(&open("headset")).is_empty());
        assert_eq!(news(&lost()).len(), 1);
        assert!(news(&lost()).is_empty());
        let how = news(&replaced);
        assert!(how.len() == 1 && how[0].contains("HEADSET"), "{how:?}");
        assert!(news(&replaced).is_empty() && news(&lost()).is_empty());
        assert!(news(&DeviceState::Opening).is_empty());
        assert_eq!(news(&open("headset")), ["the microphone \"HEADSET\" works"]);
        assert!(news(&open("headset")).is_empty());
        assert_eq!(news(&open("camera")), ["the microphone is \"CAMERA\" now"]);
    }

    #[test]
    fn a_meeting_that_is_over_is_forgotten() {
        let mut told = Told::default();
        let closed = DeviceState::Closed;
        told.news([&open("headset"), &open("speakers")], true);
        assert!(told.news([&closed, &closed], false).is_empty());
        assert!(told.news([&open("camera"), &open("x")], true).is_empty());
    }
}
