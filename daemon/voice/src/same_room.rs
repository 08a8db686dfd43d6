//! Who sits in the same room.
//!
//! Two colleagues within earshot hear each other twice, once through the air and once, some 30 ms later, through the
//! network: it combs, and with loudspeakers it howls. The microphone tells: a colleague in the room is in it too.
//!
//! So is everybody whom the loudspeaker plays. What tells the two apart is the order: an echo comes into the microphone
//! *after* it was played, and cannot come before. A colleague in the room is heard *before* their voice is played here,
//! because the air is faster than microphone, codec, network and jitter buffer. So the detector compares the envelope of
//! the microphone with that of each voice at the moment at which it is played, and asks whether the two agree best when
//! the microphone leads.
//!
//! There is a second thing that comes early and is no colleague in the room: my own voice, which a colleague's
//! loudspeaker and microphone send back. It is far louder in my microphone than in what comes back; a colleague's voice
//! is louder in their own stream than in my microphone.
//!
//! Envelopes are levels of 10 ms, less their average over the 200 ms around: syllables alone would agree with
//! themselves half a syllable later. The whole costs some ten thousand multiplications a second for each speaker, and
//! nothing is allocated after the start.

use std::time::Duration;

use crate::{Level, Slot, duration_of};

#[cfg(test)]
mod tests;

/// An envelope has a value for each of these: 10 ms.
const BIN: Duration = Duration::from_millis(10);

/// Voices that are watched at once; more do not speak at once for long.
const WATCHED: usize = 8;

/// What is compared: 6 s.
const WINDOW: usize = 600;

/// How much the microphone may lead: 300 ms, which covers the longest jitter buffer that is usual.
const MOST_LEAD: usize = 30;

/// How much it may lag: echo through slow devices, 400 ms.
const MOST_LAG: usize = 40;

/// Envelopes are kept for so long: the window, both shifts, and some room for clocks that are late.
const KEPT: usize = 1024;

/// Comparisons of one voice are so far apart: 2 s.
const EVERY: u64 = 200;

/// The window must hold so much speech of the voice: 1.5 s.
const LEAST_SPEECH: usize = 150;

/// Levels below this are all alike: room noise, and what a codec makes of silence, in dBFS.
const FLOOR: f32 = -65.0;

/// A bin of speech stands so far above the floor, in dB.
const SPEECH: f32 = 15.0;

/// On each side of a bin, what is averaged to be taken off: 100 ms.
const AROUND: usize = 10;

/// How well the two envelopes must agree, 0…1. Of some 6,800 windows of two who talked at once in two rooms, two reached
/// so much; a colleague in the room reaches 0.8 to 0.9, and 0.3 to 0.7 under other voices.
const AGREEMENT: f32 = 0.42;

/// How much better they must agree when the microphone leads than when it lags.
const BETTER: f32 = 0.08;

/// So many of the last [`JUDGED`] comparisons must agree, on the same lead within [`SAME_LEAD`] bins.
const NEEDED: usize = 3;
const JUDGED: usize = 10;
const SAME_LEAD: usize = 2;

/// What one comparison found.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Comparison {
    /// How well the envelopes agree at best while the microphone leads, and by how many bins.
    leading: (f32, usize),
    /// How well at best while it does not.
    lagging: f32,
    /// How much louder the voice is than the microphone where the voice speaks, in dB.
    louder: f32,
}

impl Comparison {
    fn is_same_room(&self) -> bool {
        self.leading.0 >= AGREEMENT && self.leading.0 >= self.lagging + BETTER && self.louder > 0.0
    }
}

/// Levels by absolute time, in a ring.
struct Envelope {
    /// In dBFS.
    levels: Box<[f32; KEPT]>,
    /// The power that belongs to the bin that is being filled, and how much of it is there, 0…1.
    power: f32,
    filled: f32,
    /// The bin that is being filled.
    current: u64,
}

impl Envelope {
    fn new() -> Self {
        Self {
            levels: Box::new([FLOOR; KEPT]),
            power: 0.0,
            filled: 0.0,
            current: 0,
        }
    }

    fn clear(&mut self) {
        self.levels.fill(FLOOR);
        self.power = 0.0;
        self.filled = 0.0;
    }

    /// Adds sound of mean `power` that lasted from `begin` for `length`. Time that was left out was silent.
    fn add(&mut self, begin: Duration, length: Duration, power: f32) {
        let (mut at, end) = (begin, begin + length);
        while at < end {
            let bin = bin_of(at);
            let until = time_of(bin + 1).min(end);
            let share = (until - at).as_secs_f32() / BIN.as_secs_f32();
            if bin > self.current {
                self.finish(bin);
            }
            // What comes late by less than a bin belongs to the current one: clocks are not that exact.
            if bin + 1 >= self.current {
                self.power += power * share;
                self.filled += share;
            }
            at = until;
        }
    }

