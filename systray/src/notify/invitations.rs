//! The notifications of invitations: one a meeting, however many people invite.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use sotto_control::model::Invitation;

use super::Subject;
use super::card::Card;
use super::message::{Answer, Message};
use crate::wish::Wish;

/// Invitations that have a notification, the newest; the menu lists as many.
const MOST_INVITATIONS: usize = 8;
/// How long a notification rests before it is replaced: people enter a meeting one after the other.
const REST: Duration = Duration::from_secs(5);

/// All invitations that wait for an answer.
#[derive(Debug, Default)]
pub(super) struct Invitations {
    list: BTreeMap<String, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    invitation: Invitation,
    /// Why the user's last answer was refused.
    refusal: Option<(Answer, String)>,
    /// Whether an answer is on its way.
    answered: bool,
    card: Card,
}

/// An answer that was refused after its invitation had gone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Late {
    pub(super) answer: Answer,
    pub(super) why: String,
}

impl Invitations {
    /// Takes over the invitations that wait now, the newest first.
    pub(super) fn update(&mut self, now: &[Invitation]) {
        self.list.retain(|meeting, waiting| {
            let waits = now.iter().any(|one| one.meeting.id == *meeting);
            if !waits {
                waiting.card.end();
            }
            waits || !waiting.card.is_gone()
        });
        for invitation in now.iter().take(MOST_INVITATIONS) {
            let meeting = &invitation.meeting.id;
            match self.list.get_mut(meeting) {
                Some(waiting) => waiting.update(invitation),
                None => {
                    self.list
                        .insert(meeting.clone(), Waiting::new(invitation.clone()));
                }
            }
        }
    }

    /// Has everything closed, for nothing can be answered. What the user has closed stays known, so that it does not
    /// come back with the connection.
    pub(super) fn disconnect(&mut self) {
        for waiting in self.list.values_mut() {
            waiting.answered = false;
            waiting.refusal = None;
            waiting.card.end();
        }
    }

    /// Returns what the user wishes who pressed a button.
    pub(super) fn pressed(&mut self, id: u32, key: &str, now: Instant) -> Option<Wish> {
        let answer = Answer::of_key(key)?;
        let (meeting, waiting) = self
            .list
            .iter_mut()
            .find(|(_, waiting)| waiting.card.is(id))?;
        if waiting.card.is_ended() || waiting.answered || !waiting.card.takes_press(now) {
            return None;
        }
        waiting.answered = true;
        Some(match answer {
            Answer::Join => Wish::Join(meeting.clone()),
            Answer::Decline => Wish::Decline(meeting.clone()),
        })
    }

    /// Takes note of how an answer ended, pressed here or chosen in the menu.
    pub(super) fn answered(&mut self, wish: &Wish, refusal: Option<&str>) -> Option<Late> {
        let (meeting, answer) = match wish {
            Wish::Join(meeting) => (meeting, Answer::Join),
            Wish::Decline(meeting) => (meeting, Answer::Decline),
            _ => return None,
        };
        let waiting = self
            .list
            .get_mut(meeting)
            .filter(|waiting| !waiting.card.is_ended());
        let Some(waiting) = waiting else {
            return refusal.map(|why| Late {
                answer,
                why: why.to_owned(),
            });
        };
        waiting.answered = false;
        if let Some(why) = refusal {
            waiting.refusal = Some((answer, why.to_owned()));
            waiting.show();
            waiting.card.ring_now();
        }
        None
    }

    pub(super) fn cards(&mut self) -> impl Iterator<Item = (Subject, &mut Card)> {
        self.list
            .iter_mut()
            .map(|(meeting, waiting)| (Subject::Invitation(meeting.clone()), &mut waiting.card))
    }
}

impl Waiting {
    fn new(invitation: Invitation) -> Self {
        let mut waiting = Self {
            invitation,
            refusal: None,
            answered: false,
            card: Card::new(REST),
        };
        waiting.show();
        waiting.card.ring();
        waiting
    }

    fn update(&mut self, invitation: &Invitation) {
        if is_rung(&self.invitation, invitation) {
            self.refusal = None;
            self.card.ring();
        }
        self.invitation = invitation.clone();
        // The server is about to close what was answered: replacing it now would bring it back.
        if !self.answered || self.card.is_ended() {
            self.show();
        }
    }

    fn show(&mut self) {
        self.card.say(match &self.refusal {
            None => Message::invitation(&self.invitation),
            Some((answer, why)) => Message::refusal(&self.invitation, *answer, why),
        });
    }
}

/// Returns whether somebody has invited, or invited anew. Who is inside is worth no second ring.
fn is_rung(was: &Invitation, is: &Invitation) -> bool {
    let inviters: BTreeSet<&str> = was.from.iter().map(|one| one.id.as_str()).collect();
    is.received > was.received
        || is
            .from
            .iter()
            .any(|one| !inviters.contains(one.id.as_str()))
}
