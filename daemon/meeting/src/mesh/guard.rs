//! How much others may tell and ask of me, and what was dropped because of it.
//!
//! Every bound is kept for each peer by itself: nobody uses up the share of another. A record counts for its author only
//! after its signature was checked, since anybody can write another's name on it. A bad one counts for the neighbour
//! that handed it on: an honest neighbour had checked it.

use std::time::Duration;

use crate::ids::{MeetingId, PeerId};
use crate::limits::{INVITATIONS, Rates};
use crate::view::Counters;

/// The rates of every peer, and the counts of what was beyond them.
#[derive(Debug)]
pub(super) struct Guard {
    /// By meeting, author, and whether the author itself handed the record over.
    records: Rates<(MeetingId, PeerId, bool)>,
    /// Invitations that synchronisation brings, by who brings them.
    bulk: Rates<PeerId>,
    /// Bad records, by who handed them on.
    faults: Rates<PeerId>,
    requests: Rates<PeerId>,
    /// Invitations to me, by who signed them.
    invitations: Rates<PeerId>,
    /// Invitations of mine, by whom they invite.
    inviting: Rates<PeerId>,
    counters: Counters,
    /// The counts when the user was last told of limits.
    told: Counters,
}

impl Guard {
    pub(super) fn new() -> Self {
        Self {
            // Twenty at once: a switch and its flags, twice over.
            records: Rates::new(10.0, 20.0),
            // A whole meeting's at once.
            bulk: Rates::new(20.0, INVITATIONS as f64),
            faults: Rates::new(0.1, 8.0),
            requests: Rates::new(40.0, 200.0),
            invitations: Rates::new(3.0 / 60.0, 3.0),
            inviting: Rates::new(3.0 / 60.0, 3.0),
            counters: Counters::default(),
            told: Counters::default(),
        }
    }

    /// Takes a verified record of `author`: ten a second in each meeting; what is more is counted.
    ///
    /// As many may come by way of others. So nobody uses up what the author may say `itself`.
    pub(super) fn may_speak(
        &mut self,
        id: MeetingId,
        author: PeerId,
        itself: bool,
        now: Duration,
    ) -> bool {
        let may = self.records.take(&(id, author, itself), now);
        self.counters.records_too_fast += u64::from(!may);
        may
    }

    /// Takes a verified invitation that `relay` brings with others, whoever signed it.
    pub(super) fn may_carry(&mut self, relay: PeerId, now: Duration) -> bool {
        let may = self.bulk.take(&relay, now);
        self.counters.records_too_fast += u64::from(!may);
        may
    }

    /// Blames the neighbour that handed on what no honest one does, whoever made it.
    pub(super) fn blame(&mut self, relay: PeerId, now: Duration) {
        self.faults.take(&relay, now);
    }

    /// Returns whether a neighbour is to blame for so much that nothing of it is looked at for a while.
    pub(super) fn is_blamed(&self, relay: PeerId, now: Duration) -> bool {
        !self.faults.wait(&relay, now).is_zero()
    }

    /// Takes a direct request of `from`.
    pub(super) fn may_ask(&mut self, from: PeerId, now: Duration) -> bool {
        let may = self.requests.take(&from, now);
        self.counters.requests_dropped += u64::from(!may);
        may
    }

    /// Takes an invitation that `author` signed for me. Whoever drops it counts it.
    pub(super) fn may_invite_me(&mut self, author: PeerId, now: Duration) -> bool {
        self.invitations.take(&author, now)
    }

    /// Returns how long I have to wait until I may invite `peer`.
    pub(super) fn wait_to_invite(&self, peer: PeerId, now: Duration) -> Duration {
        self.inviting.wait(&peer, now)
    }

    /// Notes that I invite `peer`.
    pub(super) fn invited(&mut self, peer: PeerId, now: Duration) {
        self.inviting.take(&peer, now);
    }

    /// Counts a message that no honest peer produces.
    pub(super) fn malformed(&mut self) {
        self.counters.malformed += 1;
    }

    /// Counts an invitation beyond the limits.
    pub(super) fn invitation_dropped(&mut self) {
        self.counters.invitations_dropped += 1;
    }

    /// Counts a request of mine beyond the limits.
    pub(super) fn request_dropped(&mut self) {
        self.counters.requests_dropped += 1;
    }

    /// Counts a lobby record beyond the limits.
    pub(super) fn peer_dropped(&mut self) {
        self.counters.peers_dropped += 1;
    }

    /// Counts a record of a meeting beyond the limits.
    pub(super) fn roster_dropped(&mut self) {
        self.counters.roster_dropped += 1;
    }