    /// Completes the current bin and begins `next`.
    fn finish(&mut self, next: u64) {
        let level = if self.filled > 0.0 {
            Level::from_power(self.power / self.filled.max(1.0)).db()
        } else {
            FLOOR
        };
        self.levels[index(self.current)] = level.max(FLOOR);
        for missed in (self.current + 1..next).take(KEPT) {
            self.levels[index(missed)] = FLOOR;
        }
        self.current = next;
        self.power = 0.0;
        self.filled = 0.0;
    }

    fn level(&self, bin: u64) -> f32 {
        self.levels[index(bin)]
    }

    /// The levels from `first` on, each less the average around it.
    fn detail(&self, first: u64, into: &mut [f32]) {
        let width = (2 * AROUND + 1) as f32;
        let around = AROUND as u64;
        let mut sum: f32 = (first.saturating_sub(around)..=first + around)
            .map(|bin| self.level(bin))
            .sum();
        for (n, detail) in into.iter_mut().enumerate() {
            let bin = first + n as u64;
            *detail = self.level(bin) - sum / width;
            sum += self.level(bin + around + 1) - self.level(bin.saturating_sub(around));
        }
    }
}

/// A voice that is watched.
struct Watched {
    slot: Slot,
    envelope: Envelope,
    /// When it last spoke, to know whom to forget.
    spoke: u64,
    /// From when on its envelope is known.
    since: u64,
    /// When it is compared next.
    due: u64,
    /// The leads that the last comparisons found.
    found: [Option<usize>; JUDGED],
    /// Whether it was told.
    told: bool,
}

/// Finds colleagues who sit in the same room.
pub struct SameRoom {
    microphone: Envelope,
    watched: Vec<Watched>,
    /// Envelopes for voices that are not watched yet.
    spare: Vec<Envelope>,
    /// Room for two envelopes' details.
    voice: Box<[f32; WINDOW]>,
    heard: Box<[f32; WINDOW + MOST_LEAD + MOST_LAG]>,
    found: Option<Slot>,
}

impl std::fmt::Debug for SameRoom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SameRoom").finish_non_exhaustive()
    }
}

impl Default for SameRoom {
    fn default() -> Self {
        Self::new()
    }
}

impl SameRoom {
    /// A detector that has heard nothing.
    pub fn new() -> Self {
        Self {
            microphone: Envelope::new(),
            watched: Vec::with_capacity(WATCHED),
            spare: (0..WATCHED).map(|_| Envelope::new()).collect(),
            voice: Box::new([0.0; WINDOW]),
            heard: Box::new([0.0; WINDOW + MOST_LEAD + MOST_LAG]),
            found: None,
        }
    }

    /// Takes in what the microphone heard, unprocessed: the mean square of `samples` samples (48 kHz) of which the last
    /// was captured at `end`.
    pub fn microphone(&mut self, end: Duration, samples: usize, power: f32) {
        let length = duration_of(samples as u64);
        self.microphone
            .add(end.saturating_sub(length), length, power);
    }

    /// Takes in what was played of a voice, 48 kHz mono, from the moment `begin` on; before its volume is set.
    ///
    /// Silence needs no call.
    pub fn played(&mut self, slot: Slot, begin: Duration, sound: &[f32]) {
        if sound.is_empty() {
            return;
        }
        let power = sound.iter().map(|sample| sample * sample).sum::<f32>() / sound.len() as f32;
        let speaks = Level::from_power(power).db() > FLOOR + SPEECH;
        let now = bin_of(begin);
        let Some(watched) = self.watch(slot, now, speaks) else {
            return;
        };
        if speaks {
            watched.spoke = now;
        }
        watched
            .envelope
            .add(begin, duration_of(sound.len() as u64), power);
    }

    /// Forgets a voice: another one may have its slot.
    pub fn forget(&mut self, slot: Slot) {
        if let Some(index) = self.watched.iter().position(|watched| watched.slot == slot) {
            let watched = self.watched.swap_remove(index);
            self.spare.push(watched.envelope);
        }
        self.found.take_if(|found| *found == slot);
    }

    /// Somebody who was found to sit in the same room and has not been told yet. Call it often: it also compares what is
    /// due.
    pub fn poll(&mut self, now: Duration) -> Option<Slot> {
        let now = bin_of(now);
        let due = self
            .watched
            .iter()
            .position(|watched| watched.due <= now && !watched.told);
        // One at a time, so that no turn takes long.
        if let Some(index) = due {
            self.compare(index, now);
        }
        self.found.take()
    }

