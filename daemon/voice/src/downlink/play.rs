//! What is heard.

use std::time::Duration;

use super::speech::Speech;
use super::{Downlink, DownlinkEvent};
use crate::duration_of;

impl Downlink {
    /// Fills `out` (48 kHz mono, any length) with what is heard from `now` on.
    pub fn pull(&mut self, out: &mut [f32], now: Duration) {
        while let Ok(heard) = self.rings.overheard.pop() {
            self.ears.overhear(&heard);
        }
        let mut at = now;
        for block in out.chunks_mut(crate::mix::MAX_BLOCK) {
            self.pull_block(block, at);
            at += duration_of(block.len() as u64);
        }
        if self.ears.end_fading() {
            self.forget_sound();
        }
        if let Some(slot) = self.ears.same_room(now) {
            self.notices.tell(DownlinkEvent::SameRoom { slot });
        }
    }

    fn pull_block(&mut self, out: &mut [f32], now: Duration) {
        self.ears.begin(out.len());
        if self.ears.hear() {
            for slot in self.peers.inbound().iter() {
                let peer = self.peers.get_mut(slot);
                if let Some(speech) = self.ears.play(slot, peer, out.len(), now) {
                    self.notices.tell(speech.of(slot));
                }
            }
        }
        self.search_chirp();
        self.ears.finish(out);
        self.neural.choose(&mut self.peers, now);
    }

    /// Opens or closes the ears. What is closed fades out within the next pull.
    pub(super) fn set_playing(&mut self, open: bool) {
        if self.ears.set_open(open) {
            self.forget_sound();
        }
    }

    /// Forgets all sound that was received and not played.
    fn forget_sound(&mut self) {
        for slot in self.peers.inbound().iter() {
            let peer = self.peers.get_mut(slot);
            if let Some(link) = &mut peer.inbound {
                link.playout.reset();
            }
            peer.meter.stop();
            peer.played = None;
            peer.whispered = None;
            if peer.meter.is_told() {
                peer.meter.forget_told();
                self.notices.tell(Speech::END.of(slot));
            }
        }
    }
}
