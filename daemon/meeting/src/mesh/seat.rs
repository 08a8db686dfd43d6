//! The meeting that I am in, or will return to, and whether I count as there.
//!
//! I sit in one meeting at most. A phone call, sleep or a logout interrupts that, without anybody else taking the seat. While I am
//! inside, what the machine notices (a locked screen, no input) and what I say by hand decide whether I am Away; what I
//! say goes first.

use std::time::Duration;

use crate::ids::MeetingId;
use crate::input::Session;
use crate::presence::{AwayCause, OfflineReason, Presence};
use crate::refusal::Refusal;
use crate::view::Because;

/// Somebody who spoke this lately is not away, however still the keyboard is.
const SPEECH_COUNTS_FOR: Duration = Duration::from_secs(300);

/// The reason why I am Offline for a while, with both devices closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interruption {
    /// On the phone.
    Phone {
        /// Noticed on the system, rather than said by the user.
        by_system: bool,
    },
    /// The machine sleeps.
    Sleep,
    /// The user has logged out.
    LoggedOut,
}

impl Interruption {
    /// Returns what I am meanwhile.
    fn presence(self) -> Presence {
        Presence::Offline(match self {
            Self::Phone { .. } => OfflineReason::Phone,
            Self::Sleep | Self::LoggedOut => OfflineReason::Closed,
        })
    }
}

/// One meeting, and what keeps me from its audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    meeting: MeetingId,
    interruption: Option<Interruption>,
}

/// Where I am, and how.
#[derive(Debug)]
pub(super) struct Seat {
    place: Option<Place>,
    /// Where I was when goodbye was said, for the next run.
    last: Option<Place>,
    /// The counter of my last change of meeting.
    counter: u64,
    away_by_hand: bool,
    session: Session,
    /// The user said "back" during this absence from the machine.
    dismissed: bool,
    last_spoke: Option<Duration>,
    closing: bool,
}

impl Seat {
    /// Nowhere.
    pub(super) fn new() -> Self {
        Self {
            place: None,
            last: None,
            counter: 0,
            away_by_hand: false,
            session: Session::Active,
            dismissed: false,
            last_spoke: None,
            closing: false,
        }
    }

    /// Returns the meeting I am in, or will return to.
    pub(super) fn meeting(&self) -> Option<MeetingId> {
        self.place.map(|place| place.meeting)
    }

    /// Returns the meeting whose audio I am in.
    pub(super) fn active(&self) -> Option<MeetingId> {
        self.place
            .filter(|place| place.interruption.is_none())
            .map(|place| place.meeting)
    }

    /// Returns the meeting to return to, and what keeps me from it.
    pub(super) fn interrupted(&self) -> Option<(MeetingId, Interruption)> {
        let place = self.place?;
        Some((place.meeting, place.interruption?))
    }

    /// Returns whether I am in this meeting, or will return to it.
    pub(super) fn is_in(&self, id: MeetingId) -> bool {
        self.meeting() == Some(id)
    }

    /// Returns what I am in the meeting of my seat.
    pub(super) fn presence(&self, now: Duration) -> Option<Presence> {
        Some(match self.place?.interruption {
            Some(interruption) => interruption.presence(),
            None if self.away_by_hand => Presence::Away(AwayCause::ByHand),
            None if self.is_idle(now) => Presence::Away(AwayCause::Automatic),
            None => Presence::Online,
        })
    }

    /// Returns the cause of my being Away or on the phone.
    pub(super) fn because(&self, now: Duration) -> Option<Because> {
        match self.place?.interruption {
            Some(Interruption::Phone { by_system: true }) => Some(Because::SystemCall),
            Some(Interruption::Phone { by_system: false }) => Some(Because::Said),
            Some(Interruption::Sleep | Interruption::LoggedOut) => None,
            None if self.away_by_hand => Some(Because::Said),
            None if !self.is_idle(now) => None,
            None if self.session == Session::Locked => Some(Because::Locked),
            None => Some(Because::Idle),
        }
    }

    fn is_idle(&self, now: Duration) -> bool {
        !self.dismissed
            && match self.session {
                Session::Active => false,
                Session::Locked => true,
                Session::Idle => self
                    .last_spoke
                    .is_none_or(|spoke| now >= spoke + SPEECH_COUNTS_FOR),
            }
    }

    /// Returns when I become Away because I spoke too long ago.
    pub(super) fn next_timeout(&self, now: Duration) -> Option<Duration> {
        self.last_spoke
            .filter(|_| self.session == Session::Idle && !self.dismissed)
            .map(|spoke| spoke + SPEECH_COUNTS_FOR)
            .filter(|at| *at > now)
    }

    /// Returns the counter of my last change of meeting.
    pub(super) fn counter(&self) -> u64 {
        self.counter
    }

