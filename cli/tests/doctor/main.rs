//! Causes that are made, and that `sotto doctor` must find.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod desktop;
mod firewalls;
mod fixture;
mod machine;
mod network;
mod report;
#[path = "../support/mod.rs"]
mod support;
