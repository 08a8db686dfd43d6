//! What the tray shows, as a pure function of what it knows.
//!
//! One [`State`] in, one whole [`View`] out: icon, tooltip and menu. Nothing is shown that is not in the state, and
//! the same state always shows the same, so everything here is tested without a desktop.
//!
//! A panel that is given another menu closes the one that is open, or takes a click for another line. So nothing that
//! changes by itself from second to second stands in the menu: no levels, no times, not who speaks.

mod menu;
#[cfg(test)]
mod tests;

use sotto_control::model::{OfflineReason, Participant, PresenceState, Snapshot, TalkMode, TalkTo};

use crate::click::Click;
use crate::daemon::you_speak;
use crate::icon::Mood;
use crate::state::{Here, Link, State};
use crate::words::{LONGEST, LONGEST_MESSAGE, names, quoted, shorten};
use menu::MOST_INVITATIONS;

/// People that the menu and the tooltip list by name.
const MOST_PEOPLE: usize = 20;

/// Everything on screen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct View {
    /// The state that the icon shows.
    pub(crate) mood: Mood,
    /// Whether invitations wait: a dot on the icon.
    pub(crate) badge: bool,
    /// The tooltip's first line.
    pub(crate) headline: String,
    /// The tooltip's other lines.
    pub(crate) details: String,
    /// The menu from top to bottom.
    pub(crate) menu: Vec<Entry>,
}

/// One line of the menu.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Entry {
    /// A line to read.
    Text(String),
    /// A line to click.
    Action {
        /// What it says.
        label: String,
        /// What it does.
        click: Click,
    },
    /// Lines behind one. They hold no further lists: panels show one level reliably.
    List {
        /// What it says.
        label: String,
        /// The lines.
        lines: Vec<Self>,
    },
    /// A rule between groups.
    Separator,
}

impl View {
    /// What to show.
    pub(crate) fn of(state: &State, here: &Here) -> Self {
        match &state.link {
            Link::Down { why, startable } => Self::disconnected(why, *startable, here),
            Link::Up(snapshot) => Self::connected(snapshot, state.refusal.as_deref(), here),
        }
    }

    fn disconnected(why: &str, startable: bool, here: &Here) -> Self {
        let why = shorten(why, LONGEST_MESSAGE);
        Self {
            mood: Mood::Disconnected,
            badge: false,
            headline: "Sotto: not connected".into(),
            details: why.clone(),
            menu: menu::disconnected(&why, startable, here),
        }
    }

    fn connected(snapshot: &Snapshot, refusal: Option<&str>, here: &Here) -> Self {
        let headline = match snapshot.active() {
            Some(meeting) => format!("Sotto: {}", shorten(&meeting.title, LONGEST)),
            None => "Sotto".into(),
        };
        Self {
            mood: mood(snapshot),
            badge: !snapshot.invitations.is_empty(),
            headline,
            details: details(snapshot),
            menu: menu::connected(snapshot, refusal, here),
        }
    }
}

/// Returns what the icon shows. That others hear the user always shows, whatever else is so; then who whispers to them.
fn mood(snapshot: &Snapshot) -> Mood {
    if snapshot.active().is_none() {
        return if is_on_the_phone(snapshot) {
            Mood::Phone
        } else {
            Mood::Ready
        };
    }
    let whispering = matches!(snapshot.talk.to, TalkTo::Whisper { .. });
    let open = snapshot.talk.microphone_open;
    if whispering && (open || !(snapshot.status.muted || is_away(snapshot))) {
        Mood::Whispering
    } else if open && you_speak(snapshot) {
        Mood::Speaking
    } else if !snapshot.talk.incoming.is_empty() {
        Mood::WhisperedTo
    } else if snapshot.talk.muted_but_talking && !open {
        Mood::MutedTalking
    } else if open {
        Mood::Open
    } else if is_on_the_phone(snapshot) {
        Mood::Phone
    } else if is_away(snapshot) {
        Mood::Away
    } else if snapshot.status.muted
        || snapshot.status.deafened
        || snapshot.talk.mode == TalkMode::Push
        || snapshot.talk.to == TalkTo::Nobody
    {
        Mood::Muted
    } else {
        Mood::Open
    }
}

