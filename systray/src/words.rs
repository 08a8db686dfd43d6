//! How people, titles and sentences of others are written in a line.

use sotto_control::model::{Invitation, Person};

/// The longest title or name in a label, in characters.
pub(crate) const LONGEST: usize = 40;
/// The longest message in a label, in characters.
pub(crate) const LONGEST_MESSAGE: usize = 160;
/// People who are named in a sentence; of the rest it gives the number.
const MOST_NAMES: usize = 3;

/// Returns who invites to what, as a sentence without a full stop.
pub(crate) fn asks(invitation: &Invitation) -> String {
    let from = if invitation.from.is_empty() {
        "Somebody".into()
    } else {
        names(&invitation.from)
    };
    let invite = if invitation.from.len() > 1 {
        "invite"
    } else {
        "invites"
    };
    format!(
        "{from} {invite} you to {}",
        quoted(&invitation.meeting.title)
    )
}

/// Lists people in a sentence.
pub(crate) fn names(people: &[Person]) -> String {
    let mut names: Vec<_> = people
        .iter()
        .take(MOST_NAMES)
        .map(|person| shorten(&person.label, LONGEST))
        .collect();
    if people.len() > MOST_NAMES {
        names.push(format!("{} more", people.len() - MOST_NAMES));
    }
    match names.split_last() {
        None => "nobody".into(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

/// Puts a title into quotation marks.
pub(crate) fn quoted(title: &str) -> String {
    format!("“{}”", shorten(title, LONGEST))
}

/// Returns one line of at most so many characters, the last an ellipsis if something is missing.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let kept: String = line.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}
