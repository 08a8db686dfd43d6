//! Where I am, and what I say about it: joining, switching, leaving, absence, phone calls, sleep, logouts and
//! the end.

use std::time::Duration;

use super::Mesh;
use super::seat::Interruption;
use crate::command::Reply;
use crate::event::{Event, JoinFailure, Part};
use crate::ids::MeetingId;
use crate::input::Session;
use crate::presence::{OfflineReason, Presence};
use crate::refusal::Refusal;
use crate::view::Cut;

impl Mesh {
    /// Joins a meeting whose secret I hold; switches if I am in another one.
    pub(super) fn take_seat(&mut self, id: MeetingId) {
        if self.is_inside(id) {
            return;
        }
        let old = self.seat.meeting();
        if old.is_some() {
            self.leave_voice(true);
            self.seat.give_up();
        }
        self.seat.set_counter(self.me.next_counter());
        if let Some(old) = old.filter(|old| *old != id) {
            self.sign_presence(old, Presence::Offline(OfflineReason::Elsewhere));
        }
        self.seat.take(id);
        self.sign_presence(id, Presence::Online);
        self.answer_joined(id);
        self.enter_voice(id, None);
        self.outbox.event(Event::Joined { meeting: id });
        self.outbox.save_now();
    }

    /// Out of a meeting by my own wish.
    pub(super) fn leave(&mut self, meeting: Option<MeetingId>) -> Result<Reply, Refusal> {
        let id = meeting
            .or(self.seat.meeting())
            .ok_or(Refusal::NotInMeeting)?;
        let Some(known) = self.meetings.get(&id) else {
            return Err(Refusal::UnknownMeeting(id));
        };
        if !known.signed_presence(self.me.id).keeps_meeting() {
            return Err(Refusal::NotJoined {
                title: known.title().to_owned(),
            });
        }
        if self.is_seated(id) {
            self.leave_voice(true);
            self.seat.give_up();
        }
        self.sign_presence(id, Presence::Offline(OfflineReason::Left));
        self.outbox.save_now();
        Ok(Reply::Done)
    }

    pub(super) fn away(&mut self) -> Result<Reply, Refusal> {
        self.seat.go_away()?;
        self.update_presence();
        self.my_reason_changed();
        Ok(Reply::Done)
    }

    pub(super) fn back(&mut self) -> Result<Reply, Refusal> {
        self.seat.meeting().ok_or(Refusal::NotInMeeting)?;
        self.seat.be_back();
        if self.seat.interrupted().is_some() {
            self.return_to_seat(false);
        } else {
            self.update_presence();
        }
        Ok(Reply::Done)
    }

    pub(super) fn phone(&mut self) -> Result<Reply, Refusal> {
        self.seat.meeting().ok_or(Refusal::NotInMeeting)?;
        if self.seat.active().is_some() {
            self.interrupt(Interruption::Phone { by_system: false });
        } else {
            self.seat.confirm_phone();
            self.my_reason_changed();
        }
        Ok(Reply::Done)
    }

    pub(super) fn system_call(&mut self, active: bool) {
        if active {
            if self.seat.active().is_some() {
                self.interrupt(Interruption::Phone { by_system: true });
            }
        } else {
            self.restore_after(Interruption::Phone { by_system: true });
        }
    }

    pub(super) fn suspend(&mut self) {
        self.cut_holds(Cut::Suspended);
        if self.seat.active().is_some() {
            self.interrupt(Interruption::Sleep);
        }
        self.outbox.save_with_batch();
    }

    pub(super) fn resume(&mut self) {
        let now = self.now.monotonic;
        self.meetings.forgive(now);
        self.restore_after(Interruption::Sleep);
        self.timers.announce_again(now);
    }

    /// Closes the devices, whatever else interrupts already: nobody sits at this machine.
    pub(super) fn log_out(&mut self) {
        self.cut_holds(Cut::ScreenLocked);
        // An answer that comes later would open the microphone.
        self.cancel_join(JoinFailure::Cancelled);
        if self.seat.active().is_some() {
            self.interrupt(Interruption::LoggedOut);
        } else if self.seat.meeting().is_some() {
            self.seat.interrupt(Interruption::LoggedOut);
            self.sign_my_presence();
            self.outbox.save_with_batch();
        }
    }

    pub(super) fn log_in(&mut self) {
        self.restore_after(Interruption::LoggedOut);
    }

    /// Offline for a while, with both devices closed.
    fn interrupt(&mut self, why: Interruption) {
        self.leave_voice(false);
        self.seat.interrupt(why);
        self.sign_my_presence();
        self.outbox.save_with_batch();
    }

