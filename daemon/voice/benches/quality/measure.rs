//! Runs over seeds, two at a time, and what they come to.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use sotto_judge::Reference;

use crate::conditions::Condition;
use crate::heard::Heard;
use crate::{baseline, sotto, speech};

/// Speech before the sentence that is judged, so that the network is known. Seconds.
const SETTLING: usize = 10;

/// Who carries the speech.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    Sotto,
    /// libopus alone.
    Baseline,
}

/// What one system made of one condition, over all seeds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Summary {
    /// Sorted, worst first.
    pub(crate) pesq: Vec<f64>,
    pub(crate) stoi: Vec<f64>,
    /// Milliseconds, over all that was played of all seeds.
    pub(crate) added: Spread,
    pub(crate) mouth_to_ear: Spread,
    pub(crate) kilobits: f64,
    pub(crate) microseconds: f64,
    /// Of all frames, in per cent: concealed, and those of them behind which a later one had come.
    pub(crate) gaps: (f64, f64),
}

/// A mean and the value that 95 % stay below.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spread {
    pub(crate) mean: f64,
    pub(crate) p95: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self {
            mean: crate::simulated::mean(&values),
            p95: at(&values, 0.95),
        }
    }
}

/// The value that a share of the sorted `values` stays below.
pub(crate) fn at(values: &[f64], share: f64) -> f64 {
    let last = values.len().saturating_sub(1);
    values
        .get((share * last as f64).round() as usize)
        .copied()
        .unwrap_or(f64::NAN)
}

/// What a run is worth.
struct Outcome {
    pesq: f64,
    stoi: f64,
    delays: Vec<(f64, f64)>,
    kilobits: f64,
    microseconds: f64,
    gaps: (f64, f64),
}

/// The speech, ready to be sent and judged.
pub(crate) struct Bench {
    sentence: Vec<f32>,
    /// The settling speech and the sentence behind it.
    sound: Vec<f32>,
    reference: Reference,
    pub(crate) seeds: u64,
}

impl Bench {
    pub(crate) fn new(sentence: Vec<f32>, seeds: u64) -> Self {
        let settling = speech::settling(&sentence, SETTLING);
        Self {
            sound: settling.iter().chain(&sentence).copied().collect(),
            reference: Reference::new(&sentence),
            sentence,
            seeds,
        }
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.sentence.len() as f64 / 48_000.0
    }

    /// What each of the two makes of a condition, over the same seeds.
    pub(crate) fn measure(&self, condition: &Condition) -> (Summary, Summary) {
        let jobs: Vec<(System, u64)> = (1..=self.seeds)
            .flat_map(|seed| [(System::Sotto, seed), (System::Baseline, seed)])
            .collect();
        let outcomes = in_parallel(jobs.len(), |index| {
            let (system, seed) = jobs[index];
            self.one(system, condition, seed)
        });
        let of = |system| {
            let chosen = jobs
                .iter()
                .zip(&outcomes)
                .filter(|((who, _), _)| *who == system)
                .filter_map(|(_, outcome)| outcome.as_ref());
            summary(chosen)
        };
        (of(System::Sotto), of(System::Baseline))
    }

    fn one(&self, system: System, condition: &Condition, seed: u64) -> Option<Outcome> {
        let from = self.sound.len() - self.sentence.len();
        let heard = carried(system, &self.sound, from, condition, seed)?;
        let score = self
            .reference
            .judge(&heard.unwarped(self.sound.len())[from..]);
        Some(Outcome {
            pesq: score.pesq,
            stoi: score.stoi,
            delays: heard.since(from).collect(),
            kilobits: heard.kilobits(),
            microseconds: heard.microseconds(),
            gaps: heard.gaps(self.sentence.len()),
        })
    }

    /// PESQ of the first second after loss sets in: of the sentence, each second is taken from a run of its own in
    /// which the link was clean until then. Sorted, worst first.
    pub(crate) fn first_seconds(&self, system: System, condition: &Condition) -> Vec<f64> {
        let from = self.sound.len() - self.sentence.len();
        let seconds = self.sentence.len().div_ceil(48_000);
        let pieces = in_parallel(seconds * self.seeds as usize, |index| {
            let (seed, second) = (index / seconds, index % seconds);
            let begin = from + second * 48_000;
            let end = (begin + 48_000).min(self.sound.len());
            // Packets sent from the beginning of this second on may be lost; a frame on the way counts.
            let mut condition = *condition;
            condition.impairment.loses_from = 300.0 + (begin as f64 / 48.0);
            // Something is said after it too, which brings the copies of its last frames.
            let until = (end + 24_000).min(self.sound.len()) / 960 * 960;
            let sound = &self.sound[..until];
            let seed = (seed * seconds + second) as u64 + 1_000;
            let heard = carried(system, sound, begin, &condition, seed)?;
            Some(heard.unwarped(end)[begin..].to_vec())
        });
        let mut scores: Vec<f64> = pieces
            .chunks(seconds)
            .map(|pieces| {
                let heard: Vec<f32> = pieces.iter().flatten().flatten().copied().collect();
                self.reference.judge(&heard).pesq
            })
            .collect();
        scores.sort_by(f64::total_cmp);
        scores
    }
}

/// `None` when the codec fails, which is said.
fn carried(
    system: System,
    sound: &[f32],
    judged: usize,
    condition: &Condition,
    seed: u64,
) -> Option<Heard> {
    let heard = match system {
        System::Sotto => {
            sotto::run(sound, judged, condition, seed).map_err(|error| error.to_string())
        }
        System::Baseline => {
            baseline::run(sound, judged, condition, seed).map_err(|error| error.to_string())
        }
    };
    heard
        .inspect_err(|error| eprintln!("{}, seed {seed}: {error}", condition.name))
        .ok()
}

fn summary<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Summary {
    let mut summary = Summary::default();
    let (mut added, mut mouth_to_ear) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        summary.pesq.push(outcome.pesq);
        summary.stoi.push(outcome.stoi);
        for (whole, part) in &outcome.delays {
            mouth_to_ear.push(*whole);
            added.push(*part);
        }
        summary.kilobits += outcome.kilobits;
        summary.microseconds += outcome.microseconds;
        summary.gaps.0 += outcome.gaps.0;
        summary.gaps.1 += outcome.gaps.1;
    }
    let count = summary.pesq.len().max(1) as f64;
    summary.kilobits /= count;
    summary.microseconds /= count;
    summary.gaps.0 /= count;
    summary.gaps.1 /= count;
    summary.pesq.sort_by(f64::total_cmp);
    summary.stoi.sort_by(f64::total_cmp);
    summary.added = Spread::of(added);
    summary.mouth_to_ear = Spread::of(mouth_to_ear);
    summary
}

/// `work` for every index below `count`, on two threads.
fn in_parallel<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(count));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        break;
                    }
                    let result = work(index);
                    if let Ok(mut done) = done.lock() {
                        done.push((index, result));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}
