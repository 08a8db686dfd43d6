//! Whole networks on virtual hosts.
//!
//! Every test runs in a network namespace of its own, with nothing in it but loopback and what the test adds; no
//! packet can leave the machine.

// The lint's exception for tests covers test functions alone, not the fixtures that they share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod connecting;
mod discovering;
mod failing;
mod fixture;
mod interfaces;
mod media;
mod messaging;