    /// Returns to the meeting, muted, if this is what keeps me from it.
    fn restore_after(&mut self, why: Interruption) {
        if let Some((meeting, interruption)) = self.seat.interrupted()
            && interruption == why
        {
            self.return_to_seat(true);
            self.outbox.event(Event::Restored { meeting });
        }
    }

    fn return_to_seat(&mut self, muted: bool) {
        let Some(id) = self.seat.meeting() else {
            return;
        };
        self.seat.resume();
        if muted {
            self.talk.remember(true, self.talk.flags().deafened);
        }
        self.sign_my_presence();
        self.enter_voice(id, Some(muted));
        self.outbox.save_with_batch();
    }

    /// What I am, and in which meeting.
    fn my_presence(&self) -> Option<(MeetingId, Presence)> {
        Some((
            self.seat.meeting()?,
            self.seat.presence(self.now.monotonic)?,
        ))
    }

    fn sign_my_presence(&mut self) {
        if let Some((id, presence)) = self.my_presence() {
            self.sign_presence(id, presence);
        }
    }

    /// Signs my presence anew if it is no longer what I signed.
    pub(super) fn update_presence(&mut self) {
        let Some((id, presence)) = self.my_presence() else {
            return;
        };
        if self.signed_by_me(id) != presence {
            self.talk.set_away(matches!(presence, Presence::Away(_)));
            self.sign_presence(id, presence);
            self.outbox.changed(Part::Talk);
            self.outbox.save_with_batch();
        }
    }

    /// I may be Away for another reason than before, which others are not told.
    fn my_reason_changed(&mut self) {
        if let Some(id) = self.seat.meeting() {
            self.outbox.changed(Part::Me);
            self.outbox.changed(Part::Participant(id, self.me.id));
        }
    }

    pub(super) fn session_changed(&mut self, session: Session) {
        self.seat.set_session(session);
        if session == Session::Locked {
            self.cut_holds(Cut::ScreenLocked);
        }
        self.update_presence();
        self.my_reason_changed();
    }

    pub(super) fn spoke(&mut self) {
        self.seat.spoke(self.now.monotonic);
        self.update_presence();
    }

    /// Renews my presence, and goes away when speech no longer speaks against it.
    pub(super) fn presence_timeouts(&mut self) {
        if self.seat.active().is_none() {
            return;
        }
        self.update_presence();
        if self.timers.presence() <= self.now.monotonic {
            self.sign_my_presence();
            self.timers.hasten_presence(&mut self.rng);
            // What is on disk tells the next run how long ago this one lived.
            self.outbox.save_with_batch();
        }
    }

    pub(super) fn next_presence_timeout(&self) -> Option<Duration> {
        self.seat.active()?;
        let idle = self.seat.next_timeout(self.now.monotonic);
        idle.into_iter().chain([self.timers.presence()]).min()
    }

    /// Goodbye.
    pub(super) fn quit(&mut self) {
        if self.seat.is_closing() {
            return;
        }
        self.cancel_join(JoinFailure::Cancelled);
        if self.seat.meeting().is_some() {
            self.leave_voice(true);
            self.seat.leave_for_next_run();
        }
        if !self.me.is_cloned() {
            self.close_my_presences();
        }
        self.seat.close();
        self.announce_myself();
        self.outbox.changed(Part::Me);
        // Whoever goes is to be seen going, whether or not it can be stored.
        self.outbox.save_with_batch();
    }

    /// Says in all my meetings that I am gone.
    fn close_my_presences(&mut self) {
        let mine: Vec<MeetingId> = self
            .meetings
            .iter()
            .filter(|meeting| {
                let signed = meeting.signed_presence(self.me.id);
                signed.keeps_meeting() && signed != Presence::Offline(OfflineReason::Closed)
            })
            .map(|meeting| meeting.id())
            .collect();
        for id in mine {
            self.sign_presence(id, Presence::Offline(OfflineReason::Closed));
        }
    }

    /// Another daemon has my key: the same follows as if it had signed with it.
    pub(super) fn met_clone(&mut self) {
        if !self.me.is_cloned() {
            self.stop_as_clone();
        }
    }

    /// Another daemon signs with my key: says so, and takes part in nothing any more.
    ///
    /// My last records go past everything that the other has signed, and stay with me for synchronisation: the other
    /// has moved past my earlier ones already, and would never meet a second one if I only fell silent.
    pub(super) fn stop_as_clone(&mut self) {
        tracing::warn!("another daemon uses the same identity");
        self.cancel_join(JoinFailure::Cancelled);
        if self.seat.meeting().is_some() {
            self.leave_voice(true);
            self.seat.give_up();
        }
        self.close_my_presences();
        self.announce(false);
        self.me.stop_as_clone();
        self.outbox.event(Event::Cloned);
        self.outbox.changed(Part::Me);
        self.outbox.save_now();
    }
}
