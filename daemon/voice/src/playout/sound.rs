//! Decoded sound on its way out, with enough of the past to continue it, shorten it or lengthen it.
//!
//! Time is stretched by whole pitch periods: two places that look alike are laid over each other and
//! cross-faded, so that neither pitch nor timbre changes (waveform-similarity overlap-add, Verhelst and
//! Roelands 1993).

/// Sound before the playing position that is kept: 30 ms, two of the longest pitch periods.
const HISTORY: usize = 1440;
/// Room for sound. More than the history and three frames.
const CAPACITY: usize = 4096;
/// The shortest pitch period looked for: 2.5 ms, 400 Hz.
const MIN_LAG: usize = 120;
/// The longest pitch period looked for: 15 ms, 67 Hz.
const MAX_LAG: usize = 720;
/// The length of a cross-fade: 5 ms.
pub(super) const FADE: usize = 240;

/// A buffer of samples around the playing position.
#[derive(Debug)]
pub(super) struct Sound {
    samples: Box<[f32; CAPACITY]>,
    /// The next sample to play. At least [`HISTORY`].
    at: usize,
    end: usize,
}

impl Sound {
    pub(super) fn new() -> Self {
        Self {
            samples: Box::new([0.0; CAPACITY]),
            at: HISTORY,
            end: HISTORY,
        }
    }

    pub(super) fn clear(&mut self) {
        self.samples[..HISTORY].fill(0.0);
        self.at = HISTORY;
        self.end = HISTORY;
    }

    /// Samples that wait to be played.
    pub(super) fn remaining(&self) -> usize {
        self.end - self.at
    }

    /// Appends sound. What does not fit, which is more than two frames ahead, is left out.
    pub(super) fn push(&mut self, sound: &[f32]) {
        if self.end + sound.len() > CAPACITY {
            let from = self.at - HISTORY;
            self.samples.copy_within(from..self.end, 0);
            self.at -= from;
            self.end -= from;
        }
        let count = sound.len().min(CAPACITY - self.end);
        self.samples[self.end..self.end + count].copy_from_slice(&sound[..count]);
        self.end += count;
    }

    /// Moves up to `out.len()` samples out and says how many.
    pub(super) fn take(&mut self, out: &mut [f32]) -> usize {
        let count = out.len().min(self.remaining());
        out[..count].copy_from_slice(&self.samples[self.at..self.at + count]);
        self.at += count;
        count
    }

    /// Leaves out up to `count` samples that nobody was there to hear, and lets the sound begin anew.
    pub(super) fn skip(&mut self, count: usize) {
        self.at += count.min(self.remaining());
        self.samples[self.at - HISTORY..self.at].fill(0.0);
        let end = self.end.min(self.at + FADE);
        for (index, sample) in self.samples[self.at..end].iter_mut().enumerate() {
            *sample *= (index as f32 + 0.5) / FADE as f32;
        }
    }

    /// The last `count` samples that were played.
    pub(super) fn played(&self, count: usize) -> &[f32] {
        &self.samples[self.at - count.min(HISTORY)..self.at]
    }

    /// The last `count` samples that were appended, played or not.
    pub(super) fn latest(&self, count: usize) -> &[f32] {
        &self.samples[self.end - count.min(HISTORY)..self.end]
    }

    /// Continues the sound beyond its end by repeating its last pitch period.
    pub(super) fn continuation(&self) -> [f32; FADE] {
        let tail = &self.samples[self.end - HISTORY..self.end];
        let (lag, _) = best_lag(MIN_LAG..=MAX_LAG, |lag| {
            let pattern = &tail[HISTORY - FADE..];
            similarity(pattern, &tail[HISTORY - FADE - lag..HISTORY - lag])
        });
        std::array::from_fn(|index| tail[HISTORY - lag + index % lag])
    }

    /// Cross-fades the beginning of `next` from what would have followed here.
    pub(super) fn join(&self, next: &mut [f32]) {
        let before = self.continuation();
        for (index, (new, old)) in next.iter_mut().zip(before).enumerate() {
            let weight = (index as f32 + 0.5) / FADE as f32;
            *new = *new * weight + old * (1.0 - weight);
        }
    }

    /// Lets the sound die away in 5 ms.
    pub(super) fn die_away(&mut self) {
        let mut tail = self.continuation();
        for (index, sample) in tail.iter_mut().enumerate() {
            *sample *= 1.0 - (index as f32 + 0.5) / FADE as f32;
        }
        self.push(&tail);
    }

    /// Mixes what waits into the beginning of `next`, which is appended in its place.
    pub(super) fn mix_remaining_into(&mut self, next: &mut [f32]) {
        for (new, old) in next.iter_mut().zip(&self.samples[self.at..self.end]) {
            *new += old;
        }
        self.end = self.at;
    }

    /// Takes one pitch period of at most `limit` samples out, if there is one as similar to the next as
    /// `needed` (0…1). Returns the samples removed.
    pub(super) fn shorten(&mut self, limit: usize, needed: f32) -> usize {
        let limit = limit
            .min(MAX_LAG)
            .min(self.remaining().saturating_sub(FADE));
        if limit < MIN_LAG {
            return 0;
        }
        let (lag, similar) = best_lag(MIN_LAG..=limit, |lag| {
            let here = &self.samples[self.at - FADE..self.at + FADE];
            similarity(
                here,
                &self.samples[self.at - FADE + lag..self.at + FADE + lag],
            )
        });
        if similar < needed {
            return 0;
        }
        self.remove(lag)
    }

