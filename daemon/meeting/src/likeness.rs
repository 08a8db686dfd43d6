//! Names that people take for each other.
//!
//! Two names are alike if they share one of their [`keys`]. A key is what remains of a name when everything is folded
//! that the eye passes over: letters that look the same (UTS #39), capitals, full-width and other compatibility forms,
//! spaces and punctuation, and combining marks that belong to no letter.

use std::collections::BTreeSet;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization;

use crate::ids::PeerId;

/// Returns the keys of a name; names that share one are alike.
///
/// Letters that look alike as capitals may differ in lower case and the other way round: `H` is also a Cyrillic `н`,
/// but `h` is not. So the name is looked at as it is written, in lower case and in capitals.
pub(crate) fn keys(name: &str) -> BTreeSet<String> {
    let compatible: String = name.nfkc().collect();
    [name, &compatible]
        .into_iter()
        .flat_map(|form| {
            [
                key(form),
                key(&form.to_lowercase()),
                key(&form.to_uppercase()),
            ]
        })
        .collect()
}

fn key(written: &str) -> String {
    let letters: String = written.nfc().filter(|c| !is_loose_mark(*c)).collect();
    let looks = unicode_security::skeleton(&letters)
        .collect::<String>()
        .to_lowercase();
    let folded: String = looks
        .chars()
        .filter(|c| !is_overlooked(*c))
        .map(fold)
        .collect();
    // A name of nothing but punctuation.
    if folded.is_empty() { looks } else { folded }
}

/// Folds what UTS #39 leaves apart.
fn fold(character: char) -> char {
    match character {
        // It makes a capital I an l, and lower case makes it an i: only folding both finds "AIice" and "ALICE".
        'i' | '\u{26a}' => 'l',
        // Small capitals.
        '\u{1d00}' => 'a',
        '\u{299}' => 'b',
        '\u{1d04}' => 'c',
        '\u{1d05}' => 'd',
        '\u{1d07}' => 'e',
        '\u{a730}' => 'f',
        '\u{262}' => 'g',
        '\u{29c}' => 'h',
        '\u{1d0a}' => 'j',
        '\u{1d0b}' => 'k',
        '\u{29f}' => 'l',
        '\u{1d0d}' => 'm',
        '\u{274}' => 'n',
        '\u{1d0f}' => 'o',
        '\u{1d18}' => 'p',
        '\u{a7af}' => 'q',
        '\u{280}' => 'r',
        '\u{a731}' => 's',
        '\u{1d1b}' => 't',
        '\u{1d1c}' => 'u',
        '\u{1d20}' => 'v',
        '\u{1d21}' => 'w',
        '\u{28f}' => 'y',
        '\u{1d22}' => 'z',
        other => other,
    }
}

/// Returns whether a mark is one that could have been composed with its letter, and was not.
///
/// Marks of scripts that write their vowels so are none of these.
fn is_loose_mark(character: char) -> bool {
    matches!(character,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}

fn is_overlooked(character: char) -> bool {
    character.is_whitespace()
        || character.is_ascii_punctuation()
        || matches!(
            character,
            '\u{2000}'..='\u{206f}' | '\u{a8}' | '\u{af}' | '\u{b4}' | '\u{b7}' | '\u{b8}'
        )
}

/// Returns whether a name could be taken for a label: for somebody else's name with device or key suffix, or a key.
pub(crate) fn imitates_label(name: &str) -> bool {
    name.chars().any(is_bracket)
        || holds_ideographic_number_sign(name)
        || PeerId::from_str(name).is_ok()
}

fn is_bracket(character: char) -> bool {
    let plain = |c: char| matches!(c, '(' | ')' | '[' | ']' | '{' | '}');
    // Neither table has all of them: U+2474 is "(1)", U+276A is drawn like a parenthesis and has no relation to one.
    matches!(character,
        '\u{239b}'..='\u{23ad}' | '\u{2768}'..='\u{2775}' | '\u{27e6}'..='\u{27ef}' | '\u{2983}'..='\u{2998}'
        | '\u{29d8}'..='\u{29db}' | '\u{29fc}'..='\u{29fd}' | '\u{2e20}'..='\u{2e29}' | '\u{2e55}'..='\u{2e5c}'
        | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301b}' | '\u{fe17}'..='\u{fe18}' | '\u{fe35}'..='\u{fe44}'
        | '\u{fe47}'..='\u{fe48}' | '\u{fe59}'..='\u{fe5e}')
        || std::iter::once(character).nfkc().any(plain)
        || unicode_security::skeleton(character.encode_utf8(&mut [0; 4])).any(plain)
}

