//! The characters that names and titles may not have. Whoever shows them leaves these out, and whoever takes a name refuses
//! them.

/// Returns the first character of a name that nobody sees. Colleagues see the name without it.
///
/// ```
/// use sotto_names::hidden_in_name;
///
/// assert_eq!(hidden_in_name("Anna\u{200b}"), Some('\u{200b}'));
/// assert_eq!(hidden_in_name("Zoë 👩‍💻"), None);
/// ```
#[must_use]
pub fn hidden_in_name(name: &str) -> Option<char> {
    let hidden = |it: &char| !it.is_whitespace() && has_no_place_in_a_name(*it);
    name.chars().find(hidden)
}

/// Returns whether a character has no place in a title.
#[must_use]
pub fn has_no_place_in_a_title(character: char) -> bool {
    character.is_control() || acts_unseen(character)
}

/// Returns whether a character has no place in a name.
#[must_use]
pub fn has_no_place_in_a_name(character: char) -> bool {
    has_no_place_in_a_title(character) || is_number_sign(character)
}

/// Returns whether a character begins a key suffix in labels, or looks as if it did. Nobody may imitate one.
fn is_number_sign(character: char) -> bool {
    matches!(
        character,
        '#' | '\u{2317}' | '\u{22d5}' | '\u{266f}' | '\u{29e3}'
            ..='\u{29e5}' | '\u{2a68}' | '\u{2a69}' | '\u{2d4c}' | '\u{fe5f}' | '\u{ff03}'
    )
}

/// Returns whether a character gives a direction, is invisible, or has no meaning outside a private agreement.
fn acts_unseen(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}'
        | '\u{3164}' | '\u{fdd0}'..='\u{fdef}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'
        | '\u{ffff}' | '\u{e000}'..='\u{f8ff}' | '\u{1107f}' | '\u{13430}'..='\u{13442}' | '\u{16fe4}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}