    /// Takes `count` samples out wherever we are, for silence. Returns the samples removed.
    pub(super) fn remove(&mut self, count: usize) -> usize {
        let count = count.min(self.remaining().saturating_sub(FADE));
        if count == 0 {
            return 0;
        }
        for index in 0..FADE {
            let weight = (index as f32 + 0.5) / FADE as f32;
            let old = self.samples[self.at + index];
            let new = self.samples[self.at + count + index];
            self.samples[self.at + count + index] = old * (1.0 - weight) + new * weight;
        }
        self.samples.copy_within(self.at + count..self.end, self.at);
        self.end -= count;
        count
    }

    /// Plays one pitch period of at most `limit` samples twice, if it is as similar to what follows as
    /// `needed` (0…1). Returns the samples added.
    pub(super) fn lengthen(&mut self, limit: usize, needed: f32) -> usize {
        if limit < MIN_LAG || self.remaining() < FADE {
            return 0;
        }
        let (lag, similar) = best_lag(MIN_LAG..=limit.min(MAX_LAG), |lag| {
            let here = &self.samples[self.at - FADE..self.at + FADE];
            similarity(
                here,
                &self.samples[self.at - FADE - lag..self.at + FADE - lag],
            )
        });
        if similar < needed {
            return 0;
        }
        self.repeat(lag)
    }

    /// Plays the last `count` samples (at most 15 ms) twice, for silence. Returns the samples added.
    pub(super) fn repeat(&mut self, count: usize) -> usize {
        let count = count
            .min(MAX_LAG)
            .min(CAPACITY - HISTORY - self.remaining());
        if count == 0 || self.remaining() < FADE {
            return 0;
        }
        if self.end + count > CAPACITY {
            let from = self.at - HISTORY;
            self.samples.copy_within(from..self.end, 0);
            self.at -= from;
            self.end -= from;
        }
        // What is played from here on: the sound `count` samples ago, which runs into the sound as it was.
        let mut faded = [0.0; FADE];
        for (index, sample) in faded.iter_mut().enumerate() {
            let weight = (index as f32 + 0.5) / FADE as f32;
            let on = self.samples[self.at + index];
            let again = self.samples[self.at + index - count];
            *sample = on * (1.0 - weight) + again * weight;
        }
        self.samples.copy_within(self.at - count..self.end, self.at);
        self.samples[self.at..self.at + FADE].copy_from_slice(&faded);
        self.end += count;
        count
    }
}

/// The lag of highest similarity, and that similarity. Looked for coarsely first.
fn best_lag(lags: std::ops::RangeInclusive<usize>, similar: impl Fn(usize) -> f32) -> (usize, f32) {
    const STRIDE: usize = 4;
    let mut best = (*lags.start(), f32::MIN);
    for lag in lags.clone().step_by(STRIDE) {
        let value = similar(lag);
        if value > best.1 {
            best = (lag, value);
        }
    }
    let around = best.0.saturating_sub(STRIDE - 1).max(*lags.start())
        ..=(best.0 + STRIDE - 1).min(*lags.end());
    for lag in around {
        let value = similar(lag);
        if value > best.1 {
            best = (lag, value);
        }
    }
    best
}

/// The normalised correlation of two stretches of sound, −1…1; 0 where one is silent.
fn similarity(one: &[f32], other: &[f32]) -> f32 {
    let (mut product, mut first, mut second) = (0.0, 1e-9, 1e-9);
    for (a, b) in one.iter().zip(other) {
        product += a * b;
        first += a * a;
        second += b * b;
    }
    product / f32::sqrt(first * second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(samples: std::ops::Range<usize>) -> Vec<f32> {
        samples
            .map(|n| (n as f32 * std::f32::consts::TAU / 300.0).sin())
            .collect()
    }

    /// The largest step between neighbouring samples of a 160 Hz tone, doubled.
    const SMOOTH: f32 = 2.0 * std::f32::consts::TAU / 300.0;

    fn largest_step(sound: &[f32]) -> f32 {
        sound
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).abs())
            .fold(0.0, f32::max)
    }

    fn filled() -> (Sound, Vec<f32>) {
        let mut sound = Sound::new();
        sound.push(&tone(0..1920));
        let mut out = vec![0.0; 1440];
        sound.take(&mut out);
        sound.push(&tone(1920..2400));
        (sound, out)
    }

    fn drain(sound: &mut Sound, mut out: Vec<f32>) -> Vec<f32> {
        let mut rest = vec![0.0; sound.remaining()];
        sound.take(&mut rest);
        out.extend(rest);
        out
    }

    #[test]
    fn a_tone_is_shortened_by_its_period_without_a_step() {
        let (mut sound, out) = filled();
        assert_eq!(sound.shorten(480, 0.9), 300);
        let out = drain(&mut sound, out);
        assert_eq!(out.len(), 2100);
        assert!(largest_step(&out) < SMOOTH);
    }

    #[test]
    fn a_tone_is_lengthened_by_its_period_without_a_step() {
        let (mut sound, out) = filled();
        assert_eq!(sound.lengthen(480, 0.9), 300);
        let out = drain(&mut sound, out);
        assert_eq!(out.len(), 2700);
        assert!(largest_step(&out) < SMOOTH);
    }

    #[test]
    fn sound_that_stops_or_jumps_does_so_without_a_step() {
        let (mut sound, out) = filled();
        let mut next = tone(1000..1480);
        sound.join(&mut next);
        sound.push(&next);
        sound.die_away();
        let out = drain(&mut sound, out);
        assert!(largest_step(&out) < SMOOTH, "{}", largest_step(&out));
        assert!(out.last().unwrap().abs() < 0.01);
    }

    #[test]
    fn a_limit_below_the_period_is_kept() {
        let (mut sound, _) = filled();
        assert_eq!(sound.shorten(200, 0.9), 0);
        assert_eq!(sound.lengthen(200, 0.9), 0);
        assert_eq!(sound.remove(200), 200);
        assert_eq!(sound.repeat(200), 200);
    }
}
