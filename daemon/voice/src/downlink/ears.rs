//! What is heard: the mixer, and what listens along.

use std::time::Duration;

use super::peer::Peer;
use super::speech::Speech;
use super::{Played, SameRoom};
use crate::chirp::{Announced, ChirpListener, Found};
use crate::mix::{self, Earcon, Mixer, Part};
use crate::pair::Overheard;
use crate::playout::Activity;
use crate::{Slot, Stream, Timestamp, duration_of};

/// The ears, open or closed.
pub(super) struct Ears {
    mixer: Mixer,
    same_room: SameRoom,
    chirps: ChirpListener,
    open: bool,
    /// Whether signs are played.
    signs: bool,
    /// Whether the last sound is fading out.
    fading: bool,
    block: Box<[f32; mix::MAX_BLOCK]>,
}

impl Ears {
    pub(super) fn new() -> Self {
        Self {
            mixer: Mixer::new(),
            same_room: SameRoom::new(),
            chirps: ChirpListener::new(),
            open: true,
            signs: true,
            fading: false,
            block: Box::new([0.0; mix::MAX_BLOCK]),
        }
    }

    /// Tells whether anything is played.
    pub(super) fn are_open(&self) -> bool {
        self.open
    }

    /// Tells whether anything is played, or fades out.
    pub(super) fn hear(&self) -> bool {
        self.open || self.fading
    }

    /// Opens or closes the ears. What is closed fades out within the next pull. Tells whether all sound so far is to be
    /// forgotten.
    pub(super) fn set_open(&mut self, open: bool) -> bool {
        if self.open == open {
            return false;
        }
        self.open = open;
        self.mixer.set_open(open);
        let was_fading = self.fading;
        self.fading = !open;
        open && was_fading
    }

    /// Ends a pull; tells whether all sound so far has faded out and is to be forgotten.
    pub(super) fn end_fading(&mut self) -> bool {
        std::mem::take(&mut self.fading)
    }

    /// Sets how loud a peer is played, in per cent.
    pub(super) fn set_volume(&mut self, slot: Slot, percent: u16) {
        self.mixer.set_volume(slot, percent);
    }

    /// Says whether signs are played.
    pub(super) fn want_signs(&mut self, wanted: bool) {
        self.signs = wanted;
    }

    /// Plays a sign, unless none are wanted.
    pub(super) fn sign(&mut self, earcon: Earcon) {
        if self.signs {
            self.mixer.play(earcon);
        }
    }

    /// Forgets a peer that is gone.
    pub(super) fn forget(&mut self, slot: Slot) {
        self.mixer.forget(slot);
        self.same_room.forget(slot);
        self.chirps.forget(slot);
    }

    /// Takes in what the microphone heard.
    pub(super) fn overhear(&mut self, heard: &Overheard) {
        self.same_room
            .microphone(heard.end, heard.samples, heard.power);
    }

    /// Finds a peer who sits in the same room.
    pub(super) fn same_room(&mut self, now: Duration) -> Option<Slot> {
        self.same_room.poll(now)
    }

    /// Listens for a chirp.
    pub(super) fn expect_chirp(&mut self, announced: Announced, now: Duration) {
        self.chirps.announce(announced, now);
    }

    /// Tells whether a frame of `slot` with this timestamp is a part of the chirp that was announced.
    pub(super) fn expects(&self, slot: Slot, timestamp: Timestamp) -> bool {
        self.chirps.expects(slot, timestamp)
    }

    /// Goes on looking for a chirp in what was played.
    pub(super) fn search_chirp(&mut self) -> Option<Found> {
        self.chirps.search()
    }

    /// Begins a block.
    pub(super) fn begin(&mut self, count: usize) {
        self.mixer.begin(count);
    }

    /// Ends the block.
    pub(super) fn finish(&mut self, out: &mut [f32]) {
        self.mixer.finish(out);
    }

    /// Plays the next `count` samples of a peer. Returns what should be told of its speech.
    pub(super) fn play(
        &mut self,
        slot: Slot,
        peer: &mut Peer,
        count: usize,
        now: Duration,
    ) -> Option<Speech> {
        peer.played = None;
        let link = peer.inbound.as_mut()?;
        let sound = &mut self.block[..count];
        let active = link.playout.is_active(count, now);
        if active && !self.mixer.admit(slot) {
            link.playout.skip(count, now);
            peer.meter.unheard(count);
            return peer.meter.notice(now);
        }
        let pulled = link.playout.pull(sound, now);
        peer.played = pulled.source.map(|source| Played {
            timestamp: source.timestamp.timestamp(),
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
        peer.meter.notice(now)
    }
}
