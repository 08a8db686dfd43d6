//! Who is yet to be told of an invitation, and when it is my turn to tell.
//!
//! An offer that fails is repeated after a wait that doubles. It ends when the invitee has answered, whoever told it.
//! What an invitee has heard from me is remembered as long as its invitation is open.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::prompt::AGAIN;
use crate::ids::{MeetingId, PeerId, Utc};

/// The wait after an offer that failed; it doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_secs(3);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// What one invitee is yet to be told about one meeting.
#[derive(Debug)]
struct Offering {
    /// When it is my turn; none while an offer is under way.
    due: Option<Duration>,
    failures: u32,
    /// The content of the offer under way.
    says: Option<Says>,
}

/// What an offer says besides the invitations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Says {
    /// A hash of those inside, and of how often somebody came or went.
    pub(super) inside: u64,
    /// The run of the invitee's daemon, if it was known.
    pub(super) run: Option<u64>,
    /// The same had been said before: no offer of somebody who knew less came last.
    pub(super) again: bool,
    /// I said who is inside because nobody came before me, and have not said the same twice since: what I said may have
    /// to be put right, even if somebody comes before me now.
    pub(super) bound: bool,
    pub(super) at: Duration,
}

/// All offers that I have to make, and whom I invited again.
#[derive(Debug, Default)]
pub(super) struct Offerings {
    open: BTreeMap<(MeetingId, PeerId), Offering>,
    /// What invitees that have not joined heard from me last.
    heard: BTreeMap<(MeetingId, PeerId), Says>,
    /// When to see in a meeting whom to tell.
    looks: BTreeMap<MeetingId, Duration>,
    /// When I last invited somebody again who had declined.
    again: BTreeMap<(MeetingId, PeerId), Utc>,
}

impl Offerings {
    /// Plans to tell an invitee at that time, whatever came of earlier offers.
    pub(super) fn plan(&mut self, id: MeetingId, invitee: PeerId, at: Duration) {
        let offering = Offering {
            due: Some(at),
            failures: 0,
            says: None,
        };
        self.open.insert((id, invitee), offering);
    }

    /// Returns whether I am to tell this invitee, or am telling it.
    pub(super) fn is_planned(&self, id: MeetingId, invitee: PeerId) -> bool {
        self.open.contains_key(&(id, invitee))
    }

    /// Returns whom I am to tell now, and of which meetings. Each stays due until it is told or done with.
    pub(super) fn due(&self, now: Duration) -> Vec<(MeetingId, PeerId)> {
        self.open
            .iter()
            .filter(|(_, offering)| offering.due.is_some_and(|due| due <= now))
            .map(|(key, _)| *key)
            .collect()
    }

    /// Returns whether nobody is left to be told.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Returns when I am to tell somebody next.
    pub(super) fn next_timeout(&self) -> Option<Duration> {
        let looks = self.looks.values().copied();
        self.open
            .values()
            .filter_map(|offering| offering.due)
            .chain(looks)
            .min()
    }

    /// Sees in a meeting whom to tell, at that time at the latest.
    pub(super) fn look(&mut self, id: MeetingId, at: Duration) {
        let look = self.looks.entry(id).or_insert(at);
        *look = at.min(*look);
    }

