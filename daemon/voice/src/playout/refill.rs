//! What sound comes next: the frame whose turn it is, a continuation of what was lost, or a pause; and
//! whether it is to be a little shorter or longer.

use super::concealment::LONGEST;
use super::decoding::Decoded;
use super::noise::rms;
use super::sender::{Begin, SenderPlayout, State};
use super::sound::FADE;
use super::stretch::{self, Change};
use super::timeline::Moment;
use crate::{FRAME_SAMPLES, MediaTime, SampleCount};

/// So much before the first late frame that is heard is decoded unheard, so that the decoder knows what led up to those
/// after them.
const CAUGHT_UP: SampleCount = SampleCount::from_millis(40);
/// So much sound lies ready when some of it is to be removed, if it is there; and while playback catches up.
const AHEAD: usize = SampleCount::from_millis(20).length();
const AHEAD_TO_CATCH_UP: usize = SampleCount::from_millis(30).length();

impl SenderPlayout {
    /// Produces the sound that plays from `current` on, or stops. Called when none is left.
    pub(super) fn refill(&mut self, current: Moment) {
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
            let longest = self.concealing.longest_unexplained(self.decode_at);
            if self.concealing.has_lasted(longest) || self.ended_quietly() {
                // If this was no end, what is due goes on when packets come again.
                self.recovering |= self.concealing.is_on();
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
                if self.concealing.take(taken_back) {
                    self.stats.concealed -= 1;
                }
                taken_back += self.incoming.frame().count();
            }
            self.stretch.go_back(self.decode_at - next);
            self.decode_at = next;
            begin = Begin::Jump;
        } else if next > self.decode_at {
            let whole = next - self.decode_at >= self.incoming.frame().count();
            if whole && self.incoming.is_lost(self.decode_at) {
                if self.recall(begin) {
                    self.stats.repairable += 1;
                } else if self.concealing.has_lasted(LONGEST) {
                    self.stop();
                } else {
                    self.stalled.get_or_insert(self.decode_at);
                    self.stats.repairable += 1;
                    self.conceal(begin, LONGEST);
                }
                return;
            }
            if whole {
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
        if self.sound.remaining() == 0 && self.concealing.is_audible() {
            self.sound.die_away();
        }
        self.decode_at = self.floor();
        self.stalled = None;
        self.concealing.restart();
        self.state = State::Pause;
    }

    /// After an outage: drops what should have been played long ago. Returns whether that left a gap.
    fn skip_to_target(&mut self, current: Moment) -> bool {
        let mut jumped = self.leave_out(current - self.too_late(), MediaTime::MAX);
        if let Some(timestamp) = self.store.earliest() {
            if timestamp > self.decode_at {
                self.decode_at = timestamp;
                self.stretch.jump(current - timestamp - self.base());
                jumped = true;
            }
            self.recovering = false;
        }
        jumped
    }

    /// Drops the frames before `end` that were due before `moment`. The last of them are decoded unheard.
    /// Returns whether there was any.
    pub(super) fn leave_out(&mut self, moment: Moment, end: MediaTime) -> bool {
        let due = moment - (self.base() + self.target());
        let end = end.min(due);
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
            if self.concealing.take(timestamp) {
                self.stats.late += 1;
            } else {
                self.stats.discarded += 1;
            }
            let behind = timestamp + self.incoming.frame().count();
            self.decode_at = self.decode_at.max(behind);
            self.stalled = (behind < self.decode_at).then_some(behind);
            self.concealing.end(timestamp);
            left_out = true;
        }
        left_out
    }

    /// Whether the sound ended so quietly that it needs no continuation.
    fn ended_quietly(&self) -> bool {
        rms(self.sound.latest(FADE)) < self.noise.quiet()
    }

    fn observe_hold(&mut self, current: Moment) {
        if let Some(base) = self.arrivals.base() {
            self.stretch.observe(current - self.decode_at - base);
        }
    }

    /// Decodes the frame of `timestamp`, which is in the store, behind the sound so far.
    pub(super) fn play_frame(&mut self, timestamp: MediaTime, begin: Begin) {
        let mut room = [0.0; FRAME_SAMPLES];
        let copy = self.store.get(timestamp).is_some_and(|held| held.copy);
        let decoded = self.decode(timestamp, &mut room);
        self.store.remove(timestamp);
        let (begin, length) = match decoded {
            Decoded::Onward(length) => (begin, length),
            Decoded::Anew(length) if begin == Begin::Seamless => (Begin::Jump, length),
            Decoded::Anew(length) => (begin, length),
            Decoded::Refused => {
                self.conceal(begin, LONGEST);
                return;
            }
        };
        let frame = &mut room[..length.samples()];
        self.stats.played += 1;
        self.stats.recovered += u64::from(copy);
        self.noise.learn(frame);
        match begin {
            Begin::Seamless => self.concealing.fade(frame, 1.0, FADE),
            Begin::Jump => {
                // Where the sound before was fading, the continuation begins at its level.
                self.concealing.jump();
                self.sound.join(frame);
            }
            Begin::AfterPause => self.sound.mix_remaining_into(frame),
        }
        self.concealing.end(timestamp);
        self.sound.push(frame);
        self.decode_at = timestamp + length.count();
        self.stretch.received(frame.len());
    }

