//! What the tray shows, as a pure function of what it knows.
//!
//! One [`State`] in, one whole [`View`] out: icon, tooltip and menu. Nothing is shown that is not in the state, and
//! the same state always shows the same, so everything here is tested without a desktop.

use sotto_control::model::{
    Invitation, Meeting, OfflineReason, Participant, PresenceState, Snapshot, Sound, SoundState,
    TalkTo,
};

use crate::icon::Mood;
use crate::state::{Link, State};
use crate::wish::Wish;
use crate::words::{LONGEST, LONGEST_MESSAGE, asks, names, quoted, shorten};

/// Invitations that the menu lists; the rest is for `sotto invites`.
const MOST_INVITATIONS: usize = 8;
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
        wish: Wish,
    },
    /// Lines to read behind one.
    List {
        /// What it says.
        label: String,
        /// The lines.
        lines: Vec<String>,
    },
    /// A rule between groups.
    Separator,
}

impl View {
    /// What to show.
    pub(crate) fn of(state: &State) -> Self {
        match &state.link {
            Link::Down { why } => Self::disconnected(why),
            Link::Up(snapshot) => Self::connected(snapshot, state.refusal.as_deref()),
        }
    }

    fn disconnected(why: &str) -> Self {
        let why = shorten(why, LONGEST_MESSAGE);
        Self {
            mood: Mood::Disconnected,
            badge: false,
            headline: "Sotto: not connected".into(),
            details: why.clone(),
            menu: vec![
                Entry::Text("Not connected".into()),
                Entry::Text(why),
                Entry::Separator,
                Entry::Action {
                    label: "Quit".into(),
                    wish: Wish::Quit,
                },
            ],
        }
    }

    fn connected(snapshot: &Snapshot, refusal: Option<&str>) -> Self {
        let active = snapshot.active();
        let mut menu = vec![Entry::Text(status_line(snapshot))];
        menu.extend(active.map(roster));
        let troubles = [
            refusal.map(str::to_owned),
            sound_trouble(&snapshot.status.sound),
        ];
        let troubles = troubles
            .into_iter()
            .flatten()
            .chain(snapshot.status.network.problem.clone());
        menu.extend(
            troubles
                .map(|trouble| Entry::Text(format!("⚠ {}", shorten(&trouble, LONGEST_MESSAGE)))),
        );
        push_group(&mut menu, voice(snapshot));
        push_group(&mut menu, invitations(&snapshot.invitations));
        push_group(
            &mut menu,
            vec![Entry::Action {
                label: "Quit Sotto".into(),
                wish: Wish::Quit,
            }],
        );
        let headline = match active {
            Some(meeting) => format!("Sotto: {}", shorten(&meeting.title, LONGEST)),
            None => "Sotto".into(),
        };
        Self {
            mood: mood(snapshot),
            badge: !snapshot.invitations.is_empty(),
            headline,
            details: details(snapshot),
            menu,
        }
    }
}

fn push_group(menu: &mut Vec<Entry>, group: Vec<Entry>) {
    if !group.is_empty() {
        menu.push(Entry::Separator);
        menu.extend(group);
    }
}

/// An open microphone always shows, whatever else is so.
fn mood(snapshot: &Snapshot) -> Mood {
    let whispering = matches!(snapshot.talk.to, TalkTo::Whisper { .. });
    if snapshot.active().is_none() {
        if is_on_the_phone(snapshot) {
            Mood::Away
        } else {
            Mood::Ready
        }
    } else if snapshot.talk.microphone_open {
        if whispering {
            Mood::Whispering
        } else {
            Mood::Speaking
        }
    } else if is_away(snapshot) || is_on_the_phone(snapshot) {
        Mood::Away
    } else if snapshot.status.muted
        || snapshot.status.deafened
        || snapshot.talk.to == TalkTo::Nobody
    {
        Mood::Muted
    } else if whispering {
        Mood::Whispering
    } else {
        Mood::Speaking
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

/// The menu's first line.
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
    } else {
        return None;
    };
    Some(state.into())
}

/// The active meeting's roster behind one line.
fn roster(meeting: &Meeting) -> Entry {
    let inside = meeting.present();
    let label = match inside {
        0 => "Nobody inside".into(),
        1 => "1 inside".into(),
        _ => format!("{inside} inside"),
    };
    // Those inside first, otherwise in the daemon's order.
    let (mut lines, absent): (Vec<_>, Vec<_>) = meeting
        .participants
        .iter()
        .partition(|participant| participant.presence.is_present());
    lines.extend(absent);
    let rest = lines.len().saturating_sub(MOST_PEOPLE);
    let mut lines: Vec<_> = lines
        .into_iter()
        .take(MOST_PEOPLE)
        .map(roster_line)
        .collect();
    if rest > 0 {
        lines.push(format!("and {rest} more"));
    }
    Entry::List { label, lines }
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

/// What the user can do about voice and presence.
fn voice(snapshot: &Snapshot) -> Vec<Entry> {
    let mut group = Vec::new();
    let mut offer = |label: &str, wish| {
        group.push(Entry::Action {
            label: label.into(),
            wish,
        })
    };
    if is_away(snapshot) || is_on_the_phone(snapshot) {
        offer("I am back", Wish::Back);
    }
    let Some(meeting) = snapshot.active() else {
        return group;
    };
    if snapshot.talk.to != TalkTo::Everyone {
        offer("Speak to everyone", Wish::SpeakToEveryone);
    }
    if snapshot.status.deafened {
        offer("Hear and speak again", Wish::Undeafen);
    } else if snapshot.status.muted {
        offer("Unmute", Wish::Unmute);
    } else {
        offer("Mute", Wish::Mute);
    }
    offer(
        &format!("Leave {}", quoted(&meeting.title)),
        Wish::Leave(meeting.id.clone()),
    );
    group
}

fn invitations(invitations: &[Invitation]) -> Vec<Entry> {
    let mut group = Vec::new();
    for invitation in invitations.iter().take(MOST_INVITATIONS) {
        let title = quoted(&invitation.meeting.title);
        let id = &invitation.meeting.id;
        let inside = match invitation.inside.len() {
            0 => String::new(),
            count => format!(" ({count} inside)"),
        };
        group.push(Entry::Text(format!("{}{inside}", asks(invitation))));
        group.push(Entry::Action {
            label: format!("Join {title}"),
            wish: Wish::Join(id.clone()),
        });
        group.push(Entry::Action {
            label: format!("Decline {title}"),
            wish: Wish::Decline(id.clone()),
        });
    }
    let rest = invitations.len().saturating_sub(MOST_INVITATIONS);
    if rest > 0 {
        group.push(Entry::Text(format!("and {rest} more: 'sotto invites'")));
    }
    group
}

fn sound_trouble(sound: &Sound) -> Option<String> {
    let trouble = match sound.state {
        SoundState::Unavailable => sound
            .problem
            .clone()
            .or_else(|| Some("no sound system on this machine".into())),
        SoundState::Failed => sound
            .problem
            .clone()
            .or_else(|| Some("a sound device failed".into())),
        SoundState::Closed | SoundState::Open | SoundState::Unknown => None,
    };
    trouble.map(|trouble| match &sound.hint {
        Some(hint) => format!("{trouble}: {hint}"),
        None => trouble,
    })
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

#[cfg(test)]
mod tests;
