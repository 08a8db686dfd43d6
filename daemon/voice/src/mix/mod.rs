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
/// A sender with a place that does not speak may lose it to another after this: 60 ms, long enough for one
/// that just got it to be known by its sound.
const TRIAL: usize = 2_880;
/// The highest volume in per cent.
pub const MAX_VOLUME_PERCENT: u16 = 200;

/// What a sender's block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Nothing, or comfort noise.
    Pause,
    /// Sound that stands no higher than the sender's background noise: an open microphone and nobody who
    /// speaks.
    Background,
    /// Speech, or the short pauses in it.
    Speech,
}

/// A short, soft sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Earcon {
    /// Somebody begins to whisper to me.
    Whisper,
    /// Somebody joined the meeting.
    Joined,
    /// Somebody left the meeting.
    Left,
    /// The user talks while muted.
    Muted,
    /// The microphone is open for long because it is pressed, or no longer.
    Reminder,
}

/// What the mixer knows of a sender.
#[derive(Debug, Clone, Copy)]
struct Source {
    /// What the gain moves to.
    volume: f32,
    gain: f32,
    /// Whether it has one of the places.
    placed: bool,
    /// Samples since it last spoke, or since it got its place.
    quiet: usize,
    /// Whether it sends nothing.
    pausing: bool,
    /// The last block in which it had to wait for a place, and the first of those in a row.
    waited: u64,
    waiting_since: u64,
}

impl Source {
    const NEW: Self = Self {
        volume: 1.0,
        gain: 0.0,
        placed: false,
        quiet: 0,
        pausing: false,
        waited: 0,
        waiting_since: 0,
    };
}

/// Adds up what is heard. Nothing is allocated after [`Mixer::new`].
#[derive(Debug)]
pub struct Mixer {
    sources: Box<[Source; Slot::COUNT]>,
    placed: usize,
    block: usize,
    /// Blocks begun.
    blocks: u64,
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
            // So that nobody waited in the block before the first.
            blocks: 1,
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
        self.sources[slot.index()].volume = f32::from(percent.min(MAX_VOLUME_PERCENT)) / 100.0;
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
        self.blocks += 1;
        self.hand_over();
        self.open[..self.block].fill(0.0);
        self.whispered[..self.block].fill(0.0);
    }

    /// Whether a sender that has sound is among the [`MAX_ACTIVE`] that are heard.
    ///
    /// Who has a place keeps it while it speaks. Who has sent nothing for 300 ms gives it up, and
    /// before that to anybody who needs one. Who has not spoken for 60 ms loses it to who waited for one in
    /// the block before, those first who have been quiet longest. Sound must be decoded to tell whether it is speech, so places are given
    /// in the order in which they were waited for: among more than [`MAX_ACTIVE`] open microphones the quiet
    /// ones take turns, and whoever begins to speak is heard within a round, 20 to 40 ms with twenty.
    pub fn admit(&mut self, slot: Slot) -> bool {
        let index = slot.index();
        if self.sources[index].placed {
            return true;
        }
        if self.placed >= MAX_ACTIVE
            && let Some(pausing) = self.quietest(|source| source.pausing)
        {
            self.release(pausing);
        }
        if self.placed < MAX_ACTIVE {
            self.place(index);
            return true;
        }
        let blocks = self.blocks;
        let source = &mut self.sources[index];
        if source.waited + 1 < blocks {
            source.waiting_since = blocks;
        }
        source.waited = blocks;
        // It will ramp in when there is room.
        source.gain = 0.0;
        false
    }

    /// Gives the places of those who do not use them to those who waited in the block before.
    fn hand_over(&mut self) {
        let before = self.blocks - 1;
        while self.placed >= MAX_ACTIVE {
            let first = (0..Slot::COUNT)
                .filter(|index| {
                    !self.sources[*index].placed && self.sources[*index].waited == before
                })
                .min_by_key(|index| self.sources[*index].waiting_since);
            let quietest = self.quietest(|source| source.pausing || source.quiet >= TRIAL);
            let (Some(first), Some(quietest)) = (first, quietest) else {
                return;
            };
            self.release(quietest);
            self.place(first);
        }
    }

    /// Of those with a place that may `lose` it, the one that has been quiet longest.
    fn quietest(&self, lose: impl Fn(&Source) -> bool) -> Option<usize> {
        (0..Slot::COUNT)
            .filter(|index| self.sources[*index].placed && lose(&self.sources[*index]))
            .max_by_key(|index| (self.sources[*index].pausing, self.sources[*index].quiet))
    }

    fn place(&mut self, index: usize) {
        self.placed += 1;
        let source = &mut self.sources[index];
        source.placed = true;
        source.quiet = 0;
        source.pausing = false;
    }

    /// Adds a sender's block, as long as the one begun. Sound on the whisper stream, speech or not, makes
    /// everything else step back.
    pub fn add(&mut self, slot: Slot, stream: Stream, part: Part, block: &[f32]) {
        let index = slot.index();
        let count = self.block.min(block.len());
        let source = &mut self.sources[index];
        source.pausing = part == Part::Pause;
        if part == Part::Speech {
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
        if part == Part::Pause && source.quiet >= PLACE_HOLD {
            self.release(index);
        }
        if part != Part::Pause && stream == Stream::Whisper {
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
        let buses = self.open.iter().zip(self.whispered.iter());
        if self.duck == duck {
            for (sample, (open, whispered)) in out.iter_mut().zip(buses) {
                *sample = open * duck + whispered;
            }
        } else {
            for (sample, (open, whispered)) in out.iter_mut().zip(buses) {
                self.duck = approach(self.duck, duck, DUCK_RELEASE, DUCK_ATTACK);
                *sample = open * self.duck + whispered;
            }
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
