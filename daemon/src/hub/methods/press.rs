//! Push to talk: a microphone that is open while it is pressed.

use sotto_control::Done;
use sotto_control::config::TalkMode;
use sotto_control::server::ConnectionId;
use sotto_meeting::{Command, PressMode};

use super::super::Hub;
use super::Answered;
use crate::sound::processing;

impl Hub {
    /// Presses the microphone, or ends the press that there is. It is held by `connection` unless it is `lasting`.
    pub(super) fn press(&mut self, lasting: bool, connection: ConnectionId) -> Answered {
        let before = self.is_pressed();
        if !lasting && self.clients.holds_press(connection) {
            // A trigger that repeats while its key is down. If a mute, too long a time or somebody else has ended the
            // press, no repetition begins another.
            if before {
                self.command(Command::RenewPress)?;
            }
            return Ok(self.talk_reply());
        }
        let at = self.voice.capture_position();
        let mode = match lasting {
            true => PressMode::Latch,
            false => PressMode::Hold,
        };
        self.command(Command::Press { mode, at })?;
        if !before && self.is_pressed() {
            self.clients.pressed((!lasting).then_some(connection));
        }
        Ok(self.talk_reply())
    }

    /// Ends the press, whoever made it.
    pub(super) fn unpress(&mut self) -> Answered {
        let at = self.voice.capture_position();
        self.command(Command::Unpress { at })?;
        Ok(self.talk_reply())
    }

    /// Ends the press that `connection` holds, if it holds one.
    pub(super) fn release_press(&mut self, connection: ConnectionId) {
        if self.clients.take_press(connection)
            && let Err(error) = self.unpress()
        {
            tracing::debug!(%error, "end of a press");
        }
    }

    /// Notes that whoever holds a whisper or a press over `connection` is there.
    pub(super) fn renew(&mut self, connection: ConnectionId) -> Answered {
        let pressed = self.clients.holds_press(connection) && self.is_pressed();
        if pressed {
            self.command(Command::RenewPress)?;
        }
        if self.clients.holds(connection) || !pressed {
            self.renew_whisper(connection)?;
        }
        Ok(Done {}.into())
    }

    /// Opens and closes the microphone as the settings say.
    pub(in crate::hub) fn follow_talk_mode(&mut self) {
        let mode = self.run.talk_mode;
        let at = self.voice.capture_position();
        let needed = mode == TalkMode::Push;
        if let Err(error) = self.command(Command::PushToTalk { needed, at }) {
            tracing::debug!(%error, "the talk mode");
        }
        self.voice.set_gate(processing::gate(mode));
    }

    fn is_pressed(&self) -> bool {
        self.mesh.voice(self.clock.now()).pressed
    }
}
