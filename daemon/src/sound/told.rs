//! News of the devices for the user: each is told once.

use sotto_audio::{DeviceError, DeviceState};
use sotto_control::model::{Notice, NoticeKind, Severity};

use crate::notice::notice;

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
                DeviceState::Failed(error) => known.failed_with(what, error, &mut news),
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
    fn failed_with(&mut self, what: &str, error: &DeviceError, news: &mut Vec<Notice>) {
        let replaced = matches!(error, DeviceError::Replaced { .. });
        // The first reason is told, and later the one that says how to go on: not every failed attempt.
        if self.failed.is_some() && (!replaced || self.replaced) {
            return;
        }
        self.replaced |= replaced;
        let problem = match error {
            // These say themselves which device it is.
            DeviceError::Lost { .. }
            | DeviceError::Replaced { .. }
            | DeviceError::BluetoothMicrophone { .. } => error.to_string(),
            _ => format!("your {what} does not work: {error}"),
        };
        self.failed = Some(problem.clone());
        let mut told = notice(NoticeKind::Sound, Severity::Warning, problem);
        told.hint = error.hint();
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
    use sotto_audio::{Direction, OpenDevice};

    use super::*;

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
    fn a_device_that_cannot_be_opened_is_told_with_what_it_is_and_why() {
        let denied = |direction| {
            DeviceState::Failed(DeviceError::Denied {
                direction,
                name: "HEADSET".to_owned(),
            })
        };
        let silent = DeviceState::Failed(DeviceError::TimedOut { seconds: 4 });
        let news = Told::default().news([&denied(Direction::Capture), &silent], true);
        let texts: Vec<&str> = news.iter().map(|notice| &*notice.text).collect();
        assert_eq!(
            texts,
            [
                "your microphone does not work: cannot open the microphone \"HEADSET\": permission denied",
                "your loudspeaker does not work: the sound system did not answer within 4 s",
            ]
        );
        assert!(news.iter().all(|notice| notice.hint.is_some()));
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
