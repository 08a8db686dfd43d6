//! What sound comes next: the frame whose turn it is, a continuation of what was lost, or a pause; and
//! whether it is to be a little shorter or longer.

use super::noise::rms;
use super::sender::{Begin, SenderPlayout, State};
use super::sound::FADE;
use crate::FRAME_SAMPLES;

const FRAME: i64 = FRAME_SAMPLES as i64;

/// Frames after which a concealment has faded to nothing: 100 ms.
const LONGEST_CONCEALMENT: u32 = 10;
/// Frames that are concealed at full level before the fade begins.
const FULL_CONCEALMENT: u32 = 2;

/// Changes of length are at least this far apart: 30 ms.
const STRETCH_PAUSE: i64 = 3 * FRAME;
/// In voice the delay may be this much above the target before it is shortened: 4 ms. Short enough for the
/// pitch of most voices to fit twice between this and the lower bound.
const ABOVE: f32 = 192.0;
/// In voice the delay may be this much below the target before it is lengthened: 1 ms.
const BELOW: f32 = 48.0;
/// In silence the delay is kept this close to the target: 1 ms.
const SILENT_MARGIN: f32 = 48.0;
/// Far above the target even a poor match is cut: 20 ms.
const FAR_ABOVE: f32 = 960.0;
/// How alike two pitch periods must be for one to be removed or repeated.
const ALIKE: f32 = 0.8;
/// The same, far above the target.
const SOMEWHAT_ALIKE: f32 = 0.5;
/// The samples that may be removed from a second of voice: 10 ms.
const REMOVABLE_PER_SECOND: i64 = 480;
/// What of that may be saved up: 15 ms, the longest pitch period.
const REMOVABLE_MAX: i64 = 720;

impl SenderPlayout {
    /// Produces the sound that plays from `current` on, or stops. Called when none is left.
    pub(super) fn refill(&mut self, current: i64) {
        let floor = self.floor();
        self.stats.discarded += self.store.drop_before(floor);
        let mut begin = Begin::Seamless;
        if self.recovering && self.skip_to_target(current) {
            begin = Begin::Jump;
        }
        self.observe_hold(current);
        let Some(next) = self.store.earliest() else {
            if self.concealing >= LONGEST_CONCEALMENT || self.ended_quietly() {
                self.stop();
            } else {
                // Late, lost, or the end: the next packet tells.
                self.stalled.get_or_insert(self.decode_at);
                self.conceal();
            }
            return;
        };
        if next < self.decode_at {
            // Concealed as lost, but it was only late: better heard later than never.
            let stalled = self.stalled.unwrap_or(next);
            let mut taken_back = next;
            while taken_back < self.decode_at {
                if self.was_concealed(taken_back) {
                    self.stats.concealed -= 1;
                }
                taken_back += FRAME;
            }
            debug_assert!(next >= stalled);
            self.hold += (self.decode_at - next) as f32;
            self.decode_at = next;
            begin = Begin::Jump;
        } else if next > self.decode_at {
            let gap = next - self.decode_at;
            let lost = self.logs.iter().any(|log| log.is_lost(self.decode_at));
            if gap >= FRAME && lost {
                if self.concealing >= LONGEST_CONCEALMENT {
                    self.stop();
                } else {
                    self.stalled = None;
                    self.conceal();
                }
                return;
            }
            if gap >= FRAME {
                self.stop();
                return;
            }
            // The sender dropped some samples.
            self.decode_at = next;
            begin = Begin::Jump;
        }
        self.stalled = None;
        self.play_frame(next, begin);
        self.adapt();
    }

    /// Ends the sound, for a pause or because nothing more is known.
    pub(super) fn stop(&mut self) {
        if self.sound.remaining() == 0 && self.gain > 0.0 {
            self.sound.die_away();
        }
        self.decode_at = self.floor();
        self.stalled = None;
        self.concealing = 0;
        self.gain = 1.0;
        self.state = State::Pause;
    }

    /// After an outage: drops what should have been played long ago. Returns whether that left a gap.
    fn skip_to_target(&mut self, current: i64) -> bool {
        let mut jumped = false;
        while let Some(timestamp) = self.store.earliest() {
            if self.due(timestamp) >= current - FRAME {
                if timestamp > self.decode_at {
                    self.decode_at = timestamp;
                    self.hold = (current - timestamp - self.arrivals.base().unwrap_or(0)) as f32;
                }
                self.stalled = None;
                self.recovering = false;
                return jumped;
            }
            self.store.remove(timestamp);
            self.stats.discarded += 1;
            jumped = true;
        }
        false
    }

    /// Whether the sound ended so quietly that it needs no continuation.
    fn ended_quietly(&self) -> bool {
        rms(self.sound.latest(FADE)) < self.noise.quiet()
    }

    fn observe_hold(&mut self, current: i64) {
        let Some(base) = self.arrivals.base() else {
            return;
        };
        let hold = (current - self.decode_at - base) as f32;
        self.hold += (hold - self.hold) / 16.0;
    }

