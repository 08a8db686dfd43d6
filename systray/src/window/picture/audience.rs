//! Who hears the user, and who whispers to the user, in sentences.
//!
//! A sentence comes in parts, so that a name in another script keeps its own order within it.

use sotto_control::model::{
    Meeting, NobodyBecause, OfflineReason, Person, PresenceState, Snapshot, Talk, TalkMode, TalkTo,
};

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Our words.
    Text(String),
    /// Somebody's name.
    Name(String),
}

impl Part {
    fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

/// The sentence as one text.
pub(crate) fn plain(parts: &[Part]) -> String {
    let texts = parts.iter().map(|part| match part {
        Part::Text(text) | Part::Name(text) => text.as_str(),
    });
    texts.collect()
}

/// The audience, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Audience {
    /// The sentence.
    pub(crate) sentence: Vec<Part>,
    /// What kind of audience it is.
    pub(crate) tone: Tone,
    /// Whether *Speak to everyone* changes something.
    pub(crate) can_widen: bool,
    /// Whether *Unmute* belongs to the sentence.
    pub(crate) can_unmute: bool,
}

/// The kind of audience, which decides the colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nobody hears the user, and that is as it should be.
    #[default]
    Closed,
    /// Everyone hears the user.
    Open,
    /// The chosen alone do.
    Whisper,
    /// Nobody hears the user, who may think otherwise.
    Lost,
}

/// The most people inside who are all named when everyone hears.
const MOST_NAMES: usize = 6;

/// Names in a sentence: `Chen, Dara and Bao`.
pub(super) fn names(people: &[Person]) -> Vec<Part> {
    list(people, people.len())
}

fn list(people: &[Person], most: usize) -> Vec<Part> {
    let named = people.iter().take(most);
    let mut items: Vec<Part> = named
        .map(|person| Part::Name(person.label.clone()))
        .collect();
    let rest = people.len().saturating_sub(most);
    if rest > 0 {
        items.push(Part::text(format!("{rest} more")));
    }
    let last = items.len().saturating_sub(1);
    let mut parts = Vec::new();
    for (place, item) in items.into_iter().enumerate() {
        match place {
            0 => {}
            place if place == last => parts.push(Part::text(" and ")),
            _ => parts.push(Part::text(", ")),
        }
        parts.push(item);
    }
    parts
}

/// The audience of the active meeting.
pub(super) fn of(snapshot: &Snapshot, meeting: &Meeting) -> Audience {
    let (sentence, tone) = sentence(snapshot, meeting);
    let can_widen = matches!(snapshot.talk.to, TalkTo::Whisper { .. } | TalkTo::Unknown)
        || snapshot.talk.nobody_because.is_some();
    Audience {
        sentence,
        tone,
        can_widen,
        can_unmute: snapshot.talk.muted_but_talking,
    }
}

fn sentence(snapshot: &Snapshot, meeting: &Meeting) -> (Vec<Part>, Tone) {
    let (status, talk) = (&snapshot.status, &snapshot.talk);
    let closed = |text: &str| (vec![Part::text(text)], Tone::Closed);
    if talk.muted_but_talking {
        let text = "You are talking, but you are muted. Nobody hears you.";
        return (vec![Part::text(text)], Tone::Lost);
    }
    if let TalkTo::Whisper { to, .. } = &talk.to {
        return whisper(to, snapshot);
    }
    match (talk.to == TalkTo::Unknown, talk.nobody_because) {
        (true, _) => {
            let text = "Some people hear you. This window is older than the Sotto daemon and cannot say who.";
            return (vec![Part::text(text)], Tone::Whisper);
        }
        (_, Some(because)) => {
            let text = match because {
                NobodyBecause::ReceiversGone => {
                    "Those you whispered to have gone. Nobody hears you until you speak to everyone."
                }
                NobodyBecause::HoldLost => {
                    "Your whisper was cut off. Nobody hears you until you speak to everyone."
                }
                NobodyBecause::ScreenLocked => {
                    "The screen was locked, which ended your whisper. Nobody hears you until you speak to everyone."
                }
                NobodyBecause::ScreenSaver => {
                    "The screen saver ended your whisper. Nobody hears you until you speak to everyone."
                }
                NobodyBecause::Suspended => {
                    "This machine was suspended, which ended your whisper. Nobody hears you until you speak to everyone."
                }
                NobodyBecause::Other => {
                    "Your whisper has ended. Nobody hears you until you speak to everyone."
                }
            };
            return (vec![Part::text(text)], Tone::Lost);
        }
        (false, None) => {}
    }
    match meeting.presence.state {
        PresenceState::Away => {
            return closed("You are away: you hear the meeting, and nobody hears you.");
        }
        PresenceState::Offline {
            reason: OfflineReason::Phone,
        } => {
            return closed("You are on the phone: you hear nothing, and nobody hears you.");
        }
        _ => {}
    }
    if status.deafened {
        return closed("You are deafened: you hear nothing, and nobody hears you.");
    }
    let others: Vec<Person> = meeting
        .participants
        .iter()
        .filter(|one| !one.you && one.presence.is_present())
        .map(|one| one.person.clone())
        .collect();
    if waits_for_press(talk) {
        return (press(&others), Tone::Closed);
    }
    if status.muted && !talk.microphone_open {
        return closed("You are muted. Nobody hears you.");
    }
    if !talk.microphone_open {
        let text = "Your microphone is not open. Nobody hears you.";
        return (vec![Part::text(text)], Tone::Lost);
    }
    let mut parts = vec![Part::text("Everyone here hears you: ")];
    match others.len() {
        0 => return closed("Nobody else is here yet."),
        1 => {
            let verb = Part::text(" hears you. Nobody else is here.");
            parts = list(&others, 1);
            parts.push(verb);
        }
        _ => {
            parts.extend(list(&others, MOST_NAMES));
            parts.push(Part::text("."));
        }
    }
    (parts, Tone::Open)
}

