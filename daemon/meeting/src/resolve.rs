//! From what the user types to a peer or a meeting.
//!
//! A name is found by any unique beginning, of its first word or else of another. Whispers look only at the active roster;
//! everything else looks at everybody known, absent people included, so that a newcomer never inherits a beginning that
//! used to mean somebody else. A whisper to somebody known who is elsewhere goes to nobody whose name fits less.
//!
//! Capitals do not matter. A label in full (`Anna (laptop)#k3fq`), a name with a key suffix (`anna#k3`), a suffix alone
//! (`#k3fq`) and a key in full always work, and a name in full goes before longer names that begin with it. A key in
//! full means its owner alone: nobody is found by a name that was chosen to read like it.

use std::collections::BTreeSet;

use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

use crate::ids::{MeetingId, PeerId, Utc};
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
    /// Somebody who is not on the active roster.
    #[error("{label} is not in this meeting")]
    Elsewhere {
        /// By name.
        label: String,
    },
    /// I myself.
    #[error("\"{text}\" is yourself")]
    Yourself {
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
            Self::Elsewhere { .. } => {
                "see who is there with 'sotto roster', or invite them with 'sotto invite'"
            }
            Self::Yourself { .. } => "name somebody else; 'sotto peers' lists your colleagues",
            Self::Ambiguous {
                what: What::Peer, ..
            } => "write more of the name, as it is listed",
            Self::Ambiguous {
                what: What::Meeting,
                ..
            } => "write the id in the brackets instead",
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
    BeginningOfAWord,
}

/// Which of several meetings with the same title is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefer {
    /// One to get into: with an open invitation, else with people inside.
    Invitation,
    /// One to do something in: mine, and the active one first.
    Mine,
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
    let found = match scope {
        Scope::ActiveRoster => present(view, text),
        Scope::Everyone => among(known(view), text),
    };
    found.map_err(|error| match error {
        ResolveError::Unknown { text, .. } if is_me(view, &text) => ResolveError::Yourself { text },
        error => error,
    })
}

/// Finds a peer on the active roster. Somebody elsewhere whose name fits better than anybody's there is meant, and is not
/// there.
fn present(view: &View, text: &str) -> Result<PeerId, ResolveError> {
    let mut everybody: Vec<Candidate<'_>> = on_active_roster(view).collect();
    let there: BTreeSet<PeerId> = everybody.iter().map(|one| one.peer).collect();
    everybody.extend(known(view).filter(|one| !there.contains(&one.peer)));
    let choices: Vec<Choice<PeerId>> = everybody.iter().map(Candidate::choice).collect();
    let meant = best(&choices, text.trim().parse().ok(), text);
    let (here, elsewhere): (Vec<_>, Vec<_>) = meant
        .into_iter()
        .partition(|choice| there.contains(&choice.it));
    match elsewhere.first() {
        Some(one) if here.is_empty() => Err(ResolveError::Elsewhere {
            label: one.label.clone(),
        }),
        _ => only(What::Peer, &here, text),
    }
}

fn is_me(view: &View, text: &str) -> bool {
    let me = Candidate {
        peer: view.me.peer,
        name: &view.me.name,
        device: &view.me.device,
        label: &view.me.label,
    };
    !best(&[me.choice()], text.trim().parse().ok(), text).is_empty()
}