fn own_presence(snapshot: &Snapshot) -> Option<PresenceState> {
    let presence = snapshot
        .status
        .presence
        .or(snapshot.active().map(|meeting| meeting.presence));
    presence.map(|presence| presence.state)
}

fn is_away(snapshot: &Snapshot) -> bool {
    own_presence(snapshot) == Some(PresenceState::Away)
}

fn is_on_the_phone(snapshot: &Snapshot) -> bool {
    own_presence(snapshot)
        == Some(PresenceState::Offline {
            reason: OfflineReason::Phone,
        })
}

/// Returns how the user is, in a line.
fn status_line(snapshot: &Snapshot) -> String {
    let Some(meeting) = snapshot.active() else {
        return if is_on_the_phone(snapshot) {
            "On the phone".into()
        } else {
            "Not in a meeting".into()
        };
    };
    let title = shorten(&meeting.title, LONGEST);
    match own_state(snapshot) {
        Some(state) => format!("{title}: {state}"),
        None => title,
    }
}

/// What is particular about the user now.
fn own_state(snapshot: &Snapshot) -> Option<String> {
    if let TalkTo::Whisper { to, .. } = &snapshot.talk.to {
        let closed = if snapshot.talk.microphone_open || !snapshot.status.muted {
            ""
        } else {
            " (muted)"
        };
        return Some(format!("whispering to {}{closed}", names(to)));
    }
    let state = if is_on_the_phone(snapshot) {
        "on the phone"
    } else if snapshot.talk.to == TalkTo::Unknown {
        "speaking to some"
    } else if is_away(snapshot) {
        "away"
    } else if snapshot.status.deafened {
        "deafened"
    } else if snapshot.status.muted {
        "muted"
    } else if snapshot.talk.to == TalkTo::Nobody && snapshot.active().is_some() {
        "speaking to nobody"
    } else if snapshot.talk.pressed {
        "the talk key is held"
    } else if snapshot.talk.mode == TalkMode::Push && snapshot.active().is_some() {
        "push to talk"
    } else {
        return None;
    };
    Some(state.into())
}

fn roster_line(participant: &Participant) -> String {
    let mut line = shorten(&participant.person.label, LONGEST);
    if participant.you {
        line.push_str(" (you)");
    }
    let presence = match participant.presence.state {
        PresenceState::Online => String::new(),
        PresenceState::Away => "away".into(),
        PresenceState::Offline { .. } if participant.declined => "declined".into(),
        PresenceState::Offline { reason } => reason.to_string(),
        PresenceState::Unknown => "unknown".into(),
    };
    let voice = match (
        participant.presence.is_present(),
        participant.deafened,
        participant.muted,
    ) {
        (true, true, _) => "deafened",
        (true, false, true) => "muted",
        _ => "",
    };
    let reach = if participant.presence.not_reachable_from_here {
        "not reachable from here"
    } else {
        ""
    };
    for remark in [presence.as_str(), voice, reach]
        .into_iter()
        .filter(|remark| !remark.is_empty())
    {
        line.push_str(" · ");
        line.push_str(remark);
    }
    line
}

/// The tooltip below its headline: who is inside, how the user is, who invites.
fn details(snapshot: &Snapshot) -> String {
    let mut lines = Vec::new();
    match snapshot.active() {
        Some(meeting) => {
            let inside: Vec<_> = meeting
                .participants
                .iter()
                .filter(|one| one.presence.is_present())
                .map(roster_line)
                .collect();
            let rest = inside.len().saturating_sub(MOST_PEOPLE);
            let mut text = inside
                .into_iter()
                .take(MOST_PEOPLE)
                .collect::<Vec<_>>()
                .join("\n");
            if rest > 0 {
                text.push_str(&format!("\nand {rest} more"));
            }
            lines.push(text);
            lines.extend(own_state(snapshot).map(|state| format!("You: {state}")));
            if snapshot.talk.muted_but_talking {
                lines.push("You talk, and nobody hears it".into());
            }
            lines.extend(snapshot.talk.incoming.iter().map(|whisper| {
                format!("{} whispers to you", shorten(&whisper.from.label, LONGEST))
            }));
        }
        None => lines.push(status_line(snapshot)),
    }
    for invitation in snapshot.invitations.iter().take(MOST_INVITATIONS) {
        lines.push(format!(
            "Invitation to {}",
            quoted(&invitation.meeting.title)
        ));
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}
