//! This release together with others: with later ones that say more, and with the bytes that earlier ones have left.
//!
//! These are tests of `sotto-meeting`, compiled into it: a later release is this one with additions that no product code
//! can reach (`growable::tests`). [`README.md`](README.md) says how the bytes of a release are added.

// The lint's exception for tests covers test functions alone, not the fixtures that they share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::sim;

mod kept;
mod later;
mod stored;