/// Finds a peer among some.
///
/// # Errors
/// If nobody, or more than one, of them is meant.
pub fn among<'a>(
    candidates: impl IntoIterator<Item = Candidate<'a>>,
    text: &str,
) -> Result<PeerId, ResolveError> {
    let choices: Vec<_> = candidates.into_iter().map(|one| one.choice()).collect();
    resolve(What::Peer, &choices, text.trim().parse().ok(), text)
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

/// Finds a meeting among mine and those I am invited to, by the beginning of its title or id. Of several with the same
/// title the newest is meant that is wanted as `prefer` says: yesterday's is in nobody's way.
///
/// # Errors
/// If none, or more than one, is meant.
pub fn meeting(view: &View, prefer: Prefer, text: &str) -> Result<MeetingId, ResolveError> {
    let mine = view
        .meetings
        .iter()
        .map(|meeting| (meeting.meeting, &meeting.title));
    let invited = view
        .invitations
        .iter()
        .map(|invitation| (invitation.meeting, &invitation.title));
    let mut seen = BTreeSet::new();
    let choices: Vec<Choice<MeetingId>> = mine
        .chain(invited)
        .filter(|(id, _)| seen.insert(*id))
        .map(|(id, title)| Choice {
            it: id,
            exact: vec![id.to_string()],
            beginnings: vec![title.to_lowercase(), id.to_string()],
            label: format!("{title} [{}]", id.short()),
        })
        .collect();
    let meant = best(&choices, text.trim().parse().ok(), text);
    let titles: BTreeSet<Option<&String>> = meant
        .iter()
        .map(|choice| choice.beginnings.first())
        .collect();
    let wanted = meant
        .iter()
        .max_by_key(|choice| rank(view, prefer, choice.it));
    match wanted {
        Some(choice) if titles.len() == 1 => Ok(choice.it),
        _ => only(What::Meeting, &meant, text),
    }
}

/// How much a meeting is wanted among others of its title.
fn rank(view: &View, prefer: Prefer, id: MeetingId) -> (bool, bool, bool, Utc) {
    let invitation = view.invitations.iter().find(|it| it.meeting == id);
    let mine = view.meetings.iter().find(|it| it.meeting == id);
    let is_invited = invitation.is_some();
    let is_active = view.active == Some(id) || view.me.interrupted == Some(id);
    let anybody = mine.is_some_and(|meeting| {
        let mut others = meeting.roster.iter().filter(|entry| !entry.me);
        others.any(|entry| entry.presence.is_present())
    });
    let newest = match (mine, invitation) {
        (Some(meeting), _) => meeting.since,
        (None, Some(invitation)) => invitation.made,
        (None, None) => Utc(0),
    };
    match prefer {
        Prefer::Invitation => (is_invited, anybody, is_active, newest),
        Prefer::Mine => (is_active, anybody, mine.is_some(), newest),
    }
}

/// Finds what `text` means among `choices`; if it is an identifier in full, only what has that identifier.
fn resolve<T: Copy + PartialEq>(
    what: What,
    choices: &[Choice<T>],
    identifier: Option<T>,
    text: &str,
) -> Result<T, ResolveError> {
    only(what, &best(choices, identifier, text), text)
}

/// Returns the one that is meant.
fn only<T: Copy>(what: What, meant: &[&Choice<T>], text: &str) -> Result<T, ResolveError> {
    let shown = || composed(text).chars().take(80).collect::<String>();
    match meant {
        [] => Err(ResolveError::Unknown {
            what,
            text: shown(),
        }),
        [one] => Ok(one.it),
        several => Err(ResolveError::Ambiguous {
            what,
            text: shown(),
            candidates: several
                .iter()
                .take(12)
                .map(|choice| choice.label.clone())
                .collect(),
        }),
    }
}

/// Returns those that fit `text` as closely as any; if it is an identifier in full, only what has that identifier.
fn best<'a, T: Copy + PartialEq>(
    choices: &'a [Choice<T>],
    identifier: Option<T>,
    text: &str,
) -> Vec<&'a Choice<T>> {
    let typed = composed(text);
    let lower = typed.to_lowercase();
    if lower.is_empty() {
        return Vec::new();
    }
    if let Some(identifier) = identifier {
        let is_it = |choice: &&Choice<T>| choice.it == identifier;
        return choices.iter().find(is_it).into_iter().collect();
    }
    // The first of these that anything satisfies decides.
    [
        Strictness::Exact,
        Strictness::WholeName,
        Strictness::Beginning,
        Strictness::BeginningOfAWord,
    ]
    .into_iter()
    .map(|strictness| {
        let rule = |choice: &&Choice<T>| match strictness {
            Strictness::Exact => choice
                .exact
                .iter()
                .any(|exact| *exact == lower || *exact == typed),
            Strictness::WholeName => choice.beginnings.contains(&lower),
            Strictness::Beginning => {
                let mut beginnings = choice.beginnings.iter();
                beginnings.any(|beginning| beginning.starts_with(&lower))
            }
            Strictness::BeginningOfAWord => {
                let mut names = choice.beginnings.iter();
                names.any(|name| words(name).any(|rest| rest.starts_with(&lower)))
            }
        };
        choices.iter().filter(rule).collect::<Vec<_>>()
    })
    .find(|meant| !meant.is_empty())
    .unwrap_or_default()
}

/// Returns a name from each of its words on, without what stands before the first letter or digit of one.
fn words(name: &str) -> impl Iterator<Item = &str> {
    name.char_indices().filter_map(|(at, letter)| {
        let before = name[..at].chars().next_back();
        let begins = letter.is_alphanumeric() && before.is_none_or(|it| !it.is_alphanumeric());
        begins.then(|| &name[at..])
    })
}

#[cfg(test)]
mod tests;
