//! Letting others in: the secret is the answer to a join.

use super::Mesh;
use super::merging::{Taken, Via, Way};
use crate::ids::{MeetingId, PeerId};
use crate::limits::PARTICIPANTS;
use crate::meeting::Meeting;
use crate::output::Output;
use crate::reach::Reach;
use crate::record::{self, AnyRecord, Founding, Record};
use crate::wire::{ADMISSION_BYTES, Admission, NotAdmitted, Response};

impl Mesh {
    /// Judges the wish of `from`, as the connection proves, to be let in.
    ///
    /// It is, with an open invitation. So is anybody who was in before: it has held the secret already. The invitation
    /// may come with the wish, if its inviter had no time to tell me.
    pub(super) fn admit(
        &mut self,
        from: PeerId,
        id: MeetingId,
        invitations: &[Vec<u8>],
    ) -> Response {
        for raw in invitations {
            self.take_brought_invitation(from, id, raw);
        }
        let Some(meeting) = self.meetings.get(&id).filter(|_| !self.me.is_cloned()) else {
            return Response::NotAdmitted(NotAdmitted::NotMine);
        };
        let utc = self.now.utc;
        let invited = !meeting.open_invitations(from, utc).is_empty();
        if !invited && !meeting.is_participant(from) {
            return Response::NotAdmitted(NotAdmitted::NotInvited);
        }
        if meeting.ended().is_some() {
            return Response::NotAdmitted(NotAdmitted::Ended);
        }
        if !meeting.is_participant(from) && meeting.participants().count() >= PARTICIPANTS {
            return Response::NotAdmitted(NotAdmitted::Full);
        }
        tracing::debug!(peer = ?from, meeting = ?id, "lets in");
        Response::Admitted(Admission {
            secret: *meeting.keys().secret,
            founding: meeting.founding().raw.to_vec(),
            records: self.whole_meeting(id, ADMISSION_BYTES),
        })
    }

    /// Takes an invitation of `from` that it brings itself.
    ///
    /// Only participants invite, and only they gossip. Here nothing but the signature says who invited, so the inviter
    /// must be one.
    fn take_brought_invitation(&mut self, from: PeerId, id: MeetingId, raw: &[u8]) {
        if self.is_blamed(from) || self.me.is_cloned() {
            return;
        }
        let Some(AnyRecord::Invitation(invitation)) = record::read(raw) else {
            self.guard.malformed();
            return;
        };
        let by_participant = self
            .meetings
            .get(&id)
            .is_some_and(|meeting| meeting.is_participant(invitation.head.author));
        if invitation.body.invitee != from || !by_participant {
            return;
        }
        let via = Via {
            relay: from,
            way: Way::Carried,
        };
        if self.take_record(id, AnyRecord::Invitation(invitation), None, via) == Taken::Bad {
            self.blame(from);
        }
    }

    /// Puts a meeting on my list and listens to its news.
    pub(super) fn add_meeting(
        &mut self,
        founding: Record<Founding>,
        secret: [u8; 32],
    ) -> MeetingId {
        let id = MeetingId(founding.hash);
        let serial = self.report_serial();
        let meeting = Meeting::new(
            founding,
            secret,
            Reach::new(id, self.me.id, serial),
            self.now.utc,
        );
        self.outbox
            .push(Output::Subscribe(meeting.keys().topic.clone()));
        self.meetings.add(meeting);
        self.links.reconsider();
        id
    }

    /// Takes a meeting off my list and stops listening.
    pub(super) fn remove_meeting(&mut self, id: MeetingId) {
        let Some(meeting) = self.meetings.forget(id, self.now.utc) else {
            return;
        };
        self.timers.forget(&meeting.keys().topic);
        self.outbox
            .push(Output::Unsubscribe(meeting.keys().topic.clone()));
        self.offerings.forget(id);
        self.outbox.changed(crate::event::Part::Meeting(id));
        self.links.reconsider();
        self.outbox.save_with_batch();
    }
}
