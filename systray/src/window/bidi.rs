//! Names in the order in which they are read: egui lays out from left to right whatever the script.

use unicode_bidi::BidiInfo;
use unicode_segmentation::UnicodeSegmentation;

/// Cuts the text into pieces, from left to right as they stand on the screen. Each must be shaped by itself.
///
/// Where the text begins decides its direction, as elsewhere on the desktop: a device's name in brackets is to the left
/// of an Arabic name.
pub(crate) fn pieces(text: &str) -> Vec<String> {
    let info = BidiInfo::new(text, None);
    let mut pieces = Vec::new();
    for paragraph in &info.paragraphs {
        let (levels, runs) = info.visual_runs(paragraph, paragraph.range.clone());
        for run in runs {
            let to_the_left = levels.get(run.start).is_some_and(|level| level.is_rtl());
            let Some(run) = text.get(run) else { continue };
            match to_the_left {
                // egui shapes a word from right to left, and sets words from left to right all the same.
                true => pieces.extend(run.split_word_bounds().rev().map(mirrored)),
                false => pieces.push(run.to_owned()),
            }
        }
    }
    pieces
}

/// A bracket that stands alone is not known to be read from right to left.
fn mirrored(word: &str) -> String {
    let other = match word {
        "(" => ")",
        ")" => "(",
        "[" => "]",
        "]" => "[",
        "{" => "}",
        "}" => "{",
        "<" => ">",
        ">" => "<",
        "«" => "»",
        "»" => "«",
        word => word,
    };
    other.to_owned()
}

/// Returns the longest beginning that fits, with an ellipsis if something is missing. `fits` judges a text.
pub(crate) fn cut(text: &str, fits: impl Fn(&str) -> bool) -> String {
    if fits(text) {
        return text.to_owned();
    }
    let ends: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).collect();
    let beginning = |graphemes: usize| {
        let end = ends.get(graphemes).copied().unwrap_or(text.len());
        let kept = text.get(..end).unwrap_or_default();
        let kept = kept.trim_end_matches(|c: char| c.is_whitespace() || "([{-,".contains(c));
        format!("{kept}…")
    };
    let (mut fitting, mut too_long) = (0, ends.len());
    while fitting + 1 < too_long {
        let middle = usize::midpoint(fitting, too_long);
        match fits(&beginning(middle)) {
            true => fitting = middle,
            false => too_long = middle,
        }
    }
    beginning(fitting)
}

/// Returns what stands for a name in a circle: two initials where the script has capitals, else one character.
pub(crate) fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(first_of);
    let Some(first) = words.next() else {
        return "?".to_owned();
    };
    let cased = |initial: &str| {
        initial
            .chars()
            .any(|c| c.is_lowercase() || c.is_uppercase())
    };
    match words
        .next_back()
        .filter(|last| cased(&first) && cased(last))
    {
        Some(last) => first + &last,
        None => first,
    }
}

/// The first character of a word that is a letter or a digit, as a capital.
fn first_of(word: &str) -> Option<String> {
    let mut graphemes = word.graphemes(true);
    let first = graphemes.find(|grapheme| grapheme.chars().any(char::is_alphanumeric))?;
    Some(first.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_left_to_right_stay_in_one_piece() {
        assert_eq!(pieces("Anna Schmidt"), ["Anna Schmidt"]);
        assert_eq!(pieces("陈伟 李"), ["陈伟 李"]);
        assert!(pieces("").is_empty());
    }

    #[test]
    fn words_from_right_to_left_are_turned_round() {
        assert_eq!(pieces("ליאת כהן"), ["כהן", " ", "ליאת"]);
    }

    #[test]
    fn a_device_stands_to_the_left_of_an_arabic_name_in_right_brackets() {
        assert_eq!(
            pieces("ليلى (laptop)").concat(),
            "(laptop) ليلى",
            "brackets as they are seen"
        );
    }

    #[test]
    fn an_arabic_word_in_a_latin_name_keeps_its_place() {
        assert_eq!(pieces("Dr ليلى Haddad").concat(), "Dr ليلى Haddad");
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        let shorter_than = |most: usize| move |text: &str| text.chars().count() <= most;
        assert_eq!(cut("Anna", shorter_than(4)), "Anna");
        assert_eq!(cut("Anna Maria", shorter_than(6)), "Anna…");
        assert_eq!(cut("Anna Maria", shorter_than(7)), "Anna M…");
        assert_eq!(cut("Anna (laptop)", shorter_than(7)), "Anna…");
        assert_eq!(cut("देवनागरी", shorter_than(3)), "दे…");
        assert_eq!(cut("Anna", shorter_than(0)), "…");
    }

    #[test]
    fn initials_suit_the_script() {
        for (name, expected) in [
            ("Anna Schmidt", "AS"),
            ("anna maria de la Cruz", "AC"),
            ("Bao", "B"),
            ("陈伟", "陈"),
            ("ליאת כהן", "ל"),
            ("देवनागरी नाम", "दे"),
            ("(…) !", "?"),
            ("  ", "?"),
            ("7 of 9", "7"),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }
}
