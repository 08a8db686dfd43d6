//! Clients that wait for a join, and what became of it.
//!
//! Nothing is done here. [`Joins::next`] hands out one [`Step`] at a time, which the hub carries out at the end of its
//! turn; what follows from that may be a further step, but never a call from within.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use sotto_control::model::Notice;
use sotto_control::server::Answer;
use sotto_control::{ControlError, ErrorCode};
use sotto_meeting::MeetingId;

/// A client that waits for a join. `A` is its duty to be answered.
#[derive(Debug)]
pub(super) struct Waiting<A = Answer> {
    /// The meeting that it joins.
    pub(super) meeting: MeetingId,
    /// The meeting that was active before.
    pub(super) from: Option<MeetingId>,
    /// The microphone was open and is closed for this join alone: it opens again if the join fails.
    pub(super) closed_the_microphone: bool,
    /// The client's name.
    pub(super) client: Arc<str>,
    /// The duty to reply.
    pub(super) answer: A,
    /// The end of waiting.
    pub(super) deadline: Duration,
}

/// Something to be done next.
#[derive(Debug)]
pub(super) enum Step<A = Answer> {
    /// Tell a client that it is in.
    Joined(Waiting<A>),
    /// Tell a client that it is not.
    Failed(Waiting<A>, ControlError),
    /// Tell a client that it takes longer.
    Late(Waiting<A>),
    /// Tell everybody: nobody waited for this join.
    Tell(Box<Notice>),
}

/// Returns what a client is told whose join takes longer than it waits.
pub(super) fn late() -> ControlError {
    ControlError::new(
        ErrorCode::Timeout,
        "joining takes longer than expected; it goes on in the background",
    )
    .with_hint("see 'sotto status'")
}

/// The way in which a join ended.
#[derive(Debug)]
enum Outcome {
    Joined,
    Failed(ControlError, Box<Notice>),
}

/// The joins that clients wait for.
#[derive(Debug)]
pub(super) struct Joins<A = Answer> {
    waiting: Vec<Waiting<A>>,
    outcomes: VecDeque<(MeetingId, Outcome)>,
    steps: VecDeque<Step<A>>,
}

impl<A> Default for Joins<A> {
    fn default() -> Self {
        Self {
            waiting: Vec::new(),
            outcomes: VecDeque::new(),
            steps: VecDeque::new(),
        }
    }
}

impl<A> Joins<A> {
    /// Lets a client wait. The outcome may have come already, in this same turn.
    pub(super) fn wait(&mut self, waiting: Waiting<A>) {
        self.waiting.push(waiting);
    }

    /// Notes that a join is through.
    pub(super) fn joined(&mut self, meeting: MeetingId) {
        self.outcomes.push_back((meeting, Outcome::Joined));
    }

    /// Notes that a join has failed: `error` is for whoever waits for it, `notice` for everybody if nobody does.
    pub(super) fn failed(&mut self, meeting: MeetingId, error: ControlError, notice: Notice) {
        let outcome = Outcome::Failed(error, Box::new(notice));
        self.outcomes.push_back((meeting, outcome));
    }

    /// Notes that the user said something about the microphone: that holds, even if a join that closed it fails.
    pub(super) fn microphone_was_set(&mut self) {
        for waiting in &mut self.waiting {
            waiting.closed_the_microphone = false;
        }
    }

    /// Returns what is to be done next. To be called until `None` at the end of a turn, when every client that asked in
    /// it waits already.
    pub(super) fn next(&mut self, now: Duration) -> Option<Step<A>> {
        while self.steps.is_empty()
            && let Some((meeting, outcome)) = self.outcomes.pop_front()
        {
            self.settle(meeting, &outcome);
        }
        if let Some(step) = self.steps.pop_front() {
            return Some(step);
        }
        let late = self.waiting.iter().position(|one| now >= one.deadline)?;
        Some(Step::Late(self.waiting.remove(late)))
    }

