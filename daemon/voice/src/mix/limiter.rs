//! The ceiling: whatever is mixed, the signal between the samples included, stays below −1 dBTP.
//!
//! The peak is estimated at four points a sample (ITU-R BS.1770-5, annex 2). A gain that is low enough for
//! every peak within the look-ahead is smoothed over less than that, so it has arrived when the peak does.

/// How much later a sample leaves than it entered: 1 ms.
pub(super) const LOOK_AHEAD: usize = 48;

/// The estimate is kept below −2.3 dBTP. Of white noise 20 dB too loud, which has most of its peaks between
/// the samples, four points a sample miss up to 1.2 dB; of speech hardly anything.
const CEILING: f32 = 0.767_4;
/// No sample passes this: −1 dBFS.
const CLIP: f32 = 0.891_25;
/// Points at which the signal is estimated, per sample.
const PHASES: usize = 4;
/// Samples that an estimate is made of.
const TAPS: usize = 24;
/// Estimates lag this much behind.
const LAG: usize = TAPS / 2;
/// The lowest gain of so many samples counts.
const HOLD: usize = LOOK_AHEAD + LAG;
/// The gain is averaged over so many samples.
const SMOOTH: usize = LOOK_AHEAD - 2 * LAG;
/// How fast the gain recovers: time constant 80 ms.
const RELEASE: f32 = 1.0 / (0.08 * 48_000.0);
/// Sound below this cannot reach the ceiling between the samples either: no interpolation of these taps
/// exceeds the largest sample threefold.
const HARMLESS: f32 = CEILING / 3.0;
/// After so many harmless samples no other is in any window.
const SETTLED: usize = TAPS + HOLD + SMOOTH;

/// A look-ahead limiter.
#[derive(Debug)]
pub(super) struct Limiter {
    filter: [[f32; TAPS]; PHASES],
    /// The last samples, twice in a row so that a window never wraps.
    input: [f32; 2 * TAPS],
    input_at: usize,
    delayed: [f32; LOOK_AHEAD],
    delayed_at: usize,
    /// The gains that the last peaks need, and their slots' turn.
    needed: [f32; HOLD],
    needed_at: usize,
    lowest: f32,
    held: f32,
    averaged: [f32; SMOOTH],
    averaged_at: usize,
    /// Samples since the last that was not harmless.
    harmless: usize,
}

impl Limiter {
    pub(super) fn new() -> Self {
        Self {
            filter: interpolator(),
            input: [0.0; 2 * TAPS],
            input_at: 0,
            delayed: [0.0; LOOK_AHEAD],
            delayed_at: 0,
            needed: [1.0; HOLD],
            needed_at: 0,
            lowest: 1.0,
            held: 1.0,
            averaged: [1.0; SMOOTH],
            averaged_at: 0,
            harmless: 0,
        }
    }

    /// Limits `block` in place; it comes out [`LOOK_AHEAD`] samples late.
    pub(super) fn process(&mut self, block: &mut [f32]) {
        // NaN is not harmless.
        let is_harmless = block.iter().all(|sample| sample.abs() < HARMLESS);
        // With a gain of 1 and more than this many harmless samples, every window holds what it begins with.
        let is_settled = self.harmless > SETTLED && self.held == 1.0;
        if is_harmless && is_settled && block.len() >= LOOK_AHEAD {
            self.delay(block);
        } else {
            self.limit(block);
        }
    }

    /// What [`limit`](Self::limit) makes of a block without a sample near the ceiling, after enough others of that
    /// kind. Nearly all blocks are.
    fn delay(&mut self, block: &mut [f32]) {
        let end = block.len() - LOOK_AHEAD;
        let mut newest = [0.0; LOOK_AHEAD];
        newest.copy_from_slice(&block[end..]);
        block.copy_within(..end, LOOK_AHEAD);
        self.delayed.rotate_left(self.delayed_at);
        block[..LOOK_AHEAD].copy_from_slice(&self.delayed);
        self.delayed = newest;
        self.delayed_at = 0;
        let window = &newest[LOOK_AHEAD - TAPS..];
        self.input[..TAPS].copy_from_slice(window);
        self.input[TAPS..].copy_from_slice(window);
        self.input_at = 0;
        self.harmless = self.harmless.saturating_add(block.len());
    }

