//! What the local user wants.

use super::Mesh;
use crate::command::{Command, Reply};
use crate::event::JoinFailure;
use crate::ids::MeetingId;
use crate::names;
use crate::refusal::Refusal;

impl Mesh {
    pub(super) fn obey(&mut self, command: Command) -> Result<Reply, Refusal> {
        if self.seat.is_closing() && command != Command::Quit {
            return Err(Refusal::Closing);
        }
        match command {
            Command::Create { title, invite } => self.create(&title, &invite),
            Command::Invite { meeting, peers } => self.invite(meeting, &peers),
            Command::Withdraw { meeting, peers } => self.withdraw(meeting, &peers),
            Command::Join { meeting } => self.join(meeting),
            Command::CancelJoin { meeting } => {
                if self.is_joining(meeting) {
                    self.cancel_join(JoinFailure::Cancelled);
                }
                Ok(Reply::Done)
            }
            Command::Decline { meeting } => self.decline(meeting),
            Command::Leave { meeting } => self.leave(meeting),
            Command::Forget { meeting } => self.forget(meeting),
            Command::Away => self.away(),
            Command::Back => self.back(),
            Command::Phone => self.phone(),
            Command::Quit => {
                self.quit();
                Ok(Reply::Done)
            }
            Command::Rename { name, device } => {
                let (name, device) = (names::clean_name(&name), names::clean_device(&device));
                if name.is_empty() {
                    return Err(Refusal::EmptyName);
                }
                if (name.as_str(), device.as_str())
                    != (self.me.name.as_str(), self.me.device.as_str())
                {
                    self.rename(name, device);
                }
                Ok(Reply::Done)
            }
            Command::Volume { peer, percent } => self.set_volume(peer, percent),
            Command::Mute { at } => {
                self.talk.mute(at);
                Ok(Reply::Done)
            }
            Command::Unmute { at } => {
                let unmuted = self.talk.unmute(at);
                unmuted
                    .map(|()| Reply::Done)
                    .map_err(|refusal| refusal.named(|peer| self.people.label(peer)))
            }
            Command::Deafen { at } => {
                self.talk.deafen(at);
                Ok(Reply::Done)
            }
            Command::Undeafen { at } => {
                self.talk.undeafen(at);
                Ok(Reply::Done)
            }
            Command::Whisper { to, mode, at } => self.whisper(&to, mode, at),
            Command::Reply { meant, mode, at } => self.reply(meant.as_deref(), mode, at),
            Command::Renew => self.renew_hold(),
            Command::Abandon { at } => {
                self.talk.abandon(at);
                self.outbox.changed(crate::event::Part::Talk);
                Ok(Reply::Done)
            }
            Command::Release { at } => {
                self.talk.release(at);
                self.outbox.changed(crate::event::Part::Talk);
                Ok(Reply::Done)
            }
            Command::PushToTalk { needed, at } => {
                self.talk.need_press(needed, at);
                self.outbox.changed(crate::event::Part::Talk);
                Ok(Reply::Done)
            }
            Command::Press { mode, at } => self.press(mode, at),
            Command::RenewPress => self.renew_press(),
            Command::Unpress { at } => {
                self.talk.unpress(at);
                self.outbox.changed(crate::event::Part::Talk);
                Ok(Reply::Done)
            }
            Command::Talk { at } => {
                let talking = self.talk.talk(at);
                self.outbox.changed(crate::event::Part::Talk);
                talking
                    .map(|()| Reply::Done)
                    .map_err(|refusal| refusal.named(|peer| self.people.label(peer)))
            }
        }
    }

    fn forget(&mut self, id: MeetingId) -> Result<Reply, Refusal> {
        let meeting = self.meetings.get(&id).ok_or(Refusal::UnknownMeeting(id))?;
        if meeting.signed_presence(self.me.id).keeps_meeting() {
            return Err(Refusal::StillInside {
                title: meeting.title().to_owned(),
            });
        }
        self.remove_meeting(id);
        self.outbox.save_now();
        Ok(Reply::Done)
    }
}
