//! My own records: signing them, keeping them, and meeting those that come from outside.

use super::Mesh;
use super::identity::Own;
use super::merging::Taken;
use crate::event::Part;
use crate::ids::MeetingId;
use crate::presence::Presence;
use crate::record::{Answers, AnyRecord, Invitation, PresenceBody};

impl Mesh {
    /// Returns my presence in a meeting, as I signed it.
    pub(super) fn signed_by_me(&self, id: MeetingId) -> Presence {
        self.meetings.signed(id, self.me.id)
    }

    /// Signs my presence in a meeting, keeps it and gossips it.
    pub(super) fn sign_presence(&mut self, id: MeetingId, presence: Presence) {
        let body = PresenceBody {
            presence,
            flags: self.talk.flags(),
            seat: self.seat.counter(),
            name: self.me.name.clone(),
            device: self.me.device.clone(),
        };
        let record = self.me.sign(id, body);
        let raw = record.raw.clone();
        let Some(meeting) = self.meetings.get_mut(&id) else {
            return;
        };
        meeting.merge(
            AnyRecord::Presence(record),
            Some(self.now.monotonic),
            self.now.utc,
        );
        if self.is_seated(id) {
            self.keys.renew(raw.to_vec());
            self.timers.presence_signed(self.now.monotonic);
        }
        self.publish(id, &raw);
        self.review_peer(self.me.id);
        self.outbox.changed(Part::Meeting(id));
        self.outbox.changed(Part::Me);
        self.check_ended(id);
    }

    /// Signs my answers to all invitations to a meeting. Its participants are told, if I am one.
    pub(super) fn sign_answers(&mut self, id: MeetingId) {
        let Some(prompt) = self.prompts.get_mut(id) else {
            return;
        };
        let body = Answers {
            answers: prompt.to_sign(),
            name: self.me.name.clone(),
            device: self.me.device.clone(),
        };
        let record = self.me.sign(id, body);
        prompt.signed(record.clone());
        let raw = record.raw.clone();
        if let Some(meeting) = self.meetings.get_mut(&id) {
            let record = AnyRecord::Answer(record);
            meeting.merge(record, Some(self.now.monotonic), self.now.utc);
            self.publish(id, &raw);
        }
    }

    /// Returns a serial number above those of all my reports so far: each is a record, and counted as such.
    pub(super) fn report_serial(&self) -> u64 {
        super::first_serial(self.me.epoch()).saturating_add(self.me.next_counter())
    }

    /// Takes a verified record of mine that came from outside. One that I had lost is kept.
    pub(super) fn take_own(&mut self, id: MeetingId, record: AnyRecord) -> Taken {
        self.meet_own(&record);
        let is_kept = matches!(
            record,
            AnyRecord::Invitation(_) | AnyRecord::Answer(_) | AnyRecord::Unknown(_)
        );
        let lost = is_kept
            && self
                .meetings
                .get(&id)
                .is_some_and(|meeting| meeting.is_news(&record));
        if lost {
            self.merge(id, record, None)
        } else {
            Taken::Known
        }
    }

    /// Sees from a record of mine whether I am a restored backup, or not the only one with my key.
    pub(super) fn meet_own(&mut self, record: &AnyRecord) {
        if self.me.is_cloned() {
            return;
        }
        match self.me.meet(record.head()) {
            Own::Echo => {}
            Own::Forgotten => self.sign_everything_anew(),
            Own::Cloned => self.stop_as_clone(),
        }
    }

    /// Signs everything anew: my versions have moved past those of a run that I do not remember.
    fn sign_everything_anew(&mut self) {
        self.seat.set_counter(self.me.next_counter());
        let serial = self.report_serial();
        for meeting in self.meetings.iter_mut() {
            meeting.reach_mut().raise_serial(serial);
        }
        let mine: Vec<(MeetingId, Presence)> = self
            .meetings
            .iter()
            .filter_map(|meeting| {
                Some((
                    meeting.id(),
                    meeting.presence(self.me.id)?.record.body.presence,
                ))
            })
            .collect();
        for (id, presence) in mine {
            self.sign_presence(id, presence);
        }
        let me = self.me.id;
        let invitations: Vec<(MeetingId, Invitation)> = self
            .meetings
            .iter()
            .flat_map(|meeting| {
                meeting.invitees().into_iter().filter_map(move |invitee| {
                    Some((
                        meeting.id(),
                        meeting.invitation(invitee, me)?.record.body.clone(),
                    ))
                })
            })
            .collect();
        for (id, invitation) in invitations {
            self.sign_invitation(id, invitation);
        }
        for id in self.prompts.ids() {
            self.sign_answers(id);
        }
        self.announce_myself();
        self.outbox.save_now();
    }
}
