//! Groups of colleagues that can be named together.

use super::bound::{GROUP, NAMES, SOMEBODY};
use super::declare::{Answered, method};
use crate::model::{Group, Person};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The longest that the disk is waited for.
const SAVING: Duration = Duration::from_secs(5);

method! {
    /// Lists the user's groups.
    pub struct GroupList: "group.list" -> GroupsReply;
    reply: "`groups`: [**Group**]";
    answered: Answered::AtOnce;
}

method! {
    /// Adds colleagues to a group, which is made if there is none, and keeps it in `config.toml`.
    pub struct GroupAdd: "group.add" -> GroupReply;
    reply: "`group`: **Group**; `changed`: [**Person**], who were added";
    answered: Answered::Within(SAVING);
    required {
        /// The name of the group.
        name: String = GROUP;
        /// The colleagues to add.
        names: Vec<String> = SOMEBODY;
    }
}

method! {
    /// Removes members from a group, or the whole group. A group that nobody is left in is gone.
    pub struct GroupRemove: "group.remove" -> GroupReply;
    reply: "`group`: **Group**; `changed`: [**Person**], who were removed; `gone`: whether the group is";
    answered: Answered::Within(SAVING);
    required {
        /// The name of the group.
        name: String = GROUP;
    }
    optional {
        /// The members to remove, by name within the group; absent: all.
        names: Vec<String> = NAMES;
    }
}

/// The reply to `group.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupsReply {
    /// Every group, by name.
    pub groups: Vec<Group>,
}

/// The reply to `group.add` and `group.remove`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupReply {
    /// The group as it is now.
    pub group: Group,
    /// Those who were added or removed.
    #[serde(default)]
    pub changed: Vec<Person>,
    /// Whether the group is gone.
    #[serde(default)]
    pub gone: bool,
}
