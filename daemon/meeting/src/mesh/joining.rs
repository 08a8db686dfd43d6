//! Getting in: asking those inside, one after the other, until one of them answers with the secret.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Mesh;
use super::direct::Purpose;
use crate::command::Reply;
use crate::event::{Event, JoinFailure, Part};
use crate::ids::{MeetingId, PeerId};
use crate::limits::MEETINGS;
use crate::record::{self, AnyRecord};
use crate::refusal::Refusal;
use crate::seal::MeetingKeys;
use crate::wire::{Admission, MeetingRequest, NotAdmitted, Request};

/// After this long a join is given up; the invitation stays open.
const DEADLINE: Duration = Duration::from_secs(15);
/// How long one candidate is waited for before the next is asked as well.
const STAGGER: Duration = Duration::from_millis(400);
/// How long a candidate that did not answer is left alone.
const REST: Duration = Duration::from_secs(3);
/// Candidates asked at the same time.
const AT_ONCE: usize = 4;

/// How it stands with a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Candidate {
    /// Asked, and not answered yet.
    Asked,
    /// Did not answer; not asked again before this.
    Silent(Duration),
    /// Does not let me in.
    Refused(NotAdmitted),
    /// Was invited like me, and has not joined either; may have, if asked after this.
    Outside(Duration),
}

impl Candidate {
    /// Whether it is to be asked again.
    fn is_due(self, now: Duration) -> bool {
        match self {
            Self::Silent(until) | Self::Outside(until) => until <= now,
            Self::Asked | Self::Refused(_) => false,
        }
    }
}

/// A join under way.
pub(super) struct Joining {
    pub(super) meeting: MeetingId,
    title: String,
    candidates: BTreeMap<PeerId, Candidate>,
    /// In the order in which they were asked last.
    pub(super) asking: Option<PeerId>,
    pub(super) asked: u32,
    next: Duration,
    deadline: Duration,
}

impl Joining {
    pub(super) fn title(&self) -> &str {
        &self.title
    }

    /// Why nobody lets me in, if all that were asked have said so.
    fn failure(&self) -> Option<JoinFailure> {
        let refusals: Option<Vec<NotAdmitted>> = self
            .candidates
            .values()
            .filter(|candidate| !matches!(candidate, Candidate::Outside(_)))
            .map(|candidate| match candidate {
                Candidate::Refused(why) => Some(*why),
                _ => None,
            })
            .collect();
        let refusals = refusals.filter(|refusals| !refusals.is_empty())?;
        Some(if refusals.contains(&NotAdmitted::Full) {
            JoinFailure::Full
        } else if refusals.contains(&NotAdmitted::Ended) {
            JoinFailure::Ended
        } else if refusals
            .iter()
            .any(|why| matches!(why, NotAdmitted::Unknown(_)))
        {
            JoinFailure::Refused
        } else {
            JoinFailure::NotInvited
        })
    }

    pub(super) fn remaining(&self, now: Duration) -> Duration {
        self.deadline.saturating_sub(now)
    }
}

