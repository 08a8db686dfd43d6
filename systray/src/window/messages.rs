//! What has happened: the newest sentence stands in the window for a while, and a screen reader says it.

use std::time::Duration;

use sotto_control::model::{Notice, Severity};

/// How long something good to know stands.
const INFO: Duration = Duration::from_secs(8);
/// How long something stands that went wrong.
const WARNING: Duration = Duration::from_secs(30);

/// The newest thing that has happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Messages {
    newest: Option<Message>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Message {
    text: String,
    severity: Severity,
    until: Duration,
}

impl Messages {
    /// Takes what the daemon tells.
    pub(crate) fn notice(&mut self, notice: &Notice, now: Duration) {
        let text = sotto_control::in_one_line(&notice.text, notice.hint.as_ref());
        self.put(&text, notice.severity, now);
    }

    /// Takes why a wish was refused.
    pub(crate) fn refusal(&mut self, why: &str, now: Duration) {
        self.put(why, Severity::Warning, now);
    }

    /// Says something good to know.
    pub(crate) fn say(&mut self, text: &str, now: Duration) {
        self.put(text, Severity::Info, now);
    }

    fn put(&mut self, text: &str, severity: Severity, now: Duration) {
        let lasts = match severity {
            Severity::Info => INFO,
            Severity::Warning | Severity::Error => WARNING,
        };
        // What went wrong is not covered by what is good to know while it is new.
        let covered = self.newest.as_ref().is_some_and(|newest| {
            newest.severity != Severity::Info
                && severity == Severity::Info
                && newest.until > now + WARNING - INFO
        });
        if covered {
            return;
        }
        self.newest = Some(Message {
            text: sentence(text),
            severity,
            until: now + lasts,
        });
    }

    /// Takes the message away.
    pub(crate) fn dismiss(&mut self) {
        self.newest = None;
    }

    /// Drops what has stood long enough.
    pub(crate) fn tick(&mut self, now: Duration) {
        if self.newest.as_ref().is_some_and(|one| one.until <= now) {
            self.newest = None;
        }
    }

    /// Returns how long until [`Self::tick`] changes something.
    pub(crate) fn next(&self, now: Duration) -> Option<Duration> {
        let newest = self.newest.as_ref()?;
        Some(newest.until.saturating_sub(now))
    }

    /// Returns the sentence, with the time until which it stands.
    pub(crate) fn latest(&self) -> Option<(Duration, &str)> {
        let newest = self.newest.as_ref()?;
        Some((newest.until, &newest.text))
    }

    /// Returns the sentence, and whether it is about something that went wrong.
    pub(crate) fn newest(&self) -> Option<(&str, bool)> {
        let newest = self.newest.as_ref()?;
        Some((&newest.text, newest.severity != Severity::Info))
    }
}

/// The daemon's sentences begin with a small letter and have no full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    let text: String = first.to_uppercase().chain(letters).collect();
    match text.ends_with(['.', '!', '?', '…']) {
        true => text,
        false => format!("{text}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn the_newest_stands_for_a_while_as_a_sentence() {
        let mut messages = Messages::default();
        messages.say("your microphone is closed", s(0));
        assert_eq!(
            messages.newest(),
            Some(("Your microphone is closed.", false))
        );
        assert_eq!(messages.next(s(2)), Some(s(6)));
        messages.tick(s(8));
        assert_eq!(messages.newest(), None);
    }

    #[test]
    fn what_went_wrong_is_not_covered_at_once() {
        let mut messages = Messages::default();
        messages.refusal("Dara is not present", s(0));
        messages.say("Bao has joined", s(3));
        assert_eq!(messages.newest(), Some(("Dara is not present.", true)));
        messages.say("Bao has joined", s(12));
        assert_eq!(messages.newest(), Some(("Bao has joined.", false)));
    }
}
