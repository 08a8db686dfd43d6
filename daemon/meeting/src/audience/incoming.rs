//! What is whispered to me: by whom, to whom else, and whom a reply answers.

use std::collections::{BTreeMap, BTreeSet};

use super::{Attendee, WhisperNotice};
use crate::ids::PeerId;

/// Something worth telling the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    /// A whisper to me and these others.
    Started(Vec<PeerId>),
    /// It is over.
    Stopped,
}

/// Whispers to me in the active meeting.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    speakers: BTreeMap<PeerId, Speaker>,
    last: Option<(PeerId, Vec<PeerId>)>,
}

#[derive(Debug)]
struct Speaker {
    serial: u64,
    /// The other receivers while the whisper goes on.
    others: Option<Vec<PeerId>>,
}

impl Incoming {
    /// Takes a notice, unless a newer one came before it.
    pub(super) fn handle(
        &mut self,
        me: PeerId,
        from: PeerId,
        notice: &WhisperNotice,
        attendees: &BTreeMap<PeerId, Attendee>,
    ) -> Option<News> {
        if !notice.is_bounded()
            || self
                .speakers
                .get(&from)
                .is_some_and(|speaker| notice.serial <= speaker.serial)
        {
            return None;
        }
        // Only people on this roster, each once: a speaker cannot make my reply go anywhere else.
        let mut seen = BTreeSet::from([me, from]);
        let others = notice.others.as_ref().map(|others| {
            others
                .iter()
                .copied()
                .filter(|peer| attendees.contains_key(peer) && seen.insert(*peer))
                .collect::<Vec<_>>()
        });
        let before = self
            .speakers
            .insert(
                from,
                Speaker {
                    serial: notice.serial,
                    others: others.clone(),
                },
            )
            .and_then(|speaker| speaker.others);
        match (before, others) {
            (before, Some(others)) => {
                self.last = Some((from, others.clone()));
                (before.as_ref() != Some(&others)).then_some(News::Started(others))
            }
            (Some(_), None) => Some(News::Stopped),
            (None, None) => None,
        }
    }

    /// Ends the whispers of speakers who are no longer present, and returns these.
    ///
    /// Serials are kept for everybody on the roster, so that an old notice does not start an ended whisper again.
    pub(super) fn attend(&mut self, attendees: &BTreeMap<PeerId, Attendee>) -> Vec<PeerId> {
        self.speakers
            .retain(|peer, speaker| attendees.contains_key(peer) || speaker.others.is_some());
        let mut stopped = Vec::new();
        for (peer, speaker) in &mut self.speakers {
            let present = attendees
                .get(peer)
                .is_some_and(|attendee| attendee.presence.is_present());
            if !present && speaker.others.take().is_some() {
                stopped.push(*peer);
            }
        }
        stopped
    }

    /// Ends all, and returns whose went on.
    pub(super) fn stop_all(&mut self) -> Vec<PeerId> {
        self.speakers
            .iter_mut()
            .filter_map(|(peer, speaker)| speaker.others.take().map(|_| *peer))
            .collect()
    }

    /// The last whisperer and the other receivers of that whisper.
    pub(super) fn last(&self) -> Option<(PeerId, &[PeerId])> {
        self.last
            .as_ref()
            .map(|(from, others)| (*from, others.as_slice()))
    }

    /// Whispers that go on.
    pub(super) fn current(&self) -> impl Iterator<Item = (PeerId, &[PeerId])> {
        self.speakers.iter().filter_map(|(from, speaker)| {
            speaker
                .others
                .as_ref()
                .map(|others| (*from, others.as_slice()))
        })
    }
}
