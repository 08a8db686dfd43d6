//! What is done now and then: synchronising with somebody, and letting go of what is over.

use rand_chacha::rand_core::Rng;

use super::Mesh;
use crate::event::{Event, Part};
use crate::ids::{MeetingId, PeerId};

impl Mesh {
    pub(super) fn housekeeping(&mut self) {
        let now = self.now.monotonic;
        if self.seat.is_closing() || !self.timers.take_housekeeping(now, &mut self.rng) {
            return;
        }
        if self.timers.is_announcement_due(now) {
            self.announce_myself();
        }
        self.lapse_lobby();
        self.look_at_prompts();
        self.look_at_meetings();
        self.synchronise_at_random();
        self.tell_of_limits();
        self.links.look_for_company();
        // Some of what runs has stopped running without a word.
        self.links.reconsider();
    }

    /// Lobby with one random neighbour, each meeting with one random neighbour that is in it.
    fn synchronise_at_random(&mut self) {
        let neighbours = self.neighbours_in(None);
        if let Some(peer) = self.pick(&neighbours) {
            self.compare_lobby(peer, 4);
        }
        let meetings: Vec<MeetingId> = self.meetings.ids().collect();
        for id in meetings {
            self.look_at_invitees(id);
            let inside = self.neighbours_in(Some(id));
            if let Some(peer) = self.pick(&inside) {
                self.compare_meeting(id, peer, 4);
            }
        }
    }

    /// Tells the user, once in a while, that something was more than the limits allow.
    fn tell_of_limits(&mut self) {
        for what in self.guard.take_exceeded() {
            self.outbox.event(Event::LimitReached { what });
        }
    }

    pub(super) fn pick(&mut self, peers: &[PeerId]) -> Option<PeerId> {
        // A bias of one in billions does not matter here.
        let index = self.rng.next_u32() as usize % peers.len().max(1);
        peers.get(index).copied()
    }

    fn lapse_lobby(&mut self) {
        for peer in self.people.lapse(self.now.monotonic) {
            self.outbox.changed(Part::Peer(peer));
            self.forget_stranger(peer);
        }
    }

    /// Forgets the name of somebody who is neither here nor a contact, nor invites me.
    fn forget_stranger(&mut self, peer: PeerId) {
        if !self.needs_name(peer) {
            let relabelled = self.people.forget_name(peer);
            self.labels_changed(&relabelled);
        }
    }

    /// Whether somebody is here, a contact, on a roster of mine, or invites me.
    pub(super) fn needs_name(&self, peer: PeerId) -> bool {
        self.people.is_familiar(peer)
            || self.prompts.are_by(peer)
            || self
                .meetings
                .iter()
                .any(|meeting| meeting.is_participant(peer) || meeting.is_invited(peer))
    }

    fn look_at_meetings(&mut self) {
        let (now, utc) = (self.now.monotonic, self.now.utc);
        let seat = self.seat.meeting();
        let over = self.meetings.take_stock(self.me.id, seat, now, utc);
        for id in over {
            tracing::info!(meeting = ?id, "forgets a meeting");
            self.remove_meeting(id);
        }
        self.meetings.forget_forgotten(self.now.utc);
        // Names that were claimed for people who never appeared.
        if self.people.is_full_of_names() {
            let strangers: Vec<PeerId> = self.people.named().collect();
            for peer in strangers {
                self.forget_stranger(peer);
            }
        }
    }
}
