//! Names and titles are data: bounded, and without characters that act unseen.
//!
//! Whose name could be taken for somebody else's is a matter of `likeness.rs`; the label by which somebody is shown is
//! one of `directory.rs`.

use sotto_names::{has_no_place_in_a_name, has_no_place_in_a_title};
use unicode_normalization::UnicodeNormalization;

use crate::bounds::{MAX_NAME, MAX_TITLE};

/// Bytes of a device's name.
const MAX_DEVICE: usize = 32;
/// Combining marks in a row: more would paint over neighbouring lines.
const MAX_MARKS: usize = 3;

/// Returns a name fit to be shown; empty if nothing remains.
pub(crate) fn clean_name(text: &str) -> String {
    clean(text, MAX_NAME, has_no_place_in_a_name)
}

/// Returns whether anything of a name would be seen.
#[must_use]
pub fn is_shown(name: &str) -> bool {
    !clean_name(name).is_empty()
}

/// Returns a device's name fit to be shown.
pub(crate) fn clean_device(text: &str) -> String {
    clean(text, MAX_DEVICE, has_no_place_in_a_name)
}

/// Returns a title fit to be shown.
pub(crate) fn clean_title(text: &str) -> String {
    clean(text, MAX_TITLE, has_no_place_in_a_title)
}

fn clean(text: &str, max_bytes: usize, is_left_out: fn(char) -> bool) -> String {
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
        if is_left_out(character) {
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

/// Returns whether a character is seen only in how its neighbours are drawn. Persian and emoji need that.
fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}')
}

/// Returns whether a character chooses between forms of the one before it.
fn is_variation(character: char) -> bool {
    matches!(character, '\u{fe00}'..='\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sotto_names::hidden_in_name;

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
    fn a_name_without_hidden_characters_is_seen_as_it_is() {
        let joins = |it: char| {
            is_joiner(it) || is_variation(it) || unicode_normalization::char::is_combining_mark(it)
        };
        let others = ('\0'..=char::MAX).filter(|it| !it.is_whitespace() && !joins(*it));
        for character in others {
            let name = format!("Anna{character}B");
            let seen = clean_name(&name) == name.nfc().collect::<String>();
            let hidden = hidden_in_name(&name);
            assert_eq!(hidden, (!seen).then_some(character));
        }
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
                prop_assert!(!cleaned.chars().any(has_no_place_in_a_title));
                prop_assert_eq!(cleaned.trim(), &cleaned);
                prop_assert_eq!(again, cleaned);
            }
            prop_assert!(clean_name(&text).len() <= MAX_NAME);
        }
    }
}
