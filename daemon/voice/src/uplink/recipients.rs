//! All recipients: who is linked, and what goes to whom.

use rand_chacha::ChaCha20Rng;
use rtrb::Producer;

use super::UplinkEvent;
use super::ladder::Ladder;
use super::recipient::{OutboundLink, Recipient};
use crate::link::KeyMemory;
use crate::pair::{LossReport, PathUpdate, SendCount};
use crate::retired::RetiredQueue;
use crate::{FrameLength, Slot, SlotSet, VoiceError};

/// The recipients of one conversation, by slot.
pub(super) struct Recipients {
    entries: Vec<Recipient>,
    linked: SlotSet,
    keys: KeyMemory,
    random: ChaCha20Rng,
}

impl Recipients {
    /// Returns nobody. Sequence numbers grow from `random`.
    pub(super) fn new(random: ChaCha20Rng, keys: KeyMemory) -> Self {
        Self {
            entries: (0..Slot::COUNT).map(|_| Recipient::default()).collect(),
            linked: SlotSet::EMPTY,
            keys,
            random,
        }
    }

    /// Takes a link into use; tells whether it is a new one.
    ///
    /// # Errors
    ///
    /// A link that is [outdated](VoiceError::Outdated) or whose [key was used](VoiceError::KeyReused) changes
    /// nothing.
    pub(super) fn link(
        &mut self,
        mut link: Box<OutboundLink>,
        retired: &mut RetiredQueue,
    ) -> Result<bool, VoiceError> {
        let slot = link.slot();
        let recipient = &mut self.entries[slot.index()];
        let current = recipient.link.as_ref().map(|link| link.generation());
        if current == Some(link.generation()) {
            // The same again: its sequence numbers must not begin anew.
            retired.push(link);
            return Ok(false);
        }
        if let Some(current) = current.filter(|current| *current > link.generation()) {
            let offered = link.generation();
            retired.push(link);
            return Err(VoiceError::Outdated {
                slot,
                offered,
                current,
            });
        }
        if !self.keys.remember(&link.setup.keys) {
            retired.push(link);
            return Err(VoiceError::KeyReused { slot });
        }
        link.start(&mut self.random);
        self.linked.insert(slot);
        recipient.ladder = Ladder::default();
        if let Some(replaced) = recipient.link.replace(link) {
            retired.push(replaced);
        }
        Ok(true)
    }

    /// Ends the link of `slot`.
    pub(super) fn unlink(&mut self, slot: Slot, retired: &mut RetiredQueue) {
        self.linked.remove(slot);
        if let Some(link) = self.entries[slot.index()].clear() {
            retired.push(link);
        }
    }

    /// Returns the recipient in `slot`, if somebody is linked there.
    pub(super) fn linked(&mut self, slot: Slot) -> Option<&mut Recipient> {
        self.linked
            .contains(slot)
            .then(|| &mut self.entries[slot.index()])
    }

    /// Takes note of a path that was proven, or is no longer.
    pub(super) fn set_path(&mut self, update: PathUpdate) {
        self.entries[update.slot.index()].set_path(update);
    }

    /// Takes note of what a recipient reported.
    pub(super) fn report(&mut self, report: &LossReport) {
        self.entries[report.slot.index()].report(report);
    }

    /// Returns what `slot` reported since its link was made: the share that it lost, 0…1, and the longest run of lost
    /// packets.
    pub(super) fn reported_loss(&self, slot: Slot) -> (f32, u32) {
        let ladder = &self.entries[slot.index()].ladder;
        (ladder.loss(), ladder.longest_burst())
    }

    /// Tells whether any of `slots` has such bursts of loss that frames should carry a memory of the past.
    pub(super) fn want_memory(&self, slots: &SlotSet) -> bool {
        slots
            .iter()
            .any(|slot| self.entries[slot.index()].ladder.wants_memory())
    }

    /// Hands what was sent to the downlink, for its sender reports: each slot once a second, spread over it by the
    /// number of the `frame`.
    pub(super) fn report_counts(
        &mut self,
        frame: u64,
        length: FrameLength,
        counts: &mut Producer<SendCount>,
        mut tell: impl FnMut(UplinkEvent),
    ) {
        let second = length.per_second();
        let turn = (frame % second) as usize;
        for recipient in self.entries.iter_mut().skip(turn).step_by(second as usize) {
            if let Some(stats) = recipient.report_counts(length, counts) {
                tell(UplinkEvent::Recipient(stats));
            }
        }
    }
}