impl Mesh {
    pub(super) fn join(&mut self, id: MeetingId) -> Result<Reply, Refusal> {
        if self.cloned {
            return Err(Refusal::Cloned);
        }
        if let Some(meeting) = self.meetings.get(&id)
            && (meeting.ended.is_none()
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
        let prompt = self.prompts.get(&id).ok_or(Refusal::UnknownMeeting(id))?;
        let title = prompt.title().to_owned();
        if !prompt.is_open(self.now.utc) {
            return Err(Refusal::NoInvitation { title });
        }
        self.make_room_for_meeting()?;
        if self.is_joining(id) {
            return Ok(Reply::Joining { meeting: id });
        }
        self.cancel_join(JoinFailure::Cancelled);
        let now = self.now.monotonic;
        self.joining = Some(Joining {
            meeting: id,
            title,
            candidates: BTreeMap::new(),
            asking: None,
            asked: 0,
            next: now,
            deadline: now + DEADLINE,
        });
        self.outbox.changed(Part::Joining);
        self.ask_next_candidate();
        Ok(Reply::Joining { meeting: id })
    }

    /// Meetings that have ended make room for new ones.
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

    pub(super) fn is_joining(&self, id: MeetingId) -> bool {
        self.joining
            .as_ref()
            .is_some_and(|joining| joining.meeting == id)
    }

    /// Those who may let me in and seem to be running.
    fn join_candidates(&self, id: MeetingId) -> Vec<PeerId> {
        self.prompts
            .get(&id)
            .map(|prompt| self.running_named(prompt))
            .unwrap_or_default()
    }

    fn ask_next_candidate(&mut self) {
        let now = self.now.monotonic;
        let Some(id) = self.joining.as_ref().map(|joining| joining.meeting) else {
            return;
        };
        let candidates = self.join_candidates(id);
        let Some(joining) = &mut self.joining else {
            return;
        };
        let under_way = joining
            .candidates
            .values()
            .filter(|state| **state == Candidate::Asked)
            .count();
        let is_due = |peer: &&PeerId| {
            joining
                .candidates
                .get(peer)
                .is_some_and(|candidate| candidate.is_due(now))
        };
        // Nobody is asked again before everybody has been asked once.
        let next = candidates
            .iter()
            .find(|peer| !joining.candidates.contains_key(peer))
            .or_else(|| candidates.iter().find(is_due))
            .copied();
        joining.next = now + STAGGER;
        if under_way >= AT_ONCE {
            return;
        }
        match next {
            Some(peer) => {
                joining.candidates.insert(peer, Candidate::Asked);
                joining.asking = Some(peer);
                self.outbox.changed(Part::Joining);
                self.ask(
                    peer,
                    Purpose::Join { meeting: id },
                    &Request::Join { meeting: id },
                );
            }
            None if under_way == 0 && joining.asking.take().is_some() => {
                self.outbox.changed(Part::Joining);
            }
            None => {}
        }
    }

    pub(super) fn join_candidate_appeared(&mut self, peer: PeerId) {
        let Some(joining) = &mut self.joining else {
            return;
        };
        if joining.candidates.get(&peer) != Some(&Candidate::Asked) {
            joining.candidates.remove(&peer);
        }
        joining.next = self.now.monotonic;
        self.ask_next_candidate();
    }

    pub(super) fn join_timeout(&mut self) {
        let now = self.now.monotonic;
        let Some(joining) = &self.joining else {
            return;
        };
        if joining.deadline <= now {
            let failure = joining.failure().unwrap_or(JoinFailure::NobodyReachable);
            self.cancel_join(failure);
        } else if joining.next <= now {
            self.ask_next_candidate();
        }
    }

    pub(super) fn next_join_timeout(&self) -> Option<Duration> {
        self.joining
            .as_ref()
            .map(|joining| joining.next.min(joining.deadline))
    }

    /// Gives a join up, if one is under way.
    pub(super) fn cancel_join(&mut self, failure: JoinFailure) {
        if let Some(joining) = self.joining.take() {
            self.outbox.event(Event::JoinFailed {
                meeting: joining.meeting,
                title: joining.title,
                failure,
            });
            self.outbox.changed(Part::Joining);
            self.links.reconsider();
        }
    }

    /// A candidate answered with the secret.
    pub(super) fn admitted(&mut self, id: MeetingId, from: PeerId, admission: Admission) {
        // The user may have changed their mind since: then nothing is joined, and the secret is dropped.
        if self
            .joining
            .as_ref()
            .is_none_or(|joining| joining.meeting != id)
        {
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
        self.joining = None;
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

    /// A candidate answered with a reason why not.
    pub(super) fn not_admitted(&mut self, id: MeetingId, from: PeerId, why: NotAdmitted) {
        let may_hold_secret = self
            .prompts
            .get(&id)
            .is_some_and(|prompt| prompt.may_hold_secret(from));
        let now = self.now.monotonic;
        let Some(joining) = self
            .joining
            .as_mut()
            .filter(|joining| joining.meeting == id)
        else {
            return;
        };
        joining.asked += 1;
        let candidate = if why == NotAdmitted::NotMine && !may_hold_secret {
            Candidate::Outside(now + REST)
        } else {
            Candidate::Refused(why)
        };
        joining.candidates.insert(from, candidate);
        // One refusal settles nothing: who is merely claimed to be inside can say what it likes.
        let failure = joining.failure();
        let unasked = self.join_candidates(id).into_iter().any(|peer| {
            self.joining
                .as_ref()
                .is_some_and(|joining| !joining.candidates.contains_key(&peer))
        });
        match failure {
            Some(failure) if !unasked => self.cancel_join(failure),
            _ => self.ask_next_candidate(),
        }
    }

    /// A candidate could not be reached, or did not answer.
    pub(super) fn join_unanswered(&mut self, id: MeetingId, from: PeerId) {
        let until = self.now.monotonic + REST;
        if let Some(joining) = self
            .joining
            .as_mut()
            .filter(|joining| joining.meeting == id)
        {
            joining.asked += 1;
            joining.candidates.insert(from, Candidate::Silent(until));
            joining.next = self.now.monotonic;
            self.outbox.changed(Part::Joining);
        }
    }
}
