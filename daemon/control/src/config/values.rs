//! Values that several settings have in common.

use toml_edit::Item;

/// The most entries in a list.
const MAX_LIST: usize = 64;
/// The longest name of an interface or address, in bytes.
const MAX_ENTRY: usize = 64;

/// Reads a list of texts.
pub(super) fn texts(item: &Item) -> Result<Vec<String>, String> {
    let array = item
        .as_array()
        .ok_or("must be a list, for instance [\"eth0\"]")?;
    if array.len() > MAX_LIST {
        return Err(format!("has more than {MAX_LIST} entries"));
    }
    array
        .iter()
        .map(|value| match value.as_str() {
            Some(text) if !text.is_empty() && text.len() <= MAX_ENTRY => Ok(text.to_owned()),
            _ => Err(format!(
                "must list texts in quotes, none empty or longer than {MAX_ENTRY} bytes"
            )),
        })
        .collect()
}
