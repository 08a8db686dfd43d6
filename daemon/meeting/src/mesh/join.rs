//! A join under way: who has been asked, what they said, and whose turn it is.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::event::JoinFailure;
use crate::ids::{MeetingId, PeerId};
use crate::wire::NotAdmitted;

/// After this long a join is given up; the invitation stays open.
const DEADLINE: Duration = Duration::from_secs(15);
/// How long one candidate is waited for before the next is asked as well.
const STAGGER: Duration = Duration::from_millis(400);
/// How long a candidate that did not answer is left alone.
const REST: Duration = Duration::from_secs(3);
/// Candidates asked at the same time.
const AT_ONCE: usize = 4;

/// How it stands with a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Candidate {
    /// Asked, and not answered yet.
    Asked,
    /// Did not answer; not asked again before this.
    Silent(Duration),
    /// Does not let me in.
    Refused(NotAdmitted),
    /// Was invited like me, and has not joined either; may have, if asked after this.
    Outside(Duration),
}

impl Candidate {
    fn is_due(self, now: Duration) -> bool {
        match self {
            Self::Silent(until) | Self::Outside(until) => until <= now,
            Self::Asked | Self::Refused(_) => false,
        }
    }
}

/// What a join does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Asks this candidate.
    Ask(PeerId),
    /// Waits, and asks nobody at the moment. That was different before.
    Idle,
    /// Waits.
    Wait,
}

/// What is to be done when a join's time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Ask the next candidate.
    Ask,
    /// Give up.
    GiveUp(JoinFailure),
}

/// A join under way.
#[derive(Debug)]
struct UnderWay {
    meeting: MeetingId,
    title: String,
    candidates: BTreeMap<PeerId, Candidate>,
    /// The candidate that was asked last.
    asking: Option<PeerId>,
    /// How many have answered, or failed to.
    asked: u32,
    next: Duration,
    deadline: Duration,
}

/// The join under way, if any: one at a time.
#[derive(Debug, Default)]
pub(super) struct Join(Option<UnderWay>);

impl Join {
    /// Begins to join a meeting.
    pub(super) fn begin(&mut self, meeting: MeetingId, title: String, now: Duration) {
        self.0 = Some(UnderWay {
            meeting,
            title,
            candidates: BTreeMap::new(),
            asking: None,
            asked: 0,
            next: now,
            deadline: now + DEADLINE,
        });
    }

    /// Ends it. Returns the meeting and its title.
    pub(super) fn end(&mut self) -> Option<(MeetingId, String)> {
        self.0.take().map(|join| (join.meeting, join.title))
    }

    /// Returns the meeting that is being joined.
    pub(super) fn meeting(&self) -> Option<MeetingId> {
        self.0.as_ref().map(|join| join.meeting)
    }

    /// Returns the title of the meeting that is being joined.
    pub(super) fn title(&self) -> Option<&str> {
        self.0.as_ref().map(|join| join.title.as_str())
    }

    /// Returns the candidate that was asked last.
    pub(super) fn asking(&self) -> Option<PeerId> {
        self.0.as_ref()?.asking
    }

    /// Returns how many candidates have answered, or failed to.
    pub(super) fn asked(&self) -> u32 {
        self.0.as_ref().map_or(0, |join| join.asked)
    }

    /// Returns the time left before it is given up.
    pub(super) fn remaining(&self, now: Duration) -> Duration {
        self.0
            .as_ref()
            .map_or(Duration::ZERO, |join| join.deadline.saturating_sub(now))
    }

    /// Chooses whom of `candidates` to ask now, in their order.
    pub(super) fn step(&mut self, candidates: &[PeerId], now: Duration) -> Step {
        let Some(join) = &mut self.0 else {
            return Step::Wait;
        };
        join.next = now + STAGGER;
        let states = &join.candidates;
        let under_way = states.values().filter(|state| **state == Candidate::Asked);
        let under_way = under_way.count();
        if under_way >= AT_ONCE {
            return Step::Wait;
        }
        let is_due = |peer: &&PeerId| states.get(peer).is_some_and(|state| state.is_due(now));
        // Nobody is asked again before everybody has been asked once.
        let next = candidates
            .iter()
            .find(|peer| !states.contains_key(peer))
            .or_else(|| candidates.iter().find(is_due))
            .copied();
        match next {
            Some(peer) => {
                join.candidates.insert(peer, Candidate::Asked);
                join.asking = Some(peer);
                Step::Ask(peer)
            }
            None if under_way == 0 && join.asking.take().is_some() => Step::Idle,
            None => Step::Wait,
        }
    }

    /// Notes that a candidate has appeared: it may be asked anew. Returns whether a join is under way.
    pub(super) fn appeared(&mut self, peer: PeerId, now: Duration) -> bool {
        let Some(join) = &mut self.0 else {
            return false;
        };
        if join.candidates.get(&peer) != Some(&Candidate::Asked) {
            join.candidates.remove(&peer);
        }
        join.next = now;
        true
    }

    /// Notes that a candidate does not let me in, though it may hold the secret, or not.
    pub(super) fn refused(
        &mut self,
        peer: PeerId,
        why: NotAdmitted,
        may_hold_secret: bool,
        now: Duration,
    ) {
        if let Some(join) = &mut self.0 {
            join.asked += 1;
            let state = if why == NotAdmitted::NotMine && !may_hold_secret {
                Candidate::Outside(now + REST)
            } else {
                Candidate::Refused(why)
            };
            join.candidates.insert(peer, state);
        }
    }

