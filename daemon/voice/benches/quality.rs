//! What speech is worth after a bad network: PESQ-WB and delay through the real encoder, redundancy and
//! playout, on a virtual clock.
//!
//! `cargo bench -p sotto-voice --bench quality [-- SEEDS [LINK]]`. Every figure is over the same seeds, 10
//! unless told otherwise; only links whose name contains LINK are measured. The speech is Debian's spoken prompts from alsa-utils, at −26 dBov; without them there is
//! nothing to judge.
//!
//! *unwarped* is what was heard, put back onto the talker's time by the source timestamps, so that a shift
//! of the whole sentence counts for nothing; *as heard* includes what stretching did.

#[path = "../tests/simulated/mod.rs"]
mod simulated;

use std::process::ExitCode;
use std::time::Instant;

use simulated::{Heard, Loss, Network, carry, encode, level, unwarped};
use sotto_voice::codec::Encoder;

const PROMPTS: &str = "/usr/share/sounds/alsa";
/// One sentence is put together of these.
const SENTENCE: [&str; 6] = [
    "Front_Center",
    "Rear_Left",
    "Side_Right",
    "Front_Left",
    "Rear_Center",
    "Side_Left",
];
/// Speech before the one that is judged, so that the link is known. Seconds.
const SETTLING: usize = 10;

fn main() -> ExitCode {
    let seeds = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .next()
        .unwrap_or(10);
    let Some(sentence) = sentence() else {
        eprintln!("no spoken prompts in {PROMPTS}: install alsa-utils");
        return ExitCode::from(if std::env::args().any(|argument| argument == "--test") {
            0
        } else {
            1
        });
    };
    let seconds = sentence.len() / 48_000;
    println!("{seconds} s of speech, {seeds} seeds, 48 kbit/s, pulled 2.5 ms at a time");
    println!(
        "{:28} {:>7} {:>7} {:>7}  {:>7}  {:>8} {:>8}  {:>9}",
        "", "PESQ-WB", "median", "worst", "as", "delay ms", "", "concealed"
    );
    println!(
        "{:28} {:>7} {:>7} {:>7}  {:>7}  {:>8} {:>8}  {:>9}",
        "link, copies", "mean", "", "", "heard", "mean", "p95", "%"
    );
    let wanted = std::env::args()
        .nth(2)
        .filter(|name| !name.starts_with('-'));
    let chosen = |name: &str| wanted.as_deref().is_none_or(|wanted| name.contains(wanted));
    for (name, network) in links().into_iter().filter(|(name, _)| chosen(name)) {
        report(name, &network, &sentence, seeds);
    }
    ExitCode::SUCCESS
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
    let lag = Encoder::new().map_or(312, |mut encoder| encoder.lookahead());
    // The settling speech is the end of the same sentence.
    let settling = &sentence[sentence.len() - SETTLING.min(sentence.len() / 48_000) * 48_000..];
    let sound: Vec<f32> = settling.iter().chain(sentence).copied().collect();
    let frames = encode(&sound, |_| true);
    let reference = to_16_khz(sentence);
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
        let straight = unwarped(&heard, sound.len(), lag as i64);
        if let Some(score) = judge(&reference, &straight[settling.len()..]) {
            scores.push(score);
        }
        if let Some(score) = judge(&reference, as_heard(&heard, settling.len())) {
            warped.push(score);
        }
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

/// The value that a share of the sorted `values` stays below.
fn at(values: &[f64], share: f64) -> f64 {
    let last = values.len().saturating_sub(1);
    values
        .get((share * last as f64).round() as usize)
        .copied()
        .unwrap_or(f64::NAN)
}

fn judge(reference: &[i16], heard: &[f32]) -> Option<f64> {
    pesq::pesq_wb(reference, &to_16_khz(heard))
        .ok()
        .map(f64::from)
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

/// The prompts one after the other, at −26 dBov.
fn sentence() -> Option<Vec<f32>> {
    let mut sound = vec![0.0; 24_000];
    for name in SENTENCE {
        let mut file = hound::WavReader::open(format!("{PROMPTS}/{name}.wav")).ok()?;
        if file.spec().sample_rate != 48_000 || file.spec().channels != 1 {
            return None;
        }
        for sample in file.samples::<i16>() {
            sound.push(f32::from(sample.ok()?) / 32_768.0);
        }
        sound.extend([0.0; 9_600]);
    }
    let spoken: Vec<f32> = sound
        .iter()
        .copied()
        .filter(|sample| sample.abs() > 0.001)
        .collect();
    let gain = 10.0_f64.powf((-26.0 - level(&spoken)) / 20.0) as f32;
    for sample in &mut sound {
        *sample *= gain;
    }
    sound.truncate(sound.len() / 480 * 480);
    Some(sound)
}

/// Every third sample behind a low pass at 7.6 kHz.
fn to_16_khz(sound: &[f32]) -> Vec<i16> {
    const REACH: usize = 120;
    let filter: Vec<f64> = (0..=2 * REACH)
        .map(|index| {
            let x = index as f64 - REACH as f64;
            let angle = std::f64::consts::TAU * 7_600.0 / 48_000.0 * x;
            let sinc = if x == 0.0 { 1.0 } else { angle.sin() / angle };
            let window = (std::f64::consts::FRAC_PI_2 * x / (REACH as f64 + 1.0))
                .cos()
                .powi(2);
            sinc * window * 2.0 * 7_600.0 / 48_000.0
        })
        .collect();
    (0..sound.len() / 3)
        .map(|out| {
            let sum: f64 = filter
                .iter()
                .enumerate()
                .filter_map(|(index, tap)| {
                    let place = (3 * out + index).checked_sub(REACH)?;
                    Some(tap * f64::from(*sound.get(place)?))
                })
                .sum();
            (sum * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16
        })
        .collect()
}
