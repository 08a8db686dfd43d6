//! The settings as the window shows them. Pure: what is read and written goes through the shell.
//!
//! Whatever can be set here is in `config.toml`. The daemon writes it, and lets it hold at once where it can, as for
//! `sotto config` and `sotto devices`.

use sotto_control::config::{self, KEYS};
use sotto_control::model::{Device, Devices, TestProgress, TestStep, TestVerdict};
use sotto_control::{DeviceRole, SettingReply};

use super::errand::Told;
use super::keys::{Facts, Keys};

/// A setting with the values that it can have, and what is said of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The key in `config.toml`.
    pub(crate) key: &'static str,
    /// What it is about.
    pub(crate) label: &'static str,
    /// Values, and their names on the screen.
    pub(crate) values: &'static [(&'static str, &'static str)],
}

/// The settings with few values.
pub(crate) const CHOICES: &[Choice] = &[
    Choice {
        key: "talk.mode",
        label: "When you are heard",
        values: &[
            ("open", "Always"),
            ("voice", "When you speak"),
            ("push", "While you press Talk"),
        ],
    },
    Choice {
        key: "notifications.desktop",
        label: "Notifications on the desktop",
        values: SWITCH,
    },
    Choice {
        key: "notifications.sounds",
        label: "Short sounds",
        values: SWITCH,
    },
    Choice {
        key: "notifications.join_sounds",
        label: "A sound when somebody joins or leaves",
        values: SWITCH,
    },
    Choice {
        key: "notifications.muted_talking",
        label: "Say when you talk while you are muted",
        values: SWITCH,
    },
    Choice {
        key: "presence.idle_after",
        label: "Away without input after",
        values: &[
            ("5m", "5 minutes"),
            ("10m", "10 minutes"),
            ("30m", "30 minutes"),
            ("1h", "1 hour"),
            ("never", "Never"),
        ],
    },
    Choice {
        key: "window.on_close",
        label: "When this window closes",
        values: &[("keep", "Keep the meeting"), ("leave", "Leave it")],
    },
    Choice {
        key: "audio.echo_cancellation",
        label: "Take out the loudspeaker's echo",
        values: TREATMENT,
    },
    Choice {
        key: "audio.noise_suppression",
        label: "Take out steady noise",
        values: TREATMENT,
    },
    Choice {
        key: "audio.gain_control",
        label: "Bring speech to an even level",
        values: TREATMENT,
    },
];

const SWITCH: &[(&str, &str)] = &[("true", "On"), ("false", "Off")];

const TREATMENT: &[(&str, &str)] = &[
    ("auto", "Where it helps"),
    ("on", "Always"),
    ("off", "Never"),
];