    /// Decodes the frame of `timestamp`, which is in the store, behind the sound so far.
    pub(super) fn play_frame(&mut self, timestamp: i64, begin: Begin) {
        let mut frame = [0.0; FRAME_SAMPLES];
        let mut begin = begin;
        let Some(held) = self.store.get(timestamp) else {
            return;
        };
        if held.stream != self.stream {
            // Each stream of a sender begins with a fresh encoder.
            self.stream = held.stream;
            let _ = self.decoders[self.stream.index()].reset();
            if begin == Begin::Seamless {
                begin = Begin::Jump;
            }
        }
        let copy = held.copy;
        let decoded = self.decoders[self.stream.index()].decode(held.payload(), &mut frame);
        self.store.remove(timestamp);
        if decoded.is_err() || frame.iter().any(|sample| !sample.is_finite()) {
            self.stats.malformed += 1;
            let _ = self.decoders[self.stream.index()].reset();
            self.conceal();
            return;
        }
        self.stats.played += 1;
        self.stats.recovered += u64::from(copy);
        self.noise.learn(&frame);
        match begin {
            Begin::Seamless => self.fade(&mut frame, 1.0, FADE),
            Begin::Jump => {
                // Where the sound before was fading, the continuation begins at its level.
                self.gain = 1.0;
                self.sound.join(&mut frame);
            }
            Begin::AfterPause => self.sound.mix_remaining_into(&mut frame),
        }
        self.concealing = 0;
        self.sound.push(&frame);
        self.decode_at = timestamp + FRAME;
        self.removable =
            (self.removable + REMOVABLE_PER_SECOND * FRAME / 48_000).min(REMOVABLE_MAX);
    }

    /// Continues the sound by a frame, ever softer.
    fn conceal(&mut self) {
        let mut frame = [0.0; FRAME_SAMPLES];
        self.concealing += 1;
        if self.decoders[self.stream.index()]
            .conceal(&mut frame)
            .is_err()
            || frame.iter().any(|sample| !sample.is_finite())
        {
            frame.fill(0.0);
        }
        let faded = self.concealing.saturating_sub(FULL_CONCEALMENT) as f32
            / (LONGEST_CONCEALMENT - FULL_CONCEALMENT) as f32;
        self.fade(&mut frame, (1.0 - faded).max(0.0), FRAME_SAMPLES);
        self.sound.push(&frame);
        self.remember_concealed(self.decode_at);
        self.decode_at += FRAME;
    }

    /// Brings the gain to `target` over the first `over` samples of `frame`.
    fn fade(&mut self, frame: &mut [f32; FRAME_SAMPLES], target: f32, over: usize) {
        if self.gain == 1.0 && target == 1.0 {
            return;
        }
        let step = (target - self.gain) / over as f32;
        for (index, sample) in frame.iter_mut().enumerate() {
            let gain = if index < over {
                step.mul_add((index + 1) as f32, self.gain)
            } else {
                target
            };
            *sample *= gain;
        }
        self.gain = target;
    }

    /// Shortens or lengthens the sound towards the target.
    fn adapt(&mut self) {
        if self.since_stretch < STRETCH_PAUSE || self.concealing > 0 {
            return;
        }
        let excess = self.hold - self.target() as f32;
        let quiet = rms(self.sound.latest(FRAME_SAMPLES)) < self.noise.quiet();
        if excess > if quiet { SILENT_MARGIN } else { ABOVE } {
            self.shorten(excess, quiet);
        } else if excess < -if quiet { SILENT_MARGIN } else { BELOW } {
            self.lengthen(-excess, quiet);
        }
    }

    fn shorten(&mut self, excess: f32, quiet: bool) {
        // With the frame behind it, a longer period fits.
        if self
            .store
            .get(self.decode_at)
            .is_some_and(|next| next.stream == self.stream)
        {
            self.play_frame(self.decode_at, Begin::Seamless);
        }
        let quiet = quiet && rms(self.sound.latest(FRAME_SAMPLES)) < self.noise.quiet();
        let removed = if quiet {
            self.sound.remove((excess as usize).min(480))
        } else {
            let needed = if excess > FAR_ABOVE {
                SOMEWHAT_ALIKE
            } else {
                ALIKE
            };
            let limit = (excess + BELOW).min(self.removable as f32);
            let removed = self.sound.shorten(limit as usize, needed);
            self.removable -= removed as i64;
            removed
        };
        if removed > 0 {
            self.since_stretch = 0;
            self.hold -= removed as f32;
            self.stats.samples_removed += removed as u64;
        }
    }

    fn lengthen(&mut self, missing: f32, quiet: bool) {
        let added = if quiet {
            self.sound.repeat((missing as usize).min(480))
        } else {
            self.sound.lengthen((missing + ABOVE) as usize, ALIKE)
        };
        if added > 0 {
            self.since_stretch = 0;
            self.hold += added as f32;
            self.stats.samples_added += added as u64;
        }
    }
}
