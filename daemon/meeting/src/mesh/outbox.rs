//! What goes out at the end of a call, in an order that is safe.
//!
//! The state to be stored comes first whenever something of the batch must not be said before it is on disk. Then come
//! the outputs in the order in which they were caused, then which parts of the view have changed: whoever looks sees
//! all of it.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use crate::event::{Event, Part};
use crate::ids::MeetingId;
use crate::output::Output;

/// How long a change that others know as well may wait for the disk.
const LAZY: Duration = Duration::from_secs(30);

/// The time by which the state must be on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unsaved {
    No,
    By(Duration),
    /// Before anything else of this batch.
    Now,
}

/// The outputs of the call under way, and those that are handed out already.
#[derive(Debug)]
pub(super) struct Outbox {
    unsaved: Unsaved,
    batch: Vec<Output>,
    changed: BTreeSet<Part>,
    outputs: VecDeque<Output>,
}

impl Outbox {
    /// Begins with a state to be stored: nothing is signed in an epoch that is not on disk.
    pub(super) fn new() -> Self {
        Self {
            unsaved: Unsaved::Now,
            batch: Vec::new(),
            changed: BTreeSet::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Adds an output to the batch.
    pub(super) fn push(&mut self, output: Output) {
        self.batch.push(output);
    }

    /// Adds an event for the user to the batch.
    pub(super) fn event(&mut self, event: Event) {
        self.batch.push(Output::Event(event));
    }

    /// Notes that a part of the view has changed. It is said once, after the batch.
    pub(super) fn changed(&mut self, part: Part) {
        self.changed.insert(part);
    }

    /// Returns the meetings of which something has changed in this batch.
    pub(super) fn changed_meetings(&self) -> impl Iterator<Item = MeetingId> + '_ {
        self.changed.iter().filter_map(|part| match part {
            Part::Meeting(id) | Part::Participant(id, _) => Some(*id),
            _ => None,
        })
    }

    /// Takes back who came and went in this batch: to a newcomer it is no news.
    pub(super) fn drop_presence_events(&mut self) {
        self.batch
            .retain(|output| !matches!(output, Output::Event(Event::Presence { .. })));
    }

    /// Notes a decision of my own: it is stored before anybody hears of it.
    pub(super) fn save_now(&mut self) {
        self.unsaved = Unsaved::Now;
    }

    /// Notes a change that contradicts nothing if it is forgotten: it is stored with this batch, which does not wait.
    pub(super) fn save_with_batch(&mut self) {
        if self.unsaved != Unsaved::Now {
            self.unsaved = Unsaved::By(Duration::ZERO);
        }
    }

    /// Notes a change that could be had again from others: it may wait for the disk.
    pub(super) fn save_soon(&mut self, now: Duration) {
        if self.unsaved == Unsaved::No {
            self.unsaved = Unsaved::By(now + LAZY);
        }
    }

    /// Returns when a change that may wait must be on disk.
    pub(super) fn next_timeout(&self) -> Option<Duration> {
        match self.unsaved {
            Unsaved::By(by) => Some(by),
            Unsaved::No | Unsaved::Now => None,
        }
    }

    /// Returns whether the state must be stored with this batch.
    pub(super) fn is_save_due(&self, now: Duration) -> bool {
        match self.unsaved {
            Unsaved::No => false,
            Unsaved::By(by) => by <= now,
            Unsaved::Now => true,
        }
    }

    /// Hands the batch out, after the state if there is one to be stored.
    pub(super) fn hand_out(&mut self, state: Option<Vec<u8>>) {
        if let Some(state) = state {
            self.outputs.push_back(match self.unsaved {
                Unsaved::Now => Output::Store(state),
                Unsaved::No | Unsaved::By(_) => Output::StoreLater(state),
            });
            self.unsaved = Unsaved::No;
        }
        self.outputs.extend(self.batch.drain(..));
        while let Some(part) = self.changed.pop_first() {
            self.outputs.push_back(Output::Event(Event::Changed(part)));
        }
    }

    /// Returns the next thing to do.
    pub(super) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PeerId;
    use crate::presence::{OfflineReason, Presence};

    const NOW: Duration = Duration::from_secs(100);
    const MEETING: MeetingId = MeetingId([1; 32]);

    fn all(outbox: &mut Outbox) -> Vec<Output> {
        std::iter::from_fn(|| outbox.poll()).collect()
    }

    /// An outbox whose first state is stored.
    fn stored() -> Outbox {
        let mut outbox = Outbox::new();
        outbox.hand_out(Some(vec![0]));
        all(&mut outbox);
        outbox
    }

    fn joined() -> Event {
        Event::Joined { meeting: MEETING }
    }

    fn came() -> Event {
        Event::Presence {
            meeting: MEETING,
            peer: PeerId([2; 32]),
            label: "Bao".into(),
            was: Presence::Offline(OfflineReason::NotJoined),
            is: Presence::Online,
        }
    }

    #[test]
    fn a_run_begins_with_a_state_to_be_stored() {
        assert!(Outbox::new().is_save_due(Duration::ZERO));
    }

    #[test]
    fn what_must_be_durable_comes_first_and_what_changed_last() {
        let mut outbox = stored();
        outbox.changed(Part::Talk);
        outbox.event(joined());
        outbox.push(Output::Release {
            peer: PeerId([2; 32]),
        });
        outbox.save_now();
        assert!(outbox.is_save_due(NOW));
        outbox.hand_out(Some(vec![7]));
        assert_eq!(
            all(&mut outbox),
            vec![
                Output::Store(vec![7]),
                Output::Event(joined()),
                Output::Release {
                    peer: PeerId([2; 32])
                },
                Output::Event(Event::Changed(Part::Talk)),
            ]
        );
        assert!(!outbox.is_save_due(NOW), "it is stored");
    }

    #[test]
    fn a_part_that_changed_twice_is_named_once() {
        let mut outbox = stored();
        outbox.changed(Part::Talk);
        outbox.changed(Part::Me);
        outbox.changed(Part::Talk);
        outbox.hand_out(None);
        assert_eq!(all(&mut outbox).len(), 2);
    }

    #[test]
    fn a_change_that_others_know_waits_and_further_ones_do_not_put_it_off() {
        let mut outbox = stored();
        outbox.save_soon(NOW);
        outbox.save_soon(NOW + LAZY / 2);
        assert_eq!(outbox.next_timeout(), Some(NOW + LAZY));
        assert!(!outbox.is_save_due(NOW + LAZY / 2));
        assert!(outbox.is_save_due(NOW + LAZY));
    }

    #[test]
    fn a_change_of_my_own_does_not_wait_even_beside_one_that_may() {
        let mut outbox = stored();
        outbox.save_now();
        outbox.save_soon(NOW);
        assert!(outbox.is_save_due(NOW));
        assert_eq!(outbox.next_timeout(), None, "it goes out with this batch");
    }

    #[test]
    fn a_batch_waits_only_for_a_decision_of_my_own() {
        let mut outbox = stored();
        outbox.save_soon(NOW);
        outbox.hand_out(Some(vec![1]));
        outbox.save_with_batch();
        assert!(outbox.is_save_due(NOW));
        outbox.hand_out(Some(vec![2]));
        outbox.save_now();
        outbox.save_with_batch();
        outbox.hand_out(Some(vec![3]));
        assert_eq!(
            all(&mut outbox),
            vec![
                Output::StoreLater(vec![1]),
                Output::StoreLater(vec![2]),
                Output::Store(vec![3]),
            ]
        );
    }

    #[test]
    fn a_batch_without_a_state_leaves_the_deadline_as_it_is() {
        let mut outbox = stored();
        outbox.save_soon(NOW);
        outbox.hand_out(None);
        assert_eq!(outbox.next_timeout(), Some(NOW + LAZY));
    }

    #[test]
    fn a_newcomer_is_not_told_who_was_there_before_it() {
        let mut outbox = stored();
        outbox.event(came());
        outbox.event(joined());
        outbox.drop_presence_events();
        outbox.hand_out(None);
        assert_eq!(all(&mut outbox), vec![Output::Event(joined())]);
    }
}
