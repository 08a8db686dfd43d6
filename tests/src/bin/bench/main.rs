//! `sotto-bench`: the figures that a user would notice, from real daemons on virtual hosts.
//!
//! `sotto-bench [--runs N] [NAME …]` measures those whose name contains one of the words, all of them without. Every
//! figure is the median of several runs, with how far they were apart. It prints and judges nothing: what a slow day
//! does to a figure is for the reader to see.
//!
//! Build it, and what it measures, for release: `cargo xtask bench end-to-end` does both.

mod cost;
mod figure;
mod finding;
mod moments;
mod presence;
mod soak;
mod sound;
mod spent;
mod stopwatch;

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use sotto_tests::{Lab, sandbox};

use crate::figure::Table;

/// How often something is measured, unless told otherwise.
const RUNS: usize = 10;

/// What measures something.
type Measuring<'a> = Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

struct Measurement {
    name: &'static str,
    measure: for<'a> fn(&'a mut Lab, usize, &'a mut Table) -> Measuring<'a>,
}

macro_rules! measurements {
    ($($name:literal: $function:path),+ $(,)?) => {
        &[$(Measurement {
            name: $name,
            measure: |lab, runs, table| Box::pin($function(lab, runs, table)),
        }),+]
    };
}

const MEASUREMENTS: &[Measurement] = measurements![
    "finding": finding::in_the_list,
    "joining": finding::join_to_first_sound,
    "rejoining": finding::rejoin_to_first_sound,
    "presence": presence::on_every_roster,
    "crash": presence::crash_seen,
    "quality": sound::quality,
    "delay-file": sound::delay_through_files,
    "delay-pulseaudio": sound::delay_through_pulseaudio,
    "quality-pulseaudio": sound::quality_through_pulseaudio,
    "cost-idle": cost::idle,
    "cost-call": cost::call,
    "cost-pulseaudio": cost::call_through_pulseaudio,
    "cost-four-pulseaudio": cost::four_through_pulseaudio,
    "soak": soak::soak,
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sotto-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let (runs, names) = arguments(std::env::args().skip(1))?;
    if !sandbox::is_inside() {
        sandbox::enter()?;
    }
    let results = tempfile::Builder::new()
        .prefix("sotto-bench-")
        .tempdir()
        .context("cannot create a directory")?
        .keep();
    let outcome = measure(&results, runs, &names);
    // Recordings of an hour are of no use to anybody afterwards.
    if outcome.is_ok() {
        let _ = std::fs::remove_dir_all(&results);
    }
    outcome.with_context(|| format!("logs and recordings are in {}", results.display()))
}

fn arguments(mut words: impl Iterator<Item = String>) -> Result<(usize, Vec<String>)> {
    let (mut runs, mut names) = (RUNS, Vec::new());
    while let Some(word) = words.next() {
        if word == "--runs" {
            runs = words
                .next()
                .and_then(|count| count.parse().ok())
                .filter(|count| (1..=1000).contains(count))
                .context("--runs takes a number from 1 to 1000")?;
        } else if MEASUREMENTS.iter().any(|one| one.name.contains(&word)) {
            names.push(word);
        } else {
            let known: Vec<&str> = MEASUREMENTS.iter().map(|one| one.name).collect();
            bail!(
                "nothing is called {word:?}; there are: {}",
                known.join(", ")
            );
        }
    }
    Ok((runs, names))
}

fn measure(results: &Path, runs: usize, names: &[String]) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the system gives no threads")?;
    let mut lab = Lab::create(results)?;
    let mut table = Table::begin();
    for measurement in MEASUREMENTS {
        // What takes half an hour happens only by its name.
        let all = names.is_empty() && measurement.name != "soak";
        if !all && !names.iter().any(|name| measurement.name.contains(name)) {
            continue;
        }
        let begin = Instant::now();
        let outcome = runtime.block_on((measurement.measure)(&mut lab, runs, &mut table));
        table.or_failed(measurement.name, outcome);
        eprintln!(
            "({} took {:.0} s)",
            measurement.name,
            begin.elapsed().as_secs_f64()
        );
    }
    table.end()
}
