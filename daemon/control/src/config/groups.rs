//! `[groups]`: colleagues who can be named together.
//!
//! ```toml
//! [groups]
//! desk = ["Bao 12D3KooWSCufgHzV4fCwRijfH2k3abrpAJxTKxEvN1FDuRXA2U9x", "12D3KooWH3uVF6wv47WnArKHk5p6cvgCJEb74UTmxztmQDc298L3"]
//! ```
//!
//! A member is a key, so that one who takes another name stays in and one who takes the same name does not get in. What
//! stands before the key is the label at the time, for people who read the file.

use crate::bounds::{MAX_GROUP_MEMBERS, MAX_GROUP_NAME, MAX_GROUPS, MAX_TEXT};
use std::fmt;
use std::str::FromStr;
use toml_edit::Item;

/// The sign before a name that only a group can have.
pub const GROUP_SIGN: char = '@';
/// The section's name.
pub(super) const SECTION: &str = "groups";
/// Characters that would make a name of a group something else: a setting, a label, a key suffix, or several words.
const NOT_IN_NAMES: &[char] = &[
    GROUP_SIGN, '#', '.', ',', ':', ';', '\'', '"', '`', '(', ')', '[', ']', '{', '}', '<', '>',
    '\\',
];
/// The beginning of every key.
const KEY: &str = "12D3KooW";
/// The length of every key.
const KEY_LENGTH: usize = 52;

/// A group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// The name, without [`GROUP_SIGN`].
    pub name: String,
    /// The members, in their order.
    pub members: Vec<GroupMember>,
}

/// A member of a group, written as its label and its key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupMember {
    /// The key in full.
    pub key: String,
    /// The label when it was added; may be empty.
    pub label: String,
}

impl fmt::Display for GroupMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.label.as_str() {
            "" => f.write_str(&self.key),
            label => write!(f, "{label} {}", self.key),
        }
    }
}

impl FromStr for GroupMember {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() > MAX_TEXT {
            return Err(format!(
                "lists a member that is longer than {MAX_TEXT} bytes"
            ));
        }
        let text = text.trim();
        let (label, key) = text.rsplit_once(char::is_whitespace).unwrap_or(("", text));
        if !is_key(key) {
            let sentence = "must list members by key, as 'sotto group add' writes them, and";
            return Err(format!("{sentence} \"{}\" has none", text.escape_debug()));
        }
        Ok(Self {
            key: key.to_owned(),
            label: label.trim_end().to_owned(),
        })
    }
}

/// Returns the name of a group without the sign before it.
#[must_use]
pub fn group_name(typed: &str) -> &str {
    let typed = typed.trim();
    typed.strip_prefix(GROUP_SIGN).unwrap_or(typed)
}

/// Checks what a group is called.
pub(crate) fn check(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("is empty".into());
    }
    if name.len() > MAX_GROUP_NAME {
        return Err(format!("is longer than {MAX_GROUP_NAME} bytes"));
    }
    let odd = |c: char| c.is_whitespace() || c.is_control() || NOT_IN_NAMES.contains(&c);
    if let Some(odd) = name.chars().find(|c| odd(*c)) {
        return Err(format!(
            "contains \"{}\", which no name of a group may",
            odd.escape_debug()
        ));
    }
    if name.starts_with('-') {
        return Err("begins as an option does".into());
    }
    if is_key(name) {
        return Err("is a key".into());
    }
    Ok(())
}

/// Reads one group of the section.
pub(super) fn read(name: &str, item: &Item, before: &[Group]) -> Result<Group, String> {
    check(name)?;
    if let Some(same) = find(before, name) {
        return Err(format!("is the name of the group \"{}\", too", same.name));
    }
    if before.len() >= MAX_GROUPS {
        return Err(format!("is one group more than {MAX_GROUPS}"));
    }
    let array = item
        .as_array()
        .ok_or("must be a list of members, as 'sotto group add' writes it")?;
    if array.len() > MAX_GROUP_MEMBERS {
        return Err(format!("has more than {MAX_GROUP_MEMBERS} members"));
    }
    let member = |value: &toml_edit::Value| {
        let text = value.as_str().ok_or("must list texts in quotes")?;
        text.parse()
    };
    Ok(Group {
        name: name.to_owned(),
        members: array.iter().map(member).collect::<Result<_, String>>()?,
    })
}

/// Returns the group of this name; capitals do not matter.
pub(super) fn find<'a>(groups: &'a [Group], name: &str) -> Option<&'a Group> {
    groups.iter().find(|group| is_named(&group.name, name))
}

/// Returns whether two names mean one group.
pub(super) fn is_named(group: &str, name: &str) -> bool {
    group.to_lowercase() == name.to_lowercase()
}

/// Returns the name in the key of a group.
pub(super) fn name_in(key: &str) -> Option<&str> {
    key.strip_prefix(SECTION)?.strip_prefix('.')
}

/// Returns the key of a group.
pub(super) fn key_of(name: &str) -> String {
    format!("{SECTION}.{name}")
}

fn is_key(text: &str) -> bool {
    text.len() == KEY_LENGTH
        && text.starts_with(KEY)
        && text.chars().all(|c| c.is_ascii_alphanumeric())
}
