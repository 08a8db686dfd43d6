//! Where I am, and what I say about it: joining, switching, leaving, absence, phone calls, sleep and the end.

use std::time::Duration;

use super::{Mesh, Seat, SeatState};
use crate::command::Reply;
use crate::event::{Event, JoinFailure, Part};
use crate::ids::MeetingId;
use crate::input::Session;
use crate::presence::{AwayCause, OfflineReason, Presence};
use crate::refusal::Refusal;

/// Somebody who spoke this lately is not away, however still the keyboard is.
const SPEECH_COUNTS_FOR: Duration = Duration::from_secs(300);

impl Mesh {
    /// What I am in the meeting of my seat.
    pub(super) fn my_presence(&self) -> Option<Presence> {
        Some(match self.seat?.state {
            SeatState::Phone { .. } => Presence::Offline(OfflineReason::Phone),
            SeatState::Asleep => Presence::Offline(OfflineReason::Closed),
            SeatState::Inside if self.away_by_hand => Presence::Away(AwayCause::ByHand),
            SeatState::Inside if self.is_idle() => Presence::Away(AwayCause::Automatic),
            SeatState::Inside => Presence::Online,
        })
    }

    fn is_idle(&self) -> bool {
        !self.session_dismissed
            && match self.session {
                Session::Active => false,
                Session::Locked => true,
                Session::Idle => self
                    .last_spoke
                    .is_none_or(|spoke| self.now.monotonic >= spoke + SPEECH_COUNTS_FOR),
            }
    }

    /// Joins a meeting whose secret I hold; switches if I am in another one.
    pub(super) fn take_seat(&mut self, id: MeetingId) {
        if self.is_inside(id) {
            return;
        }
        if let Some(old) = self.seat {
            self.leave_voice(true);
            self.seat = None;
            self.seat_counter = self.me.next_counter();
            if old.meeting != id {
                self.sign_presence(old.meeting, Presence::Offline(OfflineReason::Elsewhere));
            }
        } else {
            self.seat_counter = self.me.next_counter();
        }
        self.away_by_hand = false;
        self.session_dismissed = self.session != Session::Active;
        self.seat = Some(Seat {
            meeting: id,
            state: SeatState::Inside,
        });
        self.sign_presence(id, Presence::Online);
        self.answer_joined(id);
        self.enter_voice(id, None);
        self.outbox.event(Event::Joined { meeting: id });
        self.outbox.save_now();
    }

