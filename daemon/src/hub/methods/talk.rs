//! Whom the user speaks to, and what is heard.

use sotto_control::model::{self, NoticeKind, Severity, WhisperMode};
use sotto_control::server::ConnectionId;
use sotto_control::{AudioReply, Reply, TalkReply, VolumeReply};
use sotto_meeting::resolve::{self, Scope};
use sotto_meeting::{Command, Refusal, View};

use super::super::{Hub, notices, present, refuse};
use super::{Answered, everyone_named};

impl Hub {
    pub(super) fn whisper(
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
        let mode = present::asked_mode(params.mode);
        self.command(Command::Whisper { to, mode, at })?;
        self.remember_hold(params.mode, connection);
        Ok(self.talk_reply())
    }

    /// Remembers that the whisper lasts as long as `connection` holds it.
    pub(super) fn remember_hold(&mut self, mode: WhisperMode, connection: ConnectionId) {
        self.held_by = (mode == WhisperMode::Hold).then_some(connection);
    }

    /// Ends the whisper that `connection` holds, if it holds one; what was before it comes back.
    pub(in crate::hub) fn release(&mut self, connection: ConnectionId) {
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

    pub(super) fn talk_reply(&self) -> Reply {
        TalkReply {
            talk: self.talk(&self.view()),
        }
        .into()
    }

    pub(super) fn audio(
        &mut self,
        command: impl FnOnce(Option<u64>) -> Command,
        client: &str,
    ) -> Answered {
        // Whatever is said about the microphone now holds, whether or not a join that closed it fails.
        for waiting in &mut self.joins {
            waiting.closed_the_microphone = false;
        }
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

    pub(super) fn volume(&mut self, view: &View, name: &str, percent: u16) -> Answered {
        let peer = resolve::peer(view, Scope::Everyone, name).map_err(refuse::unresolved)?;
        self.command(Command::Volume { peer, percent })?;
        Ok(VolumeReply {
            person: present::person(view, peer),
            percent,
        }
        .into())
    }

    /// Whom the user speaks to, and who whispers.
    pub(in crate::hub) fn talk(&self, view: &View) -> model::Talk {
        self.presenter(view).talk(&self.not_hearing)
    }
}
