//! What was typed, read: text for people or JSON when it is wrong, and `--wait` without its time.

use std::ffi::{OsStr, OsString};

use crate::guesses;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches};
use serde_json::json;

/// The option whose time may be left out.
const WAIT: &str = "--wait";

/// A command line that cannot be carried out, or that asks for help alone.
pub(crate) enum Answer {
    /// Help or the version, which was asked for.
    Wanted(clap::Error),
    /// It is wrong. With the JSON for programs, if that was asked for.
    Wrong(clap::Error, Option<serde_json::Value>),
}

/// Reads the command line of this process.
pub(crate) fn read<T: CommandFactory + FromArgMatches>(
    words: impl IntoIterator<Item = OsString>,
) -> Result<T, Answer> {
    let words = with_times(words);
    let asked_for_json = before_the_rest(&words).any(|word| word == "--json");
    T::command()
        .try_get_matches_from(&words)
        .and_then(|matches| T::from_arg_matches(&matches))
        .map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Answer::Wanted(error),
            _ => {
                let meant = guesses::meant(&words)
                    .filter(|_| error.kind() == ErrorKind::InvalidSubcommand)
                    .map(|command| format!("here that is '{command}'"));
                let json = asked_for_json.then(|| for_programs(&error, meant.as_deref()));
                let error = with_tip(error, meant);
                Answer::Wrong(error, json)
            }
        })
}

/// Adds a tip, instead of the library's own.
fn with_tip(mut error: clap::Error, tip: Option<String>) -> clap::Error {
    if let Some(tip) = tip {
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![tip.into()]),
        );
        // Words that merely look alike are no help then.
        error.remove(ContextKind::SuggestedSubcommand);
    }
    error
}

/// Returns what is wrong, as failures are told to programs.
fn for_programs(error: &clap::Error, hint: Option<&str>) -> serde_json::Value {
    let message = match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "no command was given".to_owned(),
        _ => {
            let text = error.render().to_string();
            // After that comes usage, for people.
            let first = text.lines().take_while(|line| !line.is_empty());
            let first: Vec<&str> = first.map(str::trim).collect();
            first.join(" ").trim_start_matches("error: ").to_owned()
        }
    };
    let mut told = json!({ "code": "invalid", "message": message, "exit_code": 2 });
    if let Some(hint) = hint {
        told["hint"] = json!(hint);
    }
    json!({ "error": told })
}

/// Joins `--wait` and a time after it to one word. So whatever else follows `--wait` is read for itself: a name, a title.
fn with_times(words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut joined: Vec<OsString> = Vec::new();
    let mut rest = false;
    for word in words {
        rest |= word == "--";
        let waits = !rest && joined.last().is_some_and(|last| last == WAIT);
        if waits && looks_like_a_time(&word) {
            let mut both = OsString::from(format!("{WAIT}="));
            both.push(&word);
            joined.pop();
            joined.push(both);
        } else {
            joined.push(word);
        }
    }
    joined
}

/// Returns whether it is a number, perhaps with letters after it: an address is not.
fn looks_like_a_time(word: &OsStr) -> bool {
    let Some(word) = word.to_str() else {
        return false;
    };
    let number = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    number.parse::<f64>().is_ok() && number.chars().all(|c| c.is_ascii_digit() || c == '.')
}

fn before_the_rest(words: &[OsString]) -> impl Iterator<Item = &OsString> {
    words.iter().take_while(|word| *word != "--")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(words: &str) -> String {
        let words = words.split(' ').map(OsString::from);
        let joined: Vec<String> = with_times(words)
            .into_iter()
            .map(|word| word.into_string().unwrap_or_default())
            .collect();
        joined.join(" ")
    }

    #[test]
    fn a_time_after_wait_belongs_to_it_and_nothing_else_does() {
        for (typed, read) in [
            ("sotto peers --wait 10s bao", "sotto peers --wait=10s bao"),
            ("sotto peers --wait 2.5m", "sotto peers --wait=2.5m"),
            ("sotto peers --wait 25h", "sotto peers --wait=25h"),
            ("sotto peers --wait bao", "sotto peers --wait bao"),
            ("sotto peers bao --wait", "sotto peers bao --wait"),
            (
                "sotto connect --wait 127.0.0.1:4000",
                "sotto connect --wait 127.0.0.1:4000",
            ),
            (
                "sotto connect --wait 10.0.0.2",
                "sotto connect --wait 10.0.0.2",
            ),
            ("sotto meet -- --wait 10", "sotto meet -- --wait 10"),
            ("sotto peers --wait=10 20", "sotto peers --wait=10 20"),
        ] {
            assert_eq!(joined(typed), read);
        }
    }
}
