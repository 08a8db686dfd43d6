//! Everything random comes from one seed, so that any run can be had again.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A seeded source of chance.
#[derive(Debug)]
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// The one of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Uniform in 0…1.
    pub fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / f64::from(u32::MAX)
    }

    /// Uniform in 0…`bound` − 1.
    pub fn below(&mut self, bound: u32) -> u32 {
        self.0.next_u32() % bound.max(1)
    }

    /// Uniform in −1…1.
    pub fn sample(&mut self) -> f32 {
        (self.unit() * 2.0 - 1.0) as f32
    }
}
