//! Finds the names in a configuration, also in one that cannot be understood.
//!
//! Only its tokens are read, which every text has. Where the file is wrong, rather too much is taken for a name.

use toml_parser::Source;
use toml_parser::lexer::TokenKind;

/// A name that the user wrote, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name<'a> {
    Group(&'a str),
    /// A person, perhaps with their identity behind it.
    Person(&'a str),
}

/// A part of the configuration, by the names in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Groups and their members.
    Groups,
    /// Groups and the keys for them.
    Whispers,
    /// The user's name.
    OwnName,
    Other,
}

/// The kind of a token, and its text.
type Token<'a> = (TokenKind, &'a str);

/// Returns the names in `settings`.
pub(super) fn names(settings: &str) -> Vec<Name<'_>> {
    let tokens = tokens(settings);
    let mut found = Vec::new();
    let mut section: Vec<&str> = Vec::new();
    let mut part = Part::Other;
    // The lists and tables that go on in the next line.
    let mut open = 0_usize;
    for line in tokens.split(|(kind, _)| *kind == TokenKind::Newline) {
        let mut value = line;
        // A list that nobody closed ends with its section.
        if open == 0 || is_header(line) {
            open = 0;
            let is_header = kind_at(line, 0) == Some(TokenKind::LeftSquareBracket);
            if is_header {
                section.clear();
            }
            let (key, after) = line.split_at(end_of_key(line, is_header));
            value = after;
            let above = section.len();
            let path: Vec<&str> = section.iter().copied().chain(words(key)).collect();
            part = part_of(&path);
            let groups = path.iter().skip(above.max(part.depth()));
            found.extend(groups.map(|name| Name::Group(name)));
            if is_header {
                section = path;
            }
        }
        part.names_in(value, &mut found);
        for (kind, _) in value {
            match kind {
                TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => open += 1,
                TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                    open = open.saturating_sub(1);
                }
                _ => {}
            }
        }
    }
    found
}

impl Part {
    /// Returns how many words of a setting stand before the name of a group.
    const fn depth(self) -> usize {
        match self {
            Self::Groups => 1,
            Self::Whispers => 2,
            Self::OwnName | Self::Other => usize::MAX,
        }
    }

    /// Finds the names behind the key of a setting.
    fn names_in<'a>(self, value: &[Token<'a>], found: &mut Vec<Name<'a>>) {
        let has_people = matches!(self, Self::Groups | Self::OwnName);
        for (place, &(kind, text)) in value.iter().enumerate() {
            let is_key = kind_at(value, place + 1) == Some(TokenKind::Equals);
            match kind {
                // Somebody may have been taken out for a while.
                TokenKind::Comment if has_people => {
                    let mut quoted = tokens(text.trim_start_matches('#'));
                    quoted.retain(|(kind, text)| is_quoted(*kind) && is_closed(text));
                    found.extend(words(&quoted).map(Name::Person));
                }
                _ if !is_word(kind) => {}
                _ if is_key && self.depth() < usize::MAX => {
                    found.push(Name::Group(bare(text)));
                }
                _ if is_key || !has_people || is_no_name(kind, text) => {}
                _ => found.push(Name::Person(bare(text))),
            }
        }
    }
}

fn part_of(path: &[&str]) -> Part {
    match path {
        ["groups", ..] => Part::Groups,
        ["hotkeys", "whisper", ..] => Part::Whispers,
        ["name"] => Part::OwnName,
        _ => Part::Other,
    }
}

/// Splits a text into its tokens. Words without quotes that stand beside each other are one, as they are in a name.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<(TokenKind, usize, usize)> = Vec::new();
    for token in Source::new(text).lex() {
        let (kind, span) = (token.kind(), token.span());
        match (kind, tokens.last_mut()) {
            (TokenKind::Whitespace | TokenKind::Eof, _) => {}
            (TokenKind::Atom, Some((TokenKind::Atom, _, end))) => *end = span.end(),
            _ => tokens.push((kind, span.start(), span.end())),
        }
    }
    let tokens = tokens.into_iter();
    tokens
        .map(|(kind, start, end)| (kind, text.get(start..end).unwrap_or_default()))
        .collect()
}

