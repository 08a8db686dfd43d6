//! A chirp: a short sweep that is found again to the sample, however it was coded, delayed or stretched.
//!
//! It travels as a whisper does, so it takes the way that a voice takes: encoder, packets, network, jitter buffer,
//! decoder. Who hears it knows from the sender's reports when its first sample was captured, or would have been, and
//! from its own clock when that sample is played. Nothing on the way is believed on its word.

use std::time::Duration;

use crate::playout::LONGEST_AT_AN_END;
use crate::{SAMPLE_RATE, SampleCount, Slot, Timestamp, duration_of};

/// How long it is, in samples: 60 ms, whole frames of either length. Its end is silent, so that no codec holds any of it
/// back.
pub(crate) const LENGTH: usize = SAMPLE_RATE as usize * 60 / 1000;

/// How much of that sounds: 50 ms.
const SOUNDING: usize = SAMPLE_RATE as usize / 20;

/// How long before it begins it is announced. Far more than any way that conversation permits.
pub(crate) const LEAD: SampleCount = SampleCount::from_millis(300);

/// Where the sweep begins and ends, in hertz: what every telephone codec carries.
const SWEEP: (f64, f64) = (400.0, 5_000.0);

/// How loud it is: −20 dBFS at its peaks.
const PEAK: f64 = 0.1;

/// Its edges rise and fall for so long: 5 ms.
const EDGE: usize = SAMPLE_RATE as usize / 200;

/// What is recorded before the moment at which it should begin, 20 ms, and after the one at which it should end, 40 ms.
const BEFORE: usize = SAMPLE_RATE as usize / 50;
const AFTER: usize = SAMPLE_RATE as usize / 25;
const RECORDED: usize = BEFORE + LENGTH + AFTER;

/// How many places are compared at each pull, so that no single pull takes long.
const AT_ONCE: usize = 96;

/// How alike it must be to count as heard, from 0 to 1. Unrelated speech stays below a fifth.
const ALIKE: f32 = 0.5;

/// What became of a chirp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChirpOutcome {
    /// From its capture to its turn in the listener's jitter buffer, codec and all.
    Heard(Duration),
    /// It did not come through, or not well enough to say when, or too little is known of the sender's clock.
    Missed,
    /// The listener plays nothing at the moment.
    Deaf,
}

/// A sample of it.
pub(crate) fn sample(index: usize) -> f32 {
    if index >= SOUNDING {
        return 0.0;
    }
    let (from, to) = SWEEP;
    let length = SOUNDING as f64 / f64::from(SAMPLE_RATE);
    let time = index as f64 / f64::from(SAMPLE_RATE);
    let cycles = from * time + (to - from) * time * time / (2.0 * length);
    let edge = index.min(SOUNDING - 1 - index);
    let rise = (edge as f64 / EDGE as f64).min(1.0);
    let window = 0.5 - 0.5 * (std::f64::consts::PI * rise).cos();
    (PEAK * window * (std::f64::consts::TAU * cycles).sin()) as f32
}

/// Waits for an announced chirp, records what is played around it, and finds it there.
#[derive(Debug)]
pub(crate) struct ChirpListener {
    chirp: Box<[f32]>,
    /// The energy of that.
    energy: f32,
    sound: Box<[f32]>,
    awaited: Option<(Announced, Phase)>,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Armed {
        /// Until then it is waited for.
        until: Duration,
    },
    Recording {
        /// When the first recorded sample is played.
        begin: Duration,
        filled: usize,
    },
    Searching {
        begin: Duration,
        next: usize,
        best: (usize, f32),
    },
}

/// Whose chirp, and the RTP timestamp of its first sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Announced {
    pub(crate) slot: Slot,
    pub(crate) timestamp: Timestamp,
}

/// What was found: when its first sample is played, if it was there at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) announced: Announced,
    pub(crate) at: Option<Duration>,
}

/// How long an announced chirp is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

impl ChirpListener {
    pub(crate) fn new() -> Self {
        let chirp: Box<[f32]> = (0..SOUNDING).map(sample).collect();
        Self {
            energy: dot(&chirp, &chirp),
            chirp,
            sound: vec![0.0; RECORDED].into(),
            awaited: None,
        }
    }

