//! What each method of the control API does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sotto_control::model::{
    self, Meeting, MeetingRef, NoticeKind, Severity, Snapshot, WhisperMode,
};
use sotto_control::server::{Answer, Call, Caller, ConnectionId};
use sotto_control::{
    AudioReply, ConnectReply, ControlError, Done, ErrorCode, InvitationsReply, InviteReply,
    MeetingRefReply, MeetingReply, MeetingsReply, PeersReply, PresenceReply, Reply, Request,
    TalkReply, VersionReply, VolumeReply, WithdrawReply,
};
use sotto_meeting::resolve::{self, Scope};
use sotto_meeting::{Command, MeetingId, PeerId, Presence, Refusal, View};
use sotto_net::NetworkCommand;
use tokio::sync::oneshot;

use super::{Core, Later, WaitingJoin, notices, present, refuse};

type Answered = Result<Reply, ControlError>;

/// How long a join may take before its caller is answered; the mesh gives up earlier by itself.
const JOIN_LIMIT: Duration = Duration::from_secs(60);

impl Core {
    /// Carries out what a client asked for. The answer goes to the client now, or later if it takes time.
    pub(super) async fn answer(&mut self, call: Call) {
        let Call {
            request,
            caller,
            answer,
        } = call;
        let Caller {
            client, connection, ..
        } = caller;
        tracing::debug!(method = request.method(), %client, "control request");
        let view = self.view();
        let answered = match request {
            // Answered by the connection itself.
            Request::Version(_) => Ok(VersionReply {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                api: sotto_control::API_VERSION,
            }
            .into()),
            Request::StatusGet(_) => Ok(self.status(&view).into()),
            Request::PeersList(_) => Ok(PeersReply {
                peers: self.presenter(&view).peers(),
            }
            .into()),
            Request::MeetingList(_) => Ok(MeetingsReply {
                meetings: self.presenter(&view).meetings(),
            }
            .into()),
            Request::InvitationsList(_) => Ok(InvitationsReply {
                invitations: self.presenter(&view).invitations(),
            }
            .into()),
            Request::EventsSubscribe(params) => {
                // What changed a moment ago is in the snapshot, and is told to the others before it.
                self.publish();
                return answer.subscribe(params, self.snapshot(&self.view()));
            }
            Request::MeetingRoster(params) => self
                .meeting_named(&view, params.meeting.as_deref())
                .and_then(|meeting| self.meeting_reply(meeting)),
            Request::MeetingCreate(params) => self.create(&view, &params, &client),
            Request::MeetingInvite(params) => self.invite(&view, &params),
            Request::MeetingWithdraw(params) => self.withdraw(&view, &params),
            Request::MeetingJoin(params) => {
                let meeting = joinable(&view, params.meeting.as_deref());
                match meeting {
                    Ok(meeting) => {
                        return self.join(meeting, params.muted, client, answer);
                    }
                    Err(error) => Err(error),
                }
            }
            Request::MeetingSwitch(params) => {
                match resolve::meeting(&view, &params.meeting).map_err(refuse::unresolved) {
                    Ok(meeting) => return self.join(meeting, false, client, answer),
                    Err(error) => Err(error),
                }
            }
            Request::MeetingDecline(params) => {
                invited(&view, params.meeting.as_deref()).and_then(|meeting| {
                    self.do_with_meeting(Command::Decline { meeting }, meeting, &view)
                })
            }
            Request::MeetingLeave(params) => self
                .meeting_named(&view, params.meeting.as_deref())
                .and_then(|meeting| {
                    let command = Command::Leave {
                        meeting: Some(meeting),
                    };
                    self.do_with_meeting(command, meeting, &view)
                }),
            Request::TalkWhisper(params) => self.whisper(&view, &params, connection),
            Request::TalkReplyTo(params) => {
                let at = self.voice.capture_position();
                let mode = whisper_mode(params.mode, params.for_ms);
                self.command(Command::Reply { mode, at }).map(|_| {
                    self.remember_hold(params.mode, connection);
                    self.talk_reply()
                })
            }
            Request::TalkRelease(_) => {
                self.release(connection);
                Ok(self.talk_reply())
            }
            Request::TalkEveryone(_) => {
                let at = self.voice.capture_position();
                self.held_by = None;
                self.command(Command::Talk { at })
                    .map(|_| self.talk_reply())
            }
            Request::AudioMute(_) => self.audio(|at| Command::Mute { at }, &client),
            Request::AudioUnmute(_) => self.audio(|at| Command::Unmute { at }, &client),
            Request::AudioDeafen(_) => self.audio(|at| Command::Deafen { at }, &client),
            Request::AudioUndeafen(_) => self.audio(|at| Command::Undeafen { at }, &client),
            Request::AudioVolume(params) => self.volume(&view, &params.name, params.percent),
            Request::AudioDevices(_) => {
                self.list_devices(answer);
                return;
            }
            Request::PresenceAway(_) => self.presence(Command::Away),
            Request::PresenceBack(_) => self.presence(Command::Back),
            Request::PresencePhone(_) => self.presence(Command::Phone),
            Request::NetworkConnect(params) => match connect_address(&params.address) {
                Ok(address) => {
                    self.connect(address, params.wait_ms, answer).await;
                    return;
                }
                Err(error) => Err(error),
            },
            Request::DaemonQuit(_) => {
                self.stopping = Some(client);
                Ok(Done {}.into())
            }
        };
        answer.send(answered);
    }

