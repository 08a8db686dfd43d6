//! The methods of the control API; by subject in the files beside this one.

mod connect;
mod devices;
mod groups;
mod latency;
mod meeting;
mod outlook;
mod press;
mod settings;
mod talk;

use sotto_control::model::Snapshot;
use sotto_control::server::{Call, Caller};
use sotto_control::{
    ControlError, Done, GroupsReply, InvitationsReply, MeetingsReply, PeersReply, PresenceReply,
    Reply, Request, VersionReply,
};
use sotto_meeting::resolve::{self, Prefer, Scope};
use sotto_meeting::{Command, MeetingId, PeerId, Refusal};

use super::{Hub, present, refuse};
pub(super) use connect::{Dialling, Tries};
pub(super) use groups::Saved;
pub(super) use settings::Change;

type Answered = Result<Reply, ControlError>;

impl Hub {
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
        let answered = match request {
            // Answered by the connection itself.
            Request::Version(_) => Ok(VersionReply {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                api: sotto_control::API_VERSION,
            }
            .into()),
            Request::StatusGet(_) => {
                self.count_running();
                self.look_for_update();
                Ok(self.status().into())
            }
            Request::PeersList(_) => {
                let release = |peer| self.neighbours.release(peer);
                let peers = self.presenter().peers_with(release);
                Ok(PeersReply { peers }.into())
            }
            Request::MeetingList(_) => Ok(MeetingsReply {
                meetings: self.presenter().meetings(),
            }
            .into()),
            Request::InvitationsList(_) => Ok(InvitationsReply {
                invitations: self.presenter().invitations(),
            }
            .into()),
            Request::EventsSubscribe(params) => {
                // What changed a moment ago is in the snapshot, and is told to the others before it.
                self.look_for_update();
                self.publish();
                self.count_running();
                return answer.subscribe(params, self.snapshot());
            }
            Request::MeetingRoster(params) => self
                .meeting_named(params.meeting.as_deref())
                .and_then(|meeting| self.meeting_reply(meeting)),
            Request::MeetingCreate(params) => self.create(&params, &client),
            Request::MeetingInvite(params) => self.invite(&params),
            Request::MeetingWithdraw(params) => self.withdraw(&params),
            Request::MeetingJoin(params) => {
                let meeting = self.named_or_invited(params.meeting.as_deref(), "join");
                match meeting {
                    Ok(meeting) => {
                        return self.join(meeting, params.muted, client, answer);
                    }
                    Err(error) => Err(error),
                }
            }
            Request::MeetingSwitch(params) => {
                match self.resolve_meeting(Prefer::Invitation, &params.meeting) {
                    Ok(meeting) => return self.join(meeting, false, client, answer),
                    Err(error) => Err(error),
                }
            }
            Request::MeetingDecline(params) => self
                .named_or_invited(params.meeting.as_deref(), "decline")
                .and_then(|meeting| self.do_with_meeting(Command::Decline { meeting }, meeting)),
            Request::MeetingLeave(params) => self
                .meeting_named(params.meeting.as_deref())
                .and_then(|meeting| self.leave(meeting, &client)),
            Request::TalkWhisper(params) => self.whisper(&params, connection),
            Request::TalkReplyTo(params) => self.reply(&params, connection),
            Request::TalkRelease(_) => {
                self.release(connection);
                Ok(self.talk_reply())
            }
            Request::TalkRenew(_) => self.renew(connection),
            Request::TalkAbandon(_) => {
                self.abandon(connection);
                Ok(self.talk_reply())
            }
            Request::TalkEveryone(_) => {
                let at = self.voice.capture_position();
                self.clients.lets_go();
                self.command(Command::Talk { at })
                    .map(|_| self.talk_reply())
            }
            Request::TalkPress(params) => self.press(params.lasting, connection),
            Request::TalkToggle(_) => self.press(true, connection),
            Request::TalkUnpress(_) => self.unpress(),
            Request::AudioMute(_) => self.audio(|at| Command::Mute { at }, &client),
            Request::AudioUnmute(_) => {
                // Said while the microphone is open, it means: speak through what there is now.
                self.voice.accept_microphone();
                self.audio(|at| Command::Unmute { at }, &client)
            }
            Request::AudioDeafen(_) => self.audio(|at| Command::Deafen { at }, &client),
            Request::AudioUndeafen(_) => self.audio(|at| Command::Undeafen { at }, &client),
            Request::AudioVolume(params) => self.volume(&params.name, params.percent),
            Request::AudioLatency(params) if params.chirp => {
                self.chirp(&params.name, answer);
                return;
            }
            Request::AudioLatency(params) => self.latency(&params.name),
            Request::AudioDevices(_) => {
                self.list_devices(answer);
                return;
            }
            Request::AudioUse(params) => {
                self.find_devices(params, &client, answer);
                return;
            }
            Request::AudioTest(params) => match self.may_test() {
                Ok(()) => {
                    self.test_devices(&params, (&client, connection), answer);
                    return;
                }
                Err(error) => Err(error),
            },
            Request::AudioSilence(params) => self.silence(&params.name, true, &client),
            Request::AudioUnsilence(params) => self.silence(&params.name, false, &client),
            Request::GroupList(_) => Ok(GroupsReply {
                groups: self.groups(),
            }
            .into()),
            Request::GroupAdd(params) => {
                let change = self.addition(&params);
                return self.change_group(change, answer);
            }
            Request::GroupRemove(params) => {
                let change = self.removal(&params);
                return self.change_group(change, answer);
            }
            Request::SettingsGet(params) => return self.read_settings(params.key, answer),
            Request::SettingsSet(params) => return self.change_setting(params, &client, answer),
            Request::PresenceAway(_) => self.presence(Command::Away),
            Request::PresenceBack(_) => self.presence(Command::Back),
            Request::PresencePhone(_) => self.presence(Command::Phone),
            Request::DndSet(params) => return self.set_dnd(&params, &client, answer),
            Request::NetworkConnect(params) => {
                return self.connect(&params.address, params.wait_ms, answer);
            }
            Request::NetworkGet(_) => return self.ask_outlook(answer).await,
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
        self.may_begin(&command)?;
        let done = self.done(command)?;
        match self.storekeeper.problem() {
            Some(problem) if self.storekeeper.missed() => Err(refuse::not_saved(problem)),
            _ => Ok(done),
        }
    }

