//! Every key of `config.toml`, its type, its default, and what is said when it does not fit.

use super::channel::Channel;
use super::device::{Backend, Device};
use super::groups::{self, Group};
use super::hotkeys::{self, Hotkeys};
use super::network::{self, Network};
use super::notifications::Notifications;
use super::presence::Presence;
use super::profile::Profile;
use super::spelling::distance;
use super::talk::{Talk, TalkMode};
use super::treatment::Treatment;
use super::window::Window;
use crate::bounds::MAX_DISPLAY_NAME;
use std::fmt;
use std::str::FromStr;
use toml_edit::{Document, Item, Table, TableLike};

/// The user's settings. Everything has a default: an empty file is a valid one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// `name`: the display name; `None`: the login's full name, decided by the daemon.
    pub name: Option<String>,
    /// `[meeting]`
    pub meeting: Meeting,
    /// `[talk]`
    pub talk: Talk,
    /// `[presence]`
    pub presence: Presence,
    /// `[notifications]`
    pub notifications: Notifications,
    /// `[network]`
    pub network: Network,
    /// `[audio]`
    pub audio: Audio,
    /// `[window]`
    pub window: Window,
    /// `[groups]`: each key is the name of one.
    pub groups: Vec<Group>,
    /// `[hotkeys]`
    pub hotkeys: Hotkeys,
    /// `audio.voice_gate`, which `talk.mode` has replaced, is on.
    voice_gate: bool,
}

/// `[meeting]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meeting {
    /// `rejoin`: whether a restarted daemon returns to its active meeting.
    pub rejoin: Rejoin,
}

/// When a restarted daemon returns to the meeting that it was in, muted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rejoin {
    /// `"after-crash"`: if it crashed within the last minute.
    #[default]
    AfterCrash,
    /// `"always"`
    Always,
    /// `"never"`
    Never,
}

/// `[audio]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audio {
    /// `backend`: the sound system.
    pub backend: Backend,
    /// `input`: the microphone, or what stands in for it.
    pub input: Device,
    /// `channel`: which channel of the microphone is sent, if it has several.
    pub channel: Channel,
    /// `output`: the loudspeaker, or what stands in for it; never a tone.
    pub output: Device,
    /// `music`: whether sound goes out as it is, at twice the bitrate: no processing, no gate.
    pub music: bool,
    /// `profile`: how delay is weighed against safety.
    pub profile: Profile,
    /// `echo_cancellation`: takes out what the loudspeaker plays into the microphone.
    pub echo_cancellation: Treatment,
    /// `noise_suppression`: takes out steady noise.
    pub noise_suppression: Treatment,
    /// `gain_control`: brings speech to an even level.
    pub gain_control: Treatment,
}

/// Every key, as `sotto config get` and `set` take it.
pub const KEYS: &[&str] = &[
    "name",
    "meeting.rejoin",
    "talk.mode",
    "presence.idle_after",
    "notifications.desktop",
    "notifications.sounds",
    "notifications.join_sounds",
    "notifications.muted_talking",
    "network.interfaces",
    "network.listen_port",
    "network.media_port",
    "network.static_peers",
    "audio.backend",
    "audio.input",
    "audio.channel",
    "audio.output",
    "audio.music",
    "audio.profile",
    "audio.echo_cancellation",
    "audio.noise_suppression",
    "audio.gain_control",
    "window.on_close",
    "hotkeys.talk",
    "hotkeys.reply",
    "hotkeys.mute",
    "hotkeys.deafen",
];

/// A key of earlier releases that is still read: `"on"` is the mode `"voice"`, unless `talk.mode` says otherwise.
pub(super) const VOICE_GATE: &str = "audio.voice_gate";

const SECTIONS: &[&str] = &[
    "meeting",
    "talk",
    "presence",
    "notifications",
    "network",
    "audio",
    "window",
    groups::SECTION,
    hotkeys::SECTION,
];

/// The longest text for anything else, in bytes; more than a path may have.
const MAX_TEXT: usize = 4096;

/// What is wrong with a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It is not TOML.
    #[error("line {line}: {message}")]
    Syntax {
        /// Line, counted from 1.
        line: usize,
        /// What the parser found.
        message: String,
    },
    /// A key that does not exist.
    #[error("{}there is no setting \"{key}\"; the nearest is \"{nearest}\"", at(*.line))]
    UnknownKey {
        /// The key as written, with its section.
        key: String,
        /// Line, counted from 1; `None` for a key that did not come from a file.
        line: Option<usize>,
        /// The valid key or section that it resembles most.
        nearest: &'static str,
    },
    /// A value that does not fit its key.
    #[error("{}\"{key}\" {message}", at(*.line))]
    Value {
        /// The key with its section.
        key: String,
        /// Line, counted from 1; `None` for a value that did not come from a file.
        line: Option<usize>,
        /// What it must be.
        message: String,
    },
}

