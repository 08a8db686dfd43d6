//! A chirp in the place of a voice.

use std::time::Duration;

use super::schedule::{Listeners, Plan};
use super::{Uplink, UplinkEvent};
use crate::chirp::{self, LEAD, LENGTH};
use crate::{Destination, SampleTime, Slot, SlotSet, Stream};

/// A chirp that is due or under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chirp {
    slot: Slot,
    begin: SampleTime,
}

impl Uplink {
    /// Will chirp, unless another is planned or under way.
    pub(super) fn plan_chirp(&mut self, slot: Slot) {
        if self.chirp.is_some() {
            return;
        }
        let begin = self.timeline.position() + LEAD;
        self.chirp = Some(Chirp { slot, begin });
        let timestamp = self.timeline.timestamp(begin);
        self.notices.tell(UplinkEvent::Chirp { slot, timestamp });
    }

    /// Gives up a chirp for a peer that is gone.
    pub(super) fn forget_chirp(&mut self, slot: Slot) {
        self.chirp = self.chirp.filter(|chirp| chirp.slot != slot);
    }

    /// Whether a chirp begins there.
    pub(super) fn chirps_at(&self, position: SampleTime) -> bool {
        self.chirp.is_some_and(|chirp| chirp.begin == position)
    }

    /// Sends the chirp's part of the frame that begins at `start`, if there is one. Whoever hears the microphone hears
    /// nothing meanwhile, as during a whisper to somebody else.
    pub(super) fn send_chirp(
        &mut self,
        start: SampleTime,
        now: Duration,
        send: &mut impl FnMut(Destination, &[u8]),
    ) -> bool {
        let Some(Chirp { slot, begin }) = self.chirp.filter(|chirp| chirp.begin <= start) else {
            return false;
        };
        let from = start.since(begin).length();
        let samples = self.frame_length().samples();
        if from + samples >= LENGTH {
            self.chirp = None;
        }
        if from >= LENGTH {
            // Captured sound was lost meanwhile, and the chirp with it.
            return false;
        }
        self.encoder.fill(|index| match from + index {
            index @ 0..LENGTH => chirp::sample(index),
            _ => 0.0,
        });
        self.gate.bypass();
        let plan = Plan {
            listeners: Listeners {
                stream: Stream::Whisper,
                slots: SlotSet::from_iter([slot]),
            },
            audible: 0..samples,
            ends: self.chirp.is_none(),
        };
        self.encode(&plan, false, start, now, send)
    }
}