    /// A chirp is announced. One is listened for at a time, the newest of a peer: `false` while there is another's.
    pub(crate) fn announce(&mut self, announced: Announced, now: Duration) -> bool {
        let idle = self.awaited.is_none_or(|(before, phase)| match phase {
            Phase::Armed { until } => until <= now || before.slot == announced.slot,
            // Nobody plays it any more.
            Phase::Recording { begin, .. } => begin + PATIENCE <= now,
            Phase::Searching { .. } => false,
        });
        if idle {
            let until = now + PATIENCE;
            self.awaited = Some((announced, Phase::Armed { until }));
        }
        idle
    }

    /// Forgets what it waits for, of `slot`.
    pub(crate) fn forget(&mut self, slot: Slot) {
        self.awaited = self.awaited.filter(|(announced, _)| announced.slot != slot);
    }

    /// The timestamp with which the chirp of `slot` begins that was announced last.
    fn begin(&self, slot: Slot) -> Option<Timestamp> {
        let (announced, _) = self.awaited?;
        (announced.slot == slot).then_some(announced.timestamp)
    }

    /// Whether a frame of `slot` with this timestamp is a part of the chirp that was announced.
    pub(crate) fn expects(&self, slot: Slot, timestamp: Timestamp) -> bool {
        self.begin(slot)
            .is_some_and(|begin| timestamp.since(begin) < SampleCount::of_length(LENGTH))
    }

    /// Whether whispered sound of `slot` that begins with this timestamp and has so many samples holds any of the
    /// chirp, or of what a decoder makes up behind it.
    pub(crate) fn fills(&self, slot: Slot, timestamp: Timestamp, count: usize) -> bool {
        self.begin(slot).is_some_and(|begin| {
            let first = begin - SampleCount::of_length(count);
            timestamp.since(first) < SampleCount::of_length(count + LENGTH) + LONGEST_AT_AN_END
        })
    }

    /// Takes what is played of `slot` from `now` on, before any volume. `source` is the timestamp that it has.
    pub(crate) fn played(
        &mut self,
        slot: Slot,
        sound: &[f32],
        source: Option<Timestamp>,
        now: Duration,
    ) {
        let Some((announced, phase)) = &mut self.awaited else {
            return;
        };
        if announced.slot != slot {
            return;
        }
        if let (Phase::Armed { .. }, Some(timestamp)) = (&phase, source) {
            let begin = announced.timestamp - SampleCount::of_length(BEFORE);
            if timestamp.since(begin) < SampleCount::of_length(BEFORE + LENGTH) {
                let (begin, filled) = (now, 0);
                *phase = Phase::Recording { begin, filled };
            }
        }
        if let Phase::Recording { begin, filled } = phase {
            let count = sound.len().min(RECORDED - *filled);
            self.sound[*filled..*filled + count].copy_from_slice(&sound[..count]);
            *filled += count;
            if *filled == RECORDED {
                *phase = Phase::Searching {
                    begin: *begin,
                    next: 0,
                    best: (0, 0.0),
                };
            }
        }
    }

    /// Goes on searching, a little at each call, and tells what was found in the end.
    pub(crate) fn search(&mut self) -> Option<Found> {
        let Some((announced, Phase::Searching { begin, next, best })) = &mut self.awaited else {
            return None;
        };
        let places = RECORDED - SOUNDING + 1;
        let end = (*next + AT_ONCE).min(places);
        for place in *next..end {
            let window = &self.sound[place..place + SOUNDING];
            let likeness = dot(&self.chirp, window) / (self.energy * dot(window, window)).sqrt();
            if likeness > best.1 {
                *best = (place, likeness);
            }
        }
        *next = end;
        if end < places {
            return None;
        }
        let (place, likeness) = *best;
        let at = *begin + duration_of(place as u64);
        let found = Found {
            announced: *announced,
            at: (likeness >= ALIKE).then_some(at),
        };
        self.awaited = None;
        Some(found)
    }
}

