//! Talking: whispers, mute, deafening and volume.

use sotto_control::model::{self, NoticeKind, Severity, WhisperMode};
use sotto_control::server::ConnectionId;
use sotto_control::{AudioReply, ControlError, Reply, TalkReply, VolumeReply};
use sotto_meeting::resolve::Scope;
use sotto_meeting::{Command, Refusal, TalkTarget};

use super::super::naming::Chosen;
use super::super::{Hub, notices, present, refuse};
use super::Answered;

impl Hub {
    pub(super) fn whisper(
        &mut self,
        params: &sotto_control::TalkWhisper,
        connection: ConnectionId,
    ) -> Answered {
        let at = self.voice.capture_position();
        if self.mesh.active().is_none() {
            return Err(refuse::refusal(&Refusal::NotInMeeting, &self.mesh));
        }
        let view = self.view();
        let called = self.everyone_called(&view, Scope::ActiveRoster, &params.names)?;
        let Chosen {
            peers: to,
            left_out,
        } = self.present_of(&view, called)?;
        let mode = present::asked_mode(params.mode);
        self.command(Command::Whisper { to, mode, at })?;
        self.remember_hold(params.mode, connection);
        Ok(TalkReply {
            talk: self.talk(),
            left_out,
        }
        .into())
    }

    /// Remembers that the whisper lasts as long as `connection` holds it.
    pub(super) fn remember_hold(&mut self, mode: WhisperMode, connection: ConnectionId) {
        self.clients.whispers(connection, mode == WhisperMode::Hold);
    }

    /// Answers the last whisper.
    pub(super) fn reply(
        &mut self,
        params: &sotto_control::TalkReplyTo,
        connection: ConnectionId,
    ) -> Answered {
        let at = self.voice.capture_position();
        let meant = match params.to.as_slice() {
            [] => None,
            _ if self.mesh.active().is_none() => {
                return Err(refuse::refusal(&Refusal::NotInMeeting, &self.mesh));
            }
            to => Some(self.people_called(Scope::ActiveRoster, to)?),
        };
        let mode = present::asked_mode(params.mode);
        self.command(Command::Reply { meant, mode, at })?;
        self.remember_hold(params.mode, connection);
        Ok(self.talk_reply())
    }

    /// Notes that whoever holds a whisper over `connection` is there.
    pub(super) fn renew_whisper(&mut self, connection: ConnectionId) -> Result<(), ControlError> {
        if !self.clients.holds(connection) {
            return Err(refuse::refusal(&Refusal::NothingHeld, &self.mesh));
        }
        self.command(Command::Renew).map(drop)
    }

    /// Ends the whisper and the press that `connection` holds, if it holds one; what was before comes back.
    pub(super) fn release(&mut self, connection: ConnectionId) {
        self.release_press(connection);
        self.end_hold(connection, |at| Command::Release { at });
    }

    /// Ends the whisper and the press that `connection` holds, if it holds one, although the user has not released
    /// them: after a whisper nobody is spoken to.
    pub(in crate::hub) fn abandon(&mut self, connection: ConnectionId) {
        self.release_press(connection);
        self.end_hold(connection, |at| Command::Abandon { at });
    }

    fn end_hold(&mut self, connection: ConnectionId, command: impl FnOnce(Option<u64>) -> Command) {
        if self.clients.take_hold(connection) {
            let command = command(self.voice.capture_position());
            if let Err(error) = self.command(command) {
                tracing::debug!(%error, "end of a held whisper");
            }
        }
    }

    pub(super) fn talk_reply(&self) -> Reply {
        TalkReply {
            talk: self.talk(),
            left_out: Vec::new(),
        }
        .into()
    }

    pub(super) fn audio(
        &mut self,
        command: impl FnOnce(Option<u64>) -> Command,
        client: &str,
    ) -> Answered {
        // Whatever is said about the microphone now holds, whether or not a join that closed it fails.
        self.joins.microphone_was_set();
        let command = command(self.voice.capture_position());
        let before = self.mesh.voice(self.clock.now());
        self.command(command)?;
        let after = self.mesh.voice(self.clock.now());
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
            let by = (!after.muted).then_some(client);
            self.clients.set_unmuted_by(by);
            self.tell(match after.muted {
                true => change(NoticeKind::Muted, "your microphone is closed"),
                false if after.push_to_talk => change(
                    NoticeKind::Unmuted,
                    "you are not muted any more: your microphone is open while you press to talk",
                ),
                false => {
                    let mut open = change(NoticeKind::Unmuted, "your microphone is open");
                    if matches!(after.target, TalkTarget::Nobody(_)) {
                        open.text.push_str(", but you speak to nobody");
                        open.hint = Some(notices::TALK_HINT.to_owned());
                    }
                    open
                }
            });
        }
        Ok(AudioReply {
            muted: after.muted || after.deafened,
            deafened: after.deafened,
            mode: self.shown_talk_mode(),
        }
        .into())
    }

    pub(super) fn volume(&mut self, name: &str, percent: u16) -> Answered {
        let peer = self.one_called(&self.view(), Scope::Everyone, name)?;
        self.command(Command::Volume { peer, percent })?;
        Ok(VolumeReply {
            person: present::person(&self.mesh, peer),
            percent,
        }
        .into())
    }

    /// Returns whom the user speaks to, and who whispers.
    pub(in crate::hub) fn talk(&self) -> model::Talk {
        model::Talk {
            muted_but_talking: self.sound.muted.is_talking(),
            ..self
                .presenter()
                .talk(&self.not_hearing, self.shown_talk_mode())
        }
    }

    fn shown_talk_mode(&self) -> model::TalkMode {
        present::talk_mode(self.run.talk_mode)
    }
}