    /// Counts a record that was news.
    pub(super) fn accepted(&mut self) {
        self.counters.records_accepted += 1;
    }

    /// Returns what was dropped and accepted since the start.
    pub(super) fn counters(&self) -> Counters {
        self.counters
    }

    /// Takes the names of what was beyond the limits since this was asked last.
    pub(super) fn take_exceeded(&mut self) -> Vec<&'static str> {
        let (is, was) = (self.counters, self.told);
        self.told = is;
        [
            (
                is.records_too_fast > was.records_too_fast,
                "records of one author",
            ),
            (
                is.invitations_dropped > was.invitations_dropped,
                "invitations",
            ),
            (is.peers_dropped > was.peers_dropped, "peers in the lobby"),
            (
                is.roster_dropped > was.roster_dropped,
                "participants of a meeting",
            ),
            (
                is.requests_dropped > was.requests_dropped,
                "direct requests of one peer",
            ),
        ]
        .into_iter()
        .filter(|(more, _)| *more)
        .map(|(_, what)| what)
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1000);
    const BAO: PeerId = PeerId([1; 32]);
    const EVE: PeerId = PeerId([2; 32]);
    const MEETING: MeetingId = MeetingId([3; 32]);
    const OTHER: MeetingId = MeetingId([4; 32]);

    #[test]
    fn a_fault_costs_the_neighbour_that_handed_it_on_and_nobody_else() {
        let mut guard = Guard::new();
        for _ in 0..8 {
            assert!(!guard.is_blamed(EVE, NOW));
            guard.blame(EVE, NOW);
        }
        assert!(guard.is_blamed(EVE, NOW));
        assert!(!guard.is_blamed(BAO, NOW));
        assert!(
            !guard.is_blamed(EVE, NOW + Duration::from_secs(11)),
            "for a while"
        );
    }

    #[test]
    fn who_speaks_too_fast_in_one_meeting_is_heard_in_another() {
        let mut guard = Guard::new();
        while guard.may_speak(MEETING, EVE, true, NOW) {}
        assert_eq!(guard.counters().records_too_fast, 1);
        assert!(guard.may_speak(OTHER, EVE, true, NOW));
        assert!(guard.may_speak(MEETING, BAO, true, NOW));
        assert!(guard.may_speak(MEETING, EVE, true, NOW + Duration::from_millis(101)));
    }

    #[test]
    fn a_whole_meetings_invitations_may_be_carried_at_once() {
        let mut guard = Guard::new();
        assert!((0..INVITATIONS).all(|_| guard.may_carry(BAO, NOW)));
        assert!(!guard.may_carry(BAO, NOW));
        assert_eq!(guard.counters().records_too_fast, 1);
        assert!(
            guard.may_speak(MEETING, BAO, true, NOW),
            "its own words are apart"
        );
    }

    #[test]
    fn three_invitations_a_minute_in_each_direction() {
        let mut guard = Guard::new();
        for _ in 0..3 {
            assert!(guard.may_invite_me(BAO, NOW));
            assert_eq!(guard.wait_to_invite(BAO, NOW), Duration::ZERO);
            guard.invited(BAO, NOW);
        }
        assert!(!guard.may_invite_me(BAO, NOW));
        let wait = guard.wait_to_invite(BAO, NOW);
        assert!(
            (Duration::from_secs(19)..=Duration::from_secs(20)).contains(&wait),
            "{wait:?}"
        );
        assert_eq!(guard.wait_to_invite(EVE, NOW), Duration::ZERO);
    }

    #[test]
    fn requests_beyond_the_limit_are_counted() {
        let mut guard = Guard::new();
        assert!((0..200).all(|_| guard.may_ask(EVE, NOW)));
        assert!(!guard.may_ask(EVE, NOW));
        assert!(guard.may_ask(BAO, NOW));
        assert_eq!(guard.counters().requests_dropped, 1);
    }

    #[test]
    fn the_user_is_told_of_each_limit_once_and_never_of_mere_noise() {
        let mut guard = Guard::new();
        guard.malformed();
        guard.accepted();
        assert!(guard.take_exceeded().is_empty());
        guard.invitation_dropped();
        guard.invitation_dropped();
        guard.peer_dropped();
        assert_eq!(
            guard.take_exceeded(),
            vec!["invitations", "peers in the lobby"]
        );
        assert!(guard.take_exceeded().is_empty());
        guard.roster_dropped();
        guard.request_dropped();
        assert_eq!(
            guard.take_exceeded(),
            vec!["participants of a meeting", "direct requests of one peer"]
        );
    }
}
