//! From what the user types to a peer or a meeting.
//!
//! A name is found by any unique beginning. Whispers look only at the active roster; everything else looks at everybody
//! known, absent people included, so that a newcomer never inherits a beginning that used to mean somebody else.
//!
//! Capitals do not matter. A label in full (`Anna (laptop)#k3fq`), a name with a key suffix (`anna#k3`), a suffix alone
//! (`#k3fq`) and a key in full always work, and a name in full goes before longer names that begin with it. A key in
//! full means its owner alone: nobody is found by a name that was chosen to read like it.

use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

use crate::ids::{MeetingId, PeerId};
use crate::view::View;

/// Where to look for a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The active meeting's roster, without me: for whispers.
    ActiveRoster,
    /// Everybody known, absent people included.
    Everyone,
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A peer.
    Peer,
    /// A meeting.
    Meeting,
}

/// Why a text names nobody, or no one meeting.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ResolveError {
    /// Nothing begins like this.
    #[error("{} \"{text}\"", match .what { What::Peer => "nobody is called", What::Meeting => "there is no meeting" })]
    Unknown {
        /// What was looked for.
        what: What,
        /// What was typed.
        text: String,
    },
    /// Several begin like this.
    #[error("\"{text}\" may be {}", .candidates.join(" or "))]
    Ambiguous {
        /// What was looked for.
        what: What,
        /// What was typed.
        text: String,
        /// What names each of them: the labels of peers, the titles and short ids of meetings.
        candidates: Vec<String>,
    },
}

impl ResolveError {
    /// Returns what the user can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Unknown {
                what: What::Peer, ..
            } => "see your colleagues with 'sotto peers'",
            Self::Unknown {
                what: What::Meeting,
                ..
            } => "see your meetings with 'sotto meetings' and 'sotto invites'",
            Self::Ambiguous { .. } => "write more of the name, as it is listed",
        }
    }
}

/// Something that can be meant.
struct Choice<T> {
    it: T,
    /// Any of these in full means it, whatever else begins so.
    exact: Vec<String>,
    /// Any beginning of these means it, if it means nothing else.
    beginnings: Vec<String>,
    label: String,
}

/// How closely a text must fit.
#[derive(Clone, Copy)]
enum Strictness {
    Exact,
    WholeName,
    Beginning,
}

/// Somebody whom a name may mean.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The key.
    pub peer: PeerId,
    /// The name as the peer gives it.
    pub name: &'a str,
    /// The device as the peer gives it.
    pub device: &'a str,
    /// What is shown.
    pub label: &'a str,
}

impl Candidate<'_> {
    fn choice(&self) -> Choice<PeerId> {
        let Self {
            peer,
            name,
            device,
            label,
        } = self;
        Choice {
            it: *peer,
            exact: vec![
                peer.to_string(),
                label.to_lowercase(),
                format!("#{}", peer.suffix()),
            ],
            beginnings: vec![
                name.to_lowercase(),
                label.to_lowercase(),
                format!("{} ({})", name.to_lowercase(), device.to_lowercase()),
                format!("{}#{}", name.to_lowercase(), peer.suffix_of(52)),
                format!("#{}", peer.suffix_of(52)),
            ],
            label: (*label).to_owned(),
        }
    }
}

/// Finds a peer.
///
/// # Errors
/// If nobody, or more than one, is meant.
pub fn peer(view: &View, scope: Scope, text: &str) -> Result<PeerId, ResolveError> {
    match scope {
        Scope::ActiveRoster => among(on_active_roster(view), text),
        Scope::Everyone => among(known(view), text),
    }
}

/// Finds a peer among some.
///
/// # Errors
/// If nobody, or more than one, of them is meant.
pub fn among<'a>(
    candidates: impl IntoIterator<Item = Candidate<'a>>,
    text: &str,
) -> Result<PeerId, ResolveError> {
    let choices = candidates.into_iter().map(|one| one.choice()).collect();
    resolve(What::Peer, choices, text.trim().parse().ok(), text)
}