    /// Notes that a candidate could not be reached, or did not answer. The next is asked at once.
    pub(super) fn unanswered(&mut self, peer: PeerId, now: Duration) {
        if let Some(join) = &mut self.0 {
            join.asked += 1;
            join.candidates.insert(peer, Candidate::Silent(now + REST));
            join.next = now;
        }
    }

    /// Returns why nobody lets me in, if all of `candidates`, and all asked before, have said so.
    ///
    /// One refusal settles nothing: those who are merely claimed to be inside can say what they like.
    pub(super) fn hopeless(&self, candidates: &[PeerId]) -> Option<JoinFailure> {
        let join = self.0.as_ref()?;
        let all_asked = candidates
            .iter()
            .all(|peer| join.candidates.contains_key(peer));
        join.failure().filter(|_| all_asked)
    }

    /// Returns what is due.
    pub(super) fn due(&self, now: Duration) -> Option<Due> {
        let join = self.0.as_ref()?;
        if join.deadline <= now {
            let failure = join.failure().unwrap_or(JoinFailure::NobodyReachable);
            return Some(Due::GiveUp(failure));
        }
        (join.next <= now).then_some(Due::Ask)
    }

    /// Returns when something is due.
    pub(super) fn next_timeout(&self) -> Option<Duration> {
        self.0.as_ref().map(|join| join.next.min(join.deadline))
    }
}

impl UnderWay {
    /// Returns why nobody lets me in, if all that were asked have said so.
    fn failure(&self) -> Option<JoinFailure> {
        let refusals: Option<Vec<NotAdmitted>> = self
            .candidates
            .values()
            .filter(|candidate| !matches!(candidate, Candidate::Outside(_)))
            .map(|candidate| match candidate {
                Candidate::Refused(why) => Some(*why),
                _ => None,
            })
            .collect();
        let refusals = refusals.filter(|refusals| !refusals.is_empty())?;
        Some(if refusals.contains(&NotAdmitted::Full) {
            JoinFailure::Full
        } else if refusals.contains(&NotAdmitted::Ended) {
            JoinFailure::Ended
        } else if refusals
            .iter()
            .any(|why| matches!(why, NotAdmitted::Unknown(_)))
        {
            JoinFailure::Refused
        } else {
            JoinFailure::NotInvited
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEETING: MeetingId = MeetingId([1; 32]);
    const NOW: Duration = Duration::from_secs(1000);

    fn peer(number: u8) -> PeerId {
        PeerId([number; 32])
    }

    fn joining() -> Join {
        let mut join = Join::default();
        join.begin(MEETING, "Planning".to_owned(), NOW);
        join
    }

    #[test]
    fn four_are_asked_at_the_same_time_each_once() {
        let (mut join, all) = (joining(), [1, 2, 3, 4, 5].map(peer));
        for number in 1..=4 {
            assert_eq!(join.step(&all, NOW), Step::Ask(peer(number)));
        }
        assert_eq!(join.step(&all, NOW), Step::Wait);
        join.unanswered(peer(1), NOW);
        assert_eq!(join.due(NOW), Some(Due::Ask));
        assert_eq!(join.step(&all, NOW), Step::Ask(peer(5)));
        assert_eq!((join.asking(), join.asked()), (Some(peer(5)), 1));
    }

    #[test]
    fn silence_is_asked_again_after_a_rest_and_a_refusal_never() {
        let (mut join, all) = (joining(), [1, 2].map(peer));
        join.step(&all, NOW);
        join.step(&all, NOW);
        join.unanswered(peer(1), NOW);
        join.refused(peer(2), NotAdmitted::NotInvited, true, NOW);
        assert_eq!(join.step(&all, NOW), Step::Idle);
        assert_eq!(join.step(&all, NOW), Step::Wait);
        assert_eq!(join.step(&all, NOW + REST), Step::Ask(peer(1)));
        assert_eq!(join.hopeless(&all), None);
    }

    #[test]
    fn it_fails_once_everybody_has_refused_with_the_reason_that_says_most() {
        let (mut join, all) = (joining(), [1, 2].map(peer));
        join.step(&all, NOW);
        join.refused(peer(1), NotAdmitted::NotInvited, true, NOW);
        assert_eq!(join.hopeless(&all), None, "the other has not been asked");
        join.step(&all, NOW);
        join.refused(peer(2), NotAdmitted::Full, true, NOW);
        assert_eq!(join.hopeless(&all), Some(JoinFailure::Full));
    }

    #[test]
    fn somebody_invited_likewise_refuses_nothing_and_is_asked_again() {
        let (mut join, all) = (joining(), [1].map(peer));
        join.step(&all, NOW);
        join.refused(peer(1), NotAdmitted::NotMine, false, NOW);
        assert_eq!(join.hopeless(&all), None);
        assert_eq!(join.step(&all, NOW + REST), Step::Ask(peer(1)));
    }

    #[test]
    fn it_is_given_up_after_its_deadline() {
        let mut join = joining();
        assert_eq!(join.next_timeout(), Some(NOW));
        join.step(&[], NOW);
        assert_eq!(join.next_timeout(), Some(NOW + STAGGER));
        let end = NOW + DEADLINE;
        let unreachable = Due::GiveUp(JoinFailure::NobodyReachable);
        assert_eq!(join.due(end), Some(unreachable));
        assert_eq!(join.end(), Some((MEETING, "Planning".to_owned())));
        assert_eq!((join.meeting(), join.next_timeout()), (None, None));
    }
}