    /// Notes the counter of a change of meeting: what I signed before counts nowhere else.
    pub(super) fn set_counter(&mut self, counter: u64) {
        self.counter = counter;
    }

    /// Takes a seat. Whoever joins is there, whatever the machine noticed before.
    pub(super) fn take(&mut self, meeting: MeetingId) {
        self.place = Some(Place {
            meeting,
            interruption: None,
        });
        self.be_back();
    }

    /// Gives the seat up.
    pub(super) fn give_up(&mut self) {
        self.place = None;
    }

    /// Goes away by hand.
    ///
    /// # Errors
    /// If I am not in a meeting's audio.
    pub(super) fn go_away(&mut self) -> Result<(), Refusal> {
        match self.place.ok_or(Refusal::NotInMeeting)?.interruption {
            None => {}
            Some(Interruption::Phone { .. }) => return Err(Refusal::OnThePhone),
            Some(Interruption::Sleep | Interruption::LoggedOut) => {
                return Err(Refusal::NotInMeeting);
            }
        }
        self.away_by_hand = true;
        Ok(())
    }

    /// Ends being Away, said by hand or noticed, until the machine notices something new.
    pub(super) fn be_back(&mut self) {
        self.away_by_hand = false;
        self.dismissed = self.session != Session::Active;
    }

    /// Interrupts my being there.
    pub(super) fn interrupt(&mut self, why: Interruption) {
        if let Some(place) = &mut self.place {
            place.interruption = Some(why);
        }
    }

    /// Says by hand that I am on the phone, if the system has noticed so already: said by hand, it is ended by hand.
    pub(super) fn confirm_phone(&mut self) {
        if let Some(Interruption::Phone { by_system }) = self
            .place
            .as_mut()
            .and_then(|place| place.interruption.as_mut())
        {
            *by_system = false;
        }
    }

    /// Ends an interruption.
    pub(super) fn resume(&mut self) {
        if let Some(place) = &mut self.place {
            place.interruption = None;
        }
    }

    /// Notes how the user's session is.
    pub(super) fn set_session(&mut self, session: Session) {
        if session == Session::Active {
            self.dismissed = false;
        }
        self.session = session;
    }

    /// Notes that I spoke: it counts as activity. Behind a locked screen it may be anybody's voice.
    pub(super) fn spoke(&mut self, now: Duration) {
        self.last_spoke = Some(now);
    }

    /// Gives the seat up for this run, and keeps it for the next.
    pub(super) fn leave_for_next_run(&mut self) {
        self.last = self.place.take();
    }

    /// Notes that goodbye was said.
    pub(super) fn close(&mut self) {
        self.closing = true;
    }

    /// Returns whether goodbye was said.
    pub(super) fn is_closing(&self) -> bool {
        self.closing
    }

