//! Stands in for a crate that only wasm targets would use; see `Cargo.toml`.
