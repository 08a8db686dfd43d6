//! Compares the `pesq` crate, by which scenarios and benchmarks judge speech, with the reference implementation.
//!
//! `cargo xtask pesq-agreement` makes the pairs, has the reference implementation judge them, and runs this with their
//! directory. It prints the differences and fails when one of them is greater than 0.05.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

/// The greatest difference that leaves every bound in the scenarios meaningful.
const BOUND: f32 = 0.05;

/// Fewer pairs would show little.
const PAIRS: usize = 50;

fn main() -> Result<ExitCode> {
    let directory = std::env::args_os().nth(1).map(PathBuf::from);
    let directory = directory.context("usage: pesq_agreement DIRECTORY")?;
    let path = directory.join("scores.tsv");
    let scores = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;

    let mut differences = Vec::new();
    println!(
        "{:36} {:>9} {:>9} {:>9}",
        "PESQ-WB", "reference", "crate", "apart"
    );
    for line in scores.lines() {
        let (name, reference) = line
            .split_once('\t')
            .with_context(|| format!("not a score: {line:?}"))?;
        let reference: f32 = reference
            .parse()
            .with_context(|| format!("not a score: {line:?}"))?;
        let clean = samples(&directory.join(format!("{name}.clean.wav")))?;
        let degraded = samples(&directory.join(format!("{name}.degraded.wav")))?;
        let ours = pesq::pesq_wb(&clean, &degraded)
            .map_err(|error| anyhow::anyhow!("{name} cannot be judged: {error:?}"))?;
        let apart = (ours - reference).abs();
        println!("{name:36} {reference:9.3} {ours:9.3} {apart:9.4}");
        differences.push(apart);
    }
    ensure!(
        differences.len() >= PAIRS,
        "only {} pairs in {}",
        differences.len(),
        path.display()
    );
    let mean = differences.iter().sum::<f32>() / differences.len() as f32;
    // A difference that is not a number counts as the greatest.
    let greatest =
        differences.iter().copied().fold(
            0.0,
            |greatest: f32, apart| {
                if apart <= greatest { greatest } else { apart }
            },
        );
    println!(
        "\n{} pairs: the largest difference is {greatest:.4}, the mean {mean:.4}",
        differences.len()
    );
    if greatest <= BOUND {
        return Ok(ExitCode::SUCCESS);
    }
    println!("more than {BOUND}: the two do not agree");
    Ok(ExitCode::FAILURE)
}

fn samples(path: &Path) -> Result<Vec<i16>> {
    let mut reader =
        hound::WavReader::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    reader
        .samples::<i16>()
        .collect::<Result<_, _>>()
        .with_context(|| format!("{} is damaged", path.display()))
}
