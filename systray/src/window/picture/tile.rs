//! One participant.

use sotto_control::model::{
    Meeting, OfflineReason, Participant, Person, PresenceState, Snapshot, TalkTo,
};

use super::figures::{Quality, quality};
use crate::window::bidi::initials;
use crate::window::colour::of_person;

/// A participant as shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Tile {
    /// The person's id.
    pub(crate) id: String,
    /// The name to show, whole.
    pub(crate) label: String,
    /// What stands in the circle.
    pub(crate) initials: String,
    /// Which colour the circle has.
    pub(crate) colour: usize,
    /// Whether this is the user.
    pub(crate) you: bool,
    /// Where they are.
    pub(crate) mark: Mark,
    /// The same in words, with the reason.
    pub(crate) presence: String,
    /// Their microphone and loudspeaker.
    pub(crate) voice: Voice,
    /// Whether they whisper to the user.
    pub(crate) whispers: bool,
    /// Whether they, and not everyone, hear the user.
    pub(crate) chosen: bool,
    /// How well the network carries their voice.
    pub(crate) quality: Quality,
    /// Whether the user has stopped playing them, because they are heard through the room.
    pub(crate) silenced: bool,
    /// Whether they seem to sit in the same room.
    pub(crate) same_room: bool,
}

/// The mark for somebody's presence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Hears and may speak.
    Online,
    /// Hears.
    Away,
    /// Neither.
    #[default]
    Offline,
}

/// A participant's microphone and loudspeaker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Voice {
    /// As they should be, or nobody knows.
    #[default]
    Open,
    /// The microphone is closed.
    Muted,
    /// Both are.
    Deafened,
}

impl Tile {
    /// Returns whether the user can whisper to them now.
    pub(crate) fn reachable(&self) -> bool {
        !self.you && self.mark != Mark::Offline
    }

    /// Returns the remarks beside the name, from the most important to the least.
    pub(crate) fn remarks(&self) -> Vec<&str> {
        let voice = match self.voice {
            _ if self.mark == Mark::Offline => "",
            Voice::Open => "",
            Voice::Muted => "muted",
            Voice::Deafened => "deafened",
        };
        let mut remarks = Vec::new();
        if self.whispers {
            remarks.push("whispers to you");
        }
        if self.chosen {
            remarks.push("hears your whisper");
        }
        remarks.push(&self.presence);
        remarks.push(voice);
        if self.silenced {
            remarks.push("not played here");
        } else if self.same_room {
            remarks.push("in the same room");
        }
        remarks.push(self.quality.words());
        remarks.retain(|remark| !remark.is_empty());
        remarks
    }

    /// The name that a screen reader says.
    pub(crate) fn accessible(&self) -> String {
        let you = if self.you { " (you)" } else { "" };
        format!("{}{you}, {}", self.label, self.remarks().join(", "))
    }
}

/// Everyone on the roster: the user first, then those inside, in the daemon's order.
pub(super) fn tiles(snapshot: &Snapshot, meeting: &Meeting) -> Vec<Tile> {
    let talk = &snapshot.talk;
    let is_in = |people: &[Person], id: &str| people.iter().any(|person| person.id == id);
    let chosen: &[Person] = match &talk.to {
        TalkTo::Whisper { to, .. } => to,
        TalkTo::Everyone | TalkTo::Nobody | TalkTo::Unknown => &[],
    };
    let tile = |one: &Participant| {
        let id = &one.person.id;
        Tile {
            id: id.clone(),
            label: one.person.label.clone(),
            initials: initials(&one.person.name),
            colour: of_person(id),
            you: one.you,
            mark: mark(one),
            presence: presence(one),
            voice: match (one.muted, one.deafened) {
                (_, true) => Voice::Deafened,
                (true, false) => Voice::Muted,
                (false, false) => Voice::Open,
            },
            whispers: talk.incoming.iter().any(|whisper| whisper.from.id == *id),
            chosen: is_in(chosen, id),
            quality: quality(one),
            silenced: one.silenced,
            same_room: one.same_room,
        }
    };
    let mut tiles: Vec<Tile> = meeting.participants.iter().map(tile).collect();
    // A stable sort: within each part the daemon's order stays.
    tiles.sort_by_key(|tile| (!tile.you, tile.mark == Mark::Offline));
    tiles
}

/// The mark of a participant.
pub(super) const fn mark(one: &Participant) -> Mark {
    match one.presence.state {
        PresenceState::Online => Mark::Online,
        PresenceState::Away => Mark::Away,
        PresenceState::Offline { .. } | PresenceState::Unknown => Mark::Offline,
    }
}

/// A participant's presence in words.
pub(super) fn presence(one: &Participant) -> String {
    let words = match one.presence.state {
        PresenceState::Online => "online",
        PresenceState::Away if one.presence.automatic => "away (idle)",
        PresenceState::Away => "away",
        PresenceState::Offline { .. } if one.declined => "declined",
        PresenceState::Offline { reason } => match reason {
            OfflineReason::Closed => "closed Sotto",
            OfflineReason::Phone => "on the phone",
            OfflineReason::Elsewhere => "in another meeting",
            OfflineReason::Left => "left",
            OfflineReason::Lost => "connection lost",
            OfflineReason::NotJoined => "not joined yet",
            OfflineReason::Other => "offline",
        },
        PresenceState::Unknown => "unknown",
    };
    match one.presence.not_reachable_from_here {
        true => format!("{words}, not reachable from here"),
        false => words.to_owned(),
    }
}
