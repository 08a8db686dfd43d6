//! What real daemons answer and tell, kept in files that other programs' tests replay.
//!
//! Each file beside this one is a scene: the picture that a subscriber gets, and then requests with their replies or
//! refusals, and with what the daemon tells of them. This test plays the scenes with real daemons and compares. The tests
//! of the command line replay the files, so that no second daemon stands there with rules of its own.
//!
//! After a change that is meant, write the files anew and read the difference:
//!
//! ```text
//! $ unshare -rn sh -c 'ip link set lo up; SOTTO_RECORD=1 cargo test -p sotto-daemon --test recordings -- --ignored'
//! $ git diff daemon/tests/recordings
//! ```
//!
//! Runs real daemons, so it must run where no real network is: in a network namespace that has nothing but loopback.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod cast;
mod layout;
mod normal;
mod scenes;
#[path = "../support/mod.rs"]
mod support;
mod take;

use cast::Cast;

/// One test, because a daemon would find those of another one, who have the same names.
#[tokio::test]
#[ignore = "waits half a minute for a join to fail; 'cargo xtask test' runs it beside the others"]
async fn real_daemons_say_what_is_recorded() {
    let mut cast = Cast::assemble().await;
    scenes::appearing(&mut cast).await;
    scenes::joining(&cast).await;
    cast.take_their_places().await;
    scenes::planning(&cast).await;
    scenes::groups(&cast).await;
    scenes::creating(&cast).await;
    scenes::muted(&cast).await;
    scenes::talk_key(&cast).await;
    scenes::quiet(&cast).await;
    scenes::held_whisper(&cast).await;
    scenes::unrenewed_whisper(&cast).await;
    scenes::abandoned_whisper(&cast).await;
    scenes::unheard_whisper(&cast).await;
    scenes::whispered_to(&cast).await;
    scenes::switching(&cast).await;
    scenes::meeting_up(&cast).await;
    scenes::invited(&cast).await;
    scenes::leaving(&cast).await;
}
