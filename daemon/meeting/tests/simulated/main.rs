//! Meetings of simulated people over a simulated network: the rules as short stories, random histories, and crowds.
//!
//! All in one program, because each has the whole mesh compiled into it.

// The lint's exception for tests covers test functions alone, not what they share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod invariants;
mod open_invitations;
mod rules;
mod scale;
#[path = "../sim/mod.rs"]
mod sim;
