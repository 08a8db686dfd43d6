//! Which stretches of a continuous sound somebody heard, to the millisecond.
//!
//! The sound is noise, so that every few milliseconds of it are like no others. Each millisecond of a recording is
//! compared with the source around the place where it should come from; what resembles it was heard, and what is
//! found nowhere in the recording was not. The delay of the listener's buffer may change on the way.

use std::ops::Range;

use anyhow::{Context, Result, ensure};

use crate::hearing::SILENT;
use crate::signal::{NARROW, alike, find, level, narrow, product, whiten};

/// A millisecond.
const STEP: usize = NARROW / 1000;

/// What one millisecond is judged by: the 8 ms around it. Unrelated noise then resembles by 0.1 at most times.
const WINDOW: usize = 8 * STEP;

/// Five times what unrelated noise shows, and well below what the codec leaves of the same.
const RECOGNISED: f64 = 0.5;

/// How far the delay may wander unnoticed from one millisecond to the next.
const WANDER: usize = 2;

/// A changed delay is looked for with this much sound, this far around.
const SEARCHED_WITH: usize = 20 * STEP;
const SEARCHED_AROUND: usize = 150 * STEP;

/// So many milliseconds at the beginning of a sound may not be recognised: it is faded in, and an encoder that begins
/// anew looks ahead.
const RISING: usize = 25;

/// The sound by which the delay is found at first.
const ANCHOR: usize = NARROW / 2;

/// What one millisecond of a recording is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Silent,
    /// From this place in the source, in samples.
    Source(usize),
    /// Sound that is not from anywhere near in the source, as when a lost packet is concealed.
    Other,
}

/// From which side of a stretch the delay is taken with which it would be heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// As of what was heard before it.
    Before,
    /// As of what was heard after it.
    After,
}

/// A recording, as stretches of the source.
#[derive(Debug)]
pub struct Trace {
    /// Where in the recording the first of `moments` is, in samples.
    begin: usize,
    moments: Vec<Moment>,
    /// What was followed, in samples of the source.
    around: Range<usize>,
    source: Vec<f32>,
    recording: Vec<f32>,
}

impl Trace {
    /// Follows the part `around` (in seconds of the source) through a recording. Both at 48 kHz; the first half second
    /// of that part must have been heard.
    ///
    /// # Errors
    ///
    /// When the beginning is not in the recording.
    pub fn follow(source: &[f32], recording: &[f32], around: Range<f64>) -> Result<Self> {
        let (source, recording) = (narrow(source), narrow(recording));
        let around = samples(around.start)..samples(around.end);
        let anchor = source
            .get(around.start..around.start + ANCHOR)
            .context("the source is too short")?;
        let (begin, likeness) = find(anchor, &recording).context("the recording is empty")?;
        ensure!(
            likeness > RECOGNISED,
            "the beginning is not in the recording (likeness {likeness:.2})"
        );
        let mut trace = Self {
            begin,
            moments: Vec::new(),
            source: whiten(&source),
            recording: whiten(&recording),
            around,
        };
        let mut delay = begin as i64 - trace.around.start as i64;
        let end = (begin + trace.around.len()).min(recording.len().saturating_sub(SEARCHED_WITH));
        for place in (begin..end).step_by(STEP) {
            let moment = if level(&recording[centred(place)]) < SILENT {
                Moment::Silent
            } else if let Some(found) = trace
                .at_delay(place, delay)
                .or_else(|| trace.search(place, delay))
            {
                delay = place as i64 - found as i64;
                Moment::Source(found)
            } else {
                Moment::Other
            };
            trace.moments.push(moment);
        }
        Ok(trace)
    }

    /// Where in the source a place of the recording comes from, if the delay is about what it was.
    fn at_delay(&self, place: usize, delay: i64) -> Option<usize> {
        let heard = &self.recording[centred(place)];
        let expected = usize::try_from(place as i64 - delay).ok()?;
        (expected.saturating_sub(WANDER)..=expected + WANDER)
            .filter(|at| *at >= WINDOW / 2)
            .filter_map(|at| Some((at, alike(heard, self.source.get(centred(at))?))))
            .max_by(|(_, a), (_, b)| a.total_cmp(b))
            .filter(|(_, likeness)| *likeness >= RECOGNISED)
            .map(|(at, _)| at)
    }

    /// The same, if the delay has changed: 20 ms from here on must resemble.
    fn search(&self, place: usize, delay: i64) -> Option<usize> {
        let heard = &self.recording[place..place + SEARCHED_WITH];
        let expected = usize::try_from(place as i64 - delay).ok()?;
        let from = expected.saturating_sub(SEARCHED_AROUND);
        let to = (expected + SEARCHED_AROUND).min(self.source.len());
        let (at, likeness) = find(heard, self.source.get(from..to)?)?;
        (likeness >= RECOGNISED)
            .then(|| self.at_delay(place, place as i64 - (from + at) as i64))
            .flatten()
    }

