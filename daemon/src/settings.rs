//! What `config.toml` means for the parts of the daemon.

use std::path::{Path, PathBuf};

use sotto_audio::{Backend, CaptureRequest, DeviceSpec, PlaybackRequest};
use sotto_control::ForPeople;
use sotto_control::config::{
    self, Config, ConfigError, IdleAfter, Notifications, Rejoin, TalkMode,
};
use sotto_meeting::{RejoinPolicy, is_shown};
use sotto_net::Interfaces;

use crate::files::{self, FileError};
use crate::groups::Groups;
use crate::sound::{Devices, Treatments, profile};

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// The file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is not UTF-8.
    #[error("{path}: {why}")]
    NotText {
        /// The file.
        path: String,
        /// The encoding that it may be in.
        why: String,
    },
    /// A key or value does not fit.
    #[error("{path}: {source}")]
    Config {
        /// Which file.
        path: String,
        /// What is wrong in it.
        source: ConfigError,
    },
}

impl ForPeople for SettingsError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::NotText { .. } => Some("or remove it to use the defaults".to_owned()),
            Self::Config { .. } => None,
        }
    }
}

/// The settings, as the parts of the daemon take them.
#[derive(Debug)]
pub(crate) struct Settings {
    /// How the user is called.
    pub(crate) name: String,
    /// How this machine is called.
    pub(crate) device: String,
    /// When to return to the meeting of the last run.
    pub(crate) rejoin: RejoinPolicy,
    /// The rest of the network's settings.
    pub(crate) network: sotto_control::config::Network,
    /// The user's groups of colleagues.
    pub(crate) groups: Groups,
    /// When the microphone is open while the user is unmuted.
    pub(crate) talk_mode: TalkMode,
    /// How long without input makes the user Away.
    pub(crate) idle_after: IdleAfter,
    /// What may draw the user's attention.
    pub(crate) notifications: Notifications,
    /// Which devices to open.
    pub(crate) devices: Devices,
    /// Whether sound goes out as it is: no processing, no gate, twice the bitrate.
    pub(crate) music: bool,
}

impl Settings {
    /// Reads the file; without one, the defaults.
    ///
    /// # Errors
    ///
    /// The first mistake in the file.
    pub(crate) fn load(file: &Path) -> Result<Self, SettingsError> {
        let path = || file.display().to_string();
        let bytes = files::read(file)?.unwrap_or_default();
        let text =
            config::decoded(bytes).map_err(|why| SettingsError::NotText { path: path(), why })?;
        let wrong = |source| SettingsError::Config {
            path: path(),
            source,
        };
        let config = Config::parse(&text).map_err(wrong)?;
        let groups = Groups::new(config.groups).map_err(wrong)?;
        let backend = backend(config.audio.backend);
        let treatments = Treatments::of(&config.audio, config.talk.mode);
        let profile = config.audio.profile;
        let output = device(config.audio.output);
        Ok(Self {
            name: config
                .name
                .filter(|name| is_shown(name))
                .unwrap_or_else(login_name),
            device: machine_name(),
            rejoin: match config.meeting.rejoin {
                Rejoin::AfterCrash => RejoinPolicy::AfterCrash,
                Rejoin::Always => RejoinPolicy::Always,
                Rejoin::Never => RejoinPolicy::Never,
            },
            network: config.network,
            groups,
            talk_mode: config.talk.mode,
            idle_after: config.presence.idle_after,
            notifications: config.notifications,
            music: config.audio.music,
            devices: Devices {
                capture: CaptureRequest {
                    backend,
                    period: profile::capture_period(profile),
                    device: device(config.audio.input),
                    channel: config.audio.channel.number(),
                    attended: true,
                },
                playback: PlaybackRequest {
                    backend,
                    period: profile::playback_period(profile, backend, &output),
                    device: output,
                    attended: true,
                },
                profile,
                treatments,
            },
        })
    }

    /// The interfaces that the network may use.
    pub(crate) fn interfaces(&self) -> Interfaces {
        match self.network.interfaces.as_slice() {
            [] => Interfaces::All,
            names => Interfaces::Named(names.to_vec()),
        }
    }
}

fn backend(backend: config::Backend) -> Backend {
    match backend {
        config::Backend::Auto => Backend::Auto,
        config::Backend::PulseAudio => Backend::PulseAudio,
        config::Backend::PipeWire => Backend::PipeWire,
        config::Backend::Alsa => Backend::Alsa,
        config::Backend::Null => Backend::Null,
    }
}

