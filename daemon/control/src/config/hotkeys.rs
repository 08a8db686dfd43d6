//! `[hotkeys]`: keys that work whichever program is in front.

use std::collections::BTreeMap;

use toml_edit::Item;

use super::groups;
use super::trigger::Trigger;

/// The section's name.
pub(super) const SECTION: &str = "hotkeys";
/// The section within it whose keys are names of groups.
const WHISPER: &str = "hotkeys.whisper";
/// The most groups that have a key.
const MAX_WHISPERS: usize = 32;

/// `[hotkeys]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hotkeys {
    /// `talk`: the microphone is open while it is held.
    pub talk: Option<Trigger>,
    /// `reply`: the last whisper is answered while it is held.
    pub reply: Option<Trigger>,
    /// `mute`: closes the microphone, or opens it.
    pub mute: Option<Trigger>,
    /// `deafen`: closes the loudspeaker and the microphone, or opens them.
    pub deafen: Option<Trigger>,
    /// `whisper.NAME`: that group alone is spoken to while it is held.
    pub whisper: BTreeMap<String, Trigger>,
}

/// The action of a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HotkeyAction {
    /// The microphone is open while it is held.
    Talk,
    /// The last whisper is answered while it is held.
    Reply,
    /// Closes the microphone, or opens it.
    Mute,
    /// Closes the loudspeaker and the microphone, or opens them.
    Deafen,
    /// The group of this name alone is spoken to while it is held.
    Whisper(String),
}

impl HotkeyAction {
    /// Returns the setting that gives it its key.
    #[must_use]
    pub fn setting(&self) -> String {
        match self {
            Self::Whisper(group) => format!("{WHISPER}.{group}"),
            Self::Talk => format!("{SECTION}.talk"),
            Self::Reply => format!("{SECTION}.reply"),
            Self::Mute => format!("{SECTION}.mute"),
            Self::Deafen => format!("{SECTION}.deafen"),
        }
    }

    /// Returns the name by which desktops keep the key.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Whisper(group) => format!("whisper-{group}"),
            Self::Talk => "talk".into(),
            Self::Reply => "reply".into(),
            Self::Mute => "mute".into(),
            Self::Deafen => "deafen".into(),
        }
    }

    /// Says what the key does, whether or not it lasts while the key is held.
    #[must_use]
    pub fn says(&self) -> String {
        match self {
            Self::Talk => "Speak".into(),
            Self::Reply => "Answer the last whisper".into(),
            Self::Mute => "Mute or unmute".into(),
            Self::Deafen => "Deafen or undeafen".into(),
            Self::Whisper(group) => format!("Whisper to {group}"),
        }
    }

    /// Returns whether it lasts while the key is held, so that a desktop must tell when it is let go.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        matches!(self, Self::Talk | Self::Reply | Self::Whisper(_))
    }
}

impl Hotkeys {
    /// Returns every key that is set, in the order in which they are listed.
    #[must_use]
    pub fn all(&self) -> Vec<(HotkeyAction, Trigger)> {
        let single = [
            (HotkeyAction::Talk, self.talk),
            (HotkeyAction::Reply, self.reply),
            (HotkeyAction::Mute, self.mute),
            (HotkeyAction::Deafen, self.deafen),
        ];
        let groups = self.whisper.iter();
        single
            .into_iter()
            .filter_map(|(action, trigger)| Some((action, trigger?)))
            .chain(groups.map(|(group, trigger)| (HotkeyAction::Whisper(group.clone()), *trigger)))
            .collect()
    }

    /// Reads one setting of the section. `None` if there is none of this name.
    pub(super) fn read(&mut self, key: &str, item: &Item) -> Option<Result<(), String>> {
        let name = key.strip_prefix(SECTION)?.strip_prefix('.')?;
        if let Some(group) = name.strip_prefix("whisper.") {
            return Some(self.read_whisper(group, item));
        }
        let place: fn(&mut Self) -> &mut Option<Trigger> = match name {
            "talk" => |keys| &mut keys.talk,
            "reply" => |keys| &mut keys.reply,
            "mute" => |keys| &mut keys.mute,
            "deafen" => |keys| &mut keys.deafen,
            _ => return None,
        };
        Some(self.take(item).map(|trigger| *place(self) = Some(trigger)))
    }

    fn read_whisper(&mut self, group: &str, item: &Item) -> Result<(), String> {
        groups::check(group)?;
        if self.whisper.len() >= MAX_WHISPERS {
            return Err(format!("is one key more than {MAX_WHISPERS}"));
        }
        let trigger = self.take(item)?;
        self.whisper.insert(group.to_owned(), trigger);
        Ok(())
    }