/// The inner product, in eight sums side by side, as processors like it.
fn dot(one: &[f32], other: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let (ones, _) = one.as_chunks::<8>();
    let (others, _) = other.as_chunks::<8>();
    for (one, other) in ones.iter().zip(others) {
        for (sum, (one, other)) in sums.iter_mut().zip(one.iter().zip(other)) {
            *sum += one * other;
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOT: Slot = Slot::new(3);
    const ANNOUNCED: Announced = Announced {
        slot: SLOT,
        timestamp: Timestamp::new(u32::MAX - 700),
    };

    /// Plays `sound`, whose first sample has the timestamp `first`, in blocks of 120 from second 1 on.
    fn found(sound: &[f32], first: Timestamp) -> Option<Found> {
        let mut listener = ChirpListener::new();
        assert!(listener.announce(ANNOUNCED, Duration::ZERO));
        let mut found = None;
        for (index, block) in sound.chunks(120).enumerate() {
            let at = SampleCount::of_length(index * 120);
            let timestamp = first + at;
            let now = Duration::from_secs(1) + at.duration();
            listener.played(SLOT, block, Some(timestamp), now);
            listener.played(Slot::new(4), &[1.0; 120], Some(timestamp), now);
            found = found.or(listener.search());
        }
        found
    }

    fn around(before: usize) -> Vec<f32> {
        let noise = |index: usize| ((index * 7919 % 1013) as f32 / 1013.0 - 0.5) * 0.02;
        let chirp = (0..before + LENGTH + 24_000).map(|index| {
            let chirp = index.checked_sub(before).filter(|at| *at < LENGTH);
            noise(index) + chirp.map_or(0.0, |at| -0.4 * sample(at))
        });
        chirp.collect()
    }

    #[test]
    fn it_is_found_to_the_sample_where_it_is_played() {
        // Played 312 samples later than its timestamps say: a codec's look-ahead.
        let sound: Vec<f32> = around(4_000 + 312).iter().map(|sample| -sample).collect();
        let found = found(&sound, ANNOUNCED.timestamp - SampleCount::new(4_000)).unwrap();
        assert_eq!(found.announced, ANNOUNCED);
        let at = Duration::from_secs(1) + duration_of(4_312);
        assert!(
            found.at.unwrap().abs_diff(at) < Duration::from_micros(50),
            "{found:?} instead of {at:?}"
        );
    }

    #[test]
    fn other_sound_is_not_taken_for_it() {
        let sound: Vec<f32> = (0..40_000)
            .map(|index| (index as f32 * 0.03).sin() * 0.3)
            .collect();
        let found = found(&sound, ANNOUNCED.timestamp - SampleCount::new(4_000)).unwrap();
        assert_eq!(found.at, None);
    }

    #[test]
    fn it_is_a_whisper_of_whole_frames_that_nobody_is_frightened_by() {
        assert_eq!(LENGTH % crate::FRAME_SAMPLES, 0);
        assert!(sample(0).abs() < 1e-3 && sample(SOUNDING - 1).abs() < 1e-3);
        assert!((0..LENGTH).all(|index| sample(index).abs() <= 0.1));
    }

    #[test]
    fn one_is_listened_for_at_a_time_and_not_for_ever() {
        let mut listener = ChirpListener::new();
        let other = Announced {
            slot: Slot::new(4),
            timestamp: Timestamp::new(9),
        };
        assert!(listener.announce(ANNOUNCED, Duration::ZERO));
        assert!(!listener.announce(other, Duration::from_millis(900)));
        assert!(listener.expects(SLOT, ANNOUNCED.timestamp + SampleCount::new(480)));
        assert!(!listener.expects(SLOT, ANNOUNCED.timestamp - SampleCount::new(480)));
        assert!(listener.announce(other, Duration::from_secs(1)));
        assert!(!listener.expects(SLOT, ANNOUNCED.timestamp));
        listener.forget(SLOT);
        assert!(listener.expects(other.slot, other.timestamp));
        listener.forget(other.slot);
        assert!(!listener.expects(other.slot, other.timestamp));
    }
}
