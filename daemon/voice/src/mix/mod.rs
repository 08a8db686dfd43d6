//! Many senders into one: volume, ducking under a whisper, earcons, and a ceiling that is never passed.
//!
//! For every block of playback: [`Mixer::begin`], then [`Mixer::admit`] and [`Mixer::add`] for each sender
//! that has something to play, then [`Mixer::finish`].

mod earcon;
mod limiter;

use crate::{Slot, Stream};
use earcon::Earcons;
use limiter::Limiter;

/// Senders that are decoded at the same time. More would be unintelligible, and each costs a decoder's time.
pub const MAX_ACTIVE: usize = 16;

/// The longest block, in samples: 20 ms.
pub const MAX_BLOCK: usize = 960;

/// How much later a sample leaves the mixer than it entered: the limiter's look-ahead. Samples at 48 kHz.
pub const DELAY: usize = limiter::LOOK_AHEAD;

/// How far the others step back under a whisper: −12 dB.
const DUCKED: f32 = 0.25;
/// How long they stay back after it, so that a whisper's own pauses do not pump: 400 ms.
const DUCK_HOLD: usize = 19_200;
/// How fast they step back, per sample: in 20 ms.
const DUCK_ATTACK: f32 = (1.0 - DUCKED) / 960.0;
/// How fast they return, per sample: in 300 ms.
const DUCK_RELEASE: f32 = (1.0 - DUCKED) / 14_400.0;
/// How fast volumes and the ears' opening change, per sample: from nothing to 100 % in 5 ms.
const RAMP: f32 = 1.0 / 240.0;
/// A sender that was quiet this long gives its place up: 300 ms.
const PLACE_HOLD: usize = 14_400;
/// The highest volume in per cent.
const MAX_VOLUME: u16 = 200;

/// A short, soft sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Earcon {
    /// Somebody begins to whisper to me.
    Whisper,
    /// Somebody joined the meeting.
    Joined,
    /// Somebody left the meeting.
    Left,
}

/// What the mixer knows of a sender.
#[derive(Debug, Clone, Copy)]
struct Source {
    /// What the gain moves to.
    volume: f32,
    gain: f32,
    /// Whether it has one of the places.
    placed: bool,
    /// Samples since it last had sound.
    quiet: usize,
}

impl Source {
    const NEW: Self = Self {
        volume: 1.0,
        gain: 0.0,
        placed: false,
        quiet: 0,
    };
}

/// Adds up what is heard. Nothing is allocated after [`Mixer::new`].
#[derive(Debug)]
pub struct Mixer {
    sources: Box<[Source; Slot::COUNT]>,
    placed: usize,
    block: usize,
    open: Box<[f32; MAX_BLOCK]>,
    whispered: Box<[f32; MAX_BLOCK]>,
    /// The gain of everything that is not whispered.
    duck: f32,
    /// Samples for which ducking goes on.
    ducking: usize,
    /// Whether the ears are open, and how far.
    ears_open: bool,
    ears: f32,
    earcons: Earcons,
    limiter: Limiter,
}

impl Default for Mixer {
    fn default() -> Self {
        Self::new()
    }
}

impl Mixer {
    /// A mixer with every volume at 100 % and open ears.
    pub fn new() -> Self {
        Self {
            sources: Box::new([Source::NEW; Slot::COUNT]),
            placed: 0,
            block: 0,
            open: Box::new([0.0; MAX_BLOCK]),
            whispered: Box::new([0.0; MAX_BLOCK]),
            duck: 1.0,
            ducking: 0,
            ears_open: true,
            ears: 1.0,
            earcons: Earcons::default(),
            limiter: Limiter::new(),
        }
    }

    /// Sets how loud a sender is heard, in per cent of amplitude; more than 200 counts as 200. The change
    /// takes up to 10 ms.
    pub fn set_volume(&mut self, slot: Slot, percent: u16) {
        self.sources[slot.index()].volume = f32::from(percent.min(MAX_VOLUME)) / 100.0;
    }

    /// Opens or closes the ears, over 5 ms. Signs that were to be played are forgotten on closing.
    pub fn set_open(&mut self, open: bool) {
        self.ears_open = open;
    }

