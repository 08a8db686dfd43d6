//! What sound comes next: the frame whose turn it is, a continuation of what was lost, or a pause; and
//! whether it is to be a little shorter or longer.

use super::noise::rms;
use super::sender::{Begin, SenderPlayout, State};
use super::sound::FADE;
use crate::{FRAME_SAMPLES, FrameLength};

/// Samples after which the concealment of a loss has faded to nothing: 100 ms.
const LONGEST_CONCEALMENT: i64 = 4800;
/// The same where nothing has come since and the link was good of late, so that it is the end most likely:
/// what is invented then was never said: 40 ms.
pub(crate) const LONGEST_AT_AN_END: usize = 1920;
/// A link on which a gap was bridged is not good for so long: 10 s.
const BAD_AFTER_GAP: i64 = 480_000;
/// Samples that are concealed at full level before the fade begins: 20 ms.
const FULL_CONCEALMENT: i64 = 960;
/// So much before the first late frame that is heard is decoded unheard, 40 ms, so that the decoder knows what led up to those after them.
const CAUGHT_UP: i64 = 1920;

/// Changes of length are at least this far apart: 30 ms.
const STRETCH_PAUSE: i64 = 1440;
/// In voice the delay may be this much above the target before it is shortened: 8 ms. Pauses come soon, and
/// there nobody hears it.
const ABOVE: f32 = 384.0;
/// In voice the delay may be this much below the target before it is lengthened: 1 ms, and the time that is
/// only kept for copies, up to 4 ms in all.
const BELOW: f32 = 48.0;
const FARTHEST_BELOW: f32 = 192.0;
/// In silence the delay is kept this close to the target: 1 ms.
const SILENT_MARGIN: f32 = 48.0;
/// Far above the target even a poor match is cut: 20 ms.
const FAR_ABOVE: f32 = 960.0;
/// So much sound lies ready when some of it is to be removed, if it is there: 20 ms.
const AHEAD: usize = 960;
/// How alike two pitch periods must be for one to be removed or repeated.
const ALIKE: f32 = 0.8;
/// The same, far above the target.
const SOMEWHAT_ALIKE: f32 = 0.5;
/// The samples that may be removed from a second of voice: 10 ms.
const REMOVABLE_PER_SECOND: f32 = 480.0;
/// What of that may be saved up: 15 ms, the longest pitch period.
const REMOVABLE_MAX: f32 = 720.0;

/// What became of a frame in the decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decoded {
    /// It continues the frame before it.
    Onward(FrameLength),
    /// The decoder began anew with it.
    Anew(FrameLength),
    /// It was no sound.
    Refused,
}

