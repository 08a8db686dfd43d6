//! Whispers to me: their speakers, their other receivers, and whom a reply answers.
//!
//! A whisper begins when its speaker has announced it *and* a packet of it has come. A notice alone is worth nothing: it
//! shows nothing and moves no reply. Later notices about the same whisper tell of its receivers; they do not begin it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Attendee, WhisperNotice};
use crate::ids::PeerId;
use crate::limits::Rates;

/// A packet counts for a notice that comes so much later. The speaker repeats a notice that did not arrive, and packets
/// of a whisper that goes on are told four times a second.
const BEFORE_NOTICE: Duration = Duration::from_secs(2);
/// Notices of one speaker that begin a whisper or change its receivers: so many a second in the long run.
const NOTICES_PER_SECOND: f64 = 2.0;
/// So many of them at once: a few taps of a key, or as many receivers that leave together.
const NOTICES_AT_ONCE: f64 = 16.0;

/// Something worth telling the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    /// A whisper to me and these others.
    Started(Vec<PeerId>),
    /// It is over.
    Stopped,
}

/// Whispers to me in the active meeting.
#[derive(Debug)]
pub(super) struct Incoming {
    speakers: BTreeMap<PeerId, Speaker>,
    last: Option<Last>,
    rates: Rates<PeerId>,
}

#[derive(Debug, Default)]
struct Speaker {
    /// The newest notice's.
    serial: Option<u64>,
    /// The other receivers while the whisper goes on, according to the speaker.
    others: Option<Vec<PeerId>>,
    /// When a packet of a whisper came last, since the speaker said that one was over.
    packet: Option<Duration>,
    begun: bool,
}

/// The whisper that began last.
#[derive(Debug)]
struct Last {
    from: PeerId,
    /// The other receivers when it began.
    first: Vec<PeerId>,
    /// The other receivers as they were announced last.
    newest: Vec<PeerId>,
}

impl Default for Incoming {
    fn default() -> Self {
        Self {
            speakers: BTreeMap::new(),
            last: None,
            rates: Rates::new(NOTICES_PER_SECOND, NOTICES_AT_ONCE),
        }
    }
}

impl Incoming {
    /// Returns whether a notice may be taken now. One that ends a whisper always may.
    pub(super) fn admits(&mut self, from: PeerId, notice: &WhisperNotice, now: Duration) -> bool {
        notice.others.is_none() || self.rates.take(&from, now)
    }

    /// Takes a notice, unless a newer one came before it.
    pub(super) fn handle(
        &mut self,
        me: PeerId,
        from: PeerId,
        notice: &WhisperNotice,
        attendees: &BTreeMap<PeerId, Attendee>,
        now: Duration,
    ) -> Option<News> {
        if !notice.is_bounded() {
            return None;
        }
        let speaker = self.speakers.entry(from).or_default();
        if speaker.serial.is_some_and(|newest| notice.serial <= newest) {
            return None;
        }
        speaker.serial = Some(notice.serial);
        let Some(others) = &notice.others else {
            speaker.packet = None;
            return speaker.stop().then_some(News::Stopped);
        };
        // Only people on this roster, each once: a speaker cannot make my reply go anywhere else.
        let mut seen = BTreeSet::from([me, from]);
        let others: Vec<PeerId> = others
            .iter()
            .copied()
            .filter(|peer| attendees.contains_key(peer) && seen.insert(*peer))
            .collect();
        let before = speaker.others.replace(others.clone());
        if speaker.begun {
            if let Some(last) = self.last.as_mut().filter(|last| last.from == from) {
                last.newest.clone_from(&others);
            }
            return (before.as_ref() != Some(&others)).then_some(News::Started(others));
        }
        let heard = speaker
            .packet
            .is_some_and(|packet| now.saturating_sub(packet) <= BEFORE_NOTICE);
        if heard { self.begin(from) } else { None }
    }

    /// Takes note of a packet of a whisper by somebody present.
    pub(super) fn packet(&mut self, from: PeerId, now: Duration) -> Option<News> {
        let speaker = self.speakers.entry(from).or_default();
        speaker.packet = Some(now);
        if speaker.begun {
            None
        } else {
            self.begin(from)
        }
    }

    /// Begins the whisper that `from` has announced, if it has.
    fn begin(&mut self, from: PeerId) -> Option<News> {
        let speaker = self.speakers.get_mut(&from)?;
        let others = speaker.others.clone()?;
        speaker.begun = true;
        self.last = Some(Last {
            from,
            first: others.clone(),
            newest: others.clone(),
        });
        Some(News::Started(others))
    }

    /// Ends the whispers of speakers who are no longer present, and returns these.
    ///
    /// Serials are kept for everybody on the roster, so that an old notice does not start an ended whisper again.
    pub(super) fn attend(&mut self, attendees: &BTreeMap<PeerId, Attendee>) -> Vec<PeerId> {
        let mut stopped = Vec::new();
        for (peer, speaker) in &mut self.speakers {
            let present = attendees
                .get(peer)
                .is_some_and(|attendee| attendee.presence.is_present());
            if !present && speaker.stop() {
                stopped.push(*peer);
            }
        }
        self.speakers.retain(|peer, _| attendees.contains_key(peer));
        stopped
    }

    /// Ends all, and returns whose went on.
    pub(super) fn stop_all(&mut self) -> Vec<PeerId> {
        self.speakers
            .iter_mut()
            .filter_map(|(peer, speaker)| speaker.stop().then_some(*peer))
            .collect()
    }

    /// Returns whom a reply answers: whoever began to whisper last, and those of the other receivers who were announced
    /// from the beginning and still are. Nobody is ever added to them.
    pub(super) fn last(&self) -> Option<(PeerId, impl Iterator<Item = PeerId>)> {
        self.last.as_ref().map(|last| {
            let others = last.first.iter().copied();
            (last.from, others.filter(|peer| last.newest.contains(peer)))
        })
    }

    /// Whispers that go on.
    pub(super) fn current(&self) -> impl Iterator<Item = (PeerId, &[PeerId])> {
        self.speakers.iter().filter_map(|(from, speaker)| {
            let others = speaker.others.as_deref().filter(|_| speaker.begun)?;
            Some((*from, others))
        })
    }
}

impl Speaker {
    /// Ends the whisper, and returns whether it had begun.
    fn stop(&mut self) -> bool {
        self.others = None;
        std::mem::take(&mut self.begun)
    }
}
