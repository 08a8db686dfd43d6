//! What tests and benchmarks share.
//!
//! [`Chance`] is random and can be had again: print the seed when a test fails. [`Counting`] is an allocator that
//! counts; a test program that counts makes it its own.

mod chance;
mod counting;

pub use chance::Chance;
pub use counting::{Counting, allocations, counted, held, needed};
