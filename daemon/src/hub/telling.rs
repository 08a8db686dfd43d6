//! Telling those who watch.

use std::time::Instant;

use sotto_control::Event;
use sotto_control::model::{Level, Levels, Notice};

use super::Hub;
use super::publisher::{Due, Shown};

impl Hub {
    /// Notes that clients show something that is no longer so.
    pub(super) fn changed(&mut self, part: Shown) {
        let now = Instant::now();
        self.publisher.changed(part, now);
        if let Shown::Peer(peer) = part
            && self.member_changed(peer)
        {
            self.publisher.changed(Shown::Groups, now);
        }
    }

    /// Notes that somebody speaks, stops, or is louder than before.
    pub(super) fn levels_changed(&mut self) {
        if self.clients.want_levels() {
            self.publisher.levels_changed(Instant::now());
        }
    }

    /// Tells every subscriber something, after what it is about.
    pub(super) fn tell(&mut self, notice: Notice) {
        self.publisher.tell(notice, Instant::now());
    }

    /// Tells something that would be a nuisance if it were told each time.
    pub(super) fn tell_rarely(&mut self, notice: Notice) {
        self.publisher.tell_rarely(notice, Instant::now());
    }

    /// Publishes what is due.
    pub(super) fn publish_due(&mut self) {
        if let Some(due) = self.publisher.take_due(Instant::now()) {
            self.send_due(due);
        }
    }

    /// Publishes everything that is waiting, due or not.
    pub(super) fn publish(&mut self) {
        let due = self.publisher.take(Instant::now());
        self.send_due(due);
    }

    /// Tells every subscriber what has changed, and then what is to be said about it.
    fn send_due(&self, due: Due) {
        let is_for_systemd = |part: &Shown| {
            !matches!(
                part,
                Shown::Peers | Shown::Peer(_) | Shown::Talk | Shown::Groups
            )
        };
        if due.parts.iter().any(is_for_systemd) {
            self.tell_service_manager();
        }
        // What nobody looks at is not even put together.
        if !self.clients.listen() {
            return;
        }
        for event in due.parts.into_iter().filter_map(|part| self.event(part)) {
            self.clients.send(&event);
        }
        for notice in due.notices {
            self.clients.send(&Event::Notice { notice });
        }
        if due.levels {
            let levels = self.levels();
            self.clients.send(&Event::Levels { levels });
        }
    }

    /// Returns the event that brings `part` as it is now.
    fn event(&self, part: Shown) -> Option<Event> {
        match part {
            Shown::Status => Some(Event::Status {
                status: Box::new(self.status()),
            }),
            Shown::Talk => Some(Event::Talk { talk: self.talk() }),
            Shown::Groups => Some(Event::Groups {
                groups: self.groups(),
            }),
            other => self.presenter().event(other),
        }
    }

    fn levels(&self) -> Levels {
        let (voiced, own) = self.voice.voiced();
        let speakers = voiced
            .iter()
            .filter(|(_, voiced)| voiced.speaking)
            .filter_map(|(peer, voiced)| {
                Some(Level {
                    id: peer.to_string(),
                    level_dbfs: voiced.level_dbfs?,
                    whisper: voiced.whisper,
                })
            })
            .collect();
        Levels {
            microphone_dbfs: own.level_dbfs,
            you_speak: own.speaking,
            speakers,
        }
    }
}
