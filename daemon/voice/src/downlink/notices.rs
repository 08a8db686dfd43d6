//! What the downlink tells.

use std::collections::VecDeque;

use super::{DownlinkEvent, Dropped};
use crate::Slot;

/// How many events wait to be polled: a second's for a full meeting.
const EVENTS: usize = 8 * Slot::COUNT;

/// Events that wait to be polled, and counts of what was not taken.
#[derive(Debug)]
pub(super) struct Notices {
    events: VecDeque<DownlinkEvent>,
    dropped: Dropped,
}

impl Notices {
    pub(super) fn new() -> Self {
        Self {
            events: VecDeque::with_capacity(EVENTS),
            dropped: Dropped::default(),
        }
    }

    /// Adds an event, or counts it if there is no room.
    pub(super) fn tell(&mut self, event: DownlinkEvent) {
        if self.events.len() < EVENTS {
            self.events.push_back(event);
        } else {
            self.dropped.overflow += 1;
        }
    }

    /// Takes the oldest event out.
    pub(super) fn poll(&mut self) -> Option<DownlinkEvent> {
        self.events.pop_front()
    }

    /// Counts a datagram that is not taken.
    pub(super) fn drop(&mut self, count: impl FnOnce(&mut Dropped) -> &mut u64) {
        *count(&mut self.dropped) += 1;
    }

    /// Returns what was not taken so far.
    pub(super) fn dropped(&self) -> Dropped {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_polls_nothing_loses_the_newest_and_sees_how_many() {
        let mut notices = Notices::new();
        for _ in 0..EVENTS + 3 {
            notices.tell(DownlinkEvent::Heard { slot: Slot::new(0) });
        }
        notices.drop(|dropped| &mut dropped.refused);
        assert_eq!(std::iter::from_fn(|| notices.poll()).count(), EVENTS);
        assert_eq!(
            (notices.dropped().overflow, notices.dropped().refused),
            (3, 1)
        );
    }
}
