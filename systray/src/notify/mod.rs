//! Desktop notifications, without a desktop: what to show and to close.
//!
//! [`Notifier`] takes what the daemon says and what the server of notifications says, and hands out [`Effect`]s one
//! after the other. It does no input and output and reads no clock, so every rule is tested alone. `bus` carries the
//! effects out.
//!
//! - An invitation is answered by the user alone: no notification that opens, closes or grows old answers it, nor does
//!   a click beside its buttons, which opens the window, nor a press in the moment in which it appears.
//! - A notification that the user has closed comes back only with something new: somebody invites, an answer is
//!   refused, the next whisper begins.
//! - Numbers are the server's. Another server knows none of them, so what was open is shown anew.

#[cfg(target_os = "linux")]
pub(crate) mod bus;
mod card;
mod invitations;
mod message;
mod notices;
#[cfg(test)]
mod tests;
mod whispers;

use std::time::Instant;

use sotto_control::model::{IncomingWhisper, Invitation, Notice, Snapshot};

use crate::click::{Click, Show};
use crate::daemon::News;
use crate::state::{Link, State};
use card::{Card, Due};
use invitations::Invitations;
pub(crate) use message::{Capabilities, Notification};
use notices::Notices;
use whispers::Whispers;

/// The part of the daemon's state that notifications are about.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Facts {
    /// Whether the user wants no notifications at all.
    off: bool,
    invitations: Vec<Invitation>,
    whispers: Vec<IncomingWhisper>,
    warnings: Vec<Notice>,
    to_nobody: bool,
}

impl Facts {
    /// Picks it out; `None` without a daemon.
    pub(crate) fn of(state: &State) -> Option<Self> {
        match &state.link {
            Link::Up(snapshot) => Some(Self::among(snapshot)),
            Link::Down { .. } => None,
        }
    }

    fn among(snapshot: &Snapshot) -> Self {
        if snapshot.status.notifications_off {
            return Self {
                off: true,
                ..Self::default()
            };
        }
        let active = snapshot.active().map(|meeting| meeting.id.as_str());
        // Whoever does not want to be disturbed has them in the menu, and is told of those that are left afterwards.
        let quiet = snapshot.status.dnd.on;
        let open = |one: &&Invitation| !quiet && Some(one.meeting.id.as_str()) != active;
        Self {
            off: false,
            invitations: snapshot.invitations.iter().filter(open).cloned().collect(),
            whispers: snapshot.talk.incoming.clone(),
            warnings: snapshot.status.warnings.clone(),
            to_nobody: snapshot.talk.nobody_because.is_some(),
        }
    }
}

/// What a notification is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The invitation to the meeting with this id.
    Invitation(String),
    /// A whisper of the person with this id.
    Whisper(String),
    /// One of the notices.
    Notice(u64),
}

