//! Getting in: asking those inside, one after the other, until one of them answers with the secret.

use super::Mesh;
use super::direct::Purpose;
use super::join::{Due, Step};
use crate::command::Reply;
use crate::event::{Event, JoinFailure, Part};
use crate::ids::{MeetingId, PeerId};
use crate::limits::MEETINGS;
use crate::record::{self, AnyRecord};
use crate::refusal::Refusal;
use crate::seal::MeetingKeys;
use crate::wire::{Admission, MAX_OFFERED, MeetingRequest, NotAdmitted, Request};

impl Mesh {
    /// Joins a meeting, at once if I hold its secret.
    pub(super) fn join(&mut self, id: MeetingId) -> Result<Reply, Refusal> {
        if self.me.is_cloned() {
            return Err(Refusal::Cloned);
        }
        if let Some(meeting) = self.meetings.get(&id)
            && (meeting.ended().is_none()
                || !meeting
                    .open_invitations(self.me.id, self.now.utc)
                    .is_empty())
        {
            self.cancel_join(JoinFailure::Cancelled);
            if self.is_seated(id) && !self.is_inside(id) {
                // "Join" to the meeting that a phone call interrupted is "back".
                return self.back().map(|_| Reply::Joined { meeting: id });
            }
            self.take_seat(id);
            return Ok(Reply::Joined { meeting: id });
        }
        let prompt = self.prompts.get(id).ok_or(Refusal::UnknownMeeting(id))?;
        let title = prompt.title().to_owned();
        if !prompt.is_open(self.now.utc) {
            return Err(Refusal::NoInvitation { title });
        }
        self.make_room_for_meeting()?;
        if self.is_joining(id) {
            return Ok(Reply::Joining { meeting: id });
        }
        self.cancel_join(JoinFailure::Cancelled);
        self.join.begin(id, title, self.now.monotonic);
        self.outbox.changed(Part::Joining);
        self.ask_next_candidate();
        Ok(Reply::Joining { meeting: id })
    }

    /// Drops meetings that have ended, to make room for a new one.
    pub(super) fn make_room_for_meeting(&mut self) -> Result<(), Refusal> {
        while self.meetings.is_full() {
            let ended = self
                .meetings
                .longest_ended()
                .ok_or(Refusal::TooManyMeetings { limit: MEETINGS })?;
            self.remove_meeting(ended);
        }
        Ok(())
    }

    /// Returns whether I am about to join this meeting.
    pub(super) fn is_joining(&self, id: MeetingId) -> bool {
        self.join.meeting() == Some(id)
    }

    /// Returns those who may let me in and seem to be running.
    fn join_candidates(&self, id: MeetingId) -> Vec<PeerId> {
        self.prompts
            .get(id)
            .map(|prompt| self.running_named(prompt))
            .unwrap_or_default()
    }

    fn ask_next_candidate(&mut self) {
        let Some(id) = self.join.meeting() else {
            return;
        };
        let candidates = self.join_candidates(id);
        match self.join.step(&candidates, self.now.monotonic) {
            Step::Ask(peer) => {
                self.outbox.changed(Part::Joining);
                let request = self.join_request(id);
                self.ask(peer, Purpose::Join { meeting: id }, &request);
            }
            Step::Idle => self.outbox.changed(Part::Joining),
            Step::Wait => {}
        }
    }

    /// Returns the request to be let in, with the invitations that those inside may not have heard of.
    fn join_request(&self, meeting: MeetingId) -> Request {
        let prompt = self.prompts.get(meeting).into_iter();
        Request::Join {
            meeting,
            invitations: prompt
                .flat_map(|prompt| prompt.open(self.now.utc))
                .map(|held| held.record.raw.to_vec())
                .take(MAX_OFFERED)
                .collect(),
        }
    }

    /// Asks somebody anew who has appeared.
    pub(super) fn join_candidate_appeared(&mut self, peer: PeerId) {
        if self.join.appeared(peer, self.now.monotonic) {
            self.ask_next_candidate();
        }
    }

    pub(super) fn join_timeout(&mut self) {
        match self.join.due(self.now.monotonic) {
            Some(Due::GiveUp(failure)) => self.cancel_join(failure),
            Some(Due::Ask) => self.ask_next_candidate(),
            None => {}
        }
    }

    /// Gives a join up, if one is under way.
    pub(super) fn cancel_join(&mut self, failure: JoinFailure) {
        if let Some((meeting, title)) = self.join.end() {
            self.outbox.event(Event::JoinFailed {
                meeting,
                title,
                failure,
            });
            self.outbox.changed(Part::Joining);
            self.links.reconsider();
        }
    }

    /// Takes a candidate's answer with the secret.
    pub(super) fn admitted(&mut self, id: MeetingId, from: PeerId, admission: Admission) {
        // The user may have changed their mind since: then nothing is joined, and the secret is dropped.
        if !self.is_joining(id) {
            return;
        }
        let founding = match record::read_verified(&admission.founding) {
            Some(AnyRecord::Founding(founding))
                if MeetingId(founding.hash) == id
                    && founding.body.commitment == MeetingKeys::commitment(&admission.secret) =>
            {
                founding
            }
            _ => {
                self.guard.malformed();
                self.join_unanswered(id, from);
                return;
            }
        };
        if self.make_room_for_meeting().is_err() {
            self.cancel_join(JoinFailure::Full);
            return;
        }
        self.join.end();
        self.outbox.changed(Part::Joining);
        self.add_meeting(founding, admission.secret);
        self.take_meeting_records(id, from, admission.records);
        // Who is there is no news to somebody who has just come in.
        self.outbox.drop_presence_events();
        self.take_seat(id);
        // Nobody listens to my gossip yet: who let me in tells the others.
        let meeting = self.meetings.get(&id);
        let mine = meeting
            .and_then(|meeting| meeting.presence(self.me.id))
            .map(|held| held.record.raw.to_vec());
        let answers = meeting
            .and_then(|meeting| meeting.answers_of(self.me.id))
            .map(|held| held.record.raw.to_vec());
        let records = mine.into_iter().chain(answers).collect();
        self.ask_participant(
            id,
            from,
            Purpose::Announce,
            &MeetingRequest::Announce { records },
        );
        self.synchronise_meeting(id);
    }

    /// Compares a meeting with everyone connected who is in it.
    fn synchronise_meeting(&mut self, id: MeetingId) {
        let peers: Vec<PeerId> = self
            .links
            .connections()
            .filter(|peer| {
                self.meetings
                    .get(&id)
                    .is_some_and(|meeting| meeting.is_participant(*peer))
            })
            .take(8)
            .collect();
        for peer in peers {
            self.compare_meeting(id, peer, 4);
        }
    }

    /// Takes a candidate's reason why not.
    pub(super) fn not_admitted(&mut self, id: MeetingId, from: PeerId, why: NotAdmitted) {
        if !self.is_joining(id) {
            return;
        }
        let may_hold_secret = self
            .prompts
            .get(id)
            .is_some_and(|prompt| prompt.may_hold_secret(from));
        self.join
            .refused(from, why, may_hold_secret, self.now.monotonic);
        match self.join.hopeless(&self.join_candidates(id)) {
            Some(failure) => self.cancel_join(failure),
            None => self.ask_next_candidate(),
        }
    }

    /// Notes that a candidate could not be reached, or did not answer.
    pub(super) fn join_unanswered(&mut self, id: MeetingId, from: PeerId) {
        if self.is_joining(id) {
            self.join.unanswered(from, self.now.monotonic);
            self.outbox.changed(Part::Joining);
        }
    }
}