impl SenderPlayout {
    /// Produces the sound that plays from `current` on, or stops. Called when none is left.
    pub(super) fn refill(&mut self, current: i64) {
        let floor = self.floor();
        self.stats.discarded += self.store.drop_before(floor);
        let mut begin = Begin::Seamless;
        if self.recovering && self.skip_to_target(current) {
            begin = Begin::Jump;
        }
        // What was concealed and came late has had its time, unless playback is to wait longer from now on:
        // later than never would be later for seconds.
        if self.leave_out(current - self.too_late(), self.decode_at) {
            begin = Begin::Jump;
        }
        self.observe_hold(current);
        let Some(next) = self.store.earliest() else {
            let longest = self.longest_unexplained();
            if self.concealing >= longest || self.ended_quietly() {
                // If this was no end, what is due goes on when packets come again.
                self.recovering |= self.concealing > 0;
                self.stop();
            } else {
                // Late, lost, or the end: the next packet tells.
                self.stalled.get_or_insert(self.decode_at);
                self.conceal(begin, longest);
            }
            return;
        };
        if next < self.decode_at {
            let mut taken_back = next;
            while taken_back < self.decode_at {
                if self.was_concealed(taken_back) {
                    self.stats.concealed -= 1;
                }
                taken_back += self.frame;
            }
            self.hold += (self.decode_at - next) as f32;
            self.decode_at = next;
            begin = Begin::Jump;
        } else if next > self.decode_at {
            let gap = next - self.decode_at;
            let lost = self.logs.iter().any(|log| log.is_lost(self.decode_at));
            if gap >= self.frame && lost {
                if self.recall(begin) {
                    self.stats.repairable += 1;
                } else if self.concealing >= LONGEST_CONCEALMENT {
                    self.stop();
                } else {
                    self.stalled.get_or_insert(self.decode_at);
                    self.stats.repairable += 1;
                    self.conceal(begin, LONGEST_CONCEALMENT);
                }
                return;
            }
            if gap >= self.frame {
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
        let mut jumped = self.leave_out(current - self.too_late(), i64::MAX);
        if let Some(timestamp) = self.store.earliest() {
            if timestamp > self.decode_at {
                self.decode_at = timestamp;
                self.hold = (current - timestamp - self.arrivals.base().unwrap_or(0)) as f32;
                jumped = true;
            }
            self.recovering = false;
        }
        jumped
    }

    /// Drops the frames before `end` that were due before `moment`. The last of them are decoded unheard.
    /// Returns whether there was any.
    pub(super) fn leave_out(&mut self, moment: i64, end: i64) -> bool {
        let moment = moment - self.due(0);
        let end = end.min(moment);
        let mut left_out = false;
        while let Some(timestamp) = self.store.earliest() {
            if timestamp >= end {
                break;
            }
            if timestamp >= end - CAUGHT_UP {
                let mut unheard = [0.0; FRAME_SAMPLES];
                self.decode(timestamp, &mut unheard);
            }
            self.store.remove(timestamp);
            if self.was_concealed(timestamp) {
                self.stats.late += 1;
            } else {
                self.stats.discarded += 1;
            }
            let behind = timestamp + self.frame;
            self.decode_at = self.decode_at.max(behind);
            self.stalled = (behind < self.decode_at).then_some(behind);
            if self.concealing > 0 {
                self.last_gap = Some(timestamp);
            }
            self.concealing = 0;
            left_out = true;
        }
        left_out
    }

    /// Samples after which a concealment has faded to nothing while nothing tells what became of the sound.
    fn longest_unexplained(&self) -> i64 {
        let bad = self
            .last_gap
            .is_some_and(|gap| self.decode_at.saturating_sub(gap) < BAD_AFTER_GAP);
        if bad {
            LONGEST_CONCEALMENT
        } else {
            LONGEST_AT_AN_END as i64
        }
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
        let mut room = [0.0; FRAME_SAMPLES];
        let copy = self.store.get(timestamp).is_some_and(|held| held.copy);
        let decoded = self.decode(timestamp, &mut room);
        self.store.remove(timestamp);
        let (begin, length) = match decoded {
            Decoded::Onward(length) => (begin, length),
            Decoded::Anew(length) if begin == Begin::Seamless => (Begin::Jump, length),
            Decoded::Anew(length) => (begin, length),
            Decoded::Refused => {
                self.conceal(begin, LONGEST_CONCEALMENT);
                return;
            }
        };
        let frame = &mut room[..length.samples()];
        self.stats.played += 1;
        self.stats.recovered += u64::from(copy);
        self.noise.learn(frame);
        match begin {
            Begin::Seamless => self.fade(frame, 1.0, FADE),
            Begin::Jump => {
                // Where the sound before was fading, the continuation begins at its level.
                self.gain = 1.0;
                self.sound.join(frame);
            }
            Begin::AfterPause => self.sound.mix_remaining_into(frame),
        }
        if self.concealing > 0 {
            self.last_gap = Some(timestamp);
        }
        self.concealing = 0;
        self.sound.push(frame);
        self.decode_at = timestamp + frame.len() as i64;
        let share = frame.len() as f32 / 48_000.0;
        self.removable = (self.removable + REMOVABLE_PER_SECOND * share).min(REMOVABLE_MAX);
    }

    /// Decodes the frame of `timestamp`, if it is in the store.
    fn decode(&mut self, timestamp: i64, frame: &mut [f32; FRAME_SAMPLES]) -> Decoded {
        let Some(held) = self.store.get(timestamp) else {
            return Decoded::Refused;
        };
        let anew = held.stream != self.stream || held.marked;
        self.stream = held.stream;
        let decoder = &mut self.decoders[self.stream.index()];
        if anew {
            // The encoder knows nothing of what was before, so neither may the decoder.
            let _ = decoder.reset();
        }
        let decoded = decoder.decode(held.payload(), frame);
        match decoded {
            Ok(length) if frame.iter().all(|sample| sample.is_finite()) => {
                if anew {
                    Decoded::Anew(length)
                } else {
                    Decoded::Onward(length)
                }
            }
            _ => {
                self.stats.malformed += 1;
                let _ = decoder.reset();
                Decoded::Refused
            }
        }
    }

    /// Continues the sound by a frame, ever softer, so that it is silent after `longest` samples of that.
    fn conceal(&mut self, begin: Begin, longest: i64) {
        let mut room = [0.0; FRAME_SAMPLES];
        // Learned from frames, so one of their two lengths.
        let frame = &mut room[..self.frame as usize];
        self.concealing += self.frame;
        if self.decoders[self.stream.index()].conceal(frame).is_err()
            || frame.iter().any(|sample| !sample.is_finite())
        {
            frame.fill(0.0);
        }
        let faded = (self.concealing - FULL_CONCEALMENT).max(0) as f32
            / (longest - FULL_CONCEALMENT) as f32;
        if begin == Begin::Jump {
            self.sound.join(frame);
        }
        self.fade(frame, (1.0 - faded).max(0.0), frame.len());
        self.sound.push(frame);
        self.remember_concealed(self.decode_at);
        self.decode_at += self.frame;
    }

    /// Brings the gain to `target` over the first `over` samples of `frame`.
    pub(super) fn fade(&mut self, frame: &mut [f32], target: f32, over: usize) {
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
        } else if excess < -if quiet { SILENT_MARGIN } else { self.below() } {
            self.lengthen(-excess, quiet);
        }
    }

    /// How far in voice the delay may fall below the target.
    fn below(&self) -> f32 {
        (BELOW + self.arrivals.reserve() as f32).min(FARTHEST_BELOW)
    }

    fn shorten(&mut self, excess: f32, quiet: bool) {
        // With the frames behind it, a longer period fits.
        while self.sound.remaining() < AHEAD
            && self
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
            let limit = (excess + self.below()).min(self.removable);
            let removed = self.sound.shorten(limit as usize, needed);
            self.removable -= removed as f32;
            removed
        };
        if removed > 0 {
            self.since_stretch = 0;
            self.hold -= removed as f32;
            self.stats.samples_removed += removed as u64;
        }
    }

    fn lengthen(&mut self, missing: f32, quiet: bool) {
        // What is repeated is what was played last.
        let count = (missing as usize).min(480);
        let added = if quiet && rms(self.sound.played(count)) < self.noise.quiet() {
            self.sound.repeat(count)
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
