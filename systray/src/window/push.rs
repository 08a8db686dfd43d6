//! Pushing a face or *Talk*: how a press becomes a whisper or opens the microphone, and how it ends. Pure: the time is
//! handed in.
//!
//! The whisper begins with the press. Whoever lets go soon has clicked: the whisper stays on, without a gap. Whoever
//! lets go later has held: it ends with that. Whatever else ends a hold has not been said by the user, who may still be
//! speaking to the chosen: then the user speaks to nobody.
//!
//! *Talk* opens the microphone for as long as it is held, however short that is.

use std::time::Duration;

use sotto_control::RENEW_EVERY;
use sotto_control::model::WhisperMode;

use crate::wish::Wish;

/// A press that ends within this time is a click.
pub(crate) const CLICK: Duration = Duration::from_millis(300);

/// The target of a press.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// These people, by id.
    Faces(Vec<String>),
    /// The button that answers the last whisper, and whom it answered when it was pressed.
    Reply(Vec<String>),
    /// The button that opens the microphone to whoever the user speaks to.
    Talk,
}

impl Target {
    /// Returns who hears a whisper, by id.
    pub(crate) fn people(&self) -> &[String] {
        match self {
            Self::Faces(people) | Self::Reply(people) => people,
            Self::Talk => &[],
        }
    }

    fn is_nobody(&self) -> bool {
        *self != Self::Talk && self.people().is_empty()
    }

    fn held(&self) -> Wish {
        let mode = WhisperMode::Hold;
        match self {
            Self::Faces(to) => Wish::Whisper {
                to: to.clone(),
                mode,
            },
            Self::Reply(to) => Wish::Reply {
                to: to.clone(),
                mode,
            },
            Self::Talk => Wish::Press,
        }
    }

    /// What a click becomes. A whisper goes on to the same people: a reply that was begun is no longer asked whom it
    /// would answer by now.
    fn clicked(&self) -> Wish {
        match self {
            Self::Faces(to) | Self::Reply(to) => Wish::Whisper {
                to: to.clone(),
                mode: WhisperMode::Latch,
            },
            Self::Talk => Wish::Release,
        }
    }
}

/// The one press that may be under way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Push {
    held: Option<Held>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    target: Target,
    since: Duration,
    renew_at: Duration,
}

impl Push {
    /// Returns whom the user holds.
    pub(crate) fn target(&self) -> Option<&Target> {
        self.held.as_ref().map(|held| &held.target)
    }

    /// Begins what the target is for. A second press while one is held means nothing.
    pub(crate) fn press(&mut self, target: Target, now: Duration) -> Option<Wish> {
        if self.held.is_some() || target.is_nobody() {
            return None;
        }
        let wish = target.held();
        self.held = Some(Held {
            target,
            since: now,
            renew_at: now + RENEW_EVERY,
        });
        Some(wish)
    }

    /// The user lets go.
    pub(crate) fn let_go(&mut self, now: Duration) -> Option<Wish> {
        let held = self.held.take()?;
        Some(match now.saturating_sub(held.since) <= CLICK {
            true => held.target.clicked(),
            false => Wish::Release,
        })
    }

    /// Nobody can tell any more whether the user still holds: the keyboard has gone to another window, the screen is
    /// locked, the machine is suspended.
    pub(crate) fn lose(&mut self) -> Option<Wish> {
        self.held.take().map(|_| Wish::Abandon)
    }

    /// The user wants to speak to everyone: a release that follows means nothing.
    pub(crate) fn forget(&mut self) {
        self.held = None;
    }

    /// Returns the sign of life that is due.
    pub(crate) fn renew(&mut self, now: Duration) -> Option<Wish> {
        let held = self.held.as_mut().filter(|held| held.renew_at <= now)?;
        held.renew_at = now + RENEW_EVERY;
        Some(Wish::Renew)
    }

    /// Returns how long until [`Self::renew`] is due.
    pub(crate) fn next(&self, now: Duration) -> Option<Duration> {
        let held = self.held.as_ref()?;
        Some(held.renew_at.saturating_sub(now))
    }

    /// Returns whether *Talk* is held.
    pub(crate) fn talks(&self) -> bool {
        self.target() == Some(&Target::Talk)
    }

