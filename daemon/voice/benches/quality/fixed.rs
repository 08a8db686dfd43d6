//! The jitter buffer alone: frames that were encoded once, copies at distances that never change, and programs that
//! stand still now and then.
//!
//! *unwarped* is what was heard, put back onto the talker's time by the source timestamps, so that a shift
//! of the whole sentence counts for nothing; *as heard* includes what stretching did.

use std::time::Instant;

use sotto_judge::Reference;

use crate::measure::at;
use crate::simulated::{self, Heard, Loss, Network, carry, encode, unwarped};
use crate::speech;

/// How many samples decoded speech lags behind what was encoded: 2.5 ms.
const LAG: i64 = 120;

/// Speech before the one that is judged, so that the link is known. Seconds.
const SETTLING: usize = 10;

/// Prints the figures of the links that are `chosen`, by name.
pub(crate) fn measure(sentence: &[f32], seeds: u64, chosen: impl Fn(&str) -> bool) {
    let seconds = sentence.len() / 48_000;
    println!("{seconds} s of speech, {seeds} seeds, 80 kbit/s, pulled 2.5 ms at a time");
    println!(
        "{:28} {:>7} {:>7} {:>7}  {:>7}  {:>8} {:>8}  {:>9}",
        "", "PESQ-WB", "median", "worst", "as", "delay ms", "", "concealed"
    );
    println!(
        "{:28} {:>7} {:>7} {:>7}  {:>7}  {:>8} {:>8}  {:>9}",
        "link, copies", "mean", "", "", "heard", "mean", "p95", "%"
    );
    for (name, network) in links().into_iter().filter(|(name, _)| chosen(name)) {
        report(name, &network, sentence, seeds);
    }
}

fn links() -> Vec<(&'static str, Network)> {
    let random = |share, copies: &[u32]| Network {
        loss: Loss::Random(share),
        copies: copies.to_vec(),
        ..Network::default()
    };
    let jitter = |jitter, share| Network {
        jitter,
        loss: Loss::Random(share),
        ..Network::default()
    };
    let bursts = |length| Network {
        loss: Loss::Bursts(0.2, length),
        ..Network::default()
    };
    let drift = |drift| Network {
        drift,
        ..Network::default()
    };
    let blocks = |lateness| Network {
        block: 480,
        lateness,
        ..Network::default()
    };
    let talker = |stall| Network {
        talker_stalls: stall,
        ..Network::default()
    };
    let listener = |stall| Network {
        listener_stalls: stall,
        ..blocks(0.0)
    };
    vec![
        ("clean, {1}", Network::default()),
        ("5 % random, {1}", random(0.05, &[1])),
        ("10 % random, {1}", random(0.1, &[1])),
        ("20 % random, {1}", random(0.2, &[1])),
        ("30 % random, {1}", random(0.3, &[1])),
        ("10 % random, {1,2}", random(0.1, &[1, 2])),
        ("20 % random, {1,2,3}", random(0.2, &[1, 2, 3])),
        ("30 % random, {1,2,3}", random(0.3, &[1, 2, 3])),
        ("20 % in bursts of 3, {1}", bursts(3)),
        ("20 % in bursts of 8, {1}", bursts(8)),
        ("jitter 20 ms, {1}", jitter(20.0, 0.0)),
        ("jitter 40 ms, {1}", jitter(40.0, 0.0)),
        ("jitter 60 ms, {1}", jitter(60.0, 0.0)),
        ("jitter 40 ms, 10 %, {1}", jitter(40.0, 0.1)),
        ("drift +200 ppm, {1}", drift(200.0)),
        ("drift -200 ppm, {1}", drift(-200.0)),
        ("10 ms blocks", blocks(0.0)),
        ("10 ms blocks, 0–4 ms late", blocks(4.0)),
        ("talker stalls 15 ms", talker(15.0)),
        ("talker stalls 30 ms", talker(30.0)),
        ("talker stalls 60 ms", talker(60.0)),
        ("talker stalls 90 ms", talker(90.0)),
        ("listener stalls 15 ms", listener(15.0)),
        ("listener stalls 30 ms", listener(30.0)),
        ("listener stalls 60 ms", listener(60.0)),
        ("listener stalls 90 ms", listener(90.0)),
    ]
}

fn report(name: &str, network: &Network, sentence: &[f32], seeds: u64) {
    let begun = Instant::now();
    // The settling speech is the end of the same sentence.
    let settling = speech::settling(sentence, SETTLING);
    let sound: Vec<f32> = settling.iter().chain(sentence).copied().collect();
    let frames = encode(&sound, |_| true);
    let reference = Reference::new(sentence);
    let mut scores = Vec::new();
    let mut warped = Vec::new();
    let mut delays = Vec::new();
    let (mut concealed, mut played) = (0, 0);
    for seed in 1..=seeds {
        let network = Network {
            seed,
            ..network.clone()
        };
        let heard = carry(&frames, frames.len(), &network);
        let straight = unwarped(&heard, sound.len(), LAG);
        scores.push(reference.pesq(&straight[settling.len()..]));
        warped.push(reference.pesq(as_heard(&heard, settling.len())));
        let from = settling.len();
        delays.extend(
            heard
                .sources
                .iter()
                .zip(&heard.delays)
                .filter(|((at, _), _)| *at > from)
                .map(|(_, delay)| *delay),
        );
        concealed += heard.stats.concealed;
        played += heard.stats.played;
    }
    scores.sort_by(f64::total_cmp);
    warped.sort_by(f64::total_cmp);
    delays.sort_by(f64::total_cmp);
    println!(
        "{name:28} {:7.2} {:7.2} {:7.2}  {:7.2}  {:8.1} {:8.1}  {:9.2}   ({:.1} s)",
        simulated::mean(&scores),
        at(&scores, 0.5),
        at(&scores, 0.0),
        at(&warped, 0.5),
        simulated::mean(&delays),
        at(&delays, 0.95),
        100.0 * concealed as f64 / (concealed + played).max(1) as f64,
        begun.elapsed().as_secs_f64(),
    );
}

/// From where the sentence began to be heard.
fn as_heard(heard: &Heard, from: usize) -> &[f32] {
    let begin = heard
        .sources
        .iter()
        .find(|(_, position)| *position >= from as i64)
        .map_or(0, |(at, _)| *at);
    &heard.sound[begin..]
}
