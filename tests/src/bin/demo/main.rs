//! `sotto-demo`: the main job on one machine, without sound hardware and without touching the network.
//!
//! Four daemons run on loopback alone with spoken sentences as microphones. The story is told as it happens; at
//! the end a table says who heard what. The exit code is 0 only if every line of it is as it should be.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use sotto_tests::story::{Row, tell};
use sotto_tests::{Lab, sandbox};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("\nThe demonstration stopped: {error:#}");
            ExitCode::from(1)
        }
    }
}

fn run() -> Result<bool> {
    let results = match std::env::args_os().nth(1) {
        Some(path) => PathBuf::from(path),
        None => std::env::temp_dir().join("sotto-demo"),
    };
    if !sandbox::is_inside() {
        prepare(&results)?;
        if sotto_namespaces::require().is_ok() {
            sandbox::enter()?;
        }
        println!("(no network namespace of its own here: using this machine's loopback)");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the system gives no threads")?;
    runtime.block_on(demonstrate(&results))
}

/// An empty directory for the results. Only what an earlier demonstration left is removed.
fn prepare(results: &Path) -> Result<()> {
    let mark = results.join(".sotto-demo");
    if mark.exists() {
        std::fs::remove_dir_all(results)
            .with_context(|| format!("cannot empty {}", results.display()))?;
    }
    std::fs::create_dir_all(results)
        .with_context(|| format!("cannot create {}", results.display()))?;
    std::fs::write(&mark, "").with_context(|| format!("cannot write {}", mark.display()))
}

async fn demonstrate(results: &Path) -> Result<bool> {
    let homes = tempfile::Builder::new()
        .prefix("sotto-")
        .tempdir()
        .context("cannot create a directory")?;
    let mut lab = Lab::on_loopback(results, homes.path())?;
    println!("\nSotto, shown by four colleagues on one machine (about 75 seconds)\n");
    let begin = Instant::now();
    let mut say = |what: &str| match what.strip_prefix("    ") {
        Some(detail) => println!("         {detail}"),
        None => println!("{:6.2} s  {what}", begin.elapsed().as_secs_f64()),
    };
    let rows = tell(&mut lab, &mut say).await?;
    let right = show(&rows);
    println!("\nWhat each one heard, to listen to:");
    for name in ["anna", "bao", "chen", "dara"] {
        let directory = lab.results().join(name);
        let mut files: Vec<String> = std::fs::read_dir(&directory)
            .with_context(|| format!("cannot read {}", directory.display()))?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|file| file.starts_with("heard") && file.ends_with(".wav"))
            .collect();
        files.sort();
        println!(
            "  {}",
            files
                .iter()
                .map(|file| directory.join(file).display().to_string())
                .collect::<Vec<_>>()
                .join("  ")
        );
    }
    println!(
        "\n{}",
        if right {
            "Everybody heard what they should, and nothing else."
        } else {
            "NOT everything is as it should be."
        }
    );
    Ok(right)
}

/// Prints the table and says whether all of it is right.
fn show(rows: &[Row]) -> bool {
    println!("\nWho heard what (PESQ from 1, unusable, to 4.64, indistinguishable):\n");
    for row in rows {
        println!(
            "  {} {}: \"{}\"",
            if row.is_right() { "✓" } else { "✗" },
            row.speaker,
            row.text
        );
        let cells: Vec<String> = row
            .cells
            .iter()
            .map(|cell| format!("{:5} {:28}", cell.listener, cell.to_string()))
            .collect();
        println!("      {}", cells.join("  ").trim_end());
    }
    rows.iter().all(Row::is_right)
}
