//! Everything random comes from one seed, so that any run can be had again.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A seeded source of chance.
#[derive(Debug, Clone)]
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// Returns the one of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Returns a number, uniform in 0…1.
    pub fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / f64::from(u32::MAX)
    }

    /// Returns a number, uniform in 0…`bound` − 1.
    pub fn below(&mut self, bound: u32) -> u32 {
        self.0.next_u32() % bound.max(1)
    }

    /// Returns a sample of white noise, uniform in −1…1.
    pub fn sample(&mut self) -> f32 {
        (self.unit() * 2.0 - 1.0) as f32
    }

    /// Returns a number, uniform in `low`…`high`.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit() as f32
    }

    /// Tells whether something happens that happens in so many of a hundred cases.
    pub fn percent(&mut self, share: u32) -> bool {
        self.below(100) < share
    }

    /// Returns any byte.
    pub fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }

    /// Brings things into any order.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for index in (1..things.len()).rev() {
            things.swap(index, self.below(index as u32 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_is_one_course_of_events_and_another_is_another() {
        let course = |seed| {
            let mut chance = Chance::new(seed);
            (0..100).map(|_| chance.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(course(1), course(1));
        assert_ne!(course(1), course(2));
    }

    #[test]
    fn chances_are_as_stated() {
        let mut chance = Chance::new(5);
        let happened = (0..10_000).filter(|_| chance.percent(30)).count();
        assert!((2_800..3_200).contains(&happened), "{happened}");
        let noise: Vec<f32> = (0..10_000).map(|_| chance.sample()).collect();
        let mean = noise.iter().sum::<f32>() / 10_000.0;
        assert!(mean.abs() < 0.03, "{mean}");
        assert!(noise.iter().all(|sample| sample.abs() <= 1.0));
        assert!((0..1_000).all(|_| (2.0..=3.0).contains(&chance.between(2.0, 3.0))));
    }

    #[test]
    fn what_is_shuffled_stays_complete() {
        let mut things: Vec<u32> = (0..100).collect();
        Chance::new(3).shuffle(&mut things);
        assert!(!things.is_sorted());
        things.sort_unstable();
        assert!(things.into_iter().eq(0..100));
    }
}