    /// Forgets a sender's place and volume, for the slot's next holder.
    pub fn forget(&mut self, slot: Slot) {
        self.release(slot.index());
        self.sources[slot.index()] = Source::NEW;
    }

    /// Plays a sign, after whatever sign is playing already.
    pub fn play(&mut self, earcon: Earcon) {
        if self.ears_open {
            self.earcons.play(earcon);
        }
    }

    /// Starts a block of `count` samples, at most [`MAX_BLOCK`].
    pub fn begin(&mut self, count: usize) {
        self.block = count.min(MAX_BLOCK);
        self.open[..self.block].fill(0.0);
        self.whispered[..self.block].fill(0.0);
    }

    /// Whether a sender that has sound is among the [`MAX_ACTIVE`] that are heard. One that is stays so
    /// until it has been quiet for 300 ms, or until it is quiet and another needs the place.
    pub fn admit(&mut self, slot: Slot) -> bool {
        if self.sources[slot.index()].placed {
            return true;
        }
        if self.placed >= MAX_ACTIVE {
            let quietest = (0..Slot::COUNT)
                .filter(|index| self.sources[*index].placed && self.sources[*index].quiet > 0)
                .max_by_key(|index| self.sources[*index].quiet);
            let Some(quietest) = quietest else {
                // It will ramp in when there is room.
                self.sources[slot.index()].gain = 0.0;
                return false;
            };
            self.release(quietest);
        }
        self.placed += 1;
        let source = &mut self.sources[slot.index()];
        source.placed = true;
        source.quiet = 0;
        true
    }

    /// Adds a sender's block, as long as the one begun. `active` says that it holds more than comfort noise;
    /// active sound on the whisper stream makes everything else step back.
    pub fn add(&mut self, slot: Slot, stream: Stream, active: bool, block: &[f32]) {
        let index = slot.index();
        let count = self.block.min(block.len());
        let source = &mut self.sources[index];
        if active {
            source.quiet = 0;
        } else {
            source.quiet = source.quiet.saturating_add(count);
        }
        let bus = match stream {
            Stream::Open => &mut self.open,
            Stream::Whisper => &mut self.whispered,
        };
        if source.gain == source.volume {
            for (sum, sample) in bus[..count].iter_mut().zip(block) {
                *sum += sample * source.gain;
            }
        } else {
            for (sum, sample) in bus[..count].iter_mut().zip(block) {
                source.gain = approach(source.gain, source.volume, RAMP, RAMP);
                *sum += sample * source.gain;
            }
        }
        if source.quiet >= PLACE_HOLD {
            self.release(index);
        }
        if active && stream == Stream::Whisper {
            self.ducking = DUCK_HOLD;
        }
    }

    /// Ends the block: ducks, adds signs, limits. `out` has the length given to [`Mixer::begin`]; what is
    /// longer is silent.
    pub fn finish(&mut self, out: &mut [f32]) {
        let count = self.block.min(out.len());
        let (out, rest) = out.split_at_mut(count);
        rest.fill(0.0);
        let duck = if self.ducking > 0 { DUCKED } else { 1.0 };
        self.ducking = self.ducking.saturating_sub(count);
        for (index, sample) in out.iter_mut().enumerate() {
            self.duck = approach(self.duck, duck, DUCK_RELEASE, DUCK_ATTACK);
            *sample = self.open[index] * self.duck + self.whispered[index];
        }
        self.earcons.add(out);
        let ears = if self.ears_open { 1.0 } else { 0.0 };
        if self.ears != ears || ears == 0.0 {
            for sample in &mut *out {
                self.ears = approach(self.ears, ears, RAMP, RAMP);
                *sample *= self.ears;
            }
            if self.ears == 0.0 {
                self.earcons.clear();
            }
        }
        self.limiter.process(out);
    }

    fn release(&mut self, index: usize) {
        if std::mem::take(&mut self.sources[index].placed) {
            self.placed -= 1;
        }
    }
}

/// `value`, a step nearer to `target`.
fn approach(value: f32, target: f32, up: f32, down: f32) -> f32 {
    if value < target {
        (value + up).min(target)
    } else {
        (value - down).max(target)
    }
}
