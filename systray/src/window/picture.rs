//! What the window shows, as a pure function of what it knows. The same state always gives the same picture, so that the
//! window is drawn anew only when its picture changes, and all of it is tested without a window.
//!
//! What changes many times a second, who speaks and the figures of the network, is kept apart in [`Voices`] and
//! [`figures()`].

mod audience;
mod figures;
mod meetings;
mod tile;
mod voices;

pub(crate) use audience::{Audience, Part, Tone, plain};
pub(crate) use figures::{Quality, figures};
pub(crate) use meetings::{Card, Colleague, Invite, Line};
pub(crate) use tile::{Mark, Tile, Voice};
pub(crate) use voices::{STEPS, Voices};

use sotto_control::model::{
    OfflineReason, Person, PresenceState, Snapshot, Sound, SoundState, TalkMode,
};

use crate::quiet::time_of_day;
use crate::state::{Link, State};
use crate::words::{LONGEST_MESSAGE, shorten};

/// Everything on the screen, but for what the user does there right now.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Picture {
    /// Why there is no connection, if there is none; empty until the first try has ended.
    pub(crate) disconnected: Option<String>,
    /// Whether starting the daemon helps.
    pub(crate) startable: bool,
    /// The meeting that the user is in.
    pub(crate) room: Option<Room>,
    /// Where the user is.
    pub(crate) you: You,
    /// Invitations that wait for an answer.
    pub(crate) invitations: Vec<Invite>,
    /// Every other meeting.
    pub(crate) meetings: Vec<Card>,
    /// Whom a meeting can be started with: groups, then people.
    pub(crate) colleagues: Vec<Colleague>,
    /// What does not work.
    pub(crate) troubles: Vec<String>,
}

/// The user.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct You {
    /// What colleagues call the user.
    pub(crate) name: String,
    /// Whether the microphone is closed by the user.
    pub(crate) muted: bool,
    /// Whether the loudspeaker is.
    pub(crate) deafened: bool,
    /// Whether the microphone is open at this moment.
    pub(crate) microphone_open: bool,
    /// Whether the microphone is open only while it is pressed.
    pub(crate) push_to_talk: bool,
    /// Whether it is pressed.
    pub(crate) pressed: bool,
    /// Whether the user talks although muted, and nobody hears it.
    pub(crate) unheard: bool,
    /// Whether the user wants to be left alone.
    pub(crate) quiet: bool,
    /// The time of day at which that ends by itself.
    pub(crate) quiet_until: Option<String>,
    /// Whether the user is Away.
    pub(crate) away: bool,
    /// Whether the user is on the phone.
    pub(crate) on_the_phone: bool,
}

/// The meeting that the user is in.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Room {
    /// The meeting's id.
    pub(crate) id: String,
    /// The title.
    pub(crate) title: String,
    /// How many are inside, and how many are not.
    pub(crate) count: String,
    /// Everyone on the roster, the user first.
    pub(crate) tiles: Vec<Tile>,
    /// Who hears the user.
    pub(crate) audience: Audience,
    /// Who whispers to the user, a sentence each.
    pub(crate) whispers: Vec<Vec<Part>>,
    /// Whom the reply button answers, by id.
    pub(crate) reply_to: Vec<String>,
    /// Who that is, for the button.
    pub(crate) reply_names: Vec<Part>,
}

impl You {
    /// Returns whether pressing opens the microphone.
    pub(crate) const fn can_press(&self) -> bool {
        self.push_to_talk && !self.deafened && !self.away && !self.on_the_phone
    }
}

impl Picture {
    /// Returns the picture before anything is known.
    pub(crate) fn unknown() -> Self {
        Self {
            disconnected: Some(String::new()),
            ..Self::default()
        }
    }

