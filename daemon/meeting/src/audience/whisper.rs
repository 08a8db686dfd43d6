//! A whisper that I speak: its receivers, and what becomes of it when they go.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::{Attendee, Notice, Standing, TalkOutput, standing};
use crate::bounds::HOLD_PATIENCE;
use crate::command::WhisperMode;
use crate::ids::PeerId;

/// A whisper's receivers, in the order in which they were chosen. Nobody is ever added to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Whisper {
    receivers: Vec<Receiver>,
    mode: WhisperMode,
    /// When it ends by itself: its time is over, or whoever holds it has shown no life for too long.
    ends: Option<Duration>,
    /// The user knows that nobody hears it.
    empty: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Receiver {
    peer: PeerId,
    reached: bool,
    /// The user knows that this receiver is deafened.
    deafened: bool,
}

impl Whisper {
    /// A whisper to `chosen`, all of them present.
    pub(super) fn new(
        chosen: Vec<PeerId>,
        mode: WhisperMode,
        now: Duration,
        attendees: &BTreeMap<PeerId, Attendee>,
        outputs: &mut VecDeque<TalkOutput>,
    ) -> Self {
        let mut seen = BTreeSet::new();
        let receivers = chosen
            .into_iter()
            .filter(|peer| seen.insert(*peer))
            .map(|peer| Receiver {
                peer,
                reached: true,
                deafened: false,
            })
            .collect();
        let lasts = match mode {
            WhisperMode::For(time) => Some(time),
            WhisperMode::Hold => Some(HOLD_PATIENCE),
            WhisperMode::Latch => None,
        };
        let mut whisper = Self {
            receivers,
            mode,
            ends: lasts.map(|time| now.saturating_add(time)),
            empty: false,
        };
        whisper.attend(attendees, outputs);
        whisper
    }

    /// Follows the roster: drops who has gone, leaves out who is cut off, includes those who return from that.
    pub(super) fn attend(
        &mut self,
        attendees: &BTreeMap<PeerId, Attendee>,
        outputs: &mut VecDeque<TalkOutput>,
    ) {
        let mut tell = |notice| outputs.push_back(TalkOutput::Notice(notice));
        self.receivers.retain_mut(|receiver| {
            let standing = standing(receiver.peer, attendees);
            let reached = standing == Standing::Here;
            match (receiver.reached, reached) {
                (true, false) => tell(Notice::ReceiverGone(receiver.peer)),
                (false, true) => tell(Notice::ReceiverBack(receiver.peer)),
                _ => {}
            }
            receiver.reached = reached;
            let deafened = attendees
                .get(&receiver.peer)
                .is_some_and(|attendee| attendee.flags.deafened);
            if reached && deafened && !receiver.deafened {
                tell(Notice::ReceiverDeafened(receiver.peer));
            }
            receiver.deafened = deafened;
            standing != Standing::Gone
        });
        let empty = !self.receivers.iter().any(|receiver| receiver.reached);
        if empty && !self.empty {
            tell(Notice::WhisperEmpty);
        }
        self.empty = empty;
    }

    /// Returns whether the user does not know yet that this receiver is deafened.
    pub(super) fn note_deafened(&mut self, peer: PeerId) -> bool {
        self.receivers
            .iter_mut()
            .find(|receiver| receiver.peer == peer)
            .is_some_and(|receiver| !std::mem::replace(&mut receiver.deafened, true))
    }

    pub(super) fn mode(&self) -> WhisperMode {
        self.mode
    }

    pub(super) fn is_held(&self) -> bool {
        self.mode == WhisperMode::Hold
    }

    /// Returns when it ends if nothing happens.
    pub(super) fn ends(&self) -> Option<Duration> {
        self.ends
    }

    /// Returns when a whisper of stated length ends.
    pub(super) fn until(&self) -> Option<Duration> {
        self.ends.filter(|_| !self.is_held())
    }

    /// Notes that whoever holds it is there.
    pub(super) fn renew(&mut self, now: Duration) {
        if self.is_held() {
            self.ends = Some(now.saturating_add(HOLD_PATIENCE));
        }
    }

    /// Nobody will ever hear it again: all have gone, and none is merely cut off.
    pub(super) fn is_abandoned(&self) -> bool {
        self.receivers.is_empty()
    }

    pub(super) fn chosen(&self) -> Vec<PeerId> {
        self.receivers
            .iter()
            .map(|receiver| receiver.peer)
            .collect()
    }

    pub(super) fn reached(&self) -> Vec<PeerId> {
        self.receivers
            .iter()
            .filter(|receiver| receiver.reached)
            .map(|receiver| receiver.peer)
            .collect()
    }
}