fn device(device: config::Device) -> DeviceSpec {
    match device {
        config::Device::Default => DeviceSpec::Default,
        config::Device::Named(name) => DeviceSpec::Named(name),
        config::Device::File { path, looped } => DeviceSpec::File {
            path: from_home(path, std::env::home_dir()),
            looped,
        },
        config::Device::Tone { hertz } => DeviceSpec::Tone { hertz },
        config::Device::Null => DeviceSpec::Null,
    }
}

/// Returns a path that may begin with `~/` as the system takes it.
fn from_home(path: PathBuf, home: Option<PathBuf>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    }
}

/// The user's full name as the system knows it, or the login's name.
pub(crate) fn login_name() -> String {
    known_name()
        .or_else(|| {
            ["USER", "LOGNAME", "USERNAME"]
                .iter()
                .find_map(|variable| std::env::var(variable).ok())
        })
        .filter(|name| !name.trim().is_empty())
        .unwrap_or_else(machine_name)
}

/// The name that the user database has for whoever runs this, in whichever encoding.
#[cfg(unix)]
fn known_name() -> Option<String> {
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::current()).ok()??;
    let comment = user.gecos.to_string_lossy();
    // The first field of the comment. System accounts carry their own name there.
    let full = comment.split(',').next().unwrap_or_default().trim();
    let name = if full.is_empty() {
        user.name.trim()
    } else {
        full
    };
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(not(unix))]
fn known_name() -> Option<String> {
    None
}

/// The machine's name.
fn machine_name() -> String {
    #[cfg(target_os = "linux")]
    {
        let system = rustix::system::uname();
        system.nodename().to_string_lossy().into_owned()
    }
    #[cfg(not(target_os = "linux"))]
    {
        ["COMPUTERNAME", "HOSTNAME"]
            .iter()
            .find_map(|variable| std::env::var(variable).ok())
            .unwrap_or_else(|| "this machine".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Settings, SettingsError> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config.toml");
        std::fs::write(&file, text).unwrap();
        Settings::load(&file)
    }

    #[test]
    fn without_a_file_there_are_defaults() {
        let directory = tempfile::tempdir().unwrap();
        let settings = Settings::load(&directory.path().join("config.toml")).unwrap();
        assert!(!settings.name.is_empty());
        assert_eq!(settings.interfaces(), Interfaces::All);
    }

    #[test]
    fn music_is_off_unless_it_is_wanted() {
        assert!(!load("").unwrap().music);
        assert!(load("[audio]\nmusic = true").unwrap().music);
        let error = load("[audio]\nmusic = \"yes\"").unwrap_err().to_string();
        assert!(error.contains("audio.music"), "{error}");
    }

    #[test]
    fn a_mistake_names_the_file_and_the_key() {
        let error = load("[network]\ninterface = [\"lo\"]")
            .unwrap_err()
            .to_string();
        assert!(error.contains("config.toml"), "{error}");
        assert!(error.contains("interfaces"), "{error}");
        let error = load("[audio]\ninput = \"tone:0\"").unwrap_err().to_string();
        assert!(error.contains("audio.input"), "{error}");
    }

    #[test]
    fn a_file_device_is_taken_from_the_configuration() {
        let settings = load("[audio]\ninput = \"file:/tmp/a.wav?loop\"").unwrap();
        let looped = DeviceSpec::File {
            path: "/tmp/a.wav".into(),
            looped: true,
        };
        assert_eq!(settings.devices.capture.device, looped);
    }

    #[test]
    fn a_file_is_found_from_the_root_and_from_home() {
        let found = |path: &str| from_home(path.into(), Some("/home/anna".into()));
        assert_eq!(found("~/a b.wav"), PathBuf::from("/home/anna/a b.wav"));
        assert_eq!(found("/tmp/~/a.wav"), PathBuf::from("/tmp/~/a.wav"));
        for path in ["a.wav", "./a.wav", "../a.wav", "~bao/a.wav", "~"] {
            let error = load(&format!("[audio]\noutput = \"file:{path}\""))
                .unwrap_err()
                .to_string();
            assert!(error.contains("audio.output"), "{error}");
            assert!(error.contains("begins with"), "{error}");
        }
    }

    #[test]
    fn a_device_in_use_is_shown_as_it_was_configured() {
        for text in [
            "default",
            "null",
            "tone:440",
            "file:/tmp/a.wav",
            "file:/tmp/a.wav?loop",
            "file:/tmp/why?/a.wav?once",
            "USB Headset",
        ] {
            let configured = device(text.parse().unwrap());
            assert_eq!(configured.to_string(), text);
        }
        for named in config::Backend::ALL {
            assert_eq!(backend(named).name(), named.name());
        }
    }
}
