//! The subject of `benches/core.rs`.

pub use crate::hub::bench::Crowd;
