//! Meetings: creating, inviting, joining, leaving.

use std::sync::Arc;

use sotto_control::model::{Meeting, MeetingRef, NoticeKind, Severity};
use sotto_control::server::Answer;
use sotto_control::{
    ControlError, ErrorCode, InviteReply, MAX_JOIN, MeetingRefReply, MeetingReply, Reply,
    WithdrawReply,
};
use sotto_meeting::resolve::{self, Scope};
use sotto_meeting::{Command, MeetingId, PeerId, Presence, Refusal, View};

use super::super::{Hub, WaitingJoin, notices, present, refuse};
use super::{Answered, everyone_named};

impl Hub {
    pub(super) fn do_with_meeting(
        &mut self,
        command: Command,
        meeting: MeetingId,
        view: &View,
    ) -> Answered {
        let reference = present::reference_by_id(view, meeting);
        self.command(command)
            .map(|_| MeetingRefReply { meeting: reference }.into())
    }

    pub(super) fn meeting_named(
        &self,
        view: &View,
        text: Option<&str>,
    ) -> Result<MeetingId, ControlError> {
        match text {
            Some(text) => resolve::meeting(view, text).map_err(refuse::unresolved),
            None => view
                .active
                .ok_or_else(|| refuse::refusal(&Refusal::NotInMeeting, view)),
        }
    }

    pub(super) fn meeting_reply(&self, meeting: MeetingId) -> Answered {
        Ok(MeetingReply {
            meeting: self.shown_meeting(meeting)?,
        }
        .into())
    }

    fn shown_meeting(&self, meeting: MeetingId) -> Result<Meeting, ControlError> {
        let view = self.view();
        self.presenter(&view).meeting_by_id(meeting).ok_or_else(|| {
            let title = present::reference_by_id(&view, meeting).title;
            ControlError::new(
                ErrorCode::NotInMeeting,
                format!("you have not joined \"{title}\""),
            )
            .with_hint("join it with 'sotto join'")
        })
    }

    pub(super) fn create(
        &mut self,
        view: &View,
        params: &sotto_control::MeetingCreate,
        client: &str,
    ) -> Answered {
        let mut people = everyone_named(view, Scope::Everyone, &params.names)?;
        if let Some(from) = &params.from {
            let from = resolve::meeting(view, from).map_err(refuse::unresolved)?;
            let without = everyone_named(view, Scope::Everyone, &params.without)?;
            let roster = view.meetings.iter().find(|meeting| meeting.meeting == from);
            for entry in roster.map_or(&[][..], |meeting| &meeting.roster) {
                if !entry.me && !without.contains(&entry.peer) && !people.contains(&entry.peer) {
                    people.push(entry.peer);
                }
            }
        } else if !params.without.is_empty() {
            return Err(ControlError::invalid("\"without\" belongs to \"from\"")
                .with_hint("name the meeting whose roster to take"));
        }
        let command = Command::Create {
            title: params.title.clone(),
            invite: people.clone(),
        };
        let sotto_meeting::Reply::Created { meeting } = self.command(command)? else {
            return Err(ControlError::internal("the meeting was not created"));
        };
        self.joined_by(client, view.active);
        self.invite_reply(meeting, &people)
    }

    pub(super) fn invite(
        &mut self,
        view: &View,
        params: &sotto_control::MeetingInvite,
    ) -> Answered {
        let meeting = self.meeting_named(view, params.meeting.as_deref())?;
        let peers = everyone_named(view, Scope::Everyone, &params.names)?;
        match self.command(Command::Invite { meeting, peers })? {
            sotto_meeting::Reply::Invited { invited, .. } => self.invite_reply(meeting, &invited),
            _ => self.invite_reply(meeting, &[]),
        }
    }

    fn invite_reply(&self, meeting: MeetingId, invited: &[PeerId]) -> Answered {
        let view = self.view();
        let presenter = self.presenter(&view);
        let invited = invited.iter().map(|peer| presenter.person(*peer)).collect();
        Ok(InviteReply {
            meeting: self.shown_meeting(meeting)?,
            invited,
        }
        .into())
    }