/// Returns everyone, on the active roster or not, whose name or label the text is in full.
pub fn called_in_full(view: &View, text: &str) -> Vec<PeerId> {
    let lower = composed(text).to_lowercase();
    let mut called = Vec::new();
    for one in known(view).chain(on_active_roster(view)) {
        let choice = one.choice();
        let mut names = choice.exact.iter().chain(&choice.beginnings);
        if names.any(|name| *name == lower) && !called.contains(&one.peer) {
            called.push(one.peer);
        }
    }
    called
}

/// Returns a text with each letter and its marks composed. Some keyboards and file names bring them apart.
pub fn composed(text: &str) -> String {
    text.trim().nfc().collect()
}

fn on_active_roster(view: &View) -> impl Iterator<Item = Candidate<'_>> {
    view.meetings
        .iter()
        .filter(|meeting| Some(meeting.meeting) == view.active)
        .flat_map(|meeting| &meeting.roster)
        .filter(|entry| !entry.me)
        .map(|entry| Candidate {
            peer: entry.peer,
            name: &entry.name,
            device: &entry.device,
            label: &entry.label,
        })
}

fn known(view: &View) -> impl Iterator<Item = Candidate<'_>> {
    view.peers.iter().map(|peer| Candidate {
        peer: peer.peer,
        name: &peer.name,
        device: &peer.device,
        label: &peer.label,
    })
}

/// Finds a meeting among mine and those I am invited to, by the beginning of its title or id.
///
/// # Errors
/// If none, or more than one, is meant.
pub fn meeting(view: &View, text: &str) -> Result<MeetingId, ResolveError> {
    let mine = view
        .meetings
        .iter()
        .map(|meeting| (meeting.meeting, &meeting.title));
    let invited = view
        .invitations
        .iter()
        .map(|invitation| (invitation.meeting, &invitation.title));
    let mut seen = std::collections::BTreeSet::new();
    let choices = mine
        .chain(invited)
        .filter(|(id, _)| seen.insert(*id))
        .map(|(id, title)| Choice {
            it: id,
            exact: vec![id.to_string()],
            beginnings: vec![title.to_lowercase(), id.to_string()],
            label: format!("{title} [{}]", id.short()),
        })
        .collect();
    resolve(What::Meeting, choices, text.trim().parse().ok(), text)
}