/// Returns whether the character for "well", which looks like a number sign, stands where a key suffix would begin.
///
/// In Chinese and Japanese names it is an ordinary character.
fn holds_ideographic_number_sign(name: &str) -> bool {
    name.chars().zip(name.chars().skip(1)).any(|(sign, next)| {
        matches!(sign, '\u{4e95}' | '\u{2f8e5}') && next.is_ascii_alphanumeric()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_alike(one: &str, other: &str) -> bool {
        !keys(one).is_disjoint(&keys(other))
    }

    #[test]
    fn names_that_look_the_same_are_alike() {
        for (one, other) in [
            ("AIice", "Alice"),
            ("PauI", "Paul"),
            ("A1ice", "Alice"),
            ("|an", "Ian"),
            ("B0b", "Bob"),
            ("rnax", "max"),
            // Cyrillic and Greek.
            ("\u{410}nna", "Anna"),
            ("\u{391}nna", "Anna"),
            ("P\u{430}ul", "Paul"),
            // Full-width, mathematical, superscript, ligature, Roman numeral, in circles.
            ("\u{ff21}\u{ff4e}na", "Anna"),
            ("\u{1d400}nna", "Anna"),
            ("Ann\u{1d43}", "Anna"),
            ("\u{fb01}nn", "finn"),
            ("Karl \u{2163}", "Karl IV"),
            ("\u{24b6}nna", "Anna"),
            // Dotless i, capital I with a dot, the long s.
            ("\u{131}an", "Ian"),
            ("\u{130}an", "Ian"),
            ("Jo\u{17f}e", "Jose"),
            // Small capitals.
            ("\u{1d00}\u{274}\u{274}\u{1d00}", "Anna"),
            ("P\u{1d00}\u{1d1c}\u{29f}", "Paul"),
        ] {
            assert!(are_alike(one, other), "{one:?} and {other:?}");
        }
    }

    #[test]
    fn capitals_on_either_side_do_not_hide_a_likeness() {
        for (one, other) in [
            ("AIice", "ALICE"),
            ("AIICE", "alice"),
            ("aL1CE", "Alice"),
            ("PAU1", "pauL"),
            ("B0B", "bob"),
            ("MAX", "rnax"),
            // A Cyrillic "Anna" in small letters looks like no Latin word, in capitals it does.
            ("\u{430}\u{43d}\u{43d}\u{430}", "AHHA"),
            (
                "\u{410}\u{41d}\u{41d}\u{410}",
                "\u{430}\u{43d}\u{43d}\u{430}",
            ),
            ("Strau\u{df}", "STRAUSS"),
        ] {
            assert!(are_alike(one, other), "{one:?} and {other:?}");
        }
    }

    #[test]
    fn marks_spaces_and_punctuation_that_are_overlooked_make_no_difference() {
        for (one, other) in [
            ("Anna.", "Anna"),
            ("An na", "Anna"),
            ("Anna\u{2010}Maria", "Anna-Maria"),
            ("O'Neil", "O\u{2019}Neil"),
            ("A\u{332}nna", "Anna"),
            ("An\u{20e5}na", "Anna"),
            ("Anna\u{200d}", "Anna"),
            ("Anna\u{fe0f}", "Anna"),
        ] {
            assert!(are_alike(one, other), "{one:?} and {other:?}");
        }
    }

    #[test]
    fn different_names_are_not_alike() {
        let names = [
            "Anna",
            "Anne",
            "Hanna",
            "Bao",
            "Bob",
            "Carla",
            "Karl",
            "Chen",
            "Paul",
            "Paula",
            "Ren\u{e9}",
            "Rene",
            "H\u{e0}",
            "H\u{1ea1}",
            "\u{5f20}\u{4f1f}",
            "\u{674e}\u{5a1c}",
            "\u{930}\u{93e}\u{92e}",
            "\u{930}\u{92e}\u{93e}",
            "\u{1f980}",
            "\u{1f419}",
            "!",
            "?",
        ];
        for (at, one) in names.iter().enumerate() {
            for other in &names[at + 1..] {
                assert!(!are_alike(one, other), "{one:?} and {other:?}");
            }
        }
    }

    #[test]
    fn what_could_be_read_as_a_label_is_found() {
        for name in [
            "Anna (laptop)",
            "Anna \u{ff08}laptop\u{ff09}",
            "Anna \u{fe59}laptop\u{fe5a}",
            "Anna \u{207d}laptop\u{207e}",
            "Anna \u{2768}laptop\u{2769}",
            "Anna \u{276a}laptop\u{276b}",
            "Anna \u{3014}laptop\u{3015}",
            "Anna [laptop]",
            "Anna {laptop}",
            "Anna \u{2474}",
            "Anna laptop)",
            "Anna\u{4e95}ab12",
            &PeerId([7; 32]).to_string(),
        ] {
            assert!(imitates_label(name), "{name:?}");
        }
        for name in [
            "Anna",
            "Anna-Maria O\u{2019}Neil",
            "\u{4e95}\u{4e0a}",
            "Anna <3",
            "12D3KooW",
        ] {
            assert!(!imitates_label(name), "{name:?}");
        }
    }

    #[test]
    fn no_character_passes_for_a_parenthesis() {
        let passes = |character: &char| {
            let compatible: String = std::iter::once(*character).nfkc().collect();
            let looks: String = unicode_security::skeleton(&compatible).collect();
            looks.contains(['(', ')']) && !imitates_label(&character.to_string())
        };
        // Beyond these planes there are ideographs.
        let passing: Vec<char> = (0..0x2_0000)
            .filter_map(char::from_u32)
            .filter(passes)
            .collect();
        assert!(passing.is_empty(), "{passing:?}");
    }
}
