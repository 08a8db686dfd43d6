//! One notification: what it is to say, what the server was given, and when it may be given something again.

use std::time::{Duration, Instant};

use super::message::{Capabilities, Message, Notification};

/// How long something new is on the screen before a press is meant for it: the hand was on its way to something else.
const SETTLES_IN: Duration = Duration::from_millis(500);

/// A notification in its life.
#[derive(Debug)]
pub(super) struct Card {
    /// What it is to say; `None`: it is to be closed.
    wanted: Option<Message>,
    /// Counts what deserves the user's attention, so that a notification that was closed comes back.
    occasion: u64,
    /// Whether the occasion has not been handed out yet.
    fresh: bool,
    place: Place,
    /// The server's number for it; 0 before there is one.
    id: u32,
    given: Option<(Message, u64)>,
    /// Until when a press is not meant for it.
    settles: Option<Instant>,
    /// Whether it is to come back as it was, for a press closed it that was not meant for it.
    back: bool,
    /// How long it rests after it was handed out.
    rest: Duration,
    not_before: Option<Instant>,
}

/// Where the notification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Not with this server.
    Unshown,
    /// Handed out, and not yet taken.
    HandedOut,
    /// On the screen, or in the server's list.
    Open,
    /// Closed by the user, by its age or by the server.
    Closed,
    /// Not taken by the server.
    Failed,
}

/// What is to be done about a card.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    Show(Notification),
    Close(u32),
}

impl Card {
    /// Makes a card that is handed out at most once in `rest`.
    pub(super) const fn new(rest: Duration) -> Self {
        Self {
            wanted: None,
            occasion: 0,
            fresh: false,
            place: Place::Unshown,
            id: 0,
            given: None,
            settles: None,
            back: false,
            rest,
            not_before: None,
        }
    }

    /// Sets what it says. A closed one stays closed.
    pub(super) fn say(&mut self, message: Message) {
        self.wanted = Some(message);
    }

    /// Asks for attention: a closed one comes back with the next message.
    pub(super) fn ring(&mut self) {
        self.occasion += 1;
        self.fresh = true;
    }

    /// Asks for attention at once, for the user waits for it.
    pub(super) fn ring_now(&mut self) {
        self.not_before = None;
        self.ring();
    }

    /// Has it closed.
    pub(super) fn end(&mut self) {
        self.wanted = None;
        self.fresh = false;
    }

    /// Returns whether there is nothing more to say.
    pub(super) fn is_ended(&self) -> bool {
        self.wanted.is_none()
    }

    /// Returns whether nothing of it is left at the server, or on its way there.
    pub(super) fn is_gone(&self) -> bool {
        self.is_ended() && !matches!(self.place, Place::HandedOut | Place::Open)
    }

    /// Returns whether a press is meant for it. One that is not brings it back as soon as one can be.
    pub(super) fn takes_press(&mut self, now: Instant) -> bool {
        let meant = self.settles.is_none_or(|then| then <= now);
        if !meant {
            self.back = true;
            self.not_before = self.settles;
        }
        meant
    }

    /// Returns whether it still rests.
    pub(super) fn rests(&self, now: Instant) -> bool {
        self.not_before.is_some_and(|then| now < then)
    }

    /// Returns whether it asks for attention that it has not had.
    pub(super) const fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// Gives the wish for attention up, until there is a server.
    pub(super) fn calm(&mut self) {
        self.fresh = false;
    }

    /// Returns whether this is the server's `id`, open or closed.
    pub(super) const fn is(&self, id: u32) -> bool {
        self.id == id && id != 0
    }

    /// Returns what is to be done now, and takes it as done.
    pub(super) fn due(&mut self, server: Capabilities, now: Instant) -> Option<Due> {
        let Some(message) = self.wanted.clone() else {
            if self.place != Place::Open {
                return None;
            }
            self.place = Place::Unshown;
            return Some(Due::Close(std::mem::take(&mut self.id)));
        };
        if !self.has_news() || self.rests(now) {
            return None;
        }
        let quiet = !self.has_new_occasion();
        if !quiet {
            self.settles = now.checked_add(SETTLES_IN);
        }
        self.back = false;
        let notification = message.for_server(server, self.id, quiet);
        self.given = Some((message, self.occasion));
        self.fresh = false;
        self.place = Place::HandedOut;
        self.not_before = now.checked_add(self.rest);
        Some(Due::Show(notification))
    }

    /// Returns when there is something to be done, if a rest is all that it waits for.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.not_before.filter(|_| self.has_news())
    }

    fn has_new_occasion(&self) -> bool {
        self.given.as_ref().map(|(_, occasion)| *occasion) != Some(self.occasion)
    }

    fn has_news(&self) -> bool {
        let Some(wanted) = &self.wanted else {
            return false;
        };
        match self.place {
            Place::Unshown => true,
            Place::HandedOut => false,
            Place::Closed | Place::Failed => self.has_new_occasion() || self.back,
            Place::Open => {
                self.has_new_occasion()
                    || self.back
                    || self.given.as_ref().map(|(message, _)| message) != Some(wanted)
            }
        }
    }

    /// Takes note of the number that the server gave.
    pub(super) fn taken(&mut self, id: u32) {
        self.id = id;
        self.place = Place::Open;
    }

    /// Takes note that the server did not take it. It is tried again with the next occasion, or with the next server.
    pub(super) fn refused(&mut self) {
        self.place = Place::Failed;
    }

    /// Takes note that it is closed. Its number stays known: a button may be heard of after the end.
    pub(super) fn closed(&mut self) {
        if self.place == Place::Open {
            self.place = Place::Closed;
        }
    }

    /// Forgets its number, for the server is another. What was open is shown again. What the old one did not take is
    /// as good as new.
    pub(super) fn forget_server(&mut self) {
        self.id = 0;
        self.fresh |= self.place == Place::Failed && self.wanted.is_some();
        if self.place != Place::Closed {
            self.place = Place::Unshown;
        }
    }

    /// As [`Self::forget_server`], but what was shown once is not shown again.
    pub(super) fn forget_server_for_good(&mut self) {
        self.id = 0;
        if self.given.is_some() {
            self.place = Place::Closed;
        }
    }
}
