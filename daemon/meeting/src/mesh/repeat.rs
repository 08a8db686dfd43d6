//! Saying my latest news again when somebody begins to listen.
//!
//! A message gossiped to a topic without listeners goes nowhere. Just after a start or a join there are none yet.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::output::Topic;

/// Somebody who begins to listen this soon after I said something may just have missed it.
const MISSED_WITHIN: Duration = Duration::from_secs(5);
/// Listeners that come together are served together.
const TOGETHER: Duration = Duration::from_millis(100);

/// My latest news by topic, and when to say them again.
#[derive(Debug, Default)]
pub(super) struct Repeat {
    /// When I last said something new.
    said: BTreeMap<Topic, Duration>,
    due: BTreeMap<Topic, Duration>,
}

impl Repeat {
    /// Notes that something new went out.
    pub(super) fn published(&mut self, topic: &Topic, now: Duration) {
        self.said.insert(topic.clone(), now);
    }

    /// Notes that somebody begins to listen.
    pub(super) fn subscribed(&mut self, topic: &Topic, now: Duration) {
        if self
            .said
            .get(topic)
            .is_some_and(|said| now.saturating_sub(*said) < MISSED_WITHIN)
        {
            self.due.entry(topic.clone()).or_insert(now + TOGETHER);
        }
    }

    /// Drops a topic to which I no longer listen.
    pub(super) fn forget(&mut self, topic: &Topic) {
        self.said.remove(topic);
        self.due.remove(topic);
    }

    /// Returns when something is to be said again.
    pub(super) fn next_timeout(&self) -> Option<Duration> {
        self.due.values().copied().min()
    }

    /// Takes the topics in which my latest news are to be said again.
    pub(super) fn take_due(&mut self, now: Duration) -> Vec<Topic> {
        let due: Vec<Topic> = self
            .due
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(topic, _)| topic.clone())
            .collect();
        for topic in &due {
            self.due.remove(topic);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(100);

    #[test]
    fn listeners_that_come_together_are_served_together_and_once() {
        let (mut repeat, lobby) = (Repeat::default(), Topic::lobby());
        repeat.published(&lobby, NOW);
        repeat.subscribed(&lobby, NOW);
        repeat.subscribed(&lobby, NOW + TOGETHER / 2);
        assert_eq!(repeat.next_timeout(), Some(NOW + TOGETHER));
        assert!(repeat.take_due(NOW + TOGETHER / 2).is_empty());
        assert_eq!(repeat.take_due(NOW + TOGETHER), vec![lobby]);
        assert_eq!(repeat.next_timeout(), None);
    }

    #[test]
    fn a_listener_that_comes_late_has_missed_nothing() {
        let (mut repeat, lobby) = (Repeat::default(), Topic::lobby());
        repeat.subscribed(&lobby, NOW);
        repeat.published(&lobby, NOW);
        repeat.subscribed(&lobby, NOW + MISSED_WITHIN);
        assert_eq!(repeat.next_timeout(), None);
    }

    #[test]
    fn nothing_is_said_again_where_i_no_longer_listen() {
        let (mut repeat, lobby) = (Repeat::default(), Topic::lobby());
        repeat.published(&lobby, NOW);
        repeat.subscribed(&lobby, NOW);
        repeat.forget(&lobby);
        assert_eq!(repeat.next_timeout(), None);
        repeat.subscribed(&lobby, NOW);
        assert_eq!(repeat.next_timeout(), None);
    }
}
