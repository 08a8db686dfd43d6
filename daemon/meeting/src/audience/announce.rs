//! Telling a whisper's receivers that it starts and stops.
//!
//! Each receiver is told by a direct message who else hears the whisper; nobody else is told anything. A notice replaces
//! every earlier one to the same peer, so repeating it after a failure cannot bring back what is over.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::TalkOutput;
use crate::bounded::if_any_at_most;
use crate::ids::PeerId;

/// How often a notice is sent before the receiver is taken to be unreachable.
const ATTEMPTS: u32 = 5;
/// The wait before the first repetition; it doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// No meeting is larger, so no list of receivers is longer.
const MOST_OTHERS: usize = 256;

/// What a speaker tells a receiver about its whisper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WhisperNotice {
    /// Grows with every notice of this speaker, over restarts too; older ones are ignored.
    pub(crate) serial: u64,
    /// The other receivers while it goes on; `None` when it is over.
    #[serde(deserialize_with = "if_any_at_most::<MOST_OTHERS, _, _>")]
    pub(crate) others: Option<Vec<PeerId>>,
}

impl WhisperNotice {
    /// Whether its lists are within bounds. Anything else is malformed.
    pub(crate) fn is_bounded(&self) -> bool {
        self.others
            .as_ref()
            .is_none_or(|others| others.len() <= MOST_OTHERS)
    }
}

/// What one receiver is to know.
#[derive(Debug)]
struct Told {
    notice: WhisperNotice,
    attempts: u32,
    /// When to send it again; `None` while an attempt is under way or once it has arrived.
    again: Option<Duration>,
    arrived: bool,
}

/// Keeps every receiver informed.
#[derive(Debug)]
pub(super) struct Announcer {
    next_serial: u64,
    told: BTreeMap<PeerId, Told>,
}

impl Announcer {
    pub(super) fn new(first_serial: u64) -> Self {
        Self {
            next_serial: first_serial,
            told: BTreeMap::new(),
        }
    }

    /// `receivers` hear my whisper now, and nobody else does.
    pub(super) fn announce(&mut self, receivers: &[PeerId], outputs: &mut VecDeque<TalkOutput>) {
        let stopped: Vec<PeerId> = self
            .told
            .iter()
            .filter(|(peer, told)| told.notice.others.is_some() && !receivers.contains(peer))
            .map(|(peer, _)| *peer)
            .collect();
        for peer in stopped {
            self.tell(peer, None, outputs);
        }
        for peer in receivers {
            let others: Vec<PeerId> = receivers
                .iter()
                .copied()
                .filter(|other| other != peer)
                .collect();
            if self
                .told
                .get(peer)
                .is_none_or(|told| told.notice.others.as_ref() != Some(&others))
            {
                self.tell(*peer, Some(others), outputs);
            }
        }
    }

    fn tell(
        &mut self,
        peer: PeerId,
        others: Option<Vec<PeerId>>,
        outputs: &mut VecDeque<TalkOutput>,
    ) {
        let notice = WhisperNotice {
            serial: self.next_serial,
            others,
        };
        self.next_serial = self.next_serial.saturating_add(1);
        outputs.push_back(TalkOutput::Tell {
            peer,
            notice: notice.clone(),
        });
        self.told.insert(
            peer,
            Told {
                notice,
                attempts: 1,
                again: None,
                arrived: false,
            },
        );
    }

    /// A notice arrived, or did not.
    pub(super) fn told(&mut self, peer: PeerId, serial: u64, delivered: bool, now: Duration) {
        let Some(told) = self
            .told
            .get_mut(&peer)
            .filter(|told| told.notice.serial == serial)
        else {
            return;
        };
        told.arrived |= delivered;
        if told.arrived || told.attempts >= ATTEMPTS {
            told.again = None;
            if told.notice.others.is_none() {
                self.told.remove(&peer);
            }
        } else {
            told.again = Some(now.saturating_add(FIRST_WAIT * (1 << (told.attempts - 1))));
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Duration, outputs: &mut VecDeque<TalkOutput>) {
        for (peer, told) in &mut self.told {
            if told.again.is_some_and(|again| again <= now) {
                told.again = None;
                told.attempts += 1;
                outputs.push_back(TalkOutput::Tell {
                    peer: *peer,
                    notice: told.notice.clone(),
                });
            }
        }
    }

    /// Nothing more is said to anybody who was told something: I have gone from where they are.
    pub(super) fn forget(&mut self) {
        self.told.clear();
    }

    pub(super) fn next_timeout(&self) -> Option<Duration> {
        self.told.values().filter_map(|told| told.again).min()
    }
}