    /// Returns the picture of a state.
    pub(crate) fn of(state: &State) -> Self {
        match &state.link {
            Link::Down { why, startable } => Self {
                disconnected: Some(shorten(why, LONGEST_MESSAGE)),
                startable: *startable,
                ..Self::default()
            },
            Link::Up(snapshot) => Self::connected(snapshot),
        }
    }

    fn connected(snapshot: &Snapshot) -> Self {
        Self {
            disconnected: None,
            startable: false,
            room: room(snapshot),
            you: you(snapshot),
            invitations: meetings::invitations(snapshot),
            meetings: meetings::others(snapshot),
            colleagues: meetings::colleagues(snapshot),
            troubles: troubles(snapshot),
        }
    }

    /// The title of the window.
    pub(crate) fn window_title(&self) -> String {
        match &self.room {
            Some(room) => format!("{} – Sotto", room.title),
            None => "Sotto".to_owned(),
        }
    }

    /// The tile of the person with this id.
    pub(crate) fn tile(&self, id: &str) -> Option<&Tile> {
        let room = self.room.as_ref()?;
        room.tiles.iter().find(|tile| tile.id == id)
    }
}

fn room(snapshot: &Snapshot) -> Option<Room> {
    let meeting = snapshot.active()?;
    let inside = meeting.present();
    let outside = meeting.participants.len() - inside;
    let count = match outside {
        0 => format!("{inside} inside"),
        _ => format!("{inside} inside · {outside} not here"),
    };
    Some(Room {
        id: meeting.id.clone(),
        title: meeting.title.clone(),
        count,
        tiles: tile::tiles(snapshot, meeting),
        audience: audience::of(snapshot, meeting),
        whispers: audience::incoming(&snapshot.talk),
        reply_to: ids(&snapshot.talk.reply_to),
        reply_names: audience::names(&snapshot.talk.reply_to),
    })
}

fn you(snapshot: &Snapshot) -> You {
    let active = snapshot.active().map(|meeting| meeting.presence);
    let presence = snapshot.status.presence.or(active).map(|now| now.state);
    let phone = PresenceState::Offline {
        reason: OfflineReason::Phone,
    };
    You {
        name: snapshot.status.you.name.clone(),
        muted: snapshot.status.muted,
        deafened: snapshot.status.deafened,
        microphone_open: snapshot.talk.microphone_open,
        push_to_talk: snapshot.talk.mode == TalkMode::Push,
        pressed: snapshot.talk.pressed,
        unheard: snapshot.talk.muted_but_talking,
        quiet: snapshot.status.dnd.on,
        quiet_until: snapshot.status.dnd.until.and_then(time_of_day),
        away: presence == Some(PresenceState::Away),
        on_the_phone: presence == Some(phone),
    }
}

fn ids(people: &[Person]) -> Vec<String> {
    people.iter().map(|person| person.id.clone()).collect()
}

fn troubles(snapshot: &Snapshot) -> Vec<String> {
    let mut troubles: Vec<String> = sound_trouble(&snapshot.status.sound).into_iter().collect();
    troubles.extend(snapshot.status.network.problem.clone());
    troubles.extend(
        snapshot
            .status
            .warnings
            .iter()
            .map(|warning| sotto_control::in_one_line(&warning.text, warning.hint.as_ref())),
    );
    for trouble in &mut troubles {
        *trouble = shorten(trouble, LONGEST_MESSAGE);
    }
    troubles
}

fn sound_trouble(sound: &Sound) -> Option<String> {
    let otherwise = match sound.state {
        SoundState::Unavailable => "there is no sound system on this machine",
        SoundState::Failed => "a sound device has failed",
        SoundState::Closed | SoundState::Open | SoundState::Unknown => {
            return sound.input.muted_by_system.then(|| {
                "your microphone is muted in the system's own settings: nobody hears you".to_owned()
            });
        }
    };
    let problem = sound.problem.as_deref().unwrap_or(otherwise);
    Some(sotto_control::in_one_line(problem, sound.hint.as_ref()))
}

#[cfg(test)]
mod tests;