    /// Takes that the daemon refused a wish of this press, and returns what must follow.
    pub(crate) fn refused(&mut self, wish: &Wish) -> Option<Wish> {
        match wish {
            Wish::Whisper {
                mode: WhisperMode::Hold,
                ..
            }
            | Wish::Reply {
                mode: WhisperMode::Hold,
                ..
            } => {
                self.held = None;
                None
            }
            // A press that was not answered may stand at the daemon, and would be in the way of the next.
            Wish::Press | Wish::Renew => self.lose(),
            // The daemon still holds what it should have latched.
            Wish::Whisper {
                mode: WhisperMode::Latch,
                ..
            } => Some(Wish::Abandon),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn chen() -> Target {
        Target::Faces(vec!["chen".into()])
    }

    fn whisper(mode: WhisperMode) -> Wish {
        Wish::Whisper {
            to: vec!["chen".into()],
            mode,
        }
    }

    #[test]
    fn a_press_speaks_at_once_and_a_click_keeps_it_on() {
        let mut push = Push::default();
        assert_eq!(
            push.press(chen(), ms(1000)),
            Some(whisper(WhisperMode::Hold))
        );
        assert_eq!(push.let_go(ms(1300)), Some(whisper(WhisperMode::Latch)));
        assert_eq!(push.let_go(ms(1400)), None);
    }

    #[test]
    fn a_hold_ends_with_the_release_and_shows_life_until_then() {
        let mut push = Push::default();
        push.press(chen(), ms(0));
        assert_eq!(push.next(ms(400)), Some(ms(600)));
        assert_eq!(push.renew(ms(999)), None);
        assert_eq!(push.renew(ms(1000)), Some(Wish::Renew));
        assert_eq!(push.renew(ms(1001)), None);
        assert_eq!(push.let_go(ms(1500)), Some(Wish::Release));
        assert_eq!(push.next(ms(1500)), None);
    }

    #[test]
    fn whatever_else_ends_a_hold_ends_it_in_nobody() {
        let mut push = Push::default();
        assert_eq!(push.lose(), None);
        push.press(chen(), ms(0));
        assert_eq!(push.lose(), Some(Wish::Abandon));
        assert_eq!(
            push.let_go(ms(100)),
            None,
            "the release comes too late to mean anything"
        );
    }

    #[test]
    fn a_second_press_and_nobody_mean_nothing() {
        let mut push = Push::default();
        assert_eq!(push.press(Target::Faces(Vec::new()), ms(0)), None);
        push.press(chen(), ms(0));
        assert_eq!(push.press(Target::Reply(vec!["dara".into()]), ms(10)), None);
        assert_eq!(push.target(), Some(&chen()));
    }

    #[test]
    fn a_reply_that_stays_on_goes_to_those_it_was_begun_with() {
        let mut push = Push::default();
        let to = vec!["dara".to_owned(), "chen".to_owned()];
        let mode = WhisperMode::Hold;
        assert_eq!(
            push.press(Target::Reply(to.clone()), ms(0)),
            Some(Wish::Reply {
                to: to.clone(),
                mode
            })
        );
        let mode = WhisperMode::Latch;
        assert_eq!(push.let_go(ms(10)), Some(Wish::Whisper { to, mode }));
    }

    #[test]
    fn what_the_daemon_refuses_is_not_held_here() {
        let mut push = Push::default();
        push.press(chen(), ms(0));
        assert_eq!(push.refused(&whisper(WhisperMode::Hold)), None);
        assert_eq!(push.target(), None);
        assert_eq!(push.let_go(ms(50)), None);

        push.press(chen(), ms(0));
        assert_eq!(push.refused(&Wish::Mute), None);
        assert!(push.target().is_some());
        // Another program has ended it, or the daemon does not know of it.
        assert_eq!(push.refused(&Wish::Renew), Some(Wish::Abandon));
        assert_eq!(push.target(), None);
    }

    #[test]
    fn talk_is_open_while_it_is_held_however_short_that_is() {
        let mut push = Push::default();
        assert_eq!(push.press(Target::Talk, ms(0)), Some(Wish::Press));
        assert!(push.talks());
        assert_eq!(push.let_go(ms(10)), Some(Wish::Release));
        push.press(Target::Talk, ms(20));
        assert_eq!(push.renew(ms(1020)), Some(Wish::Renew));
        assert_eq!(push.lose(), Some(Wish::Abandon));
        push.press(Target::Talk, ms(2000));
        assert_eq!(push.refused(&Wish::Press), Some(Wish::Abandon));
        assert_eq!(push.let_go(ms(2100)), None);
        assert_eq!(push.refused(&Wish::Press), None);
    }

    #[test]
    fn a_click_that_is_refused_does_not_leave_the_whisper_on() {
        let mut push = Push::default();
        push.press(chen(), ms(0));
        push.let_go(ms(100));
        let latch = whisper(WhisperMode::Latch);
        assert_eq!(push.refused(&latch), Some(Wish::Abandon));
    }
}