    /// The state of a voice; a new one takes the place of one that has been silent for longest.
    fn watch(&mut self, slot: Slot, now: u64, speaks: bool) -> Option<&mut Watched> {
        if let Some(index) = self.watched.iter().position(|watched| watched.slot == slot) {
            return self.watched.get_mut(index);
        }
        if !speaks {
            return None;
        }
        let envelope = match self.spare.pop() {
            Some(spare) => spare,
            None => {
                let longest = self
                    .watched
                    .iter()
                    .enumerate()
                    .min_by_key(|(_, watched)| watched.spoke)
                    .filter(|(_, watched)| watched.spoke + (WINDOW as u64) < now)?
                    .0;
                self.watched.swap_remove(longest).envelope
            }
        };
        let mut watched = Watched {
            slot,
            envelope,
            spoke: now,
            since: now,
            due: now + (WINDOW + MOST_LAG) as u64,
            found: [None; JUDGED],
            told: false,
        };
        watched.envelope.clear();
        watched.envelope.current = now;
        self.watched.push(watched);
        self.watched.last_mut()
    }

    fn compare(&mut self, index: usize, now: u64) {
        let watched = &mut self.watched[index];
        watched.due = now + EVERY;
        // The microphone's part of an echo must be there too.
        let Some(first) = now.checked_sub((WINDOW + MOST_LAG + AROUND + 2) as u64) else {
            return;
        };
        // A voice that is silent is not handed in.
        if watched.envelope.current < now {
            watched.envelope.finish(now);
        }
        if first < watched.since || self.microphone.current + 2 < now {
            return;
        }
        let Some(comparison) = comparison(
            &self.microphone,
            &watched.envelope,
            first,
            &mut self.voice,
            &mut self.heard,
        ) else {
            return;
        };
        watched.found.rotate_right(1);
        watched.found[0] = comparison.is_same_room().then_some(comparison.leading.1);
        if let Some(lead) = watched.found[0] {
            let alike = watched
                .found
                .iter()
                .flatten()
                .filter(|other| other.abs_diff(lead) <= SAME_LEAD)
                .count();
            if alike >= NEEDED {
                watched.told = true;
                self.found = Some(watched.slot);
            }
        }
    }
}

/// Compares a window that begins at `first`; `None` if the voice speaks too little in it.
fn comparison(
    microphone: &Envelope,
    envelope: &Envelope,
    first: u64,
    voice: &mut [f32; WINDOW],
    heard: &mut [f32; WINDOW + MOST_LEAD + MOST_LAG],
) -> Option<Comparison> {
    let speech = |bin: &u64| envelope.level(*bin) > FLOOR + SPEECH;
    let spoken = (first..first + WINDOW as u64).filter(speech).count();
    if spoken < LEAST_SPEECH {
        return None;
    }
    envelope.detail(first, voice);
    microphone.detail(first.checked_sub(MOST_LEAD as u64)?, heard);
    let energy = |detail: &[f32]| detail.iter().map(|it| it * it).sum::<f32>();
    let of_voice = energy(&voice[..]);
    let (mut leading, mut lagging) = ((0.0_f32, 0), 0.0_f32);
    for shift in 0..=MOST_LEAD + MOST_LAG {
        let heard = &heard[shift..shift + WINDOW.min(heard.len() - shift)];
        let product: f32 = heard.iter().zip(voice.iter()).map(|(a, b)| a * b).sum();
        let agreement = product / (of_voice * energy(heard)).sqrt().max(f32::MIN_POSITIVE);
        match MOST_LEAD.checked_sub(shift) {
            Some(lead @ 1..) => {
                if agreement > leading.0 {
                    leading = (agreement, lead);
                }
            }
            _ => lagging = lagging.max(agreement),
        }
    }
    let lead = leading.1 as u64;
    let louder: f32 = (first..first + WINDOW as u64)
        .filter(speech)
        .map(|bin| envelope.level(bin) - microphone.level(bin.saturating_sub(lead)))
        .sum();
    Some(Comparison {
        leading,
        lagging,
        louder: louder / spoken as f32,
    })
}

fn bin_of(time: Duration) -> u64 {
    u64::try_from(time.as_nanos() / BIN.as_nanos()).unwrap_or(u64::MAX)
}

fn time_of(bin: u64) -> Duration {
    Duration::from_millis(bin.saturating_mul(10))
}

fn index(bin: u64) -> usize {
    (bin % KEPT as u64) as usize
}