/// What is to be done. Each is to be carried out before the next is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Ask whether there is a server and what it can do, starting one if the desktop can; then call
    /// [`Notifier::server_here`] or [`Notifier::server_absent`].
    Ask,
    /// Show it, then call [`Notifier::shown`] or [`Notifier::not_shown`].
    Show(Subject, Notification),
    /// Close the notification with this number.
    Close(u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Server {
    /// None, as far as is known. It is asked for when there is something new to show.
    Absent,
    /// Asked for.
    Asked,
    Here(Capabilities),
}

/// Decides what is shown.
#[derive(Debug)]
pub(crate) struct Notifier {
    server: Server,
    /// Whether to ask for a server although there is nothing new.
    ask: bool,
    invitations: Invitations,
    whispers: Whispers,
    notices: Notices,
    /// Whether the user wants none.
    off: bool,
}

impl Default for Notifier {
    fn default() -> Self {
        Self {
            server: Server::Absent,
            ask: true,
            invitations: Invitations::default(),
            whispers: Whispers::default(),
            notices: Notices::default(),
            off: false,
        }
    }
}

impl Notifier {
    /// Takes over what is so now; `None` without a daemon.
    pub(crate) fn update(&mut self, facts: Option<&Facts>) {
        let Some(facts) = facts else {
            self.invitations.disconnect();
            self.whispers.update(&[]);
            self.notices.disconnect();
            return;
        };
        self.off = facts.off;
        self.invitations.update(&facts.invitations);
        self.whispers.update(&facts.whispers);
        self.notices.update(&facts.warnings, facts.to_nobody);
    }

    /// Takes note of what happened.
    pub(crate) fn hear(&mut self, news: &News) {
        match news {
            News::Notice(_) if self.off => {}
            News::Notice(notice) => self.notices.hear(notice),
            News::Answered { wish, refusal } => {
                if let Some(late) = self.invitations.answered(wish, refusal.as_deref()) {
                    self.notices.late(&late);
                }
            }
        }
    }

    /// Returns what the user wants who pressed the button `key` of a notification, or clicked on it.
    pub(crate) fn pressed(&mut self, id: u32, key: &str, now: Instant) -> Option<Click> {
        if key != message::DEFAULT {
            return self.invitations.pressed(id, key, now).map(Click::Ask);
        }
        let (subject, card) = self.cards().find(|(_, card)| card.is(id))?;
        Some(Click::Show(match subject {
            Subject::Invitation(meeting) if !card.is_ended() => Show::Invitation(meeting),
            _ => Show::Window,
        }))
    }

    /// Takes note that the server, or the user, closed a notification. That is no answer.
    pub(crate) fn closed(&mut self, id: u32) {
        let mut cards = self.cards();
        if let Some((_, card)) = cards.find(|(_, card)| card.is(id)) {
            card.closed();
        }
    }

    /// Takes note that a server answered.
    pub(crate) fn server_here(&mut self, capabilities: Capabilities) {
        self.server = Server::Here(capabilities);
    }

    /// Takes note that there is no server.
    pub(crate) fn server_absent(&mut self) {
        self.server = Server::Absent;
        self.notices.drop_unshown();
        self.cards().for_each(|(_, card)| card.calm());
    }

    /// Takes note that the server has gone, or that another took its place.
    pub(crate) fn server_changed(&mut self, present: bool) {
        self.server = Server::Absent;
        self.ask = present;
        self.notices
            .cards()
            .for_each(|(_, card)| card.forget_server_for_good());
        self.invitations
            .cards()
            .chain(self.whispers.cards())
            .for_each(|(_, card)| card.forget_server());
    }

    /// Takes note of the number that the server gave.
    pub(crate) fn shown(&mut self, subject: &Subject, id: u32) {
        if let Some((_, card)) = self.cards().find(|(of, _)| of == subject) {
            card.taken(id);
        }
    }

    /// Takes note that the server did not take it.
    pub(crate) fn not_shown(&mut self, subject: &Subject) {
        if let Some((_, card)) = self.cards().find(|(of, _)| of == subject) {
            card.refused();
        }
    }

    /// Returns what is to be done next; `None` when that is nothing before [`Self::deadline`].
    pub(crate) fn next(&mut self, now: Instant) -> Option<Effect> {
        self.whispers.tidy(now);
        self.notices.tidy();
        let server = match self.server {
            Server::Here(server) => server,
            Server::Asked => return None,
            Server::Absent => {
                let ask = self.ask || self.cards().any(|(_, card)| card.is_fresh());
                self.ask = false;
                return ask.then(|| {
                    self.server = Server::Asked;
                    Effect::Ask
                });
            }
        };
        let mut cards = self.cards();
        cards.find_map(|(subject, card)| match card.due(server, now)? {
            Due::Show(notification) => Some(Effect::Show(subject, notification)),
            Due::Close(id) => Some(Effect::Close(id)),
        })
    }

    /// Returns when to ask for the next effect, if nothing happens before.
    pub(crate) fn deadline(&mut self) -> Option<Instant> {
        if !matches!(self.server, Server::Here(_)) {
            return None;
        }
        self.cards().filter_map(|(_, card)| card.deadline()).min()
    }

    /// Has every notification closed that is worth nothing without this program.
    pub(crate) fn end(&mut self) {
        self.update(None);
    }

    fn cards(&mut self) -> impl Iterator<Item = (Subject, &mut Card)> {
        self.invitations
            .cards()
            .chain(self.whispers.cards())
            .chain(self.notices.cards())
    }
}
