//! Meetings: creating, inviting, joining, leaving.

use std::sync::Arc;

use sotto_control::model::{LeftOut, Meeting, MeetingRef, NoticeKind, Severity};
use sotto_control::server::Answer;
use sotto_control::{
    ControlError, ErrorCode, InviteReply, MAX_JOIN, MeetingRefReply, MeetingReply, Reply,
    WithdrawReply,
};
use sotto_meeting::resolve::{self, Prefer, Scope};
use sotto_meeting::{Command, InvitationView, MeetingId, PeerId, Refusal};

use super::super::joins::Waiting;
use super::super::naming::Chosen;
use super::super::{Hub, notices, present, refuse};
use super::Answered;

impl Hub {
    pub(super) fn do_with_meeting(&mut self, command: Command, meeting: MeetingId) -> Answered {
        let reference = present::reference_by_id(&self.mesh, meeting);
        self.command(command)
            .map(|_| MeetingRefReply { meeting: reference }.into())
    }

    /// Returns the meeting that a text means: without one, the active one, or the one that a phone call interrupts.
    pub(super) fn meeting_named(&self, text: Option<&str>) -> Result<MeetingId, ControlError> {
        match text {
            Some(text) => self.resolve_meeting(Prefer::Mine, text),
            None => self
                .mesh
                .own_meeting()
                .ok_or_else(|| refuse::refusal(&Refusal::NotInMeeting, &self.mesh)),
        }
    }

    /// Returns the meeting to `verb`, to join or to decline: the one named, or the one that the only invitation is for.
    pub(super) fn named_or_invited(
        &self,
        text: Option<&str>,
        verb: &str,
    ) -> Result<MeetingId, ControlError> {
        match text {
            Some(text) => self.resolve_meeting(Prefer::Invitation, text),
            None => only_invitation(&self.mesh.invitations(self.clock.now()), verb),
        }
    }

    pub(in crate::hub) fn meeting_reply(&self, meeting: MeetingId) -> Answered {
        Ok(MeetingReply {
            meeting: self.shown_meeting(meeting)?,
        }
        .into())
    }

    fn shown_meeting(&self, meeting: MeetingId) -> Result<Meeting, ControlError> {
        self.presenter().meeting(meeting).ok_or_else(|| {
            let title = present::reference_by_id(&self.mesh, meeting).title;
            ControlError::new(
                ErrorCode::NotInMeeting,
                format!("you have not joined \"{title}\""),
            )
            .with_hint("join it with 'sotto join'")
        })
    }

    pub(super) fn create(
        &mut self,
        params: &sotto_control::MeetingCreate,
        client: &str,
    ) -> Answered {
        let before = self.mesh.active();
        let view = self.view();
        let called = self.everyone_called(&view, Scope::Everyone, &params.names)?;
        let Chosen {
            peers: mut people,
            left_out,
        } = self.known_of(called)?;
        if let Some(from) = &params.from {
            let from = resolve::meeting(&view, Prefer::Mine, from).map_err(refuse::unresolved)?;
            let without = self
                .everyone_called(&view, Scope::Everyone, &params.without)?
                .all();
            let roster = view.meetings.iter().find(|meeting| meeting.meeting == from);
            for entry in roster.map_or(&[][..], |meeting| &meeting.roster) {
                if !entry.me && !without.contains(&entry.peer) && !people.contains(&entry.peer) {
                    people.push(entry.peer);
                }
            }
        }
        let command = Command::Create {
            title: params.title.clone(),
            invite: people.clone(),
        };
        let sotto_meeting::Reply::Created { meeting } = self.command(command)? else {
            return Err(ControlError::internal("the meeting was not created"));
        };
        self.joined_by(client, before);
        self.invite_reply(meeting, &people, left_out)
    }

    pub(super) fn invite(&mut self, params: &sotto_control::MeetingInvite) -> Answered {
        let meeting = self.meeting_named(params.meeting.as_deref())?;
        let called = self.everyone_called(&self.view(), Scope::Everyone, &params.names)?;
        let Chosen { peers, left_out } = self.known_of(called)?;
        match self.command(Command::Invite { meeting, peers })? {
            sotto_meeting::Reply::Invited { invited, .. } => {
                self.invite_reply(meeting, &invited, left_out)
            }
            _ => self.invite_reply(meeting, &[], left_out),
        }
    }

    fn invite_reply(
        &self,
        meeting: MeetingId,
        invited: &[PeerId],
        left_out: Vec<LeftOut>,
    ) -> Answered {
        let invited = invited
            .iter()
            .map(|peer| present::person(&self.mesh, *peer))
            .collect();
        Ok(InviteReply {
            meeting: self.shown_meeting(meeting)?,
            invited,
            left_out,
        }
        .into())
    }