    fn settle(&mut self, meeting: MeetingId, outcome: &Outcome) {
        let (ended, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|one| one.meeting == meeting);
        self.waiting = waiting;
        match outcome {
            Outcome::Joined => self.steps.extend(ended.into_iter().map(Step::Joined)),
            // Whoever waits is answered; a notice on top would say it twice.
            Outcome::Failed(_, notice) if ended.is_empty() => {
                self.steps.push_back(Step::Tell(notice.clone()));
            }
            Outcome::Failed(error, _) => self.steps.extend(
                ended
                    .into_iter()
                    .map(|one| Step::Failed(one, error.clone())),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEETING: MeetingId = MeetingId([1; 32]);
    const OTHER: MeetingId = MeetingId([2; 32]);
    const START: Duration = Duration::from_secs(100);

    fn waiting(meeting: MeetingId, client: &str) -> Waiting<()> {
        Waiting {
            meeting,
            from: None,
            closed_the_microphone: true,
            client: client.into(),
            answer: (),
            deadline: START + Duration::from_secs(30),
        }
    }

    fn fails(joins: &mut Joins<()>, meeting: MeetingId) {
        let notice = Notice {
            text: "nobody could be reached".to_owned(),
            ..Notice::default()
        };
        joins.failed(
            meeting,
            ControlError::new(ErrorCode::Timeout, "nobody"),
            notice,
        );
    }

    /// Every step that is due, each in a word, with the client that it is for.
    fn steps(joins: &mut Joins<()>, now: Duration) -> Vec<String> {
        std::iter::from_fn(|| joins.next(now))
            .map(|step| match step {
                Step::Joined(one) => format!("{} is in", one.client),
                Step::Failed(one, error) => format!(
                    "{}: {}{}",
                    one.client,
                    error.message,
                    if one.closed_the_microphone {
                        ", reopen"
                    } else {
                        ""
                    }
                ),
                Step::Late(one) => format!("{} is late", one.client),
                Step::Tell(notice) => notice.text.clone(),
            })
            .collect()
    }

    #[test]
    fn everyone_who_waits_for_a_meeting_is_answered_once() {
        let mut joins = Joins::default();
        joins.wait(waiting(MEETING, "a"));
        joins.wait(waiting(OTHER, "b"));
        joins.wait(waiting(MEETING, "c"));
        assert!(steps(&mut joins, START).is_empty());
        joins.joined(MEETING);
        assert_eq!(steps(&mut joins, START), ["a is in", "c is in"]);
        joins.joined(MEETING);
        assert!(steps(&mut joins, START).is_empty());
    }

    #[test]
    fn an_outcome_that_comes_before_its_client_waits_is_not_lost() {
        let mut joins = Joins::default();
        fails(&mut joins, MEETING);
        joins.wait(waiting(MEETING, "a"));
        assert_eq!(steps(&mut joins, START), ["a: nobody, reopen"]);
    }

    #[test]
    fn a_failure_is_told_to_everybody_only_if_nobody_waits_for_it() {
        let mut joins = Joins::default();
        joins.wait(waiting(OTHER, "a"));
        fails(&mut joins, MEETING);
        assert_eq!(steps(&mut joins, START), ["nobody could be reached"]);
        fails(&mut joins, OTHER);
        assert_eq!(steps(&mut joins, START), ["a: nobody, reopen"]);
    }

    #[test]
    fn a_microphone_that_the_user_spoke_of_meanwhile_stays_as_it_is() {
        let mut joins = Joins::default();
        joins.wait(waiting(MEETING, "a"));
        joins.microphone_was_set();
        fails(&mut joins, MEETING);
        assert_eq!(steps(&mut joins, START), ["a: nobody"]);
    }

    #[test]
    fn what_takes_too_long_is_answered_and_no_longer_waited_for() {
        let mut joins = Joins::default();
        joins.wait(waiting(MEETING, "a"));
        let deadline = START + Duration::from_secs(30);
        assert!(steps(&mut joins, deadline - Duration::from_millis(1)).is_empty());
        assert_eq!(steps(&mut joins, deadline), ["a is late"]);
        joins.joined(MEETING);
        assert!(steps(&mut joins, deadline).is_empty());
    }
}
