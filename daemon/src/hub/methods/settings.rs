//! Settings: read from the configuration, changed in it, and taken over at once where that is possible.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use sotto_control::config::{self, Config, EditError};
use sotto_control::model::{NoticeKind, Severity};
use sotto_control::server::Answer;
use sotto_control::{ControlError, ErrorCode, Reply, SettingReply, SettingsReply, SettingsSet};
use sotto_meeting::Command;

use super::super::publisher::Shown;
use super::super::{Hub, Later, notices};
use crate::config_file::ConfigFile;
use crate::settings;
use crate::sound::Treatments;

/// Settings that have a method of their own, which finds devices and admits no files.
const DEVICES: [&str; 2] = ["audio.input", "audio.output"];

/// A setting with its new value.
pub(in crate::hub) struct Change {
    key: String,
    /// As on a command line; the default if there is none.
    value: Option<String>,
    /// A configuration that has this setting and no other.
    config: Config,
    /// The value as it is shown.
    shown: String,
    client: String,
    /// The reason why it is not in the file.
    not_saved: Option<String>,
}

impl Change {
    /// Checks what a client wants to change.
    ///
    /// # Errors
    ///
    /// The key does not exist, is not to be changed like this, or the value does not fit.
    fn new(params: SettingsSet, client: &str) -> Result<Self, ControlError> {
        let SettingsSet { key, value } = params;
        if DEVICES.contains(&key.as_str()) {
            let sentence = format!("{key} is not changed like this");
            return Err(ControlError::new(ErrorCode::Refused, sentence).with_hint(
                "choose a device with 'sotto devices use'; files and tones are set in config.toml alone",
            ));
        }
        let wrong = |error: EditError| ControlError::invalid(error.to_string());
        let text = written("", &key, value.as_deref()).map_err(wrong)?;
        let shown = config::get(&text, &key).map_err(wrong)?;
        let config = Config::parse(&text).map_err(|error| wrong(EditError::File(error)))?;
        Ok(Self {
            key,
            value,
            config,
            shown,
            client: client.to_owned(),
            not_saved: None,
        })
    }

    /// Writes it into the configuration. Waits for the disk.
    fn save(&mut self, file: &ConfigFile) {
        let (key, value) = (self.key.clone(), self.value.clone());
        let edited = file.edit(Box::new(move |text| written(text, &key, value.as_deref())));
        self.not_saved = edited.err();
    }
}

/// Returns a configuration's text with a setting changed, or back at its default.
fn written(text: &str, key: &str, value: Option<&str>) -> Result<String, EditError> {
    match value {
        Some(value) => config::set(text, key, value),
        None => config::unset(text, key),
    }
}

impl Hub {
    /// Reads settings from the configuration; the answer comes when that is done.
    pub(super) fn read_settings(&self, key: Option<String>, answer: Answer) {
        let file = Arc::clone(self.run.config_file());
        tokio::task::spawn_blocking(move || answer.send(read(&file, key)));
    }

    /// Writes a setting into the configuration; the answer comes when it holds.
    pub(super) fn change_setting(&self, params: SettingsSet, client: &str, answer: Answer) {
        let mut change = match Change::new(params, client) {
            Ok(change) => change,
            Err(error) => return answer.send(Err::<Reply, _>(error)),
        };
        let file = Arc::clone(self.run.config_file());
        let order = Arc::clone(self.run.config_order());
        let later = self.laters.sender.clone();
        tokio::task::spawn_blocking(move || {
            // The hub takes in changes in the order in which they reached the file.
            let _turn = order.lock().unwrap_or_else(PoisonError::into_inner);
            change.save(&file);
            let _ = later.blocking_send(Later::Set(Box::new(change), answer));
        });
    }

    /// Takes a changed setting over, and answers. One that could not be written holds until the daemon ends, if it can
    /// be taken over at all.
    pub(in crate::hub) fn setting_changed(&mut self, change: Change, answer: Answer) {
        let taken = match self.take_over(&change.key, &change.config) {
            Ok(taken) => taken,
            Err(error) => return answer.send(Err::<Reply, _>(error)),
        };
        if let Some(problem) = &change.not_saved
            && !taken
        {
            let sentence = format!("{} is as it was: {problem}", change.key);
            let error = ControlError::new(ErrorCode::Unavailable, sentence);
            return answer.send(Err::<Reply, _>(error));
        }
        let holds = taken || config::is_read_from_the_file(&change.key);
        let shown = match change.shown.as_str() {
            "" => "not set",
            shown => shown,
        };
        let text = match holds {
            true => format!("{} is {shown} now", change.key),
            false => format!("{} is {shown} from the next start on", change.key),
        };
        let mut told = notices::notice(NoticeKind::Setting, Severity::Info, text);
        told.client = Some(change.client);
        self.tell(told);
        self.changed(Shown::Status);
        answer.send(Ok(SettingReply {
            key: change.key,
            value: change.shown,
            restart: !holds,
            not_saved: change.not_saved,
        }));
    }