fn at(line: Option<usize>) -> String {
    line.map(|line| format!("line {line}: "))
        .unwrap_or_default()
}

impl ConfigError {
    /// The line that is wrong, counted from 1, if the error came from a file's text.
    #[must_use]
    pub const fn line(&self) -> Option<usize> {
        match self {
            Self::Syntax { line, .. } => Some(*line),
            Self::UnknownKey { line, .. } | Self::Value { line, .. } => *line,
        }
    }

    /// The key that is wrong, with its section.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Syntax { .. } => None,
            Self::UnknownKey { key, .. } | Self::Value { key, .. } => Some(key),
        }
    }
}

impl Config {
    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// The first mistake, with its line, its key and, for a key that does not exist, the nearest one that does.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let document = Document::parse(text).map_err(|error| ConfigError::Syntax {
            line: error.span().map_or(1, |span| line_of(text, span.start)),
            message: error.message().trim().replace('\n', ", "),
        })?;
        let mut config = Self::default();
        let root: &Table = document.as_table();
        for (name, item) in root.iter() {
            let line = position(text, root, name, item);
            if SECTIONS.contains(&name) {
                let section = item.as_table_like().ok_or_else(|| ConfigError::Value {
                    key: name.into(),
                    line,
                    message: format!("must be a section: [{name}]"),
                })?;
                config.read_section(text, name, section)?;
            } else {
                config.read(name, item, line)?;
            }
        }
        if let Some((key, message)) = config.network.contradiction() {
            return Err(ConfigError::Value {
                key: key.into(),
                line: line_in(text, root, key),
                message,
            });
        }
        if std::mem::take(&mut config.voice_gate) && !sets_talk_mode(root) {
            config.talk.mode = TalkMode::Voice;
        }
        Ok(config)
    }

    fn read_section(
        &mut self,
        text: &str,
        section: &str,
        table: &dyn TableLike,
    ) -> Result<(), ConfigError> {
        for (name, item) in table.iter() {
            let line = position(text, table, name, item);
            let key = format!("{section}.{name}");
            if hotkeys::is_section(&key) {
                let within = item.as_table_like().ok_or_else(|| ConfigError::Value {
                    message: format!("must be a section: [{key}]"),
                    key: key.clone(),
                    line,
                })?;
                self.read_section(text, &key, within)?;
            } else {
                self.read(&key, item, line)?;
            }
        }
        Ok(())
    }

    /// Reads the value of one key.
    pub(super) fn read(
        &mut self,
        key: &str,
        item: &Item,
        line: Option<usize>,
    ) -> Result<(), ConfigError> {
        let fit = |message: Result<(), String>| {
            message.map_err(|message| ConfigError::Value {
                key: key.into(),
                line,
                message,
            })
        };
        match key {
            "name" => fit(display_name(item).map(|name| self.name = Some(name))),
            "meeting.rejoin" => fit(rejoin(item).map(|rejoin| self.meeting.rejoin = rejoin)),
            "talk.mode" => fit(parsed(item).map(|mode| self.talk.mode = mode)),
            "presence.idle_after" => {
                fit(parsed(item).map(|after| self.presence.idle_after = after))
            }
            "network.interfaces" => {
                fit(network::interfaces(item).map(|names| self.network.interfaces = names))
            }
            "network.listen_port" => {
                fit(network::port(item).map(|port| self.network.listen_port = Some(port)))
            }
            "network.media_port" => {
                fit(network::port(item).map(|port| self.network.media_port = Some(port)))
            }
            "network.static_peers" => {
                fit(network::static_peers(item).map(|peers| self.network.static_peers = peers))
            }
            "audio.backend" => fit(parsed(item).map(|backend| self.audio.backend = backend)),
            "audio.input" => fit(parsed(item).map(|input| self.audio.input = input)),
            "audio.channel" => fit(channel(item).map(|channel| self.audio.channel = channel)),
            "audio.output" => fit(output(item).map(|output| self.audio.output = output)),
            "audio.music" => fit(yes_or_no(item).map(|music| self.audio.music = music)),
            "audio.profile" => fit(parsed(item).map(|profile| self.audio.profile = profile)),
            "audio.echo_cancellation" => {
                fit(parsed(item).map(|treatment| self.audio.echo_cancellation = treatment))
            }
            "audio.noise_suppression" => {
                fit(parsed(item).map(|treatment| self.audio.noise_suppression = treatment))
            }
            "audio.gain_control" => {
                fit(parsed(item).map(|treatment| self.audio.gain_control = treatment))
            }
            VOICE_GATE => fit(gate(item).map(|on| self.voice_gate = on)),
            "window.on_close" => fit(parsed(item).map(|wanted| self.window.on_close = wanted)),
            _ => match (self.notifications.value(key), groups::name_in(key)) {
                (Some(value), _) => fit(yes_or_no(item).map(|wanted| *value = wanted)),
                (None, Some(name)) => {
                    fit(groups::read(name, item, &self.groups).map(|group| self.groups.push(group)))
                }
                (None, None) => match self.hotkeys.read(key, item) {
                    Some(read) => fit(read),
                    None => Err(unknown_key(key, line)),
                },
            },
        }
    }
}

