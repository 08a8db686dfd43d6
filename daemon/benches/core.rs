//! The cost of telling one subscriber that one participant of a meeting has gone away, in lobbies of every size.
//!
//! `cargo xtask bench core` prints it. *Taken in* is the mesh's part: checking the signed record and seeing what follows.
//! *Told* is from there to the line that a subscriber is sent. *As a whole* is the same without events for one person:
//! three views of everything, and the list of meetings.

#![allow(clippy::expect_used)] // a benchmark fails loudly

use std::hint::black_box;
use std::time::{Duration, Instant};

use sotto_daemon::bench::Crowd;
use sotto_instruments::{Counting, counted};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Colleagues in the lobby.
const LOBBIES: [usize; 5] = [4, 50, 200, 1_000, 4_000];
/// Changes that are measured; of as many figures the middle one is printed.
const CHANGES: usize = 101;
/// The same where everything is told as a whole, which takes a while.
const WHOLE: usize = 11;

/// Time and allocations of one thing done.
type Cost = (Duration, u64);

fn measure<T>(costs: &mut Vec<Cost>, what: impl FnOnce() -> T) -> T {
    let ((result, time), allocations) = counted(|| {
        let begin = Instant::now();
        let result = black_box(what());
        (result, begin.elapsed())
    });
    costs.push((time, allocations));
    result
}

/// The middle of the times and of the counts, in words.
fn middle(costs: &mut [Cost]) -> String {
    costs.sort_unstable();
    let time = costs[costs.len() / 2].0;
    costs.sort_unstable_by_key(|(_, allocations)| *allocations);
    let allocations = costs[costs.len() / 2].1;
    format!("{:>12} ns {allocations:>8}", time.as_nanos())
}

fn main() {
    println!(
        "one participant goes away or comes back: time and allocations, the middle of {CHANGES}\n"
    );
    println!(
        "{:>22} {:>24} {:>24} {:>24} {:>7}",
        "in the lobby", "taken in", "told to one", "as a whole", "bytes"
    );
    for equal_names in [false, true] {
        for peers in LOBBIES {
            let mut crowd = Crowd::new(peers, equal_names).expect("everybody comes together");
            let (mut taken_in, mut told, mut whole) = (Vec::new(), Vec::new(), Vec::new());
            let mut bytes = 0;
            for number in 0..CHANGES {
                let inputs = crowd.change();
                let events = measure(&mut taken_in, || crowd.take_in(inputs));
                let lines = measure(&mut told, || crowd.tell(&events));
                assert!(!lines.is_empty(), "a change is told");
                bytes = lines.iter().map(String::len).sum();
                if number < WHOLE {
                    measure(&mut whole, || crowd.tell_everything(&events));
                }
            }
            let lobby = match equal_names {
                true => format!("{peers} of one name"),
                false => peers.to_string(),
            };
            println!(
                "{lobby:>22} {} {} {} {bytes:>7}",
                middle(&mut taken_in),
                middle(&mut told),
                middle(&mut whole)
            );
        }
    }
}
