//! Letting others in: the secret is the answer to a join.

use super::Mesh;
use crate::ids::{MeetingId, PeerId};
use crate::limits::PARTICIPANTS;
use crate::meeting::Meeting;
use crate::output::Output;
use crate::reach::Reach;
use crate::record::{Founding, Record};
use crate::wire::{ADMISSION_BYTES, Admission, NotAdmitted, Response};

impl Mesh {
    /// `from`, as the connection proves, asks to be let in.
    ///
    /// Whoever has an open invitation is, and whoever was in before: it has held the secret already.
    pub(super) fn admit(&mut self, from: PeerId, id: MeetingId) -> Response {
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