    /// Lets a setting hold from now on. Returns whether it does: some are read at the start alone.
    fn take_over(&mut self, key: &str, config: &Config) -> Result<bool, ControlError> {
        match key {
            "name" => {
                let name = config.name.clone().unwrap_or_else(settings::login_name);
                let device = self.mesh.myself().device;
                self.command(Command::Rename { name, device })?;
            }
            "talk.mode" => {
                self.run.talk_mode = config.talk.mode;
                self.follow_talk_mode();
                self.changed(Shown::Talk);
                self.tell(notices::talk_mode(config.talk.mode));
            }
            "audio.echo_cancellation" | "audio.noise_suppression" | "audio.gain_control" => {
                let audio = &config.audio;
                self.voice.treat(|now| match key {
                    "audio.echo_cancellation" => Treatments {
                        echo_cancellation: audio.echo_cancellation,
                        ..now
                    },
                    "audio.noise_suppression" => Treatments {
                        noise_suppression: audio.noise_suppression,
                        ..now
                    },
                    _ => Treatments {
                        gain_control: audio.gain_control,
                        ..now
                    },
                });
            }
            "audio.channel" => self.voice.choose_channel(config.audio.channel.number()),
            "presence.idle_after" => {
                let after = config.presence.idle_after.time();
                self.run.desktop.set_idle_after(after);
            }
            "notifications.desktop" => {
                self.run.notifications.desktop = config.notifications.desktop;
            }
            "notifications.sounds" => {
                self.run.notifications.sounds = config.notifications.sounds;
                self.voice.want_signs(config.notifications.sounds);
            }
            "notifications.join_sounds" => {
                self.run.notifications.join_sounds = config.notifications.join_sounds;
            }
            "notifications.muted_talking" => {
                self.run.notifications.muted_talking = config.notifications.muted_talking;
                let talk = self.mesh.voice(self.clock.now());
                self.review_muted(&talk);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn read(file: &ConfigFile, key: Option<String>) -> Result<SettingsReply, ControlError> {
    let path = file.path().display();
    let unreadable = |problem: String| ControlError::new(ErrorCode::Unavailable, problem);
    let text = config::read(file.path())
        .map_err(|error| unreadable(format!("cannot read {path}: {error}")))?;
    let wrong = |error| match error {
        EditError::File(error) => unreadable(format!("{path}: {error}")),
        EditError::Setting(error) => ControlError::invalid(error.to_string()),
    };
    let keys = match key {
        Some(key) => vec![key],
        None => config::keys(&text).map_err(wrong)?,
    };
    let mut settings = BTreeMap::new();
    for key in keys {
        let value = config::get(&text, &key).map_err(wrong)?;
        settings.insert(key, value);
    }
    Ok(SettingsReply { settings })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(key: &str, value: Option<&str>) -> Result<Change, ControlError> {
        let params = SettingsSet {
            key: key.to_owned(),
            value: value.map(str::to_owned),
        };
        Change::new(params, "test")
    }

    #[test]
    fn what_does_not_fit_is_refused_before_anything_is_written() {
        let refused = |key, value| match change(key, Some(value)) {
            Ok(_) => panic!("{key} = {value}"),
            Err(error) => error,
        };
        let error = refused("talk.mode", "shout");
        assert_eq!(error.code, ErrorCode::Invalid);
        assert!(error.message.contains("\"push\""), "{}", error.message);
        let error = refused("talk.mod", "push");
        assert!(error.message.contains("talk.mode"), "{}", error.message);
        let error = refused("audio.input", "file:/etc/passwd");
        assert_eq!(error.code, ErrorCode::Refused);
        assert_eq!(refused("groups.desk", "[]").code, ErrorCode::Invalid);
    }

    #[test]
    fn a_setting_is_written_beside_the_others_and_goes_back_to_its_default() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        std::fs::write(&path, "name = \"Anna\" # short\n").unwrap();
        let file = ConfigFile::new(path);
        let mut push = change("talk.mode", Some("push")).unwrap();
        push.save(&file);
        assert_eq!((push.not_saved, push.shown.as_str()), (None, "push"));
        let all = read(&file, None).unwrap().settings;
        assert_eq!((&*all["name"], &*all["talk.mode"]), ("Anna", "push"));
        let mut back = change("talk.mode", None).unwrap();
        back.save(&file);
        assert_eq!((back.not_saved, back.shown.as_str()), (None, "open"));
        let one = read(&file, Some("talk.mode".to_owned())).unwrap();
        assert_eq!(one.settings["talk.mode"], "open");
    }

    #[test]
    fn a_configuration_that_is_wrong_already_is_left_as_it_is_and_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        std::fs::write(&path, "nmae = 1").unwrap();
        let file = ConfigFile::new(path.clone());
        let mut push = change("talk.mode", Some("push")).unwrap();
        push.save(&file);
        let problem = push.not_saved.unwrap();
        assert!(problem.contains("config.toml"), "{problem}");
        assert!(read(&file, None).unwrap_err().message.contains("nmae"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "nmae = 1");
    }
}