    /// The stretches of at least `shortest` seconds that were not heard, in seconds of the source.
    #[must_use]
    pub fn holes(&self, shortest: f64) -> Vec<Range<f64>> {
        let mut heard = vec![false; self.around.len() / STEP + 1];
        for moment in &self.moments {
            if let Moment::Source(at) = *moment
                && let Some(at) = at.checked_sub(self.around.start)
                && let Some(heard) = heard.get_mut((at + STEP / 2) / STEP)
            {
                *heard = true;
            }
        }
        let seconds = |index: usize| (self.around.start + index * STEP) as f64 / NARROW as f64;
        let mut holes: Vec<Range<f64>> = Vec::new();
        for index in (0..heard.len()).filter(|index| !heard[*index]) {
            match holes.last_mut() {
                Some(hole) if (hole.end - seconds(index)).abs() < 1e-6 => {
                    hole.end = seconds(index + 1);
                }
                _ => holes.push(seconds(index)..seconds(index + 1)),
            }
        }
        holes.retain(|hole| hole.end - hole.start >= shortest - 1e-6);
        holes
    }

    /// How strongly stretches of the source (in seconds) are in the recording, all taken together, as a share of their
    /// own strength: 1 if they were heard as they were said.
    ///
    /// # Errors
    ///
    /// When nothing was heard on that side of a stretch.
    pub fn strength(&self, stretches: &[Range<f64>], side: Side) -> Result<f64> {
        let mut products = vec![0.0; 2 * WANDER + 1];
        let mut own = 0.0;
        for stretch in stretches {
            let (from, to) = (samples(stretch.start), samples(stretch.end));
            let said = self.source.get(from..to).context("not in the source")?;
            let delay = match side {
                Side::Before => self.delays().filter(|(at, _)| *at < from).last(),
                Side::After => self.delays().find(|(at, _)| *at >= to),
            };
            let (_, delay) = delay.context("nothing was heard on that side")?;
            own += product(said, said);
            for (index, sum) in products.iter_mut().enumerate() {
                let at = from as i64 + delay + index as i64 - WANDER as i64;
                if let Ok(at) = usize::try_from(at)
                    && let Some(there) = self.recording.get(at..at + said.len())
                {
                    *sum += product(said, there);
                }
            }
        }
        ensure!(own > 0.0, "nothing was said");
        Ok(products.into_iter().map(f64::abs).fold(0.0, f64::max) / own)
    }

    /// For everything that was heard, its place in the source and its delay.
    fn delays(&self) -> impl Iterator<Item = (usize, i64)> {
        self.moments
            .iter()
            .enumerate()
            .filter_map(|(index, moment)| {
                let Moment::Source(at) = *moment else {
                    return None;
                };
                Some((at, (self.begin + index * STEP) as i64 - at as i64))
            })
    }

    /// How long after what was heard before `moment` (in seconds of the source) there was any sound yet, before what was
    /// heard next: a listener's buffer continues for a while what breaks off. In seconds.
    #[must_use]
    pub fn sounds_on(&self, moment: f64) -> f64 {
        let moment = samples(moment);
        let last = self
            .moments
            .iter()
            .rposition(|heard| matches!(heard, Moment::Source(at) if *at < moment));
        let rest = &self.moments[last.map_or(0, |last| last + 1)..];
        let gap = rest
            .iter()
            .position(|heard| matches!(heard, Moment::Source(_)))
            .unwrap_or(rest.len());
        rest[..gap.saturating_sub(RISING)]
            .iter()
            .rposition(|heard| *heard == Moment::Other)
            .map_or(0.0, |last| (last + 1) as f64 / 1e3)
    }
}

fn samples(seconds: f64) -> usize {
    (seconds * NARROW as f64).round() as usize
}

fn centred(place: usize) -> Range<usize> {
    place.saturating_sub(WINDOW / 2)..place + WINDOW / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{RATE, noise};

    /// Noise of three seconds, and a recording of it that begins 200 ms later and lacks a part.
    fn heard_without(part: Range<usize>) -> Trace {
        let source = noise(1, 3 * RATE);
        let mut heard = source.clone();
        heard[part].fill(0.0);
        let mut recording = vec![0.0; RATE / 5];
        recording.extend(heard.iter().map(|sample| sample * 0.7));
        Trace::follow(&source, &recording, 0.2..2.5).unwrap()
    }

    #[test]
    fn what_is_missing_is_found_to_the_millisecond() {
        let trace = heard_without(RATE..RATE * 3 / 2);
        let holes = trace.holes(0.003);
        assert_eq!(holes.len(), 1, "{holes:?}");
        assert!((holes[0].start - 1.0).abs() < 0.003, "{holes:?}");
        assert!((holes[0].end - 1.5).abs() < 0.003, "{holes:?}");
        assert!(trace.sounds_on(1.2) < 0.005);
    }

    #[test]
    fn two_milliseconds_of_leak_are_seen() {
        let trace = heard_without(RATE + 96 * 5..RATE * 3 / 2);
        let hole = &trace.holes(0.003)[0];
        assert!(hole.start > 1.007, "{hole:?}");
        let edge = std::slice::from_ref(&(1.0..1.05));
        let strength = trace.strength(edge, Side::Before).unwrap();
        assert!((0.1..0.2).contains(&strength), "{strength}");
        let rest = std::slice::from_ref(&(1.02..1.45));
        assert!(trace.strength(rest, Side::Before).unwrap() < 1e-3);
        let other = std::slice::from_ref(&(1.6..1.7));
        assert!((trace.strength(other, Side::Before).unwrap() - 0.7).abs() < 0.05);
    }
}
