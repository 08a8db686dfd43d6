//! The notifications of whispers to the user: one a speaker.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sotto_control::model::IncomingWhisper;

use super::Subject;
use super::card::Card;
use super::message::Message;

/// Speakers who have a notification at once.
const MOST_WHISPERS: usize = 8;
/// How long a speaker's notification rests: short whispers one after the other are one conversation.
const REST: Duration = Duration::from_secs(10);

/// Everybody who whispers to the user, or did until just now.
#[derive(Debug, Default)]
pub(super) struct Whispers {
    speakers: BTreeMap<String, Card>,
}

impl Whispers {
    /// Takes over the whispers that reach the user now.
    pub(super) fn update(&mut self, now: &[IncomingWhisper]) {
        for (speaker, card) in &mut self.speakers {
            if !now.iter().any(|whisper| whisper.from.id == *speaker) {
                card.end();
            }
        }
        for whisper in now.iter().take(MOST_WHISPERS) {
            let card = self
                .speakers
                .entry(whisper.from.id.clone())
                .or_insert_with(|| Card::new(REST));
            if card.is_ended() {
                card.ring();
            }
            card.say(Message::whisper(whisper));
        }
    }

    /// Forgets speakers whose next whisper would be told at once anyway.
    pub(super) fn tidy(&mut self, now: Instant) {
        self.speakers
            .retain(|_, card| !card.is_gone() || card.rests(now));
    }

    pub(super) fn cards(&mut self) -> impl Iterator<Item = (Subject, &mut Card)> {
        self.speakers
            .iter_mut()
            .map(|(speaker, card)| (Subject::Whisper(speaker.clone()), card))
    }
}