    /// Takes the meetings in which it is time to see whom to tell.
    pub(super) fn take_looks(&mut self, now: Duration) -> Vec<MeetingId> {
        let due: Vec<MeetingId> = self
            .looks
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(id, _)| *id)
            .collect();
        for id in &due {
            self.looks.remove(id);
        }
        due
    }

    /// Notes what the offer under way says.
    pub(super) fn says(&mut self, id: MeetingId, invitee: PeerId, says: Says) {
        if let Some(offering) = self.open.get_mut(&(id, invitee)) {
            offering.says = Some(says);
        }
    }

    /// Notes that an invitee has answered the offer under way.
    pub(super) fn heard(&mut self, id: MeetingId, invitee: PeerId) {
        let key = (id, invitee);
        if let Some(says) = self.open.get(&key).and_then(|offering| offering.says) {
            self.heard.insert(key, says);
        }
    }

    /// Returns what an invitee heard from me last.
    pub(super) fn heard_by(&self, id: MeetingId, invitee: PeerId) -> Option<Says> {
        self.heard.get(&(id, invitee)).copied()
    }

    /// Forgets what others than these invitees heard: their invitations are no longer open.
    pub(super) fn keep_heard(&mut self, meeting: MeetingId, invitees: &BTreeSet<PeerId>) {
        self.heard
            .retain(|(of, invitee), _| *of != meeting || invitees.contains(invitee));
    }

    /// Gives up the wait for another attempt, if there is one: there is a better moment now.
    pub(super) fn wait_no_more(&mut self, id: MeetingId, invitee: PeerId) {
        let key = (id, invitee);
        let waits = |offering: &Offering| offering.due.is_some() && offering.failures > 0;
        if self.open.get(&key).is_some_and(waits) {
            self.open.remove(&key);
        }
    }

    /// Notes that an offer is under way.
    pub(super) fn told(&mut self, id: MeetingId, invitee: PeerId) {
        if let Some(offering) = self.open.get_mut(&(id, invitee)) {
            offering.due = None;
        }
    }

    /// Notes that an offer came to nothing: it is repeated later.
    pub(super) fn failed(&mut self, id: MeetingId, invitee: PeerId, now: Duration) {
        if let Some(offering) = self.open.get_mut(&(id, invitee)) {
            let wait = FIRST_WAIT
                .saturating_mul(1 << offering.failures.min(10))
                .min(LONGEST_WAIT);
            offering.failures = offering.failures.saturating_add(1);
            offering.due = Some(now + wait);
        }
    }

    /// Notes that nothing is left to tell, or that somebody else will.
    pub(super) fn done(&mut self, id: MeetingId, invitee: PeerId) {
        self.open.remove(&(id, invitee));
    }

    /// Drops a meeting that I no longer have.
    pub(super) fn forget(&mut self, meeting: MeetingId) {
        self.open.retain(|(of, _), _| *of != meeting);
        self.heard.retain(|(of, _), _| *of != meeting);
        self.looks.remove(&meeting);
        self.again.retain(|(of, _), _| *of != meeting);
    }

    /// Notes that I invite somebody again who had declined.
    pub(super) fn invited_again(&mut self, id: MeetingId, peer: PeerId, now: Utc) {
        self.again.retain(|_, at| now.since(*at) < AGAIN);
        self.again.insert((id, peer), now);
    }

    /// Returns how long I have to wait until I may invite somebody again who has declined.
    pub(super) fn wait_to_invite_again(&self, id: MeetingId, peer: PeerId, now: Utc) -> Duration {
        self.again.get(&(id, peer)).map_or(Duration::ZERO, |last| {
            AGAIN.saturating_sub(now.since(*last))
        })
    }

    /// Returns whom I invited again, and when, for the next run.
    pub(super) fn to_store(&self) -> Vec<(MeetingId, PeerId, Utc)> {
        self.again
            .iter()
            .map(|((id, peer), at)| (*id, *peer, *at))
            .collect()
    }

    /// Takes up whom the last run invited again.
    pub(super) fn restore(&mut self, again: Vec<(MeetingId, PeerId, Utc)>) {
        self.again = again
            .into_iter()
            .map(|(id, peer, at)| ((id, peer), at))
            .collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1000);
    const MEETING: MeetingId = MeetingId([1; 32]);
    const OTHER: MeetingId = MeetingId([2; 32]);
    const BAO: PeerId = PeerId([3; 32]);
    const CHIARA: PeerId = PeerId([4; 32]);

    #[test]
    fn nobody_is_told_twice_at_the_same_time() {
        let mut offerings = Offerings::default();
        offerings.plan(MEETING, BAO, NOW);
        assert_eq!(offerings.due(NOW), vec![(MEETING, BAO)]);
        offerings.told(MEETING, BAO);
        assert!(offerings.due(NOW).is_empty() && offerings.is_planned(MEETING, BAO));
        assert_eq!(offerings.next_timeout(), None);
    }

    #[test]
    fn the_wait_after_a_failure_doubles_up_to_two_minutes() {
        let mut offerings = Offerings::default();
        offerings.plan(MEETING, BAO, NOW);
        let mut waits = Vec::new();
        for _ in 0..40 {
            offerings.failed(MEETING, BAO, NOW);
            waits.push((offerings.next_timeout().unwrap() - NOW).as_secs());
        }
        assert_eq!(waits[..7], [3, 6, 12, 24, 48, 96, 120]);
        assert!(waits[7..].iter().all(|wait| *wait == 120));
        offerings.plan(MEETING, BAO, NOW);
        offerings.failed(MEETING, BAO, NOW);
        assert_eq!(
            offerings.next_timeout(),
            Some(NOW + FIRST_WAIT),
            "it is news"
        );
    }

    #[test]
    fn a_failure_of_what_is_done_does_not_bring_it_back() {
        let mut offerings = Offerings::default();
        offerings.plan(MEETING, BAO, NOW);
        offerings.done(MEETING, BAO);
        offerings.failed(MEETING, BAO, NOW);
        offerings.told(MEETING, BAO);
        assert!(!offerings.is_planned(MEETING, BAO));
        assert_eq!(offerings.next_timeout(), None);
    }

    #[test]
    fn what_an_invitee_has_heard_is_what_the_offer_said_that_it_answered() {
        let mut offerings = Offerings::default();
        let says = |inside| Says {
            inside,
            run: Some(1),
            again: false,
            bound: true,
            at: NOW,
        };
        offerings.heard(MEETING, BAO);
        offerings.plan(MEETING, BAO, NOW);
        offerings.heard(MEETING, BAO);
        assert_eq!(offerings.heard_by(MEETING, BAO), None, "nothing was said");
        offerings.says(MEETING, BAO, says(7));
        assert_eq!(offerings.heard_by(MEETING, BAO), None, "no answer yet");
        offerings.heard(MEETING, BAO);
        offerings.done(MEETING, BAO);
        assert_eq!(offerings.heard_by(MEETING, BAO), Some(says(7)));
        assert_eq!(offerings.heard_by(OTHER, BAO), None);
        offerings.keep_heard(OTHER, &BTreeSet::new());
        assert!(offerings.heard_by(MEETING, BAO).is_some());
        offerings.keep_heard(MEETING, &BTreeSet::from([CHIARA]));
        assert_eq!(offerings.heard_by(MEETING, BAO), None);
    }

    #[test]
    fn a_meeting_is_looked_at_once_and_at_the_earliest_of_its_times() {
        let mut offerings = Offerings::default();
        let second = Duration::from_secs(1);
        offerings.look(MEETING, NOW + 9 * second);
        offerings.look(MEETING, NOW + second);
        offerings.look(MEETING, NOW + 2 * second);
        offerings.look(OTHER, NOW + 3 * second);
        assert_eq!(offerings.next_timeout(), Some(NOW + second));
        assert!(offerings.take_looks(NOW).is_empty());
        assert_eq!(offerings.take_looks(NOW + second), vec![MEETING]);
        assert!(offerings.take_looks(NOW + second).is_empty());
        offerings.forget(OTHER);
        assert_eq!(offerings.next_timeout(), None);
    }

    #[test]
    fn only_a_wait_after_a_failure_is_given_up() {
        let mut offerings = Offerings::default();
        offerings.plan(MEETING, BAO, NOW);
        offerings.wait_no_more(MEETING, BAO);
        assert!(offerings.is_planned(MEETING, BAO), "it is my turn");
        offerings.failed(MEETING, BAO, NOW);
        offerings.told(MEETING, BAO);
        offerings.wait_no_more(MEETING, BAO);
        assert!(offerings.is_planned(MEETING, BAO), "it is under way");
        offerings.failed(MEETING, BAO, NOW);
        offerings.wait_no_more(MEETING, BAO);
        assert!(!offerings.is_planned(MEETING, BAO));
    }

    #[test]
    fn the_earliest_turn_comes_first() {
        let mut offerings = Offerings::default();
        offerings.plan(MEETING, BAO, NOW + Duration::from_secs(2));
        offerings.plan(OTHER, CHIARA, NOW + Duration::from_secs(1));
        assert_eq!(offerings.next_timeout(), Some(NOW + Duration::from_secs(1)));
        assert_eq!(
            offerings.due(NOW + Duration::from_secs(1)),
            vec![(OTHER, CHIARA)]
        );
    }

    #[test]
    fn after_a_decline_one_invitation_in_ten_minutes() {
        let mut offerings = Offerings::default();
        let at = |seconds: u64| Utc(1_800_000_000 + seconds);
        assert_eq!(
            offerings.wait_to_invite_again(MEETING, BAO, at(0)),
            Duration::ZERO
        );
        offerings.invited_again(MEETING, BAO, at(0));
        assert_eq!(
            offerings.wait_to_invite_again(MEETING, BAO, at(60)),
            AGAIN - Duration::from_secs(60)
        );
        assert_eq!(
            offerings.wait_to_invite_again(OTHER, BAO, at(60)),
            Duration::ZERO
        );
        let mut next_run = Offerings::default();
        next_run.restore(offerings.to_store());
        assert_eq!(
            next_run.wait_to_invite_again(MEETING, BAO, at(599)),
            Duration::from_secs(1)
        );
        next_run.invited_again(MEETING, CHIARA, at(600));
        assert_eq!(next_run.to_store(), vec![(MEETING, CHIARA, at(600))]);
    }

    #[test]
    fn nobody_is_told_of_a_meeting_that_i_no_longer_have() {
        let mut offerings = Offerings::default();
        offerings.plan(MEETING, BAO, NOW);
        offerings.plan(OTHER, BAO, NOW);
        offerings.invited_again(MEETING, BAO, Utc(9));
        offerings.forget(MEETING);
        assert_eq!(offerings.due(NOW), vec![(OTHER, BAO)]);
        assert!(offerings.to_store().is_empty());
    }
}
