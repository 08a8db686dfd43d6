//! Settings, as `config.toml` has them.

use super::bound::{KEY, VALUE};
use super::declare::{Answered, method};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// The longest that the disk is waited for.
const FILE: Duration = Duration::from_secs(5);

method! {
    /// Reads settings from `config.toml`: one, or all.
    pub struct SettingsGet: "settings.get" -> SettingsReply;
    reply: "`settings`: an object with the value of each [key](#configuration) as text: texts without quotes, lists as TOML";
    answered: Answered::Within(FILE);
    optional {
        /// The setting; absent: all.
        key: Option<String> = KEY;
    }
}

method! {
    /// Changes a setting, in `config.toml` and, where [possible](#configuration), at once. Groups and the choice of
    /// devices have methods of their own.
    pub struct SettingsSet: "settings.set" -> SettingReply;
    reply: "`key`; `value`: the new one, as in `settings.get`; `restart`: whether it only holds once the daemon is started again; `not_saved`: why it will not outlive the daemon";
    answered: Answered::Within(FILE);
    required {
        /// The setting.
        key: String = KEY;
    }
    optional {
        /// Its new value, as on the command line; absent: the default.
        value: Option<String> = VALUE;
    }
}

/// The reply to `settings.get`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsReply {
    /// Values by key.
    pub settings: BTreeMap<String, String>,
}

/// The reply to `settings.set`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingReply {
    /// The setting.
    pub key: String,
    /// Its value now.
    pub value: String,
    /// Whether it only holds once the daemon is started again.
    #[serde(default)]
    pub restart: bool,
    /// Why it could not be saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_saved: Option<String>,
}