/// Returns whether this is the name of a section, which holds several settings.
#[must_use]
pub fn is_section(name: &str) -> bool {
    SECTIONS.contains(&name)
}

/// The error for a key that does not exist.
pub(super) fn unknown_key(key: &str, line: Option<usize>) -> ConfigError {
    let leaf = |key: &'static str| key.rsplit('.').next().unwrap_or(key);
    let section = key
        .split_once('.')
        .map(|(section, _)| section)
        .filter(|section| SECTIONS.contains(section));
    let nearest = match section {
        // The section is right, so the key is meant to be one of its own.
        Some(section) => KEYS
            .iter()
            .copied()
            .filter(|valid| valid.split('.').next() == Some(section))
            .min_by_key(|valid| distance(key, valid)),
        // A key that only lacks its section ("rejoin") is nearer to "meeting.rejoin" than its letters say.
        None => KEYS
            .iter()
            .chain(SECTIONS)
            .copied()
            .min_by_key(|valid| distance(key, valid).min(distance(key, leaf(valid)) + 1)),
    };
    ConfigError::UnknownKey {
        key: key.chars().take(64).collect(),
        line,
        nearest: nearest.unwrap_or("name"),
    }
}

fn text_value(item: &Item) -> Result<String, String> {
    let text = item.as_str().ok_or("must be text in quotes")?;
    if text.is_empty() {
        return Err("is empty".into());
    }
    if text.len() > MAX_TEXT {
        return Err(format!("is longer than {MAX_TEXT} bytes"));
    }
    if text.chars().any(char::is_control) {
        return Err("contains control characters".into());
    }
    Ok(text.into())
}

fn display_name(item: &Item) -> Result<String, String> {
    let name = text_value(item)?;
    if name.trim().is_empty() {
        return Err("is empty".into());
    }
    if name.len() > MAX_DISPLAY_NAME {
        return Err(format!("is longer than {MAX_DISPLAY_NAME} bytes"));
    }
    if name.contains('#') {
        return Err("contains a #, which begins the suffix that tells equal names apart".into());
    }
    Ok(name.trim().into())
}

fn rejoin(item: &Item) -> Result<Rejoin, String> {
    item.as_str()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| "must be \"after-crash\", \"always\" or \"never\"".into())
}

fn yes_or_no(item: &Item) -> Result<bool, String> {
    item.as_bool()
        .ok_or_else(|| "must be true or false, without quotes".into())
}

/// Returns whether a file sets `talk.mode`.
fn sets_talk_mode(root: &Table) -> bool {
    let section = root.get("talk").and_then(Item::as_table_like);
    section.is_some_and(|section| section.contains_key("mode"))
}

fn gate(item: &Item) -> Result<bool, String> {
    match item.as_str() {
        Some("on") => Ok(true),
        Some("off") => Ok(false),
        _ => Err("must be \"on\" or \"off\"; it is \"talk.mode\" now".into()),
    }
}

/// Reads what is written as text.
fn parsed<T: FromStr<Err = String>>(item: &Item) -> Result<T, String> {
    text_value(item)?.parse()
}

fn channel(item: &Item) -> Result<Channel, String> {
    match (item.as_integer(), item.as_str()) {
        (Some(number), _) => number.to_string().parse(),
        (None, text) => text.unwrap_or_default().parse(),
    }
}

fn output(item: &Item) -> Result<Device, String> {
    match parsed(item)? {
        Device::Tone { .. } => Err("cannot be a tone; \"null\" plays to nobody".into()),
        output => Ok(output),
    }
}

/// The line of a key, or of its value for keys that have no place of their own (dotted sections).
fn position(text: &str, table: &dyn TableLike, name: &str, item: &Item) -> Option<usize> {
    table
        .key(name)
        .and_then(toml_edit::Key::span)
        .or_else(|| item.span())
        .map(|span| line_of(text, span.start))
}

/// The line of a key within a section.
fn line_in(text: &str, root: &Table, key: &str) -> Option<usize> {
    let (section, name) = key.split_once('.')?;
    let table = root.get(section)?.as_table_like()?;
    position(text, table, name, table.get(name)?)
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    before.filter(|byte| **byte == b'\n').count() + 1
}

impl FromStr for Rejoin {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "after-crash" => Ok(Self::AfterCrash),
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Rejoin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AfterCrash => "after-crash",
            Self::Always => "always",
            Self::Never => "never",
        })
    }
}
