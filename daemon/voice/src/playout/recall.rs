//! Frames that were lost, brought back from what a later packet remembers of them.

use super::sender::{Begin, SenderPlayout};
use super::sound::FADE;
use crate::FRAME_SAMPLES;

impl SenderPlayout {
    /// Brings back the frame whose turn it is, which was lost. Tells whether anything that came later remembers it.
    pub(super) fn recall(&mut self, begin: Begin) -> bool {
        if !self.neural {
            return false;
        }
        let Some(back) = self.remembering() else {
            return false;
        };
        let mut room = [0.0; FRAME_SAMPLES];
        // Learned from frames, so one of their two lengths.
        let frame = &mut room[..self.frame as usize];
        let decoder = &mut self.decoders[self.stream.index()];
        if decoder.recall(&self.memory, back, frame).is_err()
            || frame.iter().any(|sample| !sample.is_finite())
        {
            return false;
        }
        if begin == Begin::Jump {
            self.gain = 1.0;
            self.sound.join(frame);
        } else {
            self.fade(frame, 1.0, FADE);
        }
        self.sound.push(frame);
        self.last_gap = Some(self.decode_at);
        self.concealing = 0;
        // What was said has been heard now. Should it come yet, or what was continued before it, that is late.
        self.stalled = None;
        self.stats.recalled += 1;
        self.remember_concealed(self.decode_at);
        self.decode_at += self.frame;
        true
    }

    /// How far before a later frame that remembers it the next frame lies, in samples. That frame's memory is read then.
    fn remembering(&mut self) -> Option<usize> {
        let mut after = self.decode_at;
        // Copies remember nothing.
        while let Some(held) = self.store.next_original(after, self.stream) {
            let timestamp = held.timestamp;
            let reach = match self.remembered {
                Some((of, reach)) if of == timestamp => reach,
                _ => {
                    let reach = i64::try_from(self.memory.read(held.payload())).unwrap_or(0);
                    self.remembered = Some((timestamp, reach));
                    reach
                }
            };
            let back = timestamp - self.decode_at;
            if back <= reach {
                return usize::try_from(back).ok();
            }
            after = timestamp;
        }
        None
    }
}
