//! Reading and changing one setting in the text of `config.toml`, comments and order kept.

use super::groups;
use super::hotkeys;
use super::notifications::Notifications;
use super::ports::{LISTEN_PORT, MEDIA_PORT};
use super::schema::{Config, ConfigError, KEYS, VOICE_GATE, unknown_key};
use sotto_names::hidden_in_name;
use toml_edit::{Array, DocumentMut, Item, Table, Value, value};

/// Why a setting could not be read or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The file itself is wrong and must be put right first.
    #[error(transparent)]
    File(ConfigError),
    /// The key does not exist, or the value does not fit it.
    #[error(transparent)]
    Setting(ConfigError),
}

/// The value of `key`, or its default when the file does not set it: texts without quotes, lists as TOML.
///
/// # Errors
/// The file or the key is wrong.
pub fn get(text: &str, key: &str) -> Result<String, EditError> {
    let group = groups::name_in(key);
    if group.is_none() && !hotkeys::is_whisper(key) {
        known(key)?;
    }
    let config = Config::parse(text).map_err(EditError::File)?;
    match group {
        Some(name) => match groups::find(&config.groups, name) {
            Some(group) => Ok(list(group.members.iter())),
            None => Err(refused(key, "is no group; see yours with 'sotto group'")),
        },
        None => Ok(shown(&config, key)),
    }
}

/// Returns every key that there is a value for: the settings, and this file's groups and keys for them.
///
/// # Errors
/// The file is wrong.
pub fn keys(text: &str) -> Result<Vec<String>, EditError> {
    let config = Config::parse(text).map_err(EditError::File)?;
    let groups = config
        .groups
        .iter()
        .map(|group| groups::key_of(&group.name));
    let actions = config.hotkeys.all().into_iter();
    let whispers = actions
        .map(|(action, _)| action.setting())
        .filter(|key| hotkeys::is_whisper(key));
    Ok(KEYS
        .iter()
        .map(|key| (*key).to_owned())
        .chain(groups)
        .chain(whispers)
        .collect())
}

/// The text with `key` set to `new`, which is written as on a command line: `0`, `Anna`, `eth0,wlan0`.
///
/// # Errors
/// The file, the key or the value is wrong; nothing has changed then.
pub fn set(text: &str, key: &str, new: &str) -> Result<String, EditError> {
    known(key)?;
    Config::parse(text).map_err(EditError::File)?;
    let mut document = document(text)?;
    let item = read_value(key, new);
    Config::default()
        .read(key, &item, None)
        .map_err(EditError::Setting)?;
    seen(key, &item)?;
    replace(&mut document, key, item);
    drop_what_it_replaces(&mut document, key);
    let text = document.to_string();
    // What fits alone may not fit beside the rest: a key of the keyboard does one thing.
    Config::parse(&text).map_err(|error| EditError::Setting(without_line(error)))?;
    Ok(text)
}

/// Refuses a name with a character that nobody would see. In a file it is only told, so that a daemon starts with it.
fn seen(key: &str, item: &Item) -> Result<(), EditError> {
    let name = Some(item)
        .filter(|_| key == "name")
        .and_then(|item| item.as_str());
    let Some(hidden) = name.and_then(hidden_in_name) else {
        return Ok(());
    };
    let code = u32::from(hidden);
    Err(EditError::Setting(ConfigError::Value {
        key: key.to_owned(),
        line: None,
        message: format!("contains a character that nobody would see (U+{code:04X})"),
    }))
}

/// A mistake in what is being set, which stands in no file yet.
fn without_line(error: ConfigError) -> ConfigError {
    match error {
        ConfigError::Value { key, message, .. } => ConfigError::Value {
            key,
            line: None,
            message,
        },
        other => other,
    }
}

/// The text without `key`, so that its default holds.
///
/// # Errors
/// The file or the key is wrong; nothing has changed then.
pub fn unset(text: &str, key: &str) -> Result<String, EditError> {
    known(key)?;
    let mut document = document(text)?;
    remove(&mut document, key);
    drop_what_it_replaces(&mut document, key);
    Ok(document.to_string())
}

fn remove(document: &mut DocumentMut, key: &str) {
    match key.rsplit_once('.') {
        Some((sections, leaf)) => {
            let mut names = sections.split('.');
            let first = names.next().and_then(|name| document.get_mut(name));
            let table = names.fold(first, |item, name| item?.get_mut(name));
            if let Some(table) = table.and_then(Item::as_table_like_mut) {
                table.remove(leaf);
            }
        }
        None => {
            document.remove(key);
        }
    }
}

/// Removes the key of an earlier release whose place `key` has taken, so that no two settings contradict each other.
fn drop_what_it_replaces(document: &mut DocumentMut, key: &str) {
    if key == "talk.mode" {
        remove(document, VOICE_GATE);
    }
}

/// Returns whether `key` is either `true` or `false`.
#[must_use]
pub fn is_yes_or_no(key: &str) -> bool {
    key == "audio.music" || Notifications::default().get(key).is_some()
}