    fn limit(&mut self, block: &mut [f32]) {
        for sample in block {
            let input = if sample.is_finite() { *sample } else { 0.0 };
            let gain = self.gain_after(input);
            let delayed = std::mem::replace(&mut self.delayed[self.delayed_at], input);
            self.delayed_at = (self.delayed_at + 1) % LOOK_AHEAD;
            *sample = (delayed * gain).clamp(-CLIP, CLIP);
        }
    }

    fn gain_after(&mut self, input: f32) -> f32 {
        self.input[self.input_at] = input;
        self.input[self.input_at + TAPS] = input;
        self.input_at = (self.input_at + 1) % TAPS;
        if input.abs() < HARMLESS {
            self.harmless = self.harmless.saturating_add(1);
        } else {
            self.harmless = 0;
        }
        if self.harmless > SETTLED && self.held > 0.9999 {
            // Nothing near the ceiling is in any window: the gain is 1, and this is nearly always so.
            if self.harmless == SETTLED + 1 || self.held < 1.0 {
                self.held = 1.0;
                self.lowest = 1.0;
                self.needed.fill(1.0);
                self.averaged.fill(1.0);
            }
            return 1.0;
        }
        let peak = self.peak();
        let needed = if peak > CEILING { CEILING / peak } else { 1.0 };
        let leaving = std::mem::replace(&mut self.needed[self.needed_at], needed);
        self.needed_at = (self.needed_at + 1) % HOLD;
        if needed <= self.lowest {
            self.lowest = needed;
        } else if leaving <= self.lowest {
            self.lowest = self.needed.iter().copied().fold(1.0, f32::min);
        }
        let released = self.held + (1.0 - self.held) * RELEASE;
        self.held = self.lowest.min(released);
        self.averaged[self.averaged_at] = self.held;
        self.averaged_at = (self.averaged_at + 1) % SMOOTH;
        self.averaged.iter().sum::<f32>() / SMOOTH as f32
    }

    /// The largest of the signal's estimates around the sample [`LAG`] ago.
    fn peak(&self) -> f32 {
        let window = &self.input[self.input_at..self.input_at + TAPS];
        let mut peak = window[TAPS - LAG].abs();
        for phase in &self.filter {
            let value: f32 = phase.iter().zip(window).map(|(tap, x)| tap * x).sum();
            peak = peak.max(value.abs());
        }
        peak
    }
}

/// Four windowed sinc filters, a quarter of a sample apart.
fn interpolator() -> [[f32; TAPS]; PHASES] {
    let mut filter = [[0.0; TAPS]; PHASES];
    for (phase, taps) in filter.iter_mut().enumerate() {
        let shift = phase as f64 / PHASES as f64;
        for (index, tap) in taps.iter_mut().enumerate() {
            let x = index as f64 - (TAPS - LAG) as f64 + shift;
            let sinc = if x == 0.0 {
                1.0
            } else {
                (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x)
            };
            // A cosine window as wide as the taps keeps the estimate's error below 0.1 dB up to 18 kHz.
            let window = (std::f64::consts::PI * x / (TAPS as f64 + 2.0)).cos();
            *tap = (sinc * window) as f32;
        }
    }
    filter
}

#[cfg(test)]
mod tests {
    use sotto_instruments::Chance;

    use super::*;

    #[test]
    fn blocks_that_only_pass_come_out_as_if_every_sample_had_been_looked_at() {
        let mut chance = Chance::new(0x1234_5678);
        let mut sound: Vec<f32> = Vec::new();
        for stretch in 0..60 {
            // Soft, loud, near the edge of what is harmless, and broken.
            let loudness = [0.05, 0.2, 0.9, 0.01, 0.255, 4.0][stretch % 6];
            for n in 0..1_000 + 37 * stretch {
                let noise = chance.sample();
                let broken = stretch == 20 && n == 100;
                sound.push(if broken { f32::NAN } else { noise * loudness });
            }
        }
        for length in [120, 480, 960, 49, 48] {
            let mut quick = sound.clone();
            let mut limiter = Limiter::new();
            for block in quick.chunks_mut(length) {
                limiter.process(block);
            }
            let mut thorough = sound.clone();
            Limiter::new().limit(&mut thorough);
            assert_eq!(quick, thorough, "blocks of {length}");
        }
    }
}
