//! Push to talk: a microphone that is closed unless it is pressed.
//!
//! A press opens the microphone to whoever the audience is. It does so although the user is muted: a key that is down
//! says more than a mute of a while ago, for open voice as for a held whisper. Whatever else the user says about the
//! microphone ends it, and so does being away, on the phone or in another meeting: nothing but a key opens it again.
//!
//! A key may be stuck, and on some desktops nobody tells that it was let go. So a second press ends the first, a reminder
//! comes after a while, and in the end the microphone closes by itself.

use std::time::Duration;

use super::{Notice, Talk, TalkRefusal};
use crate::bounds::{HOLD_PATIENCE, LONG_PRESS, LONGEST_PRESS};
use crate::command::PressMode;

/// A key that is kept down repeats after half a second or a little more. What comes so soon is the same press.
const KEY_REPEATS: Duration = Duration::from_millis(750);

/// Push to talk: the setting, and the press under way.
#[derive(Debug, Default)]
pub(super) struct Push {
    /// The microphone is closed unless it is pressed.
    needed: bool,
    press: Option<Press>,
    /// When a key was pressed last that nobody holds for us, whatever came of it.
    last: Option<Duration>,
}

/// A key that is down.
#[derive(Debug, Clone, Copy)]
struct Press {
    since: Duration,
    /// The end without a sign of life, if somebody must give one.
    lasts_until: Option<Duration>,
    reminded: bool,
}

impl Press {
    fn reminder(&self) -> Option<Duration> {
        (!self.reminded).then(|| self.since.saturating_add(LONG_PRESS))
    }

    fn end(&self) -> Duration {
        self.since.saturating_add(LONGEST_PRESS)
    }

    fn next_timeout(&self) -> Duration {
        let soonest = self.reminder().into_iter().chain(self.lasts_until);
        soonest.fold(self.end(), Duration::min)
    }
}

impl Push {
    /// Returns whether the microphone is closed unless it is pressed.
    pub(super) fn is_needed(&self) -> bool {
        self.needed
    }

    /// Returns whether it is pressed.
    pub(super) fn is_pressed(&self) -> bool {
        self.press.is_some()
    }

    /// Ends the press, if there is one. A repeating key does not begin another.
    pub(super) fn end(&mut self) {
        self.press = None;
    }

    /// Returns when the press wants attention.
    pub(super) fn next_timeout(&self) -> Option<Duration> {
        self.press.as_ref().map(Press::next_timeout)
    }

    /// Returns whether a press is the one before, repeated by its key, and notes it.
    fn repeats(&mut self, now: Duration) -> bool {
        let last = self.last.replace(now);
        last.is_some_and(|last| now.saturating_sub(last) < KEY_REPEATS)
    }
}

impl Talk {
    /// Says whether the microphone is closed unless it is pressed. Ends a press.
    pub(crate) fn need_press(&mut self, needed: bool, at: Option<u64>) {
        self.push.needed = needed;
        self.push.end();
        self.apply(at);
    }

    /// Opens the microphone for a while, or ends the press that there is. Where it is open anyway, nothing changes.
    pub(crate) fn press(
        &mut self,
        mode: PressMode,
        at: Option<u64>,
        now: Duration,
    ) -> Result<(), TalkRefusal> {
        self.must_be_inside()?;
        if self.away {
            return Err(TalkRefusal::YouAreAway);
        }
        if self.deafened {
            return Err(TalkRefusal::YouAreDeafened);
        }
        if mode == PressMode::Latch && self.push.repeats(now) {
            return Ok(());
        }
        if self.push.is_pressed() {
            self.push.end();
        } else if self.push.needed || self.muted {
            self.push.press = Some(Press {
                since: now,
                lasts_until: match mode {
                    PressMode::Hold => Some(now.saturating_add(HOLD_PATIENCE)),
                    PressMode::Latch => None,
                },
                reminded: false,
            });
        }
        self.apply(at);
        Ok(())
    }

    /// Ends the press. Without one nothing changes.
    pub(crate) fn unpress(&mut self, at: Option<u64>) {
        self.push.end();
        self.apply(at);
    }

    /// Returns whether the microphone is closed unless it is pressed.
    pub(crate) fn needs_press(&self) -> bool {
        self.push.is_needed()
    }

    /// Returns whether the microphone is pressed.
    pub(crate) fn is_pressed(&self) -> bool {
        self.push.is_pressed()
    }

    /// Notes that whoever holds the press is there.
    pub(crate) fn renew_press(&mut self, now: Duration) -> Result<(), TalkRefusal> {
        let press = self.push.press.as_mut();
        let until = press.and_then(|press| press.lasts_until.as_mut());
        *until.ok_or(TalkRefusal::NothingHeld)? = now.saturating_add(HOLD_PATIENCE);
        Ok(())
    }

    /// Reminds of a press that lasts long, and ends one that lasts too long or whose holder shows no life.
    pub(super) fn expire_press(&mut self, now: Duration) {
        let Some(press) = &mut self.push.press else {
            return;
        };
        let lost = press.lasts_until.is_some_and(|until| until <= now);
        if lost || press.end() <= now {
            self.push.end();
            self.notice(match lost {
                true => Notice::PressLost,
                false => Notice::PressTooLong,
            });
            self.apply(None);
        } else if press.reminder().is_some_and(|due| due <= now) {
            press.reminded = true;
            self.notice(Notice::PressLong);
        }
    }
}
