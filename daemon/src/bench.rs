//! What `benches/core.rs` measures.

pub use crate::hub::bench::Crowd;