    /// Does the same, and leaves it to the caller to tell a client whether it is saved.
    pub(super) fn done(&mut self, command: Command) -> Result<sotto_meeting::Reply, ControlError> {
        let now = self.clock.now();
        self.storekeeper.forget_missed();
        let result = self.mesh.command(command, now);
        self.carry_out();
        result.map_err(|refused| refuse::refusal(&refused, &self.mesh))
    }

    fn presence(&mut self, command: Command) -> Answered {
        self.command(command)?;
        Ok(PresenceReply {
            presence: present::own_presence(&self.mesh.myself()),
            meeting: self.own_meeting(),
            muted: self.mesh.voice(self.clock.now()).muted,
        }
        .into())
    }

    /// Returns the meeting that a text means.
    fn resolve_meeting(&self, prefer: Prefer, text: &str) -> Result<MeetingId, ControlError> {
        resolve::meeting(&self.view(), prefer, text).map_err(refuse::unresolved)
    }

    /// Returns the participant of the active meeting whom a name means.
    fn on_roster(&self, name: &str) -> Result<PeerId, ControlError> {
        if self.mesh.active().is_none() {
            return Err(refuse::refusal(&Refusal::NotInMeeting, &self.mesh));
        }
        self.one_called(&self.view(), Scope::ActiveRoster, name)
    }

    /// Returns everything that a client may show.
    pub(super) fn snapshot(&self) -> Snapshot {
        let presenter = self.presenter();
        Snapshot {
            status: self.status(),
            peers: presenter.peers(),
            meetings: presenter.meetings(),
            invitations: presenter.invitations(),
            talk: self.talk(),
            groups: self.groups(),
        }
    }
}
