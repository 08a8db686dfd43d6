//! Changing groups in the text of `config.toml`, comments and order kept.

use super::edit::{EditError, document};
use super::groups::{self, GroupMember, SECTION, is_named};
use super::schema::Config;
use toml_edit::{Array, DocumentMut, Item, RawString, Table, TableLike, Value, value};

/// The indentation of an entry whose list shows no other.
const INDENTATION: &str = "  ";

/// Returns the text with `members` in the group `name`, which is made if there is none. Who is in it stays as written.
///
/// # Errors
/// The file is wrong, or the group does not fit; nothing has changed then.
pub fn add_to_group(text: &str, name: &str, members: &[GroupMember]) -> Result<String, EditError> {
    Config::parse(text).map_err(EditError::File)?;
    let mut document = document(text)?;
    let section = document
        .entry(SECTION)
        .or_insert_with(|| Item::Table(Table::new()));
    // Config::parse has accepted the file, so that the section is a table and each group a list.
    if let Some(section) = section.as_table_like_mut() {
        let name = as_written(section, name).unwrap_or_else(|| name.to_owned());
        let group = section.entry(&name).or_insert_with(|| value(Array::new()));
        if let Some(array) = group.as_array_mut() {
            for member in members {
                if place(array, &member.key).is_none() {
                    push(array, &member.to_string());
                }
            }
        }
    }
    checked(&document)
}

/// Returns the text without the members with these keys in the group `name`; without `keys`, or if nobody is left,
/// without the group.
///
/// # Errors
/// The file is wrong; nothing has changed then.
pub fn remove_from_group(
    text: &str,
    name: &str,
    keys: Option<&[String]>,
) -> Result<String, EditError> {
    Config::parse(text).map_err(EditError::File)?;
    let mut document = document(text)?;
    let section = document.get_mut(SECTION).and_then(Item::as_table_like_mut);
    if let Some(section) = section
        && let Some(name) = as_written(section, name)
    {
        let array = section.get_mut(&name).and_then(Item::as_array_mut);
        let left = match (array, keys) {
            (Some(array), Some(keys)) => {
                for key in keys {
                    if let Some(place) = place(array, key) {
                        remove(array, place);
                    }
                }
                array.len()
            }
            _ => 0,
        };
        if left == 0 {
            section.remove(&name);
        }
    }
    checked(&document)
}

/// Returns the text of a document that the daemon would start with.
fn checked(document: &DocumentMut) -> Result<String, EditError> {
    let text = document.to_string();
    match Config::parse(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(EditError::Setting(error)),
    }
}

/// Returns the key of a group as the file has it.
fn as_written(section: &dyn TableLike, name: &str) -> Option<String> {
    let mut keys = section.iter().map(|(key, _)| key);
    keys.find(|key| is_named(key, name)).map(str::to_owned)
}

/// Returns the place of the member with this key.
fn place(array: &Array, key: &str) -> Option<usize> {
    array.iter().position(|value| {
        let member = value.as_str().and_then(|text| text.parse().ok());
        member.is_some_and(|member: groups::GroupMember| member.key == key)
    })
}

/// Adds an entry at the end: on a line of its own where the list has lines, behind the comment of the entry before it.
fn push(array: &mut Array, entry: &str) {
    let mut after = raw(Some(array.trailing()));
    let mut indentation = INDENTATION.to_owned();
    if let Some(last) = array
        .len()
        .checked_sub(1)
        .and_then(|last| array.get_mut(last))
    {
        after.insert_str(0, &raw(last.decor().suffix()));
        if let Some((_, before)) = raw(last.decor().prefix()).rsplit_once('\n') {
            before.clone_into(&mut indentation);
        }
        if after.contains('\n') {
            last.decor_mut().set_suffix("");
        }
    }
    let Some((line, end)) = after.rsplit_once('\n') else {
        array.push(entry);
        return;
    };
    let mut new = Value::from(entry);
    new.decor_mut().set_prefix(format!("{line}\n{indentation}"));
    array.push_formatted(new);
    array.set_trailing(format!("\n{end}"));
}

/// Removes an entry with the comment behind it; comments above it, and behind the entry before it, stay.
fn remove(array: &mut Array, place: usize) {
    let removed = array.remove(place);
    let before = raw(removed.decor().prefix());
    match array.get_mut(place) {
        Some(next) => {
            let kept = without_comment(&before, &raw(next.decor().prefix()));
            next.decor_mut().set_prefix(kept.unwrap_or(before));
        }
        None => {
            let end = raw(removed.decor().suffix()) + &raw(Some(array.trailing()));
            let kept = without_comment(&before, &end);
            array.set_trailing(kept.unwrap_or_else(|| match before.contains('#') {
                true => before + &end,
                false => end,
            }));
        }
    }
}

/// Joins what stands before and after an entry that goes, without the rest of its line; nothing if it has no line of its
/// own.
fn without_comment(before: &str, after: &str) -> Option<String> {
    let line_end = after.find('\n')?;
    let above = match before.rfind('\n') {
        Some(begin) if before.contains('#') => &before[..begin],
        _ => "",
    };
    Some(format!("{above}{}", &after[line_end..]))
}

fn raw(text: Option<&RawString>) -> String {
    text.and_then(RawString::as_str)
        .unwrap_or_default()
        .to_owned()
}
