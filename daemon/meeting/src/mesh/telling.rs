//! Telling those invited who can let them in, as long as they have not joined.
//!
//! An invitee holds no secret and hears no gossip, so it knows of those inside only what it is told. For each invitee the
//! participants have an order of their own, by hash(participant, invitee), those present first. The first three tell the
//! invitee of themselves; the first of them also says who is inside whenever that changes, and once more a little later,
//! because another who knew less may have spoken last. Whoever comes, leaves or crashes changes the order, and the next
//! ones take over. Whoever was the first puts right what it said, even if somebody comes before it now: that one may not
//! have noticed that the first saw it as lost for a moment. So an invitee knows three running participants, or all of
//! them, whoever invited it; and it is told by three, however many are inside.

use std::time::Duration;

use super::Mesh;
use super::inviting::turn;
use super::offerings::Says;
use crate::held::Held;
use crate::ids::{MeetingId, PeerId};
use crate::presence::{OfflineReason, Presence};
use crate::record::Invitation;

/// So many participants tell an invitee of themselves.
const TELLERS: usize = 3;
/// What changes within this time is told at once.
const TOGETHER: Duration = Duration::from_secs(1);
/// An invitee is told at most this often who is inside.
const CALM: Duration = Duration::from_secs(10);

/// And this often by somebody who puts right what it said, as the first may have done already.
const LONG_CALM: Duration = Duration::from_secs(30);

/// What an invitee is owed by me.
enum Owed {
    Nothing,
    Now,
    /// From this time on.
    At(Duration),
}

impl Mesh {
    /// Looks soon at everybody invited to a meeting that changed.
    pub(super) fn follow_changed_meetings(&mut self) {
        let soon = self.now.monotonic + TOGETHER;
        for id in self.outbox.changed_meetings() {
            if self.meetings.get(&id).is_some() {
                self.offerings.look(id, soon);
            }
        }
    }

    /// Looks soon at `peer` wherever it is invited: it has just appeared, and need not wait for the next attempt.
    pub(super) fn tell_soon(&mut self, peer: PeerId) {
        let soon = self.now.monotonic + TOGETHER;
        for meeting in self.meetings.iter() {
            if meeting.is_invited(peer) {
                self.offerings.look(meeting.id(), soon);
                self.offerings.wait_no_more(meeting.id(), peer);
            }
        }
    }

    pub(super) fn telling_timeouts(&mut self) {
        for id in self.offerings.take_looks(self.now.monotonic) {
            self.look_at_invitees(id);
        }
    }

    /// Sees who is to be told what; done now and then as well, because some stop running without a word.
    pub(super) fn look_at_invitees(&mut self, id: MeetingId) {
        let Some(meeting) = self.meetings.get(&id) else {
            return;
        };
        let invitees = meeting.open_invitees(self.now.utc);
        self.offerings.keep_heard(id, &invitees);
        for invitee in invitees {
            if self.offerings.is_planned(id, invitee) {
                continue;
            }
            match self.owed(id, invitee) {
                Owed::Nothing => {}
                Owed::Now => self.offerings.plan(id, invitee, self.now.monotonic),
                Owed::At(at) => self.offerings.look(id, at),
            }
        }
    }

    /// Returns what to tell an invitee now: what it has not received, or else what is open, so that it hears of me.
    pub(super) fn to_tell(&self, id: MeetingId, invitee: PeerId) -> Vec<&Held<Invitation>> {
        let undelivered = self.undelivered(id, invitee);
        match self.meetings.get(&id) {
            Some(meeting)
                if undelivered.is_empty() && matches!(self.owed(id, invitee), Owed::Now) =>
            {
                meeting.open_invitations(invitee, self.now.utc)
            }
            _ => undelivered,
        }
    }

    fn owed(&self, id: MeetingId, invitee: PeerId) -> Owed {
        let Some(meeting) = self.meetings.get(&id) else {
            return Owed::Nothing;
        };
        if self.me.is_cloned()
            || self.seat.is_closing()
            || invitee == self.me.id
            || meeting.ended().is_some()
            || !self.is_running(invitee)
        {
            return Owed::Nothing;
        }
        let run = self.people.run(invitee);
        let heard = self
            .offerings
            .heard_by(id, invitee)
            .filter(|heard| heard.run == run);
        match heard {
            None if self.tellers_before_me(id, invitee) < TELLERS => Owed::Now,
            Some(heard) if !heard.again || heard.inside != self.inside_hash(id, invitee) => {
                let is_first = self.tellers_before_me(id, invitee) == 0;
                if !is_first && !heard.bound {
                    return Owed::Nothing;
                }
                let at = heard.at + if is_first { CALM } else { LONG_CALM };
                if at <= self.now.monotonic {
                    Owed::Now
                } else {
                    Owed::At(at)
                }
            }
            _ => Owed::Nothing,
        }
    }

    /// Counts those who tell `invitee` before me, up to [`TELLERS`].
    fn tellers_before_me(&self, id: MeetingId, invitee: PeerId) -> usize {
        let lost = Presence::Offline(OfflineReason::Lost);
        let Some(meeting) = self
            .meetings
            .get(&id)
            .filter(|meeting| meeting.signed_presence(self.me.id).keeps_meeting())
        else {
            return TELLERS;
        };
        let place = |peer: PeerId| {
            let present = meeting.shows_present(peer);
            (!present, turn(peer, invitee))
        };
        let mine = place(self.me.id);
        meeting
            .participants()
            .filter(|peer| {
                *peer != self.me.id
                    && *peer != invitee
                    && meeting.signed_presence(*peer).keeps_meeting()
                    && meeting.shown().get(peer) != Some(&lost)
                    && self.is_running(*peer)
                    && place(*peer) < mine
            })
            .take(TELLERS)
            .count()
    }

    /// Those inside, as I would tell `invitee`.
    pub(super) fn inside(&self, id: MeetingId, invitee: PeerId) -> Vec<PeerId> {
        let Some(meeting) = self.meetings.get(&id) else {
            return Vec::new();
        };
        meeting
            .participants()
            .filter(|peer| *peer != invitee && self.meetings.shown(id, *peer).0.is_present())
            .collect()
    }

    /// Returns a hash of those inside, and of how often somebody came or went: who came and went between two looks may
    /// have told the invitee of itself meanwhile.
    fn inside_hash(&self, id: MeetingId, invitee: PeerId) -> u64 {
        let mut hasher = blake3::Hasher::new();
        let moves = self.meetings.get(&id);
        hasher.update(
            &moves
                .map_or(0, |meeting| meeting.comings_and_goings())
                .to_le_bytes(),
        );
        for peer in self.inside(id, invitee) {
            hasher.update(&peer.0);
        }
        u64::from_le_bytes(crate::record::reference(hasher.finalize().as_bytes()))
    }

    /// Returns what an offer says now, to be remembered once the invitee has answered it.
    pub(super) fn what_to_say(&self, id: MeetingId, invitee: PeerId) -> Says {
        let (inside, run) = (self.inside_hash(id, invitee), self.people.run(invitee));
        let before = self.offerings.heard_by(id, invitee);
        let again = before.is_some_and(|before| (before.inside, before.run) == (inside, run));
        let is_first = self.tellers_before_me(id, invitee) == 0;
        Says {
            inside,
            run,
            again,
            bound: is_first || (before.is_some_and(|before| before.bound) && !again),
            at: self.now.monotonic,
        }
    }
}
