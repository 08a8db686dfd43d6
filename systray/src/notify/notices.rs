//! The notifications of what does not work as the user expects: each is shown once.

use std::time::Duration;

use sotto_control::model::{Notice, NoticeKind, Severity};

use super::Subject;
use super::card::Card;
use super::invitations::Late;
use super::message::Message;

/// Notices that are remembered, so that none is shown twice.
const MOST_NOTICES: usize = 32;
/// How long the same notice rests.
const REST: Duration = Duration::from_secs(10);
/// The same notice within so many seconds is one: the daemon tells it as an event and keeps it as a warning.
const SAME_WITHIN: u64 = 10;

/// All notices that were shown, or are about to be.
#[derive(Debug, Default)]
pub(super) struct Notices {
    /// The oldest first.
    list: Vec<Told>,
    next: u64,
    /// Whether the user speaks to nobody although they are in a meeting.
    to_nobody: bool,
}

#[derive(Debug)]
struct Told {
    number: u64,
    kind: NoticeKind,
    text: String,
    time: u64,
    /// Whether it is among the warnings that hold until the daemon takes them back.
    standing: bool,
    card: Card,
}

impl Notices {
    /// Takes a notice as it happens.
    pub(super) fn hear(&mut self, notice: &Notice) {
        if is_worth_telling(notice) {
            self.find_or_add(notice);
        }
    }

    /// Takes over the warnings that hold now, and whether the user speaks to nobody.
    pub(super) fn update(&mut self, warnings: &[Notice], to_nobody: bool) {
        for told in &mut self.list {
            if told.standing && !warnings.iter().any(|warning| told.is(warning)) {
                told.card.end();
            }
            if told.kind == NoticeKind::SpeakingToNobody && self.to_nobody && !to_nobody {
                told.card.end();
            }
        }
        self.to_nobody = to_nobody;
        self.tidy();
        for warning in warnings.iter().filter(|one| is_worth_telling(one)) {
            self.find_or_add(warning).standing = true;
        }
    }

    /// Takes note that the daemon has gone: nobody speaks to anybody.
    pub(super) fn disconnect(&mut self) {
        self.to_nobody = false;
        for told in &mut self.list {
            if told.kind == NoticeKind::SpeakingToNobody {
                told.card.end();
            }
        }
    }

    /// Tells that an answer came too late for its invitation.
    pub(super) fn late(&mut self, late: &Late) {
        let message = Message::late_refusal(late.answer, &late.why);
        self.add(NoticeKind::Other, &late.why, 0, message)
            .card
            .ring_now();
    }

    /// Drops what could not be shown for want of a server, and would be stale when one appears.
    pub(super) fn drop_unshown(&mut self) {
        self.list
            .retain(|told| told.standing || !told.card.is_fresh());
    }

    /// Forgets what no longer holds and is closed.
    pub(super) fn tidy(&mut self) {
        self.list.retain(|told| !told.card.is_gone());
    }

    pub(super) fn cards(&mut self) -> impl Iterator<Item = (Subject, &mut Card)> {
        self.list
            .iter_mut()
            .map(|told| (Subject::Notice(told.number), &mut told.card))
    }

    fn find_or_add(&mut self, notice: &Notice) -> &mut Told {
        let Some(place) = self.list.iter().position(|told| told.is(notice)) else {
            let message = Message::notice(notice);
            let told = self.add(notice.kind, &notice.text, notice.time, message);
            told.card.ring();
            return told;
        };
        let told = &mut self.list[place];
        if notice.time > told.time.saturating_add(SAME_WITHIN) {
            told.time = notice.time;
            told.card.say(Message::notice(notice));
            told.card.ring();
        }
        told
    }

    fn add(&mut self, kind: NoticeKind, text: &str, time: u64, message: Message) -> &mut Told {
        if self.list.len() >= MOST_NOTICES {
            let oldest = self.list.iter().position(|told| !told.standing);
            self.list.remove(oldest.unwrap_or_default());
        }
        self.next += 1;
        let mut card = Card::new(REST);
        card.say(message);
        self.list.push(Told {
            number: self.next,
            kind,
            text: text.to_owned(),
            time,
            standing: false,
            card,
        });
        let last = self.list.len() - 1;
        &mut self.list[last]
    }
}

impl Told {
    fn is(&self, notice: &Notice) -> bool {
        self.kind == notice.kind && self.text == notice.text && !self.card.is_ended()
    }
}

/// A whisper that is not heard is told by the whisper's own notification.
fn is_worth_telling(notice: &Notice) -> bool {
    notice.severity != Severity::Info && notice.kind != NoticeKind::WhisperUnheard
}
