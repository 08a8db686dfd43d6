//! How participants are shown: what they signed, as far as it has not been overtaken and they can be heard.

use super::Mesh;
use crate::audience::Attendee;
use crate::event::{Event, Part};
use crate::ids::{MeetingId, PeerId};
use crate::presence::{Flags, OfflineReason, Presence};
use crate::record::Unheard;

impl Mesh {
    /// A record of `peer` is new: looks at it in every meeting.
    pub(super) fn review_peer(&mut self, peer: PeerId) {
        for id in self.meetings.shared_with(peer) {
            self.follow_record(id, peer);
            self.review(id, peer);
        }
    }

    /// Tells those who follow presence by record: reachability and keys.
    fn follow_record(&mut self, id: MeetingId, peer: PeerId) {
        if peer == self.me.id {
            return;
        }
        let now = self.now.monotonic;
        let present = self.meetings.believed(id, peer).is_present();
        let Some(meeting) = self.meetings.get_mut(&id) else {
            return;
        };
        let before = meeting.reach().standing(peer);
        if present {
            let fresh = meeting.presence(peer).and_then(|held| held.fresh);
            let stay = meeting
                .seat(peer)
                .map_or((0, 0), |seat| (seat.epoch, seat.counter));
            meeting.reach_mut().present(peer, stay, fresh, now);
        } else {
            meeting.reach_mut().absent(peer, now);
        }
        if before != meeting.reach().standing(peer) {
            self.meetings.reach_changed(id);
        } else {
            self.reach_deadline(id);
        }
        if self.is_inside(id) {
            if present {
                self.keys.present(peer, now);
            } else {
                self.keys.absent(peer);
            }
        }
    }

    pub(super) fn reach_deadline(&mut self, id: MeetingId) {
        self.meetings.schedule_reach(id, self.now.monotonic);
    }

    /// Notes that people of a meeting have changed: to talk it matters if I am there.
    pub(super) fn attendance_changed(&mut self, id: MeetingId) {
        if self.is_seated(id) {
            self.meetings.attendance_changed();
        }
    }

    /// Looks at one participant again.
    fn review(&mut self, id: MeetingId, peer: PeerId) {
        let (is, _) = self.meetings.shown(id, peer);
        let Some(meeting) = self.meetings.get_mut(&id) else {
            return;
        };
        let was = meeting.show(peer, is);
        self.attendance_changed(id);
        if was == is {
            return;
        }
        self.outbox.changed(Part::Participant(id, peer));
        if was.is_present() != is.is_present() {
            // Whoever is present runs.
            self.outbox.changed(Part::Peer(peer));
        }
        self.links.reconsider();
        if peer != self.me.id {
            let label = self.people.label(peer);
            self.outbox.event(Event::Presence {
                meeting: id,
                peer,
                label,
                was,
                is,
            });
        }
    }

    fn review_all(&mut self, id: MeetingId) {
        let peers: Vec<PeerId> = self
            .meetings
            .get(&id)
            .map(|meeting| meeting.participants().collect())
            .unwrap_or_default();
        for peer in peers {
            self.review(id, peer);
        }
        // Who is not reachable from here shows without a change of presence.
        self.outbox.changed(Part::Meeting(id));
    }

    /// A packet on the media path proves that its sender is there.
    pub(super) fn heard(&mut self, peer: PeerId) {
        let now = self.now.monotonic;
        let Some(id) = self.seat.active() else {
            return;
        };
        let Some(meeting) = self.meetings.get_mut(&id) else {
            return;
        };
        let before = meeting.reach().standing(peer);
        meeting.reach_mut().heard(peer, now);
        if before != meeting.reach().standing(peer) {
            self.meetings.reach_changed(id);
        }
    }

    /// Reachability changed in some meetings: shows it, and tells the others whom I do not hear.
    pub(super) fn reach_consequences(&mut self) {
        while let Some(id) = self.meetings.take_reach_changed() {
            self.review_all(id);
            let now = self.now.monotonic;
            let report = self
                .meetings
                .get_mut(&id)
                .and_then(|meeting| meeting.reach_mut().poll_report(now));
            if let Some(report) = report
                && !self.me.is_cloned()
            {
                let record = self.me.sign(id, Unheard { report });
                self.publish(id, &record.raw);
            }
            self.reach_deadline(id);
        }
    }

    /// Whether I am in this meeting's audio.
    pub(super) fn is_inside(&self, id: MeetingId) -> bool {
        self.seat.active() == Some(id)
    }

    /// Whether I am in this meeting, or will return to it.
    pub(super) fn is_seated(&self, id: MeetingId) -> bool {
        self.seat.is_in(id)
    }

    /// The other participants of a meeting, as talk sees them.
    pub(super) fn attendees(&self, id: MeetingId) -> Vec<Attendee> {
        let Some(meeting) = self.meetings.get(&id) else {
            return Vec::new();
        };
        meeting
            .shown()
            .iter()
            .filter(|(peer, _)| **peer != self.me.id)
            .map(|(peer, presence)| Attendee {
                peer: *peer,
                presence: *presence,
                flags: meeting
                    .presence(*peer)
                    .map_or_else(Flags::default, |held| held.record.body.flags),
            })
            .collect()
    }

    /// The same with those who are invited and have not joined, so that they can be refused by the right reason.
    pub(super) fn attendees_and_invitees(&self, id: MeetingId) -> Vec<Attendee> {
        let mut attendees = self.attendees(id);
        let Some(meeting) = self.meetings.get(&id) else {
            return attendees;
        };
        let presence = Presence::Offline(OfflineReason::NotJoined);
        let flags = Flags::default();
        let invited = meeting
            .roster(self.now.utc)
            .into_iter()
            .filter(|peer| !meeting.is_participant(*peer));
        attendees.extend(invited.map(|peer| Attendee {
            peer,
            presence,
            flags,
        }));
        attendees
    }
}
