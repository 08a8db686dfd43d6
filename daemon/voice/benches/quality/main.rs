//! What speech is worth after a bad network: Sotto as it runs, and libopus alone, over the same seeds.
//!
//! `cargo bench -p sotto-voice --bench quality -- [--quick] [--seeds N] [--plot FILE] [NETWORK …]`; only networks whose
//! names contain a NETWORK are measured. `--fixed` measures the jitter buffer alone instead, with copies at distances
//! that never change; `--codec` the encoder's complexities. Everything happens on a virtual clock. The figures:
//!
//! - *PESQ-WB* and *STOI* of one sentence of 10 s, after 10 s of speech over the same network: the median and the
//!   worst of the seeds. What was heard is put back onto the talker's time first, so that a shift of the whole counts
//!   for nothing.
//! - *mouth to ear*: from a sample at the microphone to the same sample at the loudspeaker, devices left out: framing
//!   and codec, the way through the network, the jitter buffer and the mixer. *added* is what of it remains
//!   without frame, codec, mixer and the network's shortest way: what the jitter buffer holds.
//! - *kbit/s*: what the talker sends, control packets and the headers of IPv4 and UDP included.
//! - *concealed*: frames that nothing brought in time, and in the column *DRED* those of them behind which a later one
//!   had come: what a codec's own memory of the past could still have repaired.
//! - *µs*: processor time of both ends together for 10 ms of speech.

#[path = "../../tests/simulated/mod.rs"]
mod simulated;

mod baseline;
mod codec;
mod conditions;
mod cpu;
mod fixed;
mod heard;
mod measure;
mod peers;
mod plot;
mod sotto;
mod speech;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use conditions::Condition;
use measure::{Bench, Summary, System};

/// What was asked for.
struct Wish {
    seeds: u64,
    quick: bool,
    fixed: bool,
    codec: bool,
    /// Whether cargo only wants to know that the bench still starts.
    test: bool,
    plot: Option<PathBuf>,
    networks: Vec<String>,
}

impl Wish {
    fn from_arguments() -> Self {
        let mut wish = Self {
            seeds: 0,
            quick: false,
            fixed: false,
            codec: false,
            test: false,
            plot: None,
            networks: Vec::new(),
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => wish.quick = true,
                "--fixed" => wish.fixed = true,
                "--codec" => wish.codec = true,
                "--test" => wish.test = true,
                "--seeds" => {
                    wish.seeds = arguments
                        .next()
                        .and_then(|seeds| seeds.parse().ok())
                        .unwrap_or(0);
                }
                "--plot" => wish.plot = arguments.next().map(PathBuf::from),
                // What cargo adds.
                flag if flag.starts_with("--") => {}
                network => wish.networks.push(network.to_owned()),
            }
        }
        if wish.seeds == 0 {
            wish.seeds = if wish.quick { 3 } else { 10 };
        }
        wish
    }

    fn chosen(&self, name: &str) -> bool {
        self.networks.is_empty() || self.networks.iter().any(|part| name.contains(part))
    }
}

fn main() -> ExitCode {
    let wish = Wish::from_arguments();
    let Some(sentence) = speech::sentence() else {
        eprintln!("no spoken prompts: install alsa-utils");
        return ExitCode::from(u8::from(!wish.test));
    };
    if wish.test {
        println!("a test does not measure");
        return ExitCode::SUCCESS;
    }
    let begun = Instant::now();
    if wish.codec {
        codec::measure(&sentence);
    } else if wish.fixed {
        fixed::measure(&sentence, wish.seeds, |name| wish.chosen(name));
    } else if let Err(error) = measure(&wish, sentence) {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    println!("\n{:.0} s", begun.elapsed().as_secs_f64());
    ExitCode::SUCCESS
}

fn measure(wish: &Wish, sentence: Vec<f32>) -> std::io::Result<()> {
    let bench = Bench::new(sentence, wish.seeds);
    let conditions: Vec<Condition> = conditions::all()
        .into_iter()
        .filter(|condition| wish.chosen(condition.name))
        .collect();
    table::head(&bench);
    let mut rows: Vec<(Condition, Summary, Summary)> = Vec::new();
    for condition in &conditions {
        let (sotto, baseline) = bench.measure(condition);
        table::row(condition.name, &sotto, &baseline);
        rows.push((*condition, sotto, baseline));
    }
    if !wish.quick {
        table::head_of_first_seconds();
        for condition in conditions.iter().filter(|condition| condition.sets_in) {
            let sotto = bench.first_seconds(System::Sotto, condition);
            let baseline = bench.first_seconds(System::Baseline, condition);
            table::row_of_first_seconds(condition.name, &sotto, &baseline);
        }
    }
    if let Some(path) = &wish.plot {
        std::fs::write(path, plot::svg(&rows))?;
        println!("\n{}", path.display());
    }
    Ok(())
}
