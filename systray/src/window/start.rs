//! How far a start of the daemon has come that the user asked for here. Pure: the time is handed in.

use std::time::Duration;

use sotto_control::starter::ANSWERS_WITHIN;

/// The start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Start {
    /// It was not asked for, or the daemon is there.
    #[default]
    None,
    /// The daemon is being started.
    Begun,
    /// It has been started, and must answer until then.
    Done(Duration),
    /// It could not be started, for this reason.
    Failed(String),
}

impl Start {
    /// Begins a start. Returns whether none is under way.
    pub(crate) fn begin(&mut self) -> bool {
        let begins = !self.is_under_way();
        if begins {
            *self = Self::Begun;
        }
        begins
    }

    /// Takes what became of it.
    pub(crate) fn ended(&mut self, started: Result<(), String>, now: Duration) {
        if *self != Self::Begun {
            return;
        }
        *self = match started {
            Ok(()) => Self::Done(now + ANSWERS_WITHIN),
            Err(why) => Self::Failed(why),
        };
    }

    /// Fails if the daemon has not answered in time.
    pub(crate) fn tick(&mut self, now: Duration) {
        if matches!(self, Self::Done(until) if *until <= now) {
            let why =
                "Sotto has been started, but does not answer; 'sottod' in a terminal says why";
            *self = Self::Failed(why.to_owned());
        }
    }

    /// Returns how long until [`Self::tick`] changes something.
    pub(crate) fn next(&self, now: Duration) -> Option<Duration> {
        match self {
            Self::Done(until) => Some(until.saturating_sub(now)),
            Self::None | Self::Begun | Self::Failed(_) => None,
        }
    }

    /// Returns whether the daemon is on its way.
    pub(crate) const fn is_under_way(&self) -> bool {
        matches!(self, Self::Begun | Self::Done(_))
    }

    /// Returns why the daemon could not be started.
    pub(crate) const fn trouble(&self) -> Option<&str> {
        match self {
            Self::Failed(why) => Some(why.as_str()),
            Self::None | Self::Begun | Self::Done(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(5);

    #[test]
    fn it_is_begun_once_and_fails_if_nobody_answers() {
        let mut start = Start::default();
        assert!(start.begin());
        assert!(!start.begin());
        start.ended(Ok(()), NOW);
        assert!(!start.begin());
        assert_eq!(start.next(NOW), Some(ANSWERS_WITHIN));
        start.tick(NOW + ANSWERS_WITHIN);
        assert!(start.trouble().is_some());
        assert!(start.begin(), "it can be tried again");
    }

    #[test]
    fn it_says_why_it_failed_unless_the_daemon_is_there_by_now() {
        let mut start = Start::default();
        start.ended(Err("late".into()), NOW);
        assert_eq!(start, Start::None);
        start.begin();
        start.ended(Err("there is no sottod".into()), NOW);
        assert_eq!(start.trouble(), Some("there is no sottod"));
    }
}