    pub(super) fn withdraw(&mut self, params: &sotto_control::MeetingWithdraw) -> Answered {
        let meeting = self.meeting_named(params.meeting.as_deref())?;
        let reference = present::reference_by_id(&self.mesh, meeting);
        let view = self.view();
        let called = self.everyone_called(&view, Scope::Everyone, &params.names)?;
        let Chosen { peers, left_out } = self.invited_of(&view, meeting, called)?;
        let withdrawn = peers
            .iter()
            .map(|peer| present::person(&self.mesh, *peer))
            .collect();
        self.command(Command::Withdraw { meeting, peers })?;
        Ok(WithdrawReply {
            meeting: reference,
            withdrawn,
            left_out,
        }
        .into())
    }

    pub(super) fn join(
        &mut self,
        meeting: MeetingId,
        muted: bool,
        client: Arc<str>,
        answer: Answer,
    ) {
        let command = Command::Join { meeting };
        if let Err(error) = self.may_begin(&command) {
            answer.send(Err::<Reply, _>(error));
            return;
        }
        let from = self.mesh.active();
        let talk = self.mesh.voice(self.clock.now());
        let closes = muted && !talk.muted && !talk.deafened;
        if muted && let Err(error) = self.audio(|at| Command::Mute { at }, &client) {
            answer.send(Err::<Reply, _>(error));
            return;
        }
        let answered = match self.done(command) {
            Ok(sotto_meeting::Reply::Joining { .. }) => {
                self.joins.wait(Waiting {
                    meeting,
                    from,
                    closed_the_microphone: closes,
                    client,
                    answer,
                    deadline: self.clock.monotonic() + MAX_JOIN,
                });
                return;
            }
            Ok(_) => self.joined_reply(meeting, &client, from),
            Err(error) => {
                if closes {
                    self.reopen_microphone(&client);
                }
                Err(error)
            }
        };
        answer.send(answered);
    }

    /// Tells that `client` brought the user into a meeting. Saved or not, a microphone that was closed for it stays so.
    pub(in crate::hub) fn joined_reply(
        &mut self,
        meeting: MeetingId,
        client: &str,
        from: Option<MeetingId>,
    ) -> Answered {
        self.joined_by(client, from);
        match self.storekeeper.problem() {
            Some(problem) if self.storekeeper.is_holding() => Err(refuse::not_saved(problem)),
            _ => self.meeting_reply(meeting),
        }
    }

    /// Opens the microphone that was closed for a join which came to nothing.
    pub(in crate::hub) fn reopen_microphone(&mut self, client: &str) {
        if let Err(error) = self.audio(|at| Command::Unmute { at }, client) {
            tracing::debug!(%error, "the microphone stays closed after a join that failed");
        }
    }

    pub(super) fn leave(&mut self, meeting: MeetingId, client: &str) -> Answered {
        let command = Command::Leave {
            meeting: Some(meeting),
        };
        let reference = present::reference_by_id(&self.mesh, meeting);
        let reply = self.do_with_meeting(command, meeting)?;
        let meeting = reference;
        let text = format!("you left \"{}\"", meeting.title);
        let mut notice = notices::notice(NoticeKind::Left, Severity::Info, text);
        notice.client = Some(client.to_owned());
        notice.meeting = Some(meeting);
        self.tell(notice);
        Ok(reply)
    }

    /// Tells that `client` brought the user into the active meeting, out of `from` if that was another.
    pub(in crate::hub) fn joined_by(&mut self, client: &str, from: Option<MeetingId>) {
        self.clients.set_joined_by(client);
        if let Some(active) = self.mesh.active() {
            let meeting = present::reference_by_id(&self.mesh, active);
            let (kind, text) = match from.filter(|from| *from != active) {
                Some(_) => (
                    NoticeKind::Switched,
                    format!("you switched to \"{}\"", meeting.title),
                ),
                None => (
                    NoticeKind::Joined,
                    format!("you are in \"{}\"", meeting.title),
                ),
            };
            let mut notice = notices::notice(kind, Severity::Info, text);
            notice.client = Some(client.to_owned());
            notice.meeting = Some(meeting);
            self.tell(notice);
        }
    }

    /// Returns the active meeting, or the one that a phone call interrupted.
    pub(in crate::hub) fn own_meeting(&self) -> Option<MeetingRef> {
        let meeting = self.mesh.own_meeting()?;
        Some(present::reference_by_id(&self.mesh, meeting))
    }
}

fn only_invitation(invitations: &[InvitationView], verb: &str) -> Result<MeetingId, ControlError> {
    match invitations {
        [one] => Ok(one.meeting),
        [] => Err(
            ControlError::new(ErrorCode::NotFound, "no invitation waits for an answer")
                .with_hint("see 'sotto invites' and 'sotto meetings'"),
        ),
        several => Err(ControlError::new(
            ErrorCode::Ambiguous,
            format!("{} invitations wait for an answer", several.len()),
        )
        .with_hint(format!("name one: 'sotto {verb} MEETING'"))
        .with_candidates(several.iter().map(|one| one.title.clone()).collect())),
    }
}
