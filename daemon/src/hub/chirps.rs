//! Clients that wait for a chirp, and what became of it.

use std::time::Duration;

use sotto_control::server::Answer;
use sotto_meeting::PeerId;
use sotto_voice::ChirpOutcome;

/// This many chirps are sent before it is given up: one may be lost, or come before the sender's clock is known.
pub(super) const CHIRPS: u32 = 3;

/// Each is waited for so long: it begins after 300 ms, and is searched for during half as much.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// A client that waits for a chirp to `peer`.
#[derive(Debug)]
struct Waiting<A> {
    peer: PeerId,
    answer: A,
    /// More chirps that may be sent if this one is missed.
    left: u32,
    deadline: Duration,
}

/// The end of a chirp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The listener heard it, so long after it was captured.
    Heard(Duration),
    /// The listener plays nothing.
    Deaf,
    /// None of them was found.
    Missed,
}

/// Something to be done next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step<A = Answer> {
    /// Send another chirp to this peer.
    Again(PeerId),
    /// Answer a client that waited for a chirp to this peer.
    Answer(A, PeerId, End),
}

/// The chirps that clients wait for. `A` is the duty to answer one of them.
#[derive(Debug)]
pub(super) struct Chirps<A = Answer>(Vec<Waiting<A>>);

impl<A> Default for Chirps<A> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<A> Chirps<A> {
    /// Lets a client wait for the first chirp to `peer`, which was sent just now.
    pub(super) fn wait(&mut self, peer: PeerId, answer: A, now: Duration) {
        self.0.push(Waiting {
            peer,
            answer,
            left: CHIRPS - 1,
            deadline: now + PATIENCE,
        });
    }

    /// Returns what follows from `news`, and from the time that has passed.
    ///
    /// `knows_delays` says whether the listener has told of its loudspeaker. Just after joining a chirp may be heard
    /// before that; its way has no end then.
    pub(super) fn settle(
        &mut self,
        news: Option<(PeerId, ChirpOutcome)>,
        knows_delays: impl Fn(PeerId) -> bool,
        now: Duration,
    ) -> Vec<Step<A>> {
        let mut steps = Vec::new();
        for mut waiting in std::mem::take(&mut self.0) {
            let peer = waiting.peer;
            let outcome = news.filter(|(about, _)| *about == peer);
            let end = match outcome.map(|(_, outcome)| outcome) {
                Some(ChirpOutcome::Heard(after)) if knows_delays(peer) => End::Heard(after),
                Some(ChirpOutcome::Deaf) => End::Deaf,
                None if now < waiting.deadline => {
                    self.0.push(waiting);
                    continue;
                }
                Some(ChirpOutcome::Heard(_) | ChirpOutcome::Missed) | None if waiting.left > 0 => {
                    waiting.left -= 1;
                    waiting.deadline = now + PATIENCE;
                    self.0.push(waiting);
                    steps.push(Step::Again(peer));
                    continue;
                }
                Some(ChirpOutcome::Heard(_) | ChirpOutcome::Missed) | None => End::Missed,
            };
            steps.push(Step::Answer(waiting.answer, peer, end));
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAO: PeerId = PeerId([2; 32]);
    const CHIDI: PeerId = PeerId([3; 32]);
    const MS: Duration = Duration::from_millis(1);

    fn heard(peer: PeerId) -> Option<(PeerId, ChirpOutcome)> {
        Some((peer, ChirpOutcome::Heard(40 * MS)))
    }

    #[test]
    fn only_whoever_waits_for_this_peer_is_answered() {
        let mut chirps = Chirps::default();
        chirps.wait(BAO, "a", MS);
        chirps.wait(CHIDI, "b", MS);
        let answer = Step::Answer("a", BAO, End::Heard(40 * MS));
        assert_eq!(chirps.settle(heard(BAO), |_| true, 2 * MS), [answer]);
        assert_eq!(chirps.settle(heard(BAO), |_| true, 3 * MS), []);
        let deaf = Some((CHIDI, ChirpOutcome::Deaf));
        let answer = Step::Answer("b", CHIDI, End::Deaf);
        assert_eq!(chirps.settle(deaf, |_| true, 3 * MS), [answer]);
    }

    #[test]
    fn three_are_sent_before_it_is_given_up() {
        let mut chirps = Chirps::default();
        chirps.wait(BAO, "a", MS);
        let mut now = MS;
        for _ in 1..CHIRPS {
            assert_eq!(chirps.settle(None, |_| true, now), []);
            now += PATIENCE;
            assert_eq!(chirps.settle(None, |_| true, now), [Step::Again(BAO)]);
        }
        let missed = Some((BAO, ChirpOutcome::Missed));
        let answer = Step::Answer("a", BAO, End::Missed);
        assert_eq!(chirps.settle(missed, |_| true, now), [answer]);
    }

    #[test]
    fn a_chirp_that_is_heard_before_the_loudspeaker_is_known_is_repeated() {
        let mut chirps = Chirps::default();
        chirps.wait(BAO, "a", MS);
        assert_eq!(chirps.settle(heard(BAO), |_| false, MS), [Step::Again(BAO)]);
        let answer = Step::Answer("a", BAO, End::Heard(40 * MS));
        assert_eq!(chirps.settle(heard(BAO), |_| true, MS), [answer]);
    }
}