    pub(super) fn withdraw(
        &mut self,
        view: &View,
        params: &sotto_control::MeetingWithdraw,
    ) -> Answered {
        let meeting = self.meeting_named(view, params.meeting.as_deref())?;
        let peers = everyone_named(view, Scope::Everyone, &params.names)?;
        let withdrawn = peers
            .iter()
            .map(|peer| present::person(view, *peer))
            .collect();
        self.command(Command::Withdraw { meeting, peers })?;
        Ok(WithdrawReply {
            meeting: present::reference_by_id(view, meeting),
            withdrawn,
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
        let before = self.view();
        let closes = muted && !before.talk.muted && !before.talk.deafened;
        if muted && let Err(error) = self.audio(|at| Command::Mute { at }, &client) {
            answer.send(Err::<Reply, _>(error));
            return;
        }
        let answered = match self.command(Command::Join { meeting }) {
            Ok(sotto_meeting::Reply::Joining { .. }) => {
                self.joins.push(WaitingJoin {
                    meeting,
                    from: before.active,
                    closed_the_microphone: closes,
                    client,
                    answer,
                    deadline: self.clock.monotonic() + MAX_JOIN,
                });
                // The mesh may have answered within the command already.
                self.settle_joins();
                return;
            }
            Ok(_) => {
                self.joined_by(&client, before.active);
                self.meeting_reply(meeting)
            }
            Err(error) => {
                if closes {
                    self.reopen_microphone(&client);
                }
                Err(error)
            }
        };
        answer.send(answered);
    }

    /// Opens the microphone that was closed for a join which came to nothing.
    pub(in crate::hub) fn reopen_microphone(&mut self, client: &str) {
        if let Err(error) = self.audio(|at| Command::Unmute { at }, client) {
            tracing::debug!(%error, "the microphone stays closed after a join that failed");
        }
    }

    /// Answers those who wait for a join that is through, failed, or took too long.
    pub(in crate::hub) fn settle_joins(&mut self) {
        let now = self.clock.monotonic();
        let outcomes = std::mem::take(&mut self.join_outcomes);
        for waiting in std::mem::take(&mut self.joins) {
            let outcome = outcomes
                .iter()
                .find(|(meeting, _)| *meeting == waiting.meeting);
            let answered = match outcome {
                Some((_, None)) => {
                    self.joined_by(&waiting.client, waiting.from);
                    self.meeting_reply(waiting.meeting)
                }
                Some((_, Some(error))) => {
                    if waiting.closed_the_microphone {
                        self.reopen_for.push(Arc::clone(&waiting.client));
                    }
                    Err(error.clone())
                }
                None if now >= waiting.deadline => Err(ControlError::new(
                    ErrorCode::Timeout,
                    "joining takes longer than expected; it goes on in the background",
                )
                .with_hint("see 'sotto status'")),
                None => {
                    self.joins.push(waiting);
                    continue;
                }
            };
            waiting.answer.send(answered);
        }
    }

    pub(super) fn leave(&mut self, meeting: MeetingId, view: &View, client: &str) -> Answered {
        let command = Command::Leave {
            meeting: Some(meeting),
        };
        let reply = self.do_with_meeting(command, meeting, view)?;
        let meeting = present::reference_by_id(view, meeting);
        let text = format!("you left \"{}\"", meeting.title);
        let mut notice = notices::notice(NoticeKind::Left, Severity::Info, text);
        notice.client = Some(client.to_owned());
        notice.meeting = Some(meeting);
        self.tell(notice);
        Ok(reply)
    }

    /// Tells that `client` brought the user into the active meeting, out of `from` if that was another.
    fn joined_by(&mut self, client: &str, from: Option<MeetingId>) {
        self.joined_by = Some(client.to_owned());
        let view = self.view();
        if let Some(active) = view.active {
            let meeting = present::reference_by_id(&view, active);
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

    /// The active meeting, or the one that a phone call interrupted.
    pub(in crate::hub) fn own_meeting(&self, view: &View) -> Option<MeetingRef> {
        let phone = Presence::Offline(sotto_meeting::OfflineReason::Phone);
        let meeting = view.active.or_else(|| {
            let interrupted = view.meetings.iter().find(|meeting| {
                meeting
                    .roster
                    .iter()
                    .any(|entry| entry.me && entry.presence == phone)
            })?;
            Some(interrupted.meeting)
        })?;
        Some(present::reference_by_id(view, meeting))
    }
}

/// The meeting to join: the one named, or the one that the only invitation is for.
pub(super) fn joinable(view: &View, text: Option<&str>) -> Result<MeetingId, ControlError> {
    match text {
        Some(text) => resolve::meeting(view, text).map_err(refuse::unresolved),
        None => only_invitation(view, "join"),
    }
}

/// The invitation to decline: the one named, or the only one.
pub(super) fn invited(view: &View, text: Option<&str>) -> Result<MeetingId, ControlError> {
    joinable(view, text).map_err(|mut error| {
        error.hint = error
            .hint
            .map(|hint| hint.replace("sotto join", "sotto decline"));
        error
    })
}

fn only_invitation(view: &View, verb: &str) -> Result<MeetingId, ControlError> {
    match view.invitations.as_slice() {
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
