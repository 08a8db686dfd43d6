//! When a screen reader says by itself who hears the user. Pure: the time is handed in.
//!
//! Each change is said, except that somebody who goes on talking while muted is told once a minute, as by the sound. What
//! is seen follows at once.

use std::time::Duration;

use super::picture::{Part, Picture, plain};

/// Talking while muted is said once in so long.
const RARELY: Duration = Duration::from_secs(60);

/// What was said last, and whether what is shown now is to be said.
#[derive(Debug, Default)]
pub(crate) struct Spoken {
    shown: Vec<Part>,
    silent: bool,
    unheard: bool,
    /// What was shown before the user began to talk while muted.
    before: Vec<Part>,
    told: Option<Duration>,
}

impl Spoken {
    /// Takes what is shown from now on.
    pub(crate) fn see(&mut self, picture: &Picture, now: Duration) {
        let shown: Vec<Part> = match &picture.room {
            Some(room) => {
                let space = Part::Text(" ".into());
                let whispers = room.whispers.iter();
                let whispers = whispers.flat_map(|sentence| sentence.iter().chain([&space]));
                whispers.chain(&room.audience.sentence).cloned().collect()
            }
            None => Vec::new(),
        };
        if shown == self.shown {
            return;
        }
        let before = std::mem::replace(&mut self.shown, shown);
        let was_unheard = std::mem::replace(&mut self.unheard, picture.you.unheard);
        self.silent = match (was_unheard, self.unheard) {
            (false, true) => {
                self.before = before;
                let told = self
                    .told
                    .is_some_and(|told| now.saturating_sub(told) < RARELY);
                if !told {
                    self.told = Some(now);
                }
                told
            }
            // Where the user was before is no news.
            (true, false) => self.shown == self.before,
            (false, false) | (true, true) => false,
        };
    }

    /// Returns what is shown.
    pub(crate) fn sentence(&self) -> String {
        plain(&self.shown)
    }

    /// Returns whether it is to be said.
    pub(crate) const fn aloud(&self) -> bool {
        !self.silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::picture::{Audience, Room, You};

    const SECOND: Duration = Duration::from_secs(1);

    fn shows(text: &str, unheard: bool) -> Picture {
        Picture {
            room: Some(Room {
                audience: Audience {
                    sentence: vec![Part::Text(text.into())],
                    ..Audience::default()
                },
                ..Room::default()
            }),
            you: You {
                unheard,
                ..You::default()
            },
            ..Picture::default()
        }
    }

    #[test]
    fn who_goes_on_talking_while_muted_is_told_once_a_minute() {
        let (muted, talking) = (
            shows("You are muted.", false),
            shows("Nobody hears you.", true),
        );
        let mut spoken = Spoken::default();
        spoken.see(&muted, SECOND);
        assert!(spoken.aloud());
        spoken.see(&talking, 10 * SECOND);
        assert!(spoken.aloud());
        for second in 11..40 {
            // Sentence after sentence.
            spoken.see(&muted, second * SECOND);
            assert!(!spoken.aloud());
            spoken.see(&talking, second * SECOND + SECOND / 2);
            assert!(!spoken.aloud());
        }
        spoken.see(&muted, 69 * SECOND);
        spoken.see(&talking, 70 * SECOND);
        assert!(spoken.aloud());
    }

    #[test]
    fn everything_else_is_said_meanwhile() {
        let mut spoken = Spoken::default();
        let (muted, talking) = (
            shows("You are muted.", false),
            shows("Nobody hears you.", true),
        );
        for (picture, second) in [(&muted, 1), (&talking, 2), (&muted, 3), (&talking, 4)] {
            spoken.see(picture, second * SECOND);
        }
        assert!(!spoken.aloud());
        spoken.see(&shows("Everyone hears you.", false), 5 * SECOND);
        assert!(spoken.aloud());
        // Looked at again, it is what it was.
        spoken.see(&shows("Everyone hears you.", false), 6 * SECOND);
        assert!(spoken.aloud());
    }
}