    /// Decodes the frame of `timestamp`, if it is in the store.
    fn decode(&mut self, timestamp: MediaTime, sound: &mut [f32; FRAME_SAMPLES]) -> Decoded {
        let Some(frame) = self.store.get(timestamp) else {
            return Decoded::Refused;
        };
        let decoded = self.decoding.decode(frame, sound);
        self.stats.malformed += u64::from(decoded == Decoded::Refused);
        decoded
    }

    /// Continues the sound by a frame, ever softer, so that it is silent after `longest` of that.
    fn conceal(&mut self, begin: Begin, longest: SampleCount) {
        let mut room = [0.0; FRAME_SAMPLES];
        let length = self.incoming.frame();
        let frame = &mut room[..length.samples()];
        self.decoding.conceal(frame);
        if begin == Begin::Jump {
            self.sound.join(frame);
        }
        let gain = self.concealing.go_on(length.count(), longest);
        self.concealing.fade(frame, gain, frame.len());
        self.sound.push(frame);
        self.replaced(length.count());
    }

    /// Brings back the frame whose turn it is, which was lost. Tells whether anything that came later remembers it.
    fn recall(&mut self, begin: Begin) -> bool {
        let mut room = [0.0; FRAME_SAMPLES];
        let length = self.incoming.frame();
        let frame = &mut room[..length.samples()];
        if !self.decoding.recall(self.decode_at, &self.store, frame) {
            return false;
        }
        if begin == Begin::Jump {
            self.concealing.jump();
            self.sound.join(frame);
        } else {
            self.concealing.fade(frame, 1.0, FADE);
        }
        self.sound.push(frame);
        self.concealing.end(self.decode_at);
        self.concealing.note_gap(self.decode_at);
        // What was said has been heard now. Should it come yet, or what was continued before it, that is late.
        self.stalled = None;
        self.stats.recalled += 1;
        self.replaced(length.count());
        true
    }

    /// Goes on behind a frame that other sound took the place of.
    fn replaced(&mut self, length: SampleCount) {
        self.stats.concealed += 1;
        self.concealing.remember(self.decode_at);
        self.decode_at += length;
    }

    /// Shortens or lengthens the sound towards the target.
    fn adapt(&mut self) {
        if self.concealing.is_on() || !self.stretch.is_due() {
            return;
        }
        let quiet = rms(self.sound.latest(FRAME_SAMPLES)) < self.noise.quiet();
        let reserve = self.arrivals.reserve();
        match self.stretch.choose(self.target(), reserve, quiet) {
            Change::None => {}
            Change::Shorten { excess } => self.shorten(excess, quiet),
            Change::Lengthen { missing } => self.lengthen(missing, quiet),
        }
    }

    fn shorten(&mut self, excess: f32, quiet: bool) {
        // With the frames behind it, a longer period fits.
        let ahead = if self.stretch.is_catching_up() {
            AHEAD_TO_CATCH_UP
        } else {
            AHEAD
        };
        while self.sound.remaining() < ahead
            && self
                .store
                .get(self.decode_at)
                .is_some_and(|next| next.stream == self.decoding.stream())
        {
            self.play_frame(self.decode_at, Begin::Seamless);
        }
        let quiet = quiet && rms(self.sound.latest(FRAME_SAMPLES)) < self.noise.quiet();
        let removed = if quiet {
            self.sound.remove(self.stretch.removable_in_silence(excess))
        } else {
            let (limit, alike) = self.stretch.removable(excess, self.arrivals.reserve());
            self.sound.shorten(limit, alike)
        };
        self.stretch.removed(removed, !quiet);
        self.stats.samples_removed += removed as u64;
    }

    fn lengthen(&mut self, missing: f32, quiet: bool) {
        // What is repeated is what was played last.
        let count = stretch::in_silence(missing);
        let added = if quiet && rms(self.sound.played(count)) < self.noise.quiet() {
            self.sound.repeat(count)
        } else {
            let (limit, alike) = stretch::repeatable(missing);
            self.sound.lengthen(limit, alike)
        };
        self.stretch.added(added);
        self.stats.samples_added += added as u64;
    }
}