/// Finds what `text` means among `choices`; if it is an identifier in full, only what has that identifier.
fn resolve<T: Copy + PartialEq>(
    what: What,
    choices: Vec<Choice<T>>,
    identifier: Option<T>,
    text: &str,
) -> Result<T, ResolveError> {
    let typed = composed(text);
    let lower = typed.to_lowercase();
    let shown = || typed.chars().take(80).collect::<String>();
    if lower.is_empty() {
        return Err(ResolveError::Unknown {
            what,
            text: shown(),
        });
    }
    if let Some(identifier) = identifier {
        let is_it = |choice: &Choice<T>| choice.it == identifier;
        let unknown = ResolveError::Unknown {
            what,
            text: shown(),
        };
        return match choices.iter().any(is_it) {
            true => Ok(identifier),
            false => Err(unknown),
        };
    }
    let begins = |choice: &Choice<T>| {
        choice
            .beginnings
            .iter()
            .any(|beginning| beginning.starts_with(&lower))
    };
    // The first of these that anything satisfies decides.
    for strictness in [
        Strictness::Exact,
        Strictness::WholeName,
        Strictness::Beginning,
    ] {
        let rule = |choice: &Choice<T>| match strictness {
            Strictness::Exact => choice
                .exact
                .iter()
                .any(|exact| *exact == lower || *exact == typed),
            Strictness::WholeName => choice.beginnings.contains(&lower),
            Strictness::Beginning => begins(choice),
        };
        let meant: Vec<&Choice<T>> = choices.iter().filter(|choice| rule(choice)).collect();
        match meant.as_slice() {
            [] => {}
            [one] => return Ok(one.it),
            several => {
                let candidates = several
                    .iter()
                    .take(12)
                    .map(|choice| choice.label.clone())
                    .collect();
                return Err(ResolveError::Ambiguous {
                    what,
                    text: shown(),
                    candidates,
                });
            }
        }
    }
    Err(ResolveError::Unknown {
        what,
        text: shown(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(names: &[(u8, &str, &str)]) -> Vec<Choice<u8>> {
        names
            .iter()
            .map(|(it, name, label)| Choice {
                it: *it,
                exact: vec![label.to_lowercase()],
                beginnings: vec![name.to_lowercase(), label.to_lowercase()],
                label: (*label).to_owned(),
            })
            .collect()
    }

    #[test]
    fn a_unique_beginning_is_enough() {
        let known = || {
            choices(&[
                (1, "Anna", "Anna"),
                (2, "Bao", "Bao"),
                (3, "Barbara", "Barbara"),
            ])
        };
        assert_eq!(resolve(What::Peer, known(), None, "an"), Ok(1));
        assert_eq!(resolve(What::Peer, known(), None, "BAR"), Ok(3));
        assert!(matches!(
            resolve(What::Peer, known(), None, "c"),
            Err(ResolveError::Unknown { .. })
        ));
        assert!(matches!(
            resolve(What::Peer, known(), None, " "),
            Err(ResolveError::Unknown { .. })
        ));
    }

    #[test]
    fn an_ambiguous_beginning_lists_the_candidates() {
        let known = choices(&[(2, "Bao", "Bao"), (3, "Barbara", "Barbara")]);
        let error = resolve(What::Peer, known, None, "ba").unwrap_err();
        assert_eq!(error.to_string(), "\"ba\" may be Bao or Barbara");
    }

    #[test]
    fn a_name_in_full_goes_before_a_longer_one() {
        let known = choices(&[(1, "Ann", "Ann"), (2, "Anna", "Anna")]);
        assert_eq!(resolve(What::Peer, known, None, "ann"), Ok(1));
    }

    #[test]
    fn equal_names_are_told_apart_by_label_only() {
        let known = || {
            choices(&[
                (1, "Anna", "Anna (laptop)#aaaa"),
                (2, "Anna", "Anna (desk)#bbbb"),
            ])
        };
        assert!(matches!(
            resolve(What::Peer, known(), None, "anna"),
            Err(ResolveError::Ambiguous { .. })
        ));
        assert_eq!(resolve(What::Peer, known(), None, "anna (d"), Ok(2));
        assert_eq!(
            resolve(What::Peer, known(), None, "Anna (laptop)#aaaa"),
            Ok(1)
        );
    }

    #[test]
    fn a_key_in_full_means_its_owner_alone() {
        let key = "12D3KooW";
        let known = || choices(&[(1, "Anna", "Anna"), (2, key, "12D3KooW#bbbb")]);
        assert_eq!(resolve(What::Peer, known(), Some(1), key), Ok(1));
        let unknown = ResolveError::Unknown {
            what: What::Peer,
            text: key.to_owned(),
        };
        assert_eq!(resolve(What::Peer, known(), Some(3), key), Err(unknown));
    }

    #[test]
    fn only_those_who_are_among_them_are_meant() {
        let one = |number, name| Candidate {
            peer: PeerId([number; 32]),
            name,
            device: "laptop",
            label: name,
        };
        let (emil, emilia) = (one(1, "Emil"), one(2, "Emilia"));
        assert_eq!(among([emilia], "em"), Ok(emilia.peer));
        assert!(matches!(
            among([emil, emilia], "em"),
            Err(ResolveError::Ambiguous { .. })
        ));
        assert!(among([emilia], &emil.peer.to_string()).is_err());
    }

    #[test]
    fn it_does_not_matter_how_a_letter_with_a_mark_was_typed() {
        let known = || choices(&[(1, "Zo\u{eb}", "Zo\u{eb}"), (2, "Zoltan", "Zoltan")]);
        assert_eq!(resolve(What::Peer, known(), None, "zoe\u{308}"), Ok(1));
    }
}
