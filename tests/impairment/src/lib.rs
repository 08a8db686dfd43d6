//! Bad networks, drawn from a seed: which packets are lost, and when the others arrive.
//!
//! The benchmark of `sotto-voice` sends packets over them on a virtual clock; the one with real daemons holds the
//! kernel's packets back for as long. [`networks()`] is the list that both measure.

mod link;
mod networks;

pub use link::{CLEAN, Impairment, Link, Loss, MS, Outages, Spread};
pub use networks::{Network, networks};
