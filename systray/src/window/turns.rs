//! What a screen reader says by itself, one after the other. Pure: the time is handed in.
//!
//! Orca drops what a program announces within a tenth of a second of its last announcement, and counts from when it gets to
//! it. Whatever happens in a meeting changes two sentences at once: what has happened, and who hears the user.

use std::collections::VecDeque;
use std::time::Duration;

/// The least time from one to the next.
const APART: Duration = Duration::from_millis(600);
/// The most that wait.
const MOST: usize = 8;

/// The sentence of the moment, and those that wait.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    now: Option<String>,
    since: Option<Duration>,
    happened: VecDeque<String>,
    /// Who hears the user. Only the newest is true.
    audience: Option<String>,
    /// The last of each kind that was handed in.
    last: (Option<(Duration, String)>, String),
}

impl Turns {
    /// Takes what has happened, with the time until which it is shown, by which one is told from the same once more.
    pub(crate) fn happened(&mut self, newest: Option<(Duration, &str)>) {
        let newest = newest.map(|(until, text)| (until, text.to_owned()));
        if newest == self.last.0 {
            return;
        }
        if let Some((_, text)) = &newest {
            if self.happened.len() == MOST {
                self.happened.pop_front();
            }
            self.happened.push_back(text.clone());
        }
        self.last.0 = newest;
    }

    /// Takes who hears the user, and whether that is to be said.
    pub(crate) fn audience(&mut self, sentence: String, aloud: bool) {
        if sentence == self.last.1 {
            return;
        }
        let said = aloud && !sentence.is_empty();
        self.audience = said.then(|| sentence.clone());
        self.last.1 = sentence;
    }

    /// Lets the next one have its turn, what has happened first.
    pub(crate) fn tick(&mut self, now: Duration) {
        if self.since.is_some_and(|since| now < since + APART) {
            return;
        }
        let next = self.happened.pop_front().or_else(|| self.audience.take());
        self.since = next.is_some().then_some(now);
        self.now = next;
    }

    /// Returns how long until [`Self::tick`] changes something.
    pub(crate) fn next(&self, now: Duration) -> Option<Duration> {
        let since = self.since?;
        Some((since + APART).saturating_sub(now))
    }

    /// Returns the sentence to be said now.
    pub(crate) fn now(&self) -> Option<&str> {
        self.now.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn what_happens_together_is_said_one_after_the_other() {
        let mut turns = Turns::default();
        turns.audience("Everyone hears you.".into(), true);
        turns.tick(ms(0));
        assert_eq!(turns.now(), Some("Everyone hears you."));
        turns.audience("Bao hears you.".into(), true);
        turns.happened(Some((ms(9000), "Chen left.")));
        turns.tick(ms(50));
        assert_eq!(turns.now(), Some("Everyone hears you."));
        assert_eq!(turns.next(ms(50)), Some(ms(550)));
        turns.happened(Some((ms(9100), "Bao whispers to you.")));
        for (at, says) in [
            (600, Some("Chen left.")),
            (1200, Some("Bao whispers to you.")),
            (1800, Some("Bao hears you.")),
            (2400, None),
        ] {
            turns.tick(ms(at));
            assert_eq!(turns.now(), says);
        }
        assert_eq!(turns.next(ms(2400)), None);
    }

    #[test]
    fn the_same_is_said_again_when_it_happens_again() {
        let mut turns = Turns::default();
        turns.happened(Some((ms(8000), "Chen left.")));
        turns.tick(ms(0));
        turns.happened(Some((ms(8000), "Chen left.")));
        turns.tick(ms(600));
        assert_eq!(turns.now(), None);
        turns.happened(Some((ms(8700), "Chen left.")));
        turns.tick(ms(700));
        assert_eq!(turns.now(), Some("Chen left."));
    }

    #[test]
    fn an_audience_of_the_past_and_a_silent_one_are_not_said() {
        let mut turns = Turns::default();
        turns.happened(Some((ms(8000), "Chen left.")));
        turns.tick(ms(0));
        turns.audience("Bao hears you.".into(), true);
        turns.audience("Everyone hears you.".into(), true);
        turns.tick(ms(600));
        assert_eq!(turns.now(), Some("Everyone hears you."));
        turns.audience("Nobody hears you.".into(), false);
        turns.tick(ms(1200));
        assert_eq!(turns.now(), None);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut turns = Turns::default();
        for number in 0..100_u64 {
            turns.happened(Some((ms(number), "Somebody came.")));
        }
        assert_eq!(turns.happened.len(), MOST);
    }
}