/// The open settings.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Settings {
    /// The name, as it is being written.
    pub(crate) name: String,
    /// The name, as it is kept.
    kept: String,
    values: Vec<(&'static str, String)>,
    /// The keys that work in every program.
    pub(crate) keys: Keys,
    devices: Option<Devices>,
    trial: Option<Trial>,
    trouble: Option<String>,
    /// Whether something was set that the daemon reads when it starts.
    later: bool,
    /// Whether the file has not been read yet.
    reading: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Trial {
    Runs(TestProgress),
    Ended(&'static str),
}

impl Settings {
    /// The settings until the file has been read; `you` is what the user is called without a name in it.
    pub(crate) fn unread(you: &str) -> Self {
        Self {
            kept: you.to_owned(),
            reading: true,
            ..Self::default()
        }
    }

    /// Reads the text of `config.toml`; `you` is what the user is called without a name in it.
    pub(crate) fn read(text: &str, you: &str) -> Self {
        let value = |key: &'static str| config::get(text, key);
        let keys = KEYS
            .iter()
            .filter(|key| CHOICES.iter().any(|choice| choice.key == **key));
        let mut settings = Self {
            values: keys
                .filter_map(|key| Some((*key, value(key).ok()?)))
                .collect(),
            ..Self::default()
        };
        settings.keys.see(Facts::of(text, None));
        match value("name") {
            Ok(name) if name.is_empty() => you.clone_into(&mut settings.name),
            Ok(name) => settings.name = name,
            Err(error) => settings.trouble = Some(format!("config.toml has a mistake: {error}")),
        }
        settings.kept.clone_from(&settings.name);
        settings
    }

    /// Returns whether the file has not been read yet.
    pub(crate) const fn reading(&self) -> bool {
        self.reading
    }

    /// Returns the name that was written and is not kept yet.
    pub(crate) fn new_name(&self) -> Option<&str> {
        let name = self.name.trim();
        (!name.is_empty() && name != self.kept).then_some(name)
    }

    /// Returns the value that a setting has.
    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        let found = self.values.iter().find(|(known, _)| *known == key)?;
        Some(&found.1)
    }

    /// Takes that a setting was changed.
    fn was_set(&mut self, reply: SettingReply) {
        let SettingReply {
            key,
            value,
            restart,
            ..
        } = reply;
        if key == "name" {
            self.kept.clone_from(&value);
        }
        // The window reads its own when it closes.
        self.later |= restart && !key.starts_with("window.");
        if let Some(found) = self.values.iter_mut().find(|(known, _)| *known == key) {
            found.1 = value;
        }
    }

    /// Takes what became of an errand.
    pub(crate) fn told(&mut self, told: Told) {
        if !matches!(told, Told::Trial(_) | Told::Tried(_)) {
            self.trouble = told.trouble();
        }
        match told {
            Told::Read(text) => {
                let devices = self.devices.take();
                *self = Self {
                    devices,
                    ..Self::read(&text, &self.kept)
                };
            }
            Told::Devices(devices) => self.devices = Some(*devices),
            Told::Set(reply) => self.was_set(reply),
            Told::NotKept(_) => {}
            Told::Trial(progress) => self.trial = Some(Trial::Runs(progress)),
            Told::Tried(test) => self.trial = Some(Trial::Ended(verdict(test.verdict))),
            Told::Failed(_) => self.trial = None,
        }
    }

    /// The devices of a role with whether each is chosen; the system's own choice first. Nothing while they are unknown.
    pub(crate) fn devices(&self, role: DeviceRole) -> Vec<(String, String, bool)> {
        let Some(devices) = &self.devices else {
            return Vec::new();
        };
        let (listed, wanted) = match role {
            DeviceRole::Input => (&devices.inputs, &devices.sound.input.wanted),
            DeviceRole::Output => (&devices.outputs, &devices.sound.output.wanted),
        };
        let listed: Vec<&Device> = listed.iter().filter(|device| !device.monitor).collect();
        let default = listed.iter().find(|device| device.default);
        let default = match default {
            Some(device) => format!("The system's choice, now {}", device.name),
            None => "The system's choice".to_owned(),
        };
        let mut rows = vec![("default".to_owned(), default, wanted == "default")];
        rows.extend(listed.iter().map(|device| {
            let chosen = *wanted == device.id || *wanted == device.name;
            (device.id.clone(), device.name.clone(), chosen)
        }));
        rows
    }

    /// Returns the state of the trial in words, and the microphone's level from 0 to 1 while it is listened to.
    pub(crate) fn trial(&self) -> Option<(&'static str, Option<f32>)> {
        Some(match self.trial.as_ref()? {
            Trial::Ended(verdict) => (verdict, None),
            Trial::Runs(progress) => match progress.step {
                TestStep::Sound => ("You should hear a sound now.", None),
                TestStep::Listening => {
                    let level = progress.level_dbfs.unwrap_or(f32::NEG_INFINITY);
                    (
                        "Say something…",
                        Some(((level + 60.0) / 60.0).clamp(0.0, 1.0)),
                    )
                }
                TestStep::PlayingBack => ("This is how you sound.", None),
                TestStep::Unknown => ("Trying…", None),
            },
        })
    }

    /// Returns whether a trial runs.
    pub(crate) const fn tries(&self) -> bool {
        matches!(self.trial, Some(Trial::Runs(_)))
    }

    /// Returns what went wrong.
    pub(crate) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Returns whether something was set that the daemon reads when it starts.
    pub(crate) const fn later(&self) -> bool {
        self.later
    }
}

const fn verdict(verdict: TestVerdict) -> &'static str {
    match verdict {
        TestVerdict::Good => "The microphone works well.",
        TestVerdict::Silent => {
            "The microphone gives nothing at all: it is muted in the system, or it is the wrong one."
        }
        TestVerdict::NoSpeech => "Only noise was heard. If you spoke, it is the wrong microphone.",
        TestVerdict::Faint => {
            "You are quiet: turn the microphone up in the system, or come closer."
        }
        TestVerdict::Clipped => "You are too loud: turn the microphone down in the system.",
        TestVerdict::Noisy => "There is much noise: another microphone or place would help.",
        TestVerdict::Unknown => "It was tried.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_is_a_key_whose_values_the_daemon_takes() {
        for choice in CHOICES {
            assert!(KEYS.contains(&choice.key), "{}", choice.key);
            for (value, _) in choice.values {
                let text = config::set("", choice.key, value);
                let settings = Settings::read(&text.unwrap(), "Anna");
                assert_eq!(settings.value(choice.key), Some(*value));
            }
        }
    }

    #[test]
    fn without_a_name_the_login_counts_and_a_mistake_is_said() {
        assert_eq!(Settings::read("", "anna").name, "anna");
        assert_eq!(Settings::read("name = \"Anna\"", "anna").name, "Anna");
        let wrong = Settings::read("nonsense", "anna");
        assert!(wrong.trouble().is_some_and(|text| text.contains("line 1")));
    }

    #[test]
    fn until_the_file_is_read_nothing_of_it_is_known() {
        let mut settings = Settings::unread("anna");
        assert!(settings.reading());
        assert_eq!(settings.value("talk.mode"), None);
        settings.told(Told::Devices(Box::default()));
        settings.told(Told::Read("talk.mode = \"push\"".into()));
        assert!(!settings.reading());
        assert_eq!(
            (settings.value("talk.mode"), &*settings.name),
            (Some("push"), "anna")
        );
        assert_eq!(
            settings.devices(DeviceRole::Input).len(),
            1,
            "listed meanwhile"
        );
    }

    #[test]
    fn a_name_is_new_until_it_is_kept() {
        let mut settings = Settings::read("", "anna");
        assert_eq!(settings.new_name(), None);
        settings.name = " Anna ".into();
        assert_eq!(settings.new_name(), Some("Anna"));
        settings.told(Told::Set(reply("name", "Anna")));
        assert_eq!(settings.new_name(), None);
        assert!(!settings.later());
    }

    fn reply(key: &str, value: &str) -> SettingReply {
        SettingReply {
            key: key.into(),
            value: value.into(),
            ..SettingReply::default()
        }
    }

    #[test]
    fn what_holds_later_or_not_for_long_is_said() {
        let mut settings = Settings::read("", "Anna");
        assert_eq!(settings.value("talk.mode"), Some("open"));
        settings.told(Told::Set(reply("talk.mode", "push")));
        assert_eq!(settings.value("talk.mode"), Some("push"));
        assert!(!settings.later() && settings.trouble().is_none());
        settings.told(Told::Set(SettingReply {
            restart: true,
            ..reply("window.on_close", "leave")
        }));
        assert!(!settings.later(), "the window reads it when it closes");
        settings.told(Told::Set(SettingReply {
            restart: true,
            not_saved: Some("the disk is full".into()),
            ..reply("audio.gain_control", "off")
        }));
        assert!(settings.later());
        let trouble = "It holds now, but is not kept: the disk is full";
        assert_eq!(settings.trouble(), Some(trouble));
        settings.told(Told::Set(reply("talk.mode", "open")));
        assert_eq!(settings.trouble(), None);
    }

    #[test]
    fn the_systems_choice_comes_first_and_monitors_are_left_out() {
        let device = |id: &str, default: bool, monitor: bool| Device {
            id: id.into(),
            name: format!("Name of {id}"),
            default,
            monitor,
            ..Device::default()
        };
        let mut devices = Devices {
            inputs: vec![
                device("a", true, false),
                device("b", false, false),
                device("c", false, true),
            ],
            ..Devices::default()
        };
        devices.sound.input.wanted = "b".into();
        let mut settings = Settings::default();
        settings.told(Told::Devices(Box::new(devices)));
        let rows = settings.devices(DeviceRole::Input);
        let shown: Vec<(&str, bool)> = rows.iter().map(|row| (&*row.1, row.2)).collect();
        assert_eq!(
            shown,
            [
                ("The system's choice, now Name of a", false),
                ("Name of a", false),
                ("Name of b", true)
            ]
        );
    }
}