    /// Reads a trigger that nothing else has.
    fn take(&self, item: &Item) -> Result<Trigger, String> {
        let text = item
            .as_str()
            .ok_or("must be a key in quotes, for instance \"Ctrl+Alt+Space\"")?;
        let trigger = text.parse()?;
        match self.all().into_iter().find(|(_, other)| *other == trigger) {
            Some((action, _)) => Err(format!(
                "is {trigger}, which \"{}\" has already",
                action.setting()
            )),
            None => Ok(trigger),
        }
    }

    /// Returns the trigger of a setting, as it is written.
    pub(super) fn shown(&self, key: &str) -> String {
        let all = self.all();
        let found = all.iter().find(|(action, _)| action.setting() == key);
        found.map(|(_, it)| it.to_string()).unwrap_or_default()
    }
}

/// Returns whether this is a section within the section.
pub(super) fn is_section(key: &str) -> bool {
    key == WHISPER
}

/// Returns whether this is one of the section's settings.
pub(super) fn is_one(key: &str) -> bool {
    key.strip_prefix(SECTION)
        .is_some_and(|rest| rest.starts_with('.'))
}

/// Returns whether this is the key of a group.
pub(super) fn is_whisper(key: &str) -> bool {
    key.strip_prefix(WHISPER)
        .and_then(|rest| rest.strip_prefix('.'))
        .is_some_and(|group| !group.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, HotkeyAction, get, keys, set, unset};

    const FILE: &str = "[hotkeys]\nreply = \"Ctrl+Alt+Space\" # with the thumb\n\n[hotkeys.whisper]\ndesk = \"Ctrl+Alt+D\"\n";

    #[test]
    fn keys_and_groups_are_read() {
        let config = Config::parse(FILE).unwrap();
        let all: Vec<_> = config
            .hotkeys
            .all()
            .into_iter()
            .map(|(action, trigger)| (action, trigger.to_string()))
            .collect();
        assert_eq!(
            all,
            [
                (HotkeyAction::Reply, "Ctrl+Alt+Space".to_owned()),
                (
                    HotkeyAction::Whisper("desk".into()),
                    "Ctrl+Alt+D".to_owned()
                )
            ]
        );
        let dotted = "[hotkeys]\nwhisper.desk = \"Ctrl+Alt+D\"\n";
        assert_eq!(Config::parse(dotted).unwrap().hotkeys.whisper.len(), 1);
    }

    #[test]
    fn a_key_is_set_read_and_unset_and_comments_stay() {
        let text = set(FILE, "hotkeys.reply", "F9").unwrap();
        assert!(text.contains("reply = \"F9\" # with the thumb"), "{text}");
        let text = set(&text, "hotkeys.whisper.home", "ctrl+alt+h").unwrap();
        assert_eq!(get(&text, "hotkeys.whisper.home").unwrap(), "Ctrl+Alt+H");
        assert_eq!(get(&text, "hotkeys.whisper.desk").unwrap(), "Ctrl+Alt+D");
        assert!(
            keys(&text)
                .unwrap()
                .contains(&"hotkeys.whisper.home".into())
        );
        let text = unset(&text, "hotkeys.whisper.desk").unwrap();
        assert_eq!(get(&text, "hotkeys.whisper.desk").unwrap(), "");
        assert!(!text.contains("Ctrl+Alt+D"), "{text}");
        let text = set("", "hotkeys.whisper.desk", "Ctrl+Alt+D").unwrap();
        assert_eq!(Config::parse(&text).unwrap().hotkeys.whisper.len(), 1);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (text, expected) in [
            (
                "[hotkeys]\nreply = \"Space\"",
                "line 2: \"hotkeys.reply\" must hold Ctrl, Alt or Super",
            ),
            (
                "[hotkeys]\nreply = \"F9\"\nmute = \"F9\"",
                "line 3: \"hotkeys.mute\" is F9, which \"hotkeys.reply\" has already",
            ),
            (
                "[hotkeys.whisper]\ndesk = \"F9\"\nhome = \"F9\"",
                "line 3: \"hotkeys.whisper.home\" is F9, which \"hotkeys.whisper.desk\" has already",
            ),
            (
                "[hotkeys]\nmuted = \"F9\"",
                "line 2: there is no setting \"hotkeys.muted\"; the nearest is \"hotkeys.mute\"",
            ),
            (
                "[hotkeys]\nwhisper = \"F9\"",
                "line 2: \"hotkeys.whisper\" must be a section: [hotkeys.whisper]",
            ),
            (
                "[hotkeys]\nreply = 9",
                "line 2: \"hotkeys.reply\" must be a key in quotes",
            ),
        ] {
            let error = Config::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn a_key_that_another_has_cannot_be_set() {
        let error = set(FILE, "hotkeys.mute", "Ctrl+Alt+D").unwrap_err();
        assert!(
            error.to_string().contains("hotkeys.whisper.desk"),
            "{error}"
        );
    }
}