/// Returns whether a line is the header of a section and cannot be a part of a list of names.
fn is_header(line: &[Token<'_>]) -> bool {
    let line = match line {
        [line @ .., (TokenKind::Comment, _)] => line,
        line => line,
    };
    let brackets = [TokenKind::LeftSquareBracket, TokenKind::RightSquareBracket];
    let ends = [line.first(), line.last()].map(|token| token.map(|(kind, _)| *kind));
    let is_inside = |kind| matches!(kind, TokenKind::Atom | TokenKind::Dot);
    ends == brackets.map(Some)
        && line.iter().any(|(kind, _)| is_inside(*kind))
        && line
            .iter()
            .all(|(kind, _)| is_inside(*kind) || brackets.contains(kind))
}

/// Returns where a line's key ends: that of a setting, or the path of a section.
fn end_of_key(line: &[Token<'_>], is_header: bool) -> usize {
    if is_header {
        return line.len();
    }
    let equals = line.iter().position(|(kind, _)| *kind == TokenKind::Equals);
    match (equals, kind_at(line, 0)) {
        (Some(equals), _) => equals,
        (None, Some(TokenKind::Atom)) => 1,
        _ => 0,
    }
}

fn kind_at(line: &[Token<'_>], place: usize) -> Option<TokenKind> {
    line.get(place).map(|(kind, _)| *kind)
}

fn words<'a>(tokens: &[Token<'a>]) -> impl Iterator<Item = &'a str> {
    let words = tokens.iter().filter(|(kind, _)| is_word(*kind));
    words.map(|(_, text)| bare(text))
}

const fn is_word(kind: TokenKind) -> bool {
    is_quoted(kind) || matches!(kind, TokenKind::Atom)
}

const fn is_quoted(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::BasicString
            | TokenKind::LiteralString
            | TokenKind::MlBasicString
            | TokenKind::MlLiteralString
    )
}

/// Returns whether the quote at the beginning of a text stands at its end, too.
fn is_closed(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next() == letters.next_back()
}

/// Returns whether a value without quotes is one that TOML knows.
fn is_no_name(kind: TokenKind, text: &str) -> bool {
    kind == TokenKind::Atom && (matches!(text, "true" | "false") || text.parse::<f64>().is_ok())
}

/// Takes quotes away, and what follows a quote that nobody closed.
fn bare(text: &str) -> &str {
    let text = text.trim_matches(['"', '\'', ' ', '\t']);
    text.trim_end_matches([']', '}', ',', ' '])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups_and_people(settings: &str) -> (Vec<&str>, Vec<&str>) {
        let (mut groups, mut people) = (Vec::new(), Vec::new());
        for name in names(settings) {
            match name {
                Name::Group(name) => groups.push(name),
                Name::Person(name) => people.push(name),
            }
        }
        (groups, people)
    }

    #[test]
    fn names_are_found_however_a_group_is_written() {
        for settings in [
            "[groups]\ndesk = ['Bao', \"Chen O'Neil\"]\n[network]\ninterfaces = ['eth0']",
            "[groups] # ours\ndesk = [\n  \"Bao\",\n  # it's both\n  \"Chen O'Neil\",\n]\n[audio]\ninput = 'x'",
            "['groups']\r\n'desk' = ['Bao', \"Chen O'Neil\"]\r\n",
            "groups.desk = [\n\"Bao\",\n\"Chen O'Neil\"\n]\nlevel = [\n'x'\n]",
            "groups = { desk = ['Bao', \"Chen O'Neil\"] }\n[audio]\ninput = 'x'",
            "[groups]\ndesk = ['Bao' # \"Chen O'Neil\"\n]",
        ] {
            let found = groups_and_people(settings);
            assert_eq!(
                found,
                (vec!["desk"], vec!["Bao", "Chen O'Neil"]),
                "{settings}"
            );
        }
    }

    #[test]
    fn names_are_found_where_the_file_is_wrong() {
        for settings in [
            "[groups]\ndesk = [\"Bao Berg\nlab = [Chen]",
            "[groups]\ndesk = \"Bao Berg\"]\nlab = Chen, true, 7",
            "[groups]\ndesk [ 'Bao Berg'\n[network]\nport = 'x'\n[groups]\nlab 'Chen'",
        ] {
            let found = groups_and_people(settings);
            assert_eq!(
                found,
                (vec!["desk", "lab"], vec!["Bao Berg", "Chen"]),
                "{settings}"
            );
        }
    }

    #[test]
    fn a_key_for_a_group_and_the_own_name_are_found_and_nothing_else() {
        let settings = "name = 'Anna'\n# it's \"mine\"\n[audio]\ninput = 'Blue'\n[hotkeys]\ntalk = 'F9'\nwhisper.desk = 'F5'\n\
            [hotkeys.whisper]\nlab = 'F6'\n[groups]\n# none\n";
        assert_eq!(
            groups_and_people(settings),
            (vec!["desk", "lab"], vec!["Anna"])
        );
        assert_eq!(
            groups_and_people("a file that cannot be read"),
            (vec![], vec![])
        );
    }
}
