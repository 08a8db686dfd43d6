//! Bringing back a participant that has lost what it knew of a meeting.
//!
//! A peer whose state was damaged holds neither the meeting's secret nor an invitation, and no record tells. But it
//! refuses what is sealed for the meeting. Somebody inside then invites it anew, as the user would by hand: the
//! invitation lies before the peer's user like any other, and opens no microphone by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Mesh;
use super::inviting::TURN;
use crate::ids::{MeetingId, PeerId};
use crate::record::Answer;

/// The wait before the first of those inside invites: a peer that crashed a moment ago still looks present.
const SETTLE: Duration = Duration::from_secs(3);
/// How often a peer is looked at again that still looks present.
const LOOKS: u8 = 5;
/// Peers that are looked at, at most. What is more is found by a later synchronisation.
const MOST: usize = 256;

/// When to look again at those who refused what every participant can read.
#[derive(Debug, Default)]
pub(super) struct Recalls {
    due: BTreeMap<(MeetingId, PeerId), (Duration, u8)>,
}

impl Recalls {
    /// Looks at a participant from `at` on.
    pub(super) fn plan(&mut self, meeting: MeetingId, peer: PeerId, at: Duration) {
        if self.due.len() < MOST {
            self.due.entry((meeting, peer)).or_insert((at, LOOKS));
        }
    }

    /// Looks at a participant once more, if there are looks left.
    pub(super) fn look_again(&mut self, meeting: MeetingId, peer: PeerId, at: Duration, left: u8) {
        if let Some(left) = left.checked_sub(1) {
            self.due.insert((meeting, peer), (at, left));
        }
    }

    /// Takes those whose time has come, with the looks that are left.
    pub(super) fn take_due(&mut self, now: Duration) -> Vec<(MeetingId, PeerId, u8)> {
        let due: Vec<(MeetingId, PeerId, u8)> = self
            .due
            .iter()
            .filter(|(_, (at, _))| *at <= now)
            .map(|((meeting, peer), (_, left))| (*meeting, *peer, *left))
            .collect();
        for (meeting, peer, _) in &due {
            self.due.remove(&(*meeting, *peer));
        }
        due
    }

    /// Returns when somebody is to be looked at.
    pub(super) fn next_timeout(&self) -> Option<Duration> {
        self.due.values().map(|(at, _)| *at).min()
    }
}

impl Mesh {
    /// Notes that a participant refused what every participant of a meeting can read.
    ///
    /// It has only just connected, perhaps. Whether to invite it is decided when more is known of its run.
    pub(super) fn refused_as_participant(&mut self, id: MeetingId, peer: PeerId) {
        let keeps_meeting = self
            .meetings
            .get(&id)
            .is_some_and(|meeting| meeting.signed_presence(peer).keeps_meeting());
        if keeps_meeting {
            let wait = TURN.saturating_mul(self.turn_before(id, peer));
            let at = self.now.monotonic + SETTLE + wait;
            self.timers.recall(id, peer, at);
        }
    }

    pub(super) fn recall_timeouts(&mut self) {
        let now = self.now.monotonic;
        for (id, peer, left) in self.timers.take_recalls(now) {
            if !self.may_recall(id, peer) {
                continue;
            }
            if self.meetings.shown(id, peer).0.is_present() {
                self.timers.recall_again(id, peer, now + SETTLE, left);
                continue;
            }
            tracing::info!(meeting = ?id, ?peer, "invites somebody who has lost a meeting");
            self.make_invitation(id, peer);
            self.outbox.save_with_batch();
        }
    }

    /// Returns whether I may invite a participant anew, seeing that it does not know its meeting.
    fn may_recall(&self, id: MeetingId, peer: PeerId) -> bool {
        let (me, utc) = (self.me.id, self.now.utc);
        let Some(meeting) = self
            .meetings
            .get(&id)
            .filter(|meeting| meeting.ended().is_none() && peer != me)
        else {
            return false;
        };
        let Some(signed) = meeting.presence(peer).map(|held| &held.record) else {
            return false;
        };
        let run = self.people.run(peer);
        let has_answered = meeting
            .answers_of(peer)
            .is_some_and(|held| run.is_some_and(|run| held.record.head.version.epoch >= run));
        // Whoever does not want to come back is not asked at every start.
        let has_declined = meeting.invitations_of(peer).any(|held| {
            held.record.body.past == Some(signed.head.version)
                && meeting.answer(&held.record) == Some(Answer::Declined)
        });
        let is_empty =
            !self.is_inside(id) && !meeting.shown().values().any(|shown| shown.is_present());
        meeting.signed_presence(me).keeps_meeting()
            && signed.body.presence.keeps_meeting()
            && meeting.open_invitations(peer, utc).is_empty()
            && !has_answered
            && !has_declined
            && !is_empty
            && !self.me.is_cloned()
            && !self.seat.is_closing()
            && self.is_running(peer)
            && self
                .guard
                .wait_to_invite(peer, self.now.monotonic)
                .is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEETING: MeetingId = MeetingId([1; 32]);
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn somebody_is_looked_at_once_when_it_is_time() {
        let mut recalls = Recalls::default();
        let peer = PeerId([2; 32]);
        recalls.plan(MEETING, peer, 3 * SECOND);
        recalls.plan(MEETING, peer, 9 * SECOND);
        assert_eq!(recalls.next_timeout(), Some(3 * SECOND), "planned once");
        assert!(recalls.take_due(2 * SECOND).is_empty());
        assert_eq!(recalls.take_due(3 * SECOND), [(MEETING, peer, LOOKS)]);
        assert_eq!(recalls.next_timeout(), None);
    }

    #[test]
    fn looking_again_comes_to_an_end() {
        let mut recalls = Recalls::default();
        let peer = PeerId([2; 32]);
        recalls.plan(MEETING, peer, SECOND);
        let mut looks = 0;
        while let Some(due) = recalls.next_timeout() {
            for (meeting, peer, left) in recalls.take_due(due) {
                looks += 1;
                recalls.look_again(meeting, peer, due + SECOND, left);
            }
        }
        assert_eq!(looks, 1 + u32::from(LOOKS));
    }

    #[test]
    fn many_are_not_kept() {
        let mut recalls = Recalls::default();
        for number in 0..1000_u32 {
            let mut key = [0; 32];
            key[..4].copy_from_slice(&number.to_le_bytes());
            recalls.plan(MEETING, PeerId(key), SECOND);
        }
        assert_eq!(recalls.due.len(), MOST);
    }
}