/// Returns whether the programs on the desktop read `key` from the file whenever it matters. Such a setting holds as soon
/// as it is written, and not before.
#[must_use]
pub fn is_read_from_the_file(key: &str) -> bool {
    key == "window.on_close" || hotkeys::is_one(key)
}

/// Whether `key` holds a list, so that several values can be given for it.
#[must_use]
pub fn takes_a_list(key: &str) -> bool {
    matches!(key, "network.interfaces" | "network.static_peers")
}

fn known(key: &str) -> Result<(), EditError> {
    if KEYS.contains(&key) || hotkeys::is_whisper(key) {
        Ok(())
    } else if key == VOICE_GATE {
        let instead = "is \"talk.mode\" now: \"voice\" for \"on\", \"open\" for \"off\"";
        Err(refused(key, instead))
    } else if key == groups::SECTION || groups::name_in(key).is_some() {
        // The daemon knows them, and resolves the names of members.
        let instead = "is changed with 'sotto group add' and 'sotto group remove'";
        Err(refused(key, instead))
    } else {
        Err(EditError::Setting(unknown_key(key, None)))
    }
}

fn refused(key: &str, message: &str) -> EditError {
    EditError::Setting(ConfigError::Value {
        key: key.to_owned(),
        line: None,
        message: message.to_owned(),
    })
}

pub(super) fn document(text: &str) -> Result<DocumentMut, EditError> {
    text.parse::<DocumentMut>().map_err(|_| {
        // Config::parse finds the same mistake and tells it with its line.
        EditError::File(
            Config::parse(text)
                .err()
                .unwrap_or_else(|| ConfigError::Syntax {
                    line: 1,
                    message: "is not TOML".into(),
                }),
        )
    })
}

fn read_value(key: &str, new: &str) -> Item {
    match key {
        "network.listen_port" | "network.media_port" | "audio.channel" => {
            new.trim().parse::<i64>().map_or_else(|_| value(new), value)
        }
        _ if is_yes_or_no(key) => new
            .trim()
            .parse::<bool>()
            .map_or_else(|_| value(new), value),
        _ if takes_a_list(key) => {
            if let Ok(Value::Array(array)) = new.trim().parse::<Value>() {
                return value(array);
            }
            let entries = new.split(',').map(str::trim);
            value(Array::from_iter(entries.filter(|entry| !entry.is_empty())))
        }
        _ => value(new),
    }
}

/// Puts the value in, keeping what the old one was surrounded by (a comment on the same line).
fn replace(document: &mut DocumentMut, key: &str, mut item: Item) {
    let mut table: &mut dyn toml_edit::TableLike = document.as_table_mut();
    for section in key.split('.').take(key.matches('.').count()) {
        let place = table
            .entry(section)
            .or_insert_with(|| Item::Table(Table::new()));
        match place.as_table_like_mut() {
            Some(within) => table = within,
            // Config::parse has accepted the file, so that a section is a table.
            None => return,
        }
    }
    let leaf = key.rsplit('.').next().unwrap_or(key);
    let old = table.get(leaf).and_then(Item::as_value);
    if let (Some(old), Some(new)) = (old, item.as_value_mut()) {
        *new.decor_mut() = old.decor().clone();
    }
    match table.get_mut(leaf) {
        Some(place) => *place = item,
        None => {
            table.insert(leaf, item);
        }
    }
}

fn shown(config: &Config, key: &str) -> String {
    match key {
        "name" => config.name.clone().unwrap_or_default(),
        "meeting.rejoin" => config.meeting.rejoin.to_string(),
        "talk.mode" => config.talk.mode.to_string(),
        "presence.idle_after" => config.presence.idle_after.to_string(),
        "network.interfaces" => list(config.network.interfaces.iter()),
        "network.listen_port" => port(config.network.listen_port, LISTEN_PORT),
        "network.media_port" => port(config.network.media_port, MEDIA_PORT),
        "network.static_peers" => list(config.network.static_peers.iter()),
        "audio.backend" => config.audio.backend.to_string(),
        "audio.input" => config.audio.input.to_string(),
        "audio.channel" => config.audio.channel.to_string(),
        "audio.output" => config.audio.output.to_string(),
        "audio.music" => config.audio.music.to_string(),
        "audio.profile" => config.audio.profile.to_string(),
        "audio.echo_cancellation" => config.audio.echo_cancellation.to_string(),
        "audio.noise_suppression" => config.audio.noise_suppression.to_string(),
        "audio.gain_control" => config.audio.gain_control.to_string(),
        "window.on_close" => config.window.on_close.to_string(),
        _ => match config.notifications.get(key) {
            Some(wanted) => wanted.to_string(),
            None => config.hotkeys.shown(key),
        },
    }
}

fn port(chosen: Option<u16>, otherwise: u16) -> String {
    chosen.unwrap_or(otherwise).to_string()
}

fn list<T: ToString>(entries: impl Iterator<Item = T>) -> String {
    Array::from_iter(entries.map(|entry| entry.to_string())).to_string()
}
