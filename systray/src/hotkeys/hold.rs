//! What a stroke means: a pure rule over strokes and the time.

use std::time::{Duration, Instant};

use sotto_control::config::HotkeyAction;

/// A press that comes again within this time is the keyboard's repetition, which some desktops pass on.
const REPEATS_WITHIN: Duration = Duration::from_millis(1200);

/// The effect of a stroke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Does {
    /// Do what is done once.
    Once(HotkeyAction),
    /// Begin what lasts while the key is held.
    Begin(HotkeyAction),
    /// End it.
    End,
}

/// The keys that are down, and the action that one of them holds.
#[derive(Debug, Default)]
pub(super) struct Hold {
    down: Vec<(HotkeyAction, Instant)>,
    held: Option<HotkeyAction>,
}

impl Hold {
    /// Takes a press. One that comes long after the last, without a release between, means that the release was lost:
    /// it ends what is held.
    pub(super) fn pressed(&mut self, action: &HotkeyAction, now: Instant) -> Option<Does> {
        let known = self.down.iter_mut().find(|(down, _)| down == action);
        let repeated = match known {
            Some((_, last)) => {
                let since = now.saturating_duration_since(*last);
                *last = now;
                since < REPEATS_WITHIN
            }
            None => {
                self.down.push((action.clone(), now));
                false
            }
        };
        if repeated {
            return None;
        }
        if !action.is_held() {
            return Some(Does::Once(action.clone()));
        }
        match &self.held {
            None => {
                self.held = Some(action.clone());
                Some(Does::Begin(action.clone()))
            }
            Some(held) if held == action => {
                self.held = None;
                Some(Does::End)
            }
            // One at a time: the first goes on.
            Some(_) => None,
        }
    }

    /// Takes a release.
    pub(super) fn released(&mut self, action: &HotkeyAction) -> Option<Does> {
        self.down.retain(|(down, _)| down != action);
        (self.held.as_ref() == Some(action)).then(|| {
            self.held = None;
            Does::End
        })
    }

    /// Takes note that nothing is held any more: it was refused, or has ended by itself.
    pub(super) fn ended(&mut self) {
        self.held = None;
    }

    /// Lets go of everything, for no release will come. Returns whether something was held.
    pub(super) fn lost(&mut self) -> bool {
        self.down.clear();
        self.held.take().is_some()
    }

    /// Returns whether something is held.
    pub(super) const fn holds(&self) -> bool {
        self.held.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk() -> HotkeyAction {
        HotkeyAction::Whisper("desk".into())
    }

    #[test]
    fn what_is_held_begins_once_and_ends_with_the_release() {
        let (mut hold, start) = (Hold::default(), Instant::now());
        assert_eq!(hold.pressed(&desk(), start), Some(Does::Begin(desk())));
        for repeat in 1..100 {
            let later = start + Duration::from_millis(100) * repeat;
            assert_eq!(hold.pressed(&desk(), later), None);
        }
        assert_eq!(hold.released(&desk()), Some(Does::End));
        assert_eq!(hold.released(&desk()), None);
    }

    #[test]
    fn a_key_that_repeats_mutes_once() {
        let (mut hold, start) = (Hold::default(), Instant::now());
        let mute = HotkeyAction::Mute;
        assert_eq!(hold.pressed(&mute, start), Some(Does::Once(mute.clone())));
        assert_eq!(
            hold.pressed(&mute, start + Duration::from_millis(600)),
            None
        );
        assert_eq!(hold.released(&mute), None);
        let again = start + Duration::from_millis(700);
        assert_eq!(hold.pressed(&mute, again), Some(Does::Once(mute)));
    }

    #[test]
    fn a_press_after_a_lost_release_ends_what_is_held() {
        let (mut hold, start) = (Hold::default(), Instant::now());
        hold.pressed(&desk(), start);
        let later = start + Duration::from_secs(5);
        assert_eq!(hold.pressed(&desk(), later), Some(Does::End));
        assert!(!hold.holds());
        assert_eq!(hold.released(&desk()), None);
    }

    #[test]
    fn a_second_key_waits_until_the_first_is_let_go() {
        let (mut hold, now) = (Hold::default(), Instant::now());
        hold.pressed(&desk(), now);
        assert_eq!(hold.pressed(&HotkeyAction::Reply, now), None);
        assert_eq!(hold.released(&HotkeyAction::Reply), None);
        assert_eq!(hold.released(&desk()), Some(Does::End));
    }

    #[test]
    fn what_was_refused_is_not_held() {
        let (mut hold, now) = (Hold::default(), Instant::now());
        hold.pressed(&desk(), now);
        hold.ended();
        assert_eq!(hold.released(&desk()), None);
        hold.pressed(&desk(), now);
        assert!(hold.lost());
        assert!(!hold.lost());
    }
}