/// Returns whether the microphone is closed because nobody presses it.
fn waits_for_press(talk: &Talk) -> bool {
    talk.mode == TalkMode::Push && !talk.pressed && !talk.microphone_open
}

/// Says who would hear the user.
fn press(others: &[Person]) -> Vec<Part> {
    if others.is_empty() {
        return vec![Part::text("Nobody else is here yet.")];
    }
    let mut parts = vec![Part::text("Press to talk. ")];
    parts.extend(list(others, MOST_NAMES));
    parts.push(Part::text(" will hear you."));
    parts
}

fn whisper(to: &[Person], snapshot: &Snapshot) -> (Vec<Part>, Tone) {
    let talk = &snapshot.talk;
    if to.is_empty() {
        let text = "Those you whisper to have gone. Nobody hears you.";
        return (vec![Part::text(text)], Tone::Lost);
    }
    let mut parts;
    if talk.microphone_open {
        parts = vec![Part::text("Whispering to ")];
        parts.extend(names(to));
        parts.push(Part::text(". Nobody else hears you."));
    } else if waits_for_press(talk) && !snapshot.status.deafened {
        parts = vec![Part::text("Press to talk. Only ")];
        parts.extend(names(to));
        parts.push(Part::text(" will hear you."));
    } else if snapshot.status.muted || snapshot.status.deafened {
        parts = vec![Part::text("You are muted. Once you unmute, only ")];
        parts.extend(names(to));
        parts.push(Part::text(hear_you(to)));
    } else {
        parts = vec![Part::text("Your microphone is not open, so that not even ")];
        parts.extend(names(to));
        parts.push(Part::text(hear_you(to)));
        return (parts, Tone::Lost);
    }
    if !talk.not_hearing.is_empty() {
        parts.push(Part::text(" "));
        parts.extend(names(&talk.not_hearing));
        let verb = match talk.not_hearing.len() {
            1 => " is deafened and does not hear it.",
            _ => " are deafened and do not hear it.",
        };
        parts.push(Part::text(verb));
    }
    (parts, Tone::Whisper)
}

/// The end of a sentence about those who would hear the user.
fn hear_you(people: &[Person]) -> &'static str {
    match people {
        [_] => " hears you.",
        _ => " hear you.",
    }
}

/// A sentence for each whisper that reaches the user.
pub(super) fn incoming(talk: &Talk) -> Vec<Vec<Part>> {
    let sentence = |whisper: &sotto_control::model::IncomingWhisper| {
        let mut parts = vec![
            Part::Name(whisper.from.label.clone()),
            Part::text(" whispers to you"),
        ];
        match whisper.also_to.as_slice() {
            [] => parts.push(Part::text(" alone")),
            others => {
                parts.push(Part::text(" and "));
                parts.extend(names(others));
            }
        }
        parts.push(Part::text(match whisper.heard {
            true => ".",
            false => ". You are deafened and hear nothing of it.",
        }));
        parts
    };
    talk.incoming.iter().map(sentence).collect()
}
