//! What is to be looked at again before a call is over, or at a time of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::ids::MeetingId;

/// Changes whose consequences have not been drawn yet.
#[derive(Debug, Default)]
pub(super) struct Reviews {
    /// The people of the meeting that I am in, as talk sees them, have changed.
    attendance: bool,
    /// Meetings whose reachability has changed.
    reach: BTreeSet<MeetingId>,
    /// When the reachability in a meeting changes by itself.
    due: BTreeMap<MeetingId, Duration>,
}

impl Reviews {
    /// Notes that the people of the meeting that I am in have changed.
    pub(super) fn attendance_changed(&mut self) {
        self.attendance = true;
    }

    /// Takes the news that they have.
    pub(super) fn take_attendance(&mut self) -> bool {
        std::mem::take(&mut self.attendance)
    }

    /// Notes that reachability in a meeting has changed, or may have.
    pub(super) fn reach_changed(&mut self, id: MeetingId) {
        self.reach.insert(id);
    }

    /// Takes a meeting whose reachability has changed.
    pub(super) fn take_reach(&mut self) -> Option<MeetingId> {
        self.reach.pop_first()
    }

    /// Returns whether all consequences are drawn.
    pub(super) fn is_settled(&self) -> bool {
        self.reach.is_empty() && !self.attendance
    }

    /// Sets when the reachability in a meeting changes by itself, if ever.
    pub(super) fn schedule(&mut self, id: MeetingId, due: Option<Duration>) {
        match due {
            Some(due) => self.due.insert(id, due),
            None => self.due.remove(&id),
        };
    }

    /// Returns the meetings whose time has come. Each stays due until it is scheduled anew.
    pub(super) fn due(&self, now: Duration) -> Vec<MeetingId> {
        self.due
            .iter()
            .filter(|(_, due)| **due <= now)
            .map(|(id, _)| *id)
            .collect()
    }

    /// Drops a meeting that I no longer have.
    pub(super) fn forget(&mut self, id: MeetingId) {
        self.due.remove(&id);
        self.reach.remove(&id);
    }

    /// Returns when the reachability in some meeting changes by itself.
    pub(super) fn next_timeout(&self) -> Option<Duration> {
        self.due.values().copied().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: MeetingId = MeetingId([1; 32]);
    const OTHER: MeetingId = MeetingId([2; 32]);

    #[test]
    fn a_call_is_settled_when_every_change_was_taken() {
        let mut reviews = Reviews::default();
        assert!(reviews.is_settled());
        reviews.reach_changed(ONE);
        reviews.reach_changed(ONE);
        reviews.attendance_changed();
        assert_eq!(reviews.take_reach(), Some(ONE));
        assert_eq!(reviews.take_reach(), None, "once");
        assert!(!reviews.is_settled());
        assert!(reviews.take_attendance());
        assert!(!reviews.take_attendance() && reviews.is_settled());
    }

    #[test]
    fn a_meeting_stays_due_until_it_is_scheduled_anew() {
        let at = Duration::from_secs;
        let mut reviews = Reviews::default();
        reviews.schedule(ONE, Some(at(5)));
        reviews.schedule(OTHER, Some(at(9)));
        assert_eq!(reviews.next_timeout(), Some(at(5)));
        assert!(reviews.due(at(4)).is_empty());
        assert_eq!(reviews.due(at(5)), vec![ONE]);
        assert_eq!(reviews.due(at(5)), vec![ONE]);
        reviews.schedule(ONE, None);
        assert_eq!(reviews.next_timeout(), Some(at(9)));
    }

    #[test]
    fn a_forgotten_meeting_is_not_looked_at_again() {
        let mut reviews = Reviews::default();
        reviews.schedule(ONE, Some(Duration::ZERO));
        reviews.reach_changed(ONE);
        reviews.forget(ONE);
        assert!(reviews.is_settled());
        assert_eq!(reviews.next_timeout(), None);
    }
}
