//! Names and titles are data: bounded, and without characters that act unseen.
//!
//! Whose name could be taken for somebody else's is a matter of `likeness.rs`; the label by which somebody is shown is
//! one of `directory.rs`.

use unicode_normalization::UnicodeNormalization;

use crate::bounds::{MAX_NAME, MAX_TITLE};

/// Bytes of a device's name.
const MAX_DEVICE: usize = 32;
/// Combining marks in a row: more would paint over neighbouring lines.
const MAX_MARKS: usize = 3;

/// Returns a name fit to be shown; empty if nothing remains.
pub(crate) fn clean_name(text: &str) -> String {
    clean(text, MAX_NAME, true)
}

/// Returns the first character of a name that nobody sees: it would be left out.
///
/// ```
/// use sotto_meeting::hidden_in_name;
///
/// assert_eq!(hidden_in_name("Anna\u{200b}"), Some('\u{200b}'));
/// assert_eq!(hidden_in_name("Zoë 👩‍💻"), None);
/// ```
#[must_use]
pub fn hidden_in_name(name: &str) -> Option<char> {
    let hidden = |it: &char| !it.is_whitespace() && is_left_out(*it, true);
    name.chars().find(hidden)
}

/// Returns whether anything of a name would be seen.
#[must_use]
pub fn is_shown(name: &str) -> bool {
    !clean_name(name).is_empty()
}

/// Returns a device's name fit to be shown.
pub(crate) fn clean_device(text: &str) -> String {
    clean(text, MAX_DEVICE, true)
}

/// Returns a title fit to be shown.
pub(crate) fn clean_title(text: &str) -> String {
    clean(text, MAX_TITLE, false)
}

/// Returns whether a character has no place in a title, or in a name.
fn is_left_out(character: char, is_name: bool) -> bool {
    character.is_control() || acts_unseen(character) || (is_name && is_number_sign(character))
}

fn clean(text: &str, max_bytes: usize, is_name: bool) -> String {
    let mut cleaned = String::new();
    // Kept back until something visible follows.
    let mut between = None;
    let mut marks = 0;
    // A text of any length may be handed in; what lies beyond this cannot be within the bound any more.
    for character in text.chars().take(4 * max_bytes).nfc() {
        let begins = cleaned.is_empty() || between == Some(' ');
        if character.is_whitespace() {
            between = Some(' ').filter(|_| !cleaned.is_empty());
            continue;
        }
        if is_left_out(character, is_name) {
            continue;
        }
        if is_joiner(character) {
            between = between.or(Some(character).filter(|_| !begins));
            continue;
        }
        marks = if unicode_normalization::char::is_combining_mark(character)
            || is_variation(character)
        {
            marks + 1
        } else {
            0
        };
        // Without a letter, a mark would be drawn over what stands before the text.
        if marks > MAX_MARKS || (marks > 0 && begins) {
            continue;
        }
        let before = between.take();
        if cleaned.len() + before.map_or(0, char::len_utf8) + character.len_utf8() > max_bytes {
            break;
        }
        cleaned.extend(before);
        cleaned.push(character);
    }
    // What was left out may have stood between a letter and its mark.
    cleaned.nfc().collect()
}

/// Returns whether a character begins a key suffix in labels, or looks as if it did. Nobody may imitate one.
fn is_number_sign(character: char) -> bool {
    matches!(
        character,
        '#' | '\u{2317}' | '\u{22d5}' | '\u{266f}' | '\u{29e3}'
            ..='\u{29e5}' | '\u{2a68}' | '\u{2a69}' | '\u{2d4c}' | '\u{fe5f}' | '\u{ff03}'
    )
}

/// Returns whether a character is seen only in how its neighbours are drawn. Persian and emoji need that.
fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}')
}

/// Returns whether a character chooses between forms of the one before it.
fn is_variation(character: char) -> bool {
    matches!(character, '\u{fe00}'..='\u{fe0f}')
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_that_looks_like_a_number_sign_stays_in_a_name() {
        assert_eq!(clean_name("Anna#k3fq"), "Annak3fq");
        assert_eq!(clean_device("desk\u{ff03}k3fq"), "deskk3fq");
        // Beyond these planes there are ideographs.
        let left: Vec<char> = (0..0x2_0000)
            .filter_map(char::from_u32)
            .filter(|character| {
                let name = clean_name(&format!("Anna{character}k3fq"));
                let compatible: String = name.nfkc().collect();
                let looks: String = unicode_security::skeleton(&compatible).collect();
                compatible.contains('#') || looks.contains('#')
            })
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }

    #[test]
    fn no_name_consists_of_what_nobody_sees() {
        for text in [
            " ",
            "\u{200d}",
            "\u{fe0f}",
            "\u{200c}\u{200d}",
            "\u{301}",
            "\u{20e3}",
            "\u{3000}",
            "\u{3164}",
            "\u{2800}",
            "\u{feff}#\u{202e}",
        ] {
            assert_eq!(clean_name(text), "", "{text:?}");
        }
    }

    #[test]
    fn joiners_stay_where_they_join_and_marks_where_a_letter_is() {
        let persian = "\u{646}\u{6cc}\u{200c}\u{6a9}";
        let family = "\u{1f468}\u{200d}\u{1f469}";
        let heart = "Anna \u{2764}\u{fe0f}\u{200d}\u{1f525}";
        for text in [persian, family, heart, "Zo\u{eb}", "\u{930}\u{93e}\u{92e}"] {
            assert_eq!(clean_name(text), text);
        }
        assert_eq!(
            clean_name("\u{200d}Anna\u{200d} \u{200d}Bao\u{200c}"),
            "Anna Bao"
        );
        assert_eq!(clean_name("\u{332}Anna \u{332}Bao"), "Anna Bao");
        assert_eq!(clean_name("Zoe\u{200b}\u{308}"), "Zo\u{eb}");
    }

    #[test]
    fn a_title_keeps_its_words_and_loses_what_acts() {
        assert_eq!(
            clean_title("  Plan\u{7}ning\n for\u{202e} Q3 #2\t"),
            "Planning for Q3 #2"
        );
    }

    proptest! {
        #[test]
        fn cleaned_text_is_bounded_and_stays_clean(text in "\\PC*|.*") {
            for (cleaned, again) in [
                (clean_name(&text), clean_name(&clean_name(&text))),
                (clean_title(&text), clean_title(&clean_title(&text))),
            ] {
                prop_assert!(cleaned.len() <= MAX_TITLE);
                prop_assert!(!cleaned.chars().any(|c| c.is_control() || acts_unseen(c)));
                prop_assert_eq!(cleaned.trim(), &cleaned);
                prop_assert_eq!(again, cleaned);
            }
            prop_assert!(clean_name(&text).len() <= MAX_NAME);
        }
    }
}
