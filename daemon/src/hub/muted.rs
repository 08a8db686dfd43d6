//! Telling the user that nobody hears what is being said: the microphone is muted.

use std::time::Duration;

use sotto_control::model::{NoticeKind, Severity};
use sotto_meeting::{Presence, TalkView};
use sotto_voice::mix::Earcon;

use super::publisher::Shown;
use super::{Hub, notices};

/// The user is told once in so long, by a sound and a notice. What is shown follows at once.
const RARELY: Duration = Duration::from_secs(60);

/// Talking while muted, and when the user was last told of it.
#[derive(Debug, Default)]
pub(super) struct MutedTalk {
    talking: bool,
    /// When it was told last.
    told: Option<Duration>,
}

impl MutedTalk {
    /// Returns whether the user talks while muted.
    pub(super) fn is_talking(&self) -> bool {
        self.talking
    }

    /// Notes whether the user talks. Returns whether that has changed, and whether it is to be told.
    fn set(&mut self, talking: bool, now: Duration) -> (bool, bool) {
        let changed = std::mem::replace(&mut self.talking, talking) != talking;
        let due = self
            .told
            .is_none_or(|told| now.saturating_sub(told) >= RARELY);
        let tell = changed && talking && due;
        if tell {
            self.told = Some(now);
        }
        (changed, tell)
    }
}

impl Hub {
    /// Listens for a user who talks while muted, where that helps: in a meeting, at the desk, and if it is wanted.
    /// Whoever is deafened or away has turned to somebody else.
    pub(super) fn review_muted(&mut self, talk: &TalkView) {
        let wanted = self.run.notifications.muted_talking
            && talk.muted
            && !talk.deafened
            && self.mesh.active().is_some()
            && self.mesh.myself().presence == Some(Presence::Online);
        self.voice.listen_while_muted(wanted);
        if !wanted {
            self.talking_muted(false);
        }
    }

    /// The user talks while muted, or does so no longer.
    pub(super) fn talking_muted(&mut self, talking: bool) {
        let (changed, tell) = self.sound.muted.set(talking, self.clock.monotonic());
        if changed {
            self.changed(Shown::Talk);
            self.changed(Shown::Status);
        }
        if tell {
            self.voice.earcon(Earcon::Muted);
            let text = "you talk, but you are muted: nobody hears you";
            let mut notice = notices::notice(NoticeKind::MutedTalking, Severity::Info, text);
            notice.hint = Some("speak with 'sotto unmute'".to_owned());
            self.tell(notice);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn talking_is_shown_at_once_and_told_once_a_minute() {
        const SECOND: Duration = Duration::from_secs(1);
        let mut muted = MutedTalk::default();
        assert_eq!(muted.set(false, SECOND), (false, false));
        assert_eq!(muted.set(true, SECOND), (true, true));
        assert_eq!(muted.set(true, 2 * SECOND), (false, false));
        assert_eq!(muted.set(false, 5 * SECOND), (true, false));
        assert_eq!(muted.set(true, 60 * SECOND), (true, false));
        assert!(muted.is_talking());
        assert_eq!(muted.set(false, 61 * SECOND), (true, false));
        assert_eq!(muted.set(true, 62 * SECOND), (true, true));
    }
}