    /// Hands a command to the mesh and carries out what follows from it.
    pub(super) fn command(
        &mut self,
        command: Command,
    ) -> Result<sotto_meeting::Reply, ControlError> {
        let now = self.clock.now();
        let result = self.mesh.command(command, now);
        self.carry_out();
        result.map_err(|refused| refuse::refusal(&refused, &self.view()))
    }

    fn do_with_meeting(&mut self, command: Command, meeting: MeetingId, view: &View) -> Answered {
        let reference = present::reference_by_id(view, meeting);
        self.command(command)
            .map(|_| MeetingRefReply { meeting: reference }.into())
    }

    fn meeting_named(&self, view: &View, text: Option<&str>) -> Result<MeetingId, ControlError> {
        match text {
            Some(text) => resolve::meeting(view, text).map_err(refuse::unresolved),
            None => view
                .active
                .ok_or_else(|| refuse::refusal(&Refusal::NotInMeeting, view)),
        }
    }

    fn meeting_reply(&self, meeting: MeetingId) -> Answered {
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

    fn create(
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
        self.joined_by(client);
        self.invite_reply(meeting, &people)
    }

    fn invite(&mut self, view: &View, params: &sotto_control::MeetingInvite) -> Answered {
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

    fn withdraw(&mut self, view: &View, params: &sotto_control::MeetingWithdraw) -> Answered {
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

    fn join(&mut self, meeting: MeetingId, muted: bool, client: Arc<str>, answer: Answer) {
        if muted {
            let at = self.voice.capture_position();
            if let Err(error) = self.command(Command::Mute { at }) {
                answer.send(Err::<Reply, _>(error));
                return;
            }
        }
        let answered = match self.command(Command::Join { meeting }) {
            Ok(sotto_meeting::Reply::Joining { .. }) => {
                self.joins.push(WaitingJoin {
                    meeting,
                    client,
                    answer,
                    deadline: self.clock.monotonic() + JOIN_LIMIT,
                });
                // The mesh may have answered within the command already.
                self.settle_joins();
                return;
            }
            Ok(_) => {
                self.joined_by(&client);
                self.meeting_reply(meeting)
            }
            Err(error) => Err(error),
        };
        answer.send(answered);
    }

    /// Answers those who wait for a join that is through, failed, or took too long.
    pub(super) fn settle_joins(&mut self) {
        let now = self.clock.monotonic();
        let outcomes = std::mem::take(&mut self.join_outcomes);
        for waiting in std::mem::take(&mut self.joins) {
            let outcome = outcomes
                .iter()
                .find(|(meeting, _)| *meeting == waiting.meeting);
            let answered = match outcome {
                Some((_, None)) => {
                    self.joined_by(&waiting.client);
                    self.meeting_reply(waiting.meeting)
                }
                Some((_, Some(error))) => Err(error.clone()),
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

    fn joined_by(&mut self, client: &str) {
        self.joined_by = Some(client.to_owned());
        let view = self.view();
        if let Some(active) = view.active {
            let meeting = present::reference_by_id(&view, active);
            let text = format!("you are in \"{}\"", meeting.title);
            let mut notice = notices::notice(NoticeKind::Joined, Severity::Info, text);
            notice.client = Some(client.to_owned());
            notice.meeting = Some(meeting);
            self.tell(notice);
        }
    }

    fn whisper(
        &mut self,
        view: &View,
        params: &sotto_control::TalkWhisper,
        connection: ConnectionId,
    ) -> Answered {
        let at = self.voice.capture_position();
        if view.active.is_none() {
            return Err(refuse::refusal(&Refusal::NotInMeeting, view));
        }
        let to = everyone_named(view, Scope::ActiveRoster, &params.names)?;
        let mode = whisper_mode(params.mode, params.for_ms);
        self.command(Command::Whisper { to, mode, at })?;
        self.remember_hold(params.mode, connection);
        Ok(self.talk_reply())
    }

    /// Remembers that the whisper lasts as long as `connection` holds it.
    fn remember_hold(&mut self, mode: WhisperMode, connection: ConnectionId) {
        self.held_by = (mode == WhisperMode::Hold).then_some(connection);
    }

    /// Ends the whisper that `connection` holds, if it holds one; what was before it comes back.
    pub(super) fn release(&mut self, connection: ConnectionId) {
        if self
            .held_by
            .take_if(|holder| *holder == connection)
            .is_none()
        {
            return;
        }
        let at = self.voice.capture_position();
        if let Err(error) = self.command(Command::Release { at }) {
            tracing::debug!(%error, "release of a held whisper");
        }
    }

    fn talk_reply(&self) -> Reply {
        TalkReply {
            talk: self.talk(&self.view()),
        }
        .into()
    }

    fn audio(&mut self, command: impl FnOnce(Option<u64>) -> Command, client: &str) -> Answered {
        let command = command(self.voice.capture_position());
        let before = self.view().talk;
        self.command(command)?;
        let after = self.view().talk;
        let change = |kind, text: &str| {
            let mut notice = notices::notice(kind, Severity::Info, text);
            notice.client = Some(client.to_owned());
            notice
        };
        if before.deafened != after.deafened {
            self.tell(match after.deafened {
                true => change(NoticeKind::Deafened, "you hear nothing and are muted"),
                false => change(NoticeKind::Undeafened, "you hear again"),
            });
        }
        if before.muted != after.muted {
            if !after.muted {
                self.forget_warning(NoticeKind::Rejoined);
            }
            self.unmuted_by = (!after.muted).then(|| client.to_owned());
            self.tell(match after.muted {
                true => change(NoticeKind::Muted, "your microphone is closed"),
                false => change(NoticeKind::Unmuted, "your microphone is open"),
            });
        }
        Ok(AudioReply {
            muted: after.muted || after.deafened,
            deafened: after.deafened,
        }
        .into())
    }

    fn volume(&mut self, view: &View, name: &str, percent: u16) -> Answered {
        let peer = resolve::peer(view, Scope::Everyone, name).map_err(refuse::unresolved)?;
        self.command(Command::Volume { peer, percent })?;
        Ok(VolumeReply {
            person: present::person(view, peer),
            percent,
        }
        .into())
    }

    fn presence(&mut self, command: Command) -> Answered {
        self.command(command)?;
        let view = self.view();
        Ok(PresenceReply {
            presence: view.me.presence.map(present::presence),
            meeting: self.own_meeting(&view),
            muted: view.talk.muted,
        }
        .into())
    }

    /// The active meeting, or the one that a phone call interrupted.
    pub(super) fn own_meeting(&self, view: &View) -> Option<MeetingRef> {
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

    fn list_devices(&self, answer: Answer) {
        let sound = self.sound();
        let (devices, ..) = self.voice.devices();
        let backend = devices.capture.backend;
        // Asking the sound system takes up to seconds.
        tokio::task::spawn_blocking(move || {
            answer.send(Ok(super::sound::devices(sound, backend)));
        });
    }

    async fn connect(&mut self, address: SocketAddr, wait_ms: Option<u64>, answer: Answer) {
        let (reply, dialled) = oneshot::channel();
        if let Err(error) = self
            .network
            .send(NetworkCommand::DialAddress(address, reply))
            .await
        {
            answer.send(Err::<Reply, _>(ControlError::internal(error.to_string())));
            return;
        }
        let Some(wait) = wait_ms else {
            answer.send(Ok(ConnectReply {
                address: address.to_string(),
                person: None,
            }));
            return;
        };
        let later = self.later.clone();
        let wait = Duration::from_millis(wait);
        tokio::spawn(async move {
            let failed = match tokio::time::timeout(wait, dialled).await {
                Ok(Ok(Ok(node))) => {
                    let _ = later
                        .send(Later::Connected {
                            peer: PeerId(node.0),
                            address,
                            answer,
                            waited: 0,
                        })
                        .await;
                    return;
                }
                Ok(Ok(Err(error))) => ControlError::new(ErrorCode::Unavailable, error.to_string())
                    .with_hint("check the address with 'sotto status' on the other machine"),
                Ok(Err(_)) => ControlError::internal("the network has stopped"),
                Err(_) => ControlError::new(
                    ErrorCode::Timeout,
                    format!("no connection to {address} within {} s", wait.as_secs()),
                )
                .with_hint("the daemon goes on trying; see 'sotto peers'"),
            };
            answer.send(Err::<Reply, _>(failed));
        });
    }

    /// Answers a connection by address that stands, once the name of who is there has come over it.
    pub(super) fn connected(&self, peer: PeerId, address: SocketAddr, answer: Answer, waited: u32) {
        const PAUSE: Duration = Duration::from_millis(50);
        const PAUSES: u32 = 40;
        let person = present::person(&self.view(), peer);
        if person.name.is_empty() && waited < PAUSES {
            let later = self.later.clone();
            tokio::spawn(async move {
                tokio::time::sleep(PAUSE).await;
                let _ = later
                    .send(Later::Connected {
                        peer,
                        address,
                        answer,
                        waited: waited + 1,
                    })
                    .await;
            });
            return;
        }
        answer.send(Ok(ConnectReply {
            address: address.to_string(),
            person: Some(person),
        }));
    }

    /// Everything that a client may show.
    pub(super) fn snapshot(&self, view: &View) -> Snapshot {
        let presenter = self.presenter(view);
        Snapshot {
            status: self.status(view),
            peers: presenter.peers(),
            meetings: presenter.meetings(),
            invitations: presenter.invitations(),
            talk: self.talk(view),
        }
    }

    /// Whom the user speaks to, and who whispers.
    pub(super) fn talk(&self, view: &View) -> model::Talk {
        self.presenter(view).talk(&self.not_hearing)
    }
}

fn everyone_named(
    view: &View,
    scope: Scope,
    names: &[String],
) -> Result<Vec<PeerId>, ControlError> {
    let mut peers = Vec::with_capacity(names.len());
    for name in names {
        let peer = resolve::peer(view, scope, name).map_err(refuse::unresolved)?;
        if !peers.contains(&peer) {
            peers.push(peer);
        }
    }
    Ok(peers)
}

fn whisper_mode(mode: WhisperMode, for_ms: Option<u64>) -> sotto_meeting::WhisperMode {
    match (mode, for_ms) {
        (WhisperMode::Hold, _) => sotto_meeting::WhisperMode::Hold,
        (WhisperMode::Until, Some(ms)) => {
            sotto_meeting::WhisperMode::For(Duration::from_millis(ms))
        }
        (WhisperMode::Latch | WhisperMode::Until, _) => sotto_meeting::WhisperMode::Latch,
    }
}

/// The meeting to join: the one named, or the one that the only invitation is for.
fn joinable(view: &View, text: Option<&str>) -> Result<MeetingId, ControlError> {
    match text {
        Some(text) => resolve::meeting(view, text).map_err(refuse::unresolved),
        None => only_invitation(view, "join"),
    }
}

/// The invitation to decline: the one named, or the only one.
fn invited(view: &View, text: Option<&str>) -> Result<MeetingId, ControlError> {
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

fn connect_address(text: &str) -> Result<SocketAddr, ControlError> {
    text.trim().parse().map_err(|_| {
        ControlError::invalid(format!("\"{}\" is not an address", text.escape_debug()))
            .with_hint("write IP:PORT, as 'sotto status' shows it on the other machine")
    })
}
