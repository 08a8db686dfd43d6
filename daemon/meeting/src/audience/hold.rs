//! Held whispers: how long they last, and how they end.
//!
//! A held whisper ends with a *release*, and what was before it comes back. Whatever else ends it has not been said by the
//! user, who may still be speaking to the chosen: then I speak to nobody, until the user says whom. So does a locked screen
//! or a suspended machine, behind which no program sees a key go up.

use std::time::Duration;

use super::whisper::Whisper;
use super::{Base, Notice, Talk, TalkRefusal};
use crate::view::{Cut, NobodyBecause};

impl Talk {
    /// Ends a held whisper, which returns to what was before it. Without one nothing changes: letting go of a key
    /// must never end what the user has chosen since.
    pub(crate) fn release(&mut self, at: Option<u64>) {
        if self.passing.take_if(|whisper| whisper.is_held()).is_some() {
            self.uncover();
            self.apply(at);
        }
    }

    /// Notes that whoever holds the whisper is there.
    pub(crate) fn renew(&mut self, now: Duration) -> Result<(), TalkRefusal> {
        let held = self.passing.as_mut().filter(|whisper| whisper.is_held());
        held.ok_or(TalkRefusal::NothingHeld)?.renew(now);
        Ok(())
    }

    /// Ends a held whisper that nobody releases any more: I speak to nobody. Without one nothing changes.
    pub(crate) fn abandon(&mut self, at: Option<u64>) {
        if let Some(whisper) = self.passing.take_if(|whisper| whisper.is_held()) {
            self.lose(&whisper, NobodyBecause::HoldLost);
            self.apply(at);
        }
    }

    /// Ends what is held, for nobody can tell any more whether a key is down: a whisper in nobody, a press in a closed
    /// microphone. Without one nothing changes.
    pub(crate) fn cut(&mut self, cut: Cut) {
        let pressed = self.push.is_pressed();
        self.push.end();
        match self.passing.take_if(|whisper| whisper.is_held()) {
            Some(whisper) => self.lose(&whisper, NobodyBecause::HoldCut(cut)),
            None if pressed => self.notice(Notice::PressCut(cut)),
            None => {}
        }
        self.apply(None);
    }

    /// Notes that another whisper covers a held one, whose key is still down.
    pub(super) fn cover(&mut self) {
        if self.passing.as_ref().is_some_and(Whisper::is_held) {
            self.base = Base::Nobody(NobodyBecause::HoldLost);
        }
    }

    /// Ends the whisper whose time is over.
    pub(super) fn expire(&mut self, now: Duration) {
        let over = |whisper: &mut Whisper| whisper.ends().is_some_and(|ends| ends <= now);
        let Some(whisper) = self.passing.take_if(over) else {
            return;
        };
        if whisper.is_held() {
            self.lose(&whisper, NobodyBecause::HoldLost);
        } else {
            self.notice(Notice::WhisperOver);
            self.uncover();
        }
        self.apply(None);
    }

    fn lose(&mut self, whisper: &Whisper, because: NobodyBecause) {
        if whisper.is_abandoned() {
            // The user knows already.
            self.base = Base::Nobody(NobodyBecause::ReceiversGone);
        } else {
            self.base = Base::Nobody(because);
            self.uncover();
        }
    }
}
