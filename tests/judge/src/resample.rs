//! Down to the rates that the measures are defined at.

/// Zero crossings of the windowed sinc on each side.
const CROSSINGS: usize = 40;
/// What is passed of the lower rate's half: below it the response is flat to 0.1 dB, above the half 60 dB down.
const PASSED: f64 = 0.95;

/// `sound` at another rate, `to` ≤ `from`, both in Hz: a sinc under a cosine-squared window, without delay.
#[must_use]
pub fn resample(sound: &[f32], from: usize, to: usize) -> Vec<f64> {
    let divisor = greatest_common_divisor(from, to).max(1);
    let (step, phases) = (from / divisor, to / divisor);
    // In periods of the input.
    let cutoff = PASSED * to as f64 / from as f64;
    let reach = (CROSSINGS as f64 / cutoff).ceil() as usize;
    let filters: Vec<Vec<f64>> = (0..phases)
        .map(|phase| {
            let shift = (phase * step % phases) as f64 / phases as f64;
            (0..=2 * reach)
                .map(|tap| {
                    let x = tap as f64 - reach as f64 - shift;
                    let angle = std::f64::consts::PI * cutoff * x;
                    let sinc = if angle == 0.0 {
                        1.0
                    } else {
                        angle.sin() / angle
                    };
                    let window = (std::f64::consts::FRAC_PI_2 * x / (reach as f64 + 1.0)).cos();
                    cutoff * sinc * window * window
                })
                .collect()
        })
        .collect();
    let count = (sound.len() * phases).div_ceil(step.max(1));
    (0..count)
        .map(|out| {
            let filter = &filters[out % phases];
            let centre = out * step / phases;
            let first = reach.saturating_sub(centre);
            let last = (sound.len() + reach)
                .saturating_sub(centre)
                .min(filter.len());
            filter
                .get(first..last)
                .unwrap_or_default()
                .iter()
                .zip(&sound[(centre + first - reach).min(sound.len())..])
                .map(|(tap, sample)| tap * f64::from(*sample))
                .sum()
        })
        .collect()
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(frequency: f64, rate: usize, count: usize) -> Vec<f64> {
        (0..count)
            .map(|n| (std::f64::consts::TAU * frequency * n as f64 / rate as f64).sin())
            .collect()
    }

    fn largest(values: impl Iterator<Item = f64>) -> f64 {
        values.fold(0.0, |largest, value| largest.max(value.abs()))
    }

    #[test]
    fn a_tone_stays_where_it_is_and_what_would_fold_back_is_gone() {
        for to in [16_000, 10_000] {
            for frequency in [100.0, 1_000.0, 0.4 * to as f64, 0.45 * to as f64] {
                let tone48: Vec<f32> = tone(frequency, 48_000, 48_000)
                    .iter()
                    .map(|sample| *sample as f32)
                    .collect();
                let got = resample(&tone48, 48_000, to);
                let wanted = tone(frequency, to, to);
                assert_eq!(got.len(), wanted.len());
                // The ends lack what lies beyond them.
                let middle = to / 10..to * 9 / 10;
                let error = largest(middle.map(|n| got[n] - wanted[n]));
                assert!(error < 0.02, "{frequency} Hz at {to}: off by {error}");
            }
            let folded: Vec<f32> = tone(0.53 * to as f64, 48_000, 48_000)
                .iter()
                .map(|sample| *sample as f32)
                .collect();
            let left = largest(
                resample(&folded, 48_000, to)[to / 10..to * 9 / 10]
                    .iter()
                    .copied(),
            );
            assert!(left < 0.003, "{left} of a tone above {to}/2");
        }
    }

    #[test]
    fn the_shortest_sounds_are_no_trouble() {
        for length in 0..10 {
            let out = resample(&vec![0.5; length], 48_000, 10_000);
            assert_eq!(out.len(), (length * 5).div_ceil(24));
            assert!(out.iter().all(|sample| sample.is_finite()));
        }
    }
}
