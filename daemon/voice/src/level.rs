//! How loud sound is.

/// A level in decibels below full scale, at most 0. Silence is [`Level::SILENCE`].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Level(f32);

impl Level {
    /// The lowest level that is told apart from nothing.
    pub const SILENCE: Self = Self(-100.0);

    /// The root mean square of `samples` (f32 in −1…1), where 0 dB is a square wave at full scale.
    pub fn of(samples: &[f32]) -> Self {
        if samples.is_empty() {
            return Self::SILENCE;
        }
        let sum: f32 = samples.iter().map(|sample| sample * sample).sum();
        Self::from_power(sum / samples.len() as f32)
    }

    /// The level of a mean square.
    pub fn from_power(power: f32) -> Self {
        if power.is_finite() && power > 0.0 {
            Self::from_db(10.0 * power.log10())
        } else {
            Self::SILENCE
        }
    }

    /// A level stated in decibels, held between silence and full scale.
    pub fn from_db(db: f32) -> Self {
        if db.is_nan() {
            Self::SILENCE
        } else {
            Self(db.clamp(Self::SILENCE.0, 0.0))
        }
    }

    /// The level in decibels relative to full scale, −100…0.
    pub fn db(self) -> f32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn levels_stay_between_silence_and_full_scale() {
        assert_eq!(Level::of(&[]), Level::SILENCE);
        assert_eq!(Level::of(&[0.0; 10]), Level::SILENCE);
        assert_eq!(Level::of(&[f32::NAN; 10]), Level::SILENCE);
        assert!((Level::of(&[0.1; 480]).db() + 20.0).abs() < 0.01);
        assert_eq!(Level::of(&[10.0; 10]).db(), 0.0);
    }

    proptest! {
        #[test]
        fn no_sound_and_no_number_make_a_level_that_is_none(
            samples in proptest::collection::vec(proptest::num::f32::ANY, 0..20),
            number in proptest::num::f32::ANY,
        ) {
            for level in [Level::of(&samples), Level::from_power(number), Level::from_db(number)] {
                prop_assert!((Level::SILENCE.db()..=0.0).contains(&level.db()), "{level:?}");
            }
        }
    }
}
