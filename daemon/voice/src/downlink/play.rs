//! What is heard.

use std::time::Duration;

use super::{Downlink, DownlinkEvent, Played};
use crate::mix::Part;
use crate::playout::Activity;
use crate::{Slot, Stream, duration_of};

impl Downlink {
    /// Fills `out` (48 kHz mono, any length) with what is heard from `now` on.
    pub fn pull(&mut self, out: &mut [f32], now: Duration) {
        while let Ok(heard) = self.rings.overheard.pop() {
            self.same_room
                .microphone(heard.end, heard.samples, heard.power);
        }
        let mut at = now;
        for block in out.chunks_mut(crate::mix::MAX_BLOCK) {
            self.pull_block(block, at);
            at += duration_of(block.len() as u64);
        }
        if std::mem::take(&mut self.fading) {
            self.forget_sound();
        }
        if let Some(slot) = self.same_room.poll(now) {
            self.tell(DownlinkEvent::SameRoom { slot });
        }
    }

    fn pull_block(&mut self, out: &mut [f32], now: Duration) {
        self.mixer.begin(out.len());
        if self.playing || self.fading {
            for slot in self.inbound.iter() {
                self.pull_sender(slot, out.len(), now);
            }
        }
        self.search_chirp();
        self.mixer.finish(out);
        self.choose_neural(now);
    }

    fn pull_sender(&mut self, slot: Slot, count: usize, now: Duration) {
        let peer = &mut self.peers[slot.index()];
        peer.played = None;
        let Some(link) = &mut peer.inbound else {
            return;
        };
        let sound = &mut self.block[..count];
        let active = link.playout.is_active(count, now);
        if active && !self.mixer.admit(slot) {
            link.playout.skip(count, now);
            peer.meter.unheard(count);
        } else {
            let pulled = link.playout.pull(sound, now);
            peer.played = pulled.source.map(|source| Played {
                // Its low half is the RTP timestamp.
                timestamp: source.timestamp as u32,
                at: now + duration_of(source.offset as u64),
            });
            let source = peer.played.map(|played| played.timestamp);
            self.chirps.played(slot, sound, source, now);
            let chirp = pulled.stream == Stream::Whisper
                && source.is_some_and(|source| self.chirps.fills(slot, source, count));
            if chirp {
                // Meant for us, not for the user's ears.
                sound.fill(0.0);
            }
            let heard: &[f32] = match pulled.activity {
                Activity::Sound | Activity::Concealed if !chirp => sound,
                _ => &[],
            };
            peer.meter.block(pulled.stream, heard, count);
            self.same_room.played(slot, now, heard);
            let part = if heard.is_empty() {
                Part::Pause
            } else if peer.meter.is_speaking() {
                Part::Speech
            } else {
                Part::Background
            };
            self.mixer.add(slot, pulled.stream, part, sound);
        }
        if let Some(speech) = peer.meter.notice(now) {
            self.tell(DownlinkEvent::Speaking {
                slot,
                speaking: speech.speaking,
                whisper: speech.whisper,
                level: speech.level,
            });
        }
    }

    /// Opens or closes the ears. What is closed fades out within the next pull.
    pub(super) fn set_playing(&mut self, open: bool) {
        if self.playing == open {
            return;
        }
        self.playing = open;
        self.mixer.set_open(open);
        if open {
            if std::mem::take(&mut self.fading) {
                self.forget_sound();
            }
        } else {
            self.fading = true;
        }
    }

    /// Forgets all sound that was received and not played.
    fn forget_sound(&mut self) {
        for slot in self.inbound.iter() {
            let peer = &mut self.peers[slot.index()];
            if let Some(link) = &mut peer.inbound {
                link.playout.reset();
            }
            peer.meter.stop();
            peer.played = None;
            peer.whispered = None;
            if peer.meter.is_told() {
                peer.meter.forget_told();
                self.tell(DownlinkEvent::Speaking {
                    slot,
                    speaking: false,
                    whisper: false,
                    level: crate::Level::SILENCE,
                });
            }
        }
    }
}