    /// Out of a meeting by my own wish.
    pub(super) fn leave(&mut self, meeting: Option<MeetingId>) -> Result<Reply, Refusal> {
        let id = meeting
            .or(self.seat.map(|seat| seat.meeting))
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
            self.seat = None;
            self.away_by_hand = false;
        }
        self.sign_presence(id, Presence::Offline(OfflineReason::Left));
        self.outbox.save_now();
        Ok(Reply::Done)
    }

    pub(super) fn away(&mut self) -> Result<Reply, Refusal> {
        match self.seat.ok_or(Refusal::NotInMeeting)?.state {
            SeatState::Inside => {}
            SeatState::Phone { .. } => return Err(Refusal::OnThePhone),
            SeatState::Asleep => return Err(Refusal::NotInMeeting),
        }
        self.away_by_hand = true;
        self.update_presence();
        Ok(Reply::Done)
    }

    pub(super) fn back(&mut self) -> Result<Reply, Refusal> {
        let seat = self.seat.ok_or(Refusal::NotInMeeting)?;
        self.away_by_hand = false;
        self.session_dismissed = self.session != Session::Active;
        if seat.state == SeatState::Inside {
            self.update_presence();
        } else {
            self.return_to_seat(false);
        }
        Ok(Reply::Done)
    }

    pub(super) fn phone(&mut self, by_system: bool) -> Result<Reply, Refusal> {
        let seat = self.seat.ok_or(Refusal::NotInMeeting)?;
        match seat.state {
            SeatState::Inside => self.interrupt(SeatState::Phone { by_system }),
            // Said by hand, it is ended by hand.
            SeatState::Phone { .. } if !by_system => {
                self.seat = Some(Seat {
                    state: SeatState::Phone { by_system },
                    ..seat
                });
            }
            SeatState::Phone { .. } | SeatState::Asleep => {}
        }
        Ok(Reply::Done)
    }

    pub(super) fn system_call(&mut self, active: bool) {
        if active {
            if self
                .seat
                .is_some_and(|seat| seat.state == SeatState::Inside)
            {
                self.interrupt(SeatState::Phone { by_system: true });
            }
        } else if let Some(Seat {
            meeting,
            state: SeatState::Phone { by_system: true },
        }) = self.seat
        {
            self.return_to_seat(true);
            self.outbox.event(Event::Restored { meeting });
        }
    }

    pub(super) fn suspend(&mut self) {
        if self
            .seat
            .is_some_and(|seat| seat.state == SeatState::Inside)
        {
            self.interrupt(SeatState::Asleep);
        }
        self.outbox.save_now();
    }

    pub(super) fn resume(&mut self) {
        let now = self.now.monotonic;
        for (id, meeting) in &mut self.meetings {
            meeting.reach.forgive(now);
            self.reviews.reach_changed(*id);
        }
        if let Some(Seat {
            meeting,
            state: SeatState::Asleep,
        }) = self.seat
        {
            self.return_to_seat(true);
            self.outbox.event(Event::Restored { meeting });
        }
        self.timers.announce_again(now);
    }

    /// Offline for a while, with both devices closed.
    fn interrupt(&mut self, state: SeatState) {
        let Some(seat) = self.seat else {
            return;
        };
        self.leave_voice(false);
        self.seat = Some(Seat { state, ..seat });
        self.sign_my_presence();
        self.outbox.save_now();
    }

    fn return_to_seat(&mut self, muted: bool) {
        let Some(seat) = self.seat else {
            return;
        };
        self.seat = Some(Seat {
            state: SeatState::Inside,
            ..seat
        });
        if muted {
            self.talk.remember(true, self.talk.flags().deafened);
        }
        self.sign_my_presence();
        self.enter_voice(seat.meeting, Some(muted));
        self.outbox.save_now();
    }

    fn sign_my_presence(&mut self) {
        if let (Some(seat), Some(presence)) = (self.seat, self.my_presence()) {
            self.sign_presence(seat.meeting, presence);
        }
    }

    /// Signs my presence anew if it is no longer what I signed.
    pub(super) fn update_presence(&mut self) {
        let (Some(seat), Some(presence)) = (self.seat, self.my_presence()) else {
            return;
        };
        if self.signed_by_me(seat.meeting) != presence {
            self.talk.set_away(matches!(presence, Presence::Away(_)));
            self.sign_presence(seat.meeting, presence);
            self.outbox.changed(Part::Talk);
            self.outbox.save_now();
        }
    }

    pub(super) fn session_changed(&mut self, session: Session) {
        if session == Session::Active {
            self.session_dismissed = false;
        }
        self.session = session;
        self.update_presence();
    }

    /// Speaking counts as activity. Behind a locked screen it may be anybody's voice.
    pub(super) fn spoke(&mut self) {
        self.last_spoke = Some(self.now.monotonic);
        self.update_presence();
    }

    /// Renews my presence, and goes away when speech no longer speaks against it.
    pub(super) fn presence_timeouts(&mut self) {
        let Some(seat) = self.seat.filter(|seat| seat.state == SeatState::Inside) else {
            return;
        };
        self.update_presence();
        if self.timers.presence() <= self.now.monotonic
            && let Some(presence) = self.my_presence()
        {
            self.sign_presence(seat.meeting, presence);
            self.timers.hasten_presence(&mut self.rng);
            // What is on disk tells the next run how long ago this one lived.
            self.outbox.save_now();
        }
    }

    pub(super) fn next_presence_timeout(&self) -> Option<Duration> {
        self.seat.filter(|seat| seat.state == SeatState::Inside)?;
        let idle = (self.session == Session::Idle && !self.session_dismissed)
            .then_some(self.last_spoke)
            .flatten()
            .map(|spoke| spoke + SPEECH_COUNTS_FOR)
            .filter(|at| *at > self.now.monotonic);
        idle.into_iter().chain([self.timers.presence()]).min()
    }

    /// Goodbye.
    pub(super) fn quit(&mut self) {
        if self.closing {
            return;
        }
        self.cancel_join(JoinFailure::Cancelled);
        if self.seat.is_some() {
            self.leave_voice(true);
            self.last_seat = self.seat.take();
        }
        if !self.cloned {
            self.close_my_presences();
        }
        self.closing = true;
        self.announce_myself();
        self.outbox.changed(Part::Me);
        self.outbox.save_now();
    }

    /// Says in all my meetings that I am gone.
    fn close_my_presences(&mut self) {
        let mine: Vec<MeetingId> = self
            .meetings
            .iter()
            .filter(|(_, meeting)| {
                let signed = meeting.signed_presence(self.me.id);
                signed.keeps_meeting() && signed != Presence::Offline(OfflineReason::Closed)
            })
            .map(|(id, _)| *id)
            .collect();
        for id in mine {
            self.sign_presence(id, Presence::Offline(OfflineReason::Closed));
        }
    }

    /// Another daemon signs with my key: says so, and takes part in nothing any more.
    ///
    /// My last records go past everything that the other has signed, and stay with me for synchronisation: the other
    /// has moved past my earlier ones already, and would never meet a second one if I only fell silent.
    pub(super) fn stop_as_clone(&mut self) {
        tracing::warn!("another daemon uses the same identity");
        self.cancel_join(JoinFailure::Cancelled);
        if self.seat.is_some() {
            self.leave_voice(true);
            self.seat = None;
        }
        self.close_my_presences();
        self.announce(false);
        self.cloned = true;
        self.outbox.event(Event::Cloned);
        self.outbox.changed(Part::Me);
        self.outbox.save_now();
    }
}