    /// Returns the meeting that the next run may return to, and what I am in it.
    pub(super) fn to_store(&self) -> Option<(MeetingId, Presence)> {
        let place = self.place.or(self.last)?;
        let interruption = place.interruption;
        let presence = interruption.map_or(Presence::Online, Interruption::presence);
        Some((place.meeting, presence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1000);
    const STANDUP: MeetingId = MeetingId([1; 32]);
    const OTHER: MeetingId = MeetingId([2; 32]);
    const BY_HAND: Option<Presence> = Some(Presence::Away(AwayCause::ByHand));
    const NOTICED: Option<Presence> = Some(Presence::Away(AwayCause::Automatic));
    const ONLINE: Option<Presence> = Some(Presence::Online);

    fn seated() -> Seat {
        let mut seat = Seat::new();
        seat.take(STANDUP);
        seat
    }

    #[test]
    fn i_sit_in_one_meeting_at_most() {
        let mut seat = seated();
        assert_eq!(
            (seat.meeting(), seat.active()),
            (Some(STANDUP), Some(STANDUP))
        );
        seat.take(OTHER);
        assert!(seat.is_in(OTHER) && !seat.is_in(STANDUP));
        seat.give_up();
        assert_eq!((seat.meeting(), seat.presence(NOW)), (None, None));
    }

    #[test]
    fn away_by_hand_is_never_overridden_by_what_the_machine_notices() {
        let mut seat = seated();
        seat.go_away().unwrap();
        for session in [Session::Locked, Session::Idle, Session::Active] {
            seat.set_session(session);
            seat.spoke(NOW);
            assert_eq!(seat.presence(NOW), BY_HAND, "{session:?}");
        }
        seat.be_back();
        assert_eq!(seat.presence(NOW), ONLINE);
    }

    #[test]
    fn i_am_told_why_i_am_away() {
        let mut seat = seated();
        assert_eq!(seat.because(NOW), None);
        for (session, because) in [
            (Session::Idle, Some(Because::Idle)),
            (Session::Locked, Some(Because::Locked)),
            (Session::Active, None),
        ] {
            seat.set_session(session);
            assert_eq!(seat.because(NOW), because, "{session:?}");
        }
        seat.set_session(Session::Locked);
        seat.go_away().unwrap();
        assert_eq!(seat.because(NOW), Some(Because::Said));
        for (by_system, because) in [(true, Because::SystemCall), (false, Because::Said)] {
            seat.interrupt(Interruption::Phone { by_system });
            assert_eq!(seat.because(NOW), Some(because));
        }
        seat.interrupt(Interruption::Sleep);
        assert_eq!(seat.because(NOW), None);
    }

    #[test]
    fn back_holds_until_the_machine_notices_something_new() {
        let mut seat = seated();
        seat.set_session(Session::Locked);
        assert_eq!(seat.presence(NOW), NOTICED);
        seat.be_back();
        assert_eq!(seat.presence(NOW), ONLINE);
        seat.set_session(Session::Idle);
        assert_eq!(seat.presence(NOW), ONLINE, "still the same absence");
        seat.set_session(Session::Active);
        seat.set_session(Session::Locked);
        assert_eq!(seat.presence(NOW), NOTICED);
    }

    #[test]
    fn who_joins_is_there_even_if_the_machine_was_left() {
        let mut seat = Seat::new();
        seat.set_session(Session::Locked);
        seat.take(STANDUP);
        assert_eq!(seat.presence(NOW), ONLINE);
        seat.go_away().unwrap();
        seat.take(OTHER);
        assert_eq!(seat.presence(NOW), ONLINE, "by hand was said elsewhere");
    }

    #[test]
    fn speech_counts_for_five_minutes_but_not_behind_a_locked_screen() {
        let mut seat = seated();
        seat.spoke(NOW);
        seat.set_session(Session::Idle);
        let over = NOW + SPEECH_COUNTS_FOR;
        assert_eq!(seat.presence(NOW), ONLINE);
        assert_eq!(seat.next_timeout(NOW), Some(over));
        assert_eq!(seat.presence(over), NOTICED);
        assert_eq!(seat.next_timeout(over), None);
        seat.set_session(Session::Locked);
        assert_eq!(seat.presence(NOW), NOTICED);
        assert_eq!(seat.next_timeout(NOW), None);
    }

    #[test]
    fn an_interruption_keeps_the_seat_but_not_the_audio() {
        let mut seat = seated();
        seat.interrupt(Interruption::Sleep);
        assert_eq!((seat.meeting(), seat.active()), (Some(STANDUP), None));
        assert_eq!(seat.interrupted(), Some((STANDUP, Interruption::Sleep)));
        assert_eq!(
            seat.presence(NOW),
            Some(Presence::Offline(OfflineReason::Closed))
        );
        assert_eq!(seat.go_away(), Err(Refusal::NotInMeeting));
        seat.resume();
        assert_eq!((seat.active(), seat.presence(NOW)), (Some(STANDUP), ONLINE));
    }

    #[test]
    fn a_logout_outlasts_whatever_else_interrupts() {
        for before in [Interruption::Phone { by_system: true }, Interruption::Sleep] {
            let mut seat = seated();
            seat.interrupt(before);
            seat.interrupt(Interruption::LoggedOut);
            assert_eq!(seat.interrupted(), Some((STANDUP, Interruption::LoggedOut)));
            let closed = Presence::Offline(OfflineReason::Closed);
            assert_eq!(seat.presence(NOW), Some(closed));
            assert_eq!(seat.to_store(), Some((STANDUP, closed)));
            assert_eq!(seat.go_away(), Err(Refusal::NotInMeeting));
        }
    }

    #[test]
    fn a_call_said_by_hand_is_ended_by_hand() {
        let mut seat = seated();
        seat.interrupt(Interruption::Phone { by_system: true });
        assert_eq!(seat.go_away(), Err(Refusal::OnThePhone));
        seat.confirm_phone();
        let by_hand = Interruption::Phone { by_system: false };
        assert_eq!(seat.interrupted(), Some((STANDUP, by_hand)));
        seat.interrupt(Interruption::Sleep);
        seat.confirm_phone();
        assert_eq!(seat.interrupted(), Some((STANDUP, Interruption::Sleep)));
    }

    #[test]
    fn the_next_run_learns_where_i_was_when_goodbye_was_said() {
        let mut seat = seated();
        assert_eq!(seat.to_store(), Some((STANDUP, Presence::Online)));
        seat.interrupt(Interruption::Phone { by_system: true });
        seat.leave_for_next_run();
        seat.close();
        assert!(seat.is_closing());
        assert_eq!((seat.meeting(), seat.presence(NOW)), (None, None));
        let phone = Presence::Offline(OfflineReason::Phone);
        assert_eq!(seat.to_store(), Some((STANDUP, phone)));
    }
}
