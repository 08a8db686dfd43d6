//! Runs scenarios one after the other, each in a process and a sandbox of its own.

use std::collections::VecDeque;
use std::fs::File;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use sotto_tests::{Lab, sandbox};

/// Begins a line that belongs into the report.
pub(crate) const NOTE: &str = "note: ";

/// Names the scenario to the process that runs it.
const INSIDE: &str = "--inside";

/// Says `none` where all other tests run and scenarios have a step of their own.
const CHOICE: &str = "SOTTO_SCENARIOS";

/// How many lines of each log are shown when a scenario fails.
const SHOWN: usize = 30;

/// A scenario that is under way.
type Happening = Pin<Box<dyn Future<Output = Result<()>>>>;

/// A scenario.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) limit: Duration,
    pub(crate) run: fn(Lab) -> Happening,
}

/// Does what the arguments say.
pub(crate) fn run(scenarios: &[Scenario]) -> ExitCode {
    let arguments: VecDeque<String> = std::env::args().skip(1).collect();
    if arguments.front().is_some_and(|first| first == INSIDE) {
        return inside(
            scenarios,
            arguments.get(1).map(String::as_str).unwrap_or_default(),
        );
    }
    if std::env::var_os(CHOICE).is_some_and(|choice| choice == "none") {
        println!("scenarios: none, as {CHOICE} says");
        return ExitCode::SUCCESS;
    }
    // What the usual test runner takes is ignored, so that the usual commands work.
    let flags: Vec<String> = arguments
        .iter()
        .filter(|word| word.starts_with('-'))
        .cloned()
        .collect();
    let filters: Vec<String> = arguments
        .into_iter()
        .filter(|word| !word.starts_with('-'))
        .collect();
    let chosen: Vec<&Scenario> = scenarios
        .iter()
        .filter(|scenario| {
            filters.is_empty()
                || filters
                    .iter()
                    .any(|filter| scenario.name.contains(filter.as_str()))
        })
        .collect();
    if flags.iter().any(|flag| flag == "--list") {
        for scenario in chosen {
            println!("{}: test", scenario.name);
        }
        return ExitCode::SUCCESS;
    }
    match all(&chosen, flags.iter().any(|flag| flag == "--fail-fast")) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the chosen scenarios and reports.
fn all(chosen: &[&Scenario], fail_fast: bool) -> Result<ExitCode> {
    sotto_namespaces::require()?;
    println!("\nrunning {} scenarios", chosen.len());
    let begin = Instant::now();
    let mut failed = Vec::new();
    let mut succeeded = 0;
    for scenario in chosen {
        let begin = Instant::now();
        let directory = results(scenario.name);
        let status = one(scenario, &directory)?;
        let took = begin.elapsed().as_secs_f64();
        let output = std::fs::read_to_string(directory.join("output.txt")).unwrap_or_default();
        let passed = status.is_some_and(|status| status.success());
        println!(
            "{} {} ({took:.1} s)",
            if passed { "ok    " } else { "FAILED" },
            scenario.name
        );
        for line in output.lines().filter_map(|line| line.strip_prefix(NOTE)) {
            println!("         {line}");
        }
        if passed {
            succeeded += 1;
        } else {
            explain(scenario, status, &directory, &output);
            failed.push(scenario.name);
            if fail_fast {
                break;
            }
        }
    }
    println!(
        "\nscenarios: {succeeded} passed, {} failed, {} not run, in {:.0} s",
        failed.len(),
        chosen.len() - succeeded - failed.len(),
        begin.elapsed().as_secs_f64()
    );
    for name in &failed {
        println!("  failed: {name}");
    }
    Ok(if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn results(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("scenarios")
        .join(name)
}

/// Runs one scenario; `None` when it took too long.
fn one(scenario: &Scenario, directory: &Path) -> Result<Option<ExitStatus>> {
    if directory.exists() {
        std::fs::remove_dir_all(directory)
            .with_context(|| format!("cannot empty {}", directory.display()))?;
    }
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    let path = directory.join("output.txt");
    let output = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let own = std::env::current_exe().context("cannot tell where this program is")?;
    let mut process = sandbox::command(&own)
        .args([INSIDE, scenario.name])
        // An error says what failed; where it was made helps nobody.
        .env("RUST_LIB_BACKTRACE", "0")
        .stdin(std::process::Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
        .context("cannot start unshare")?;
    let begin = Instant::now();
    loop {
        if let Some(status) = process.try_wait()? {
            return Ok(Some(status));
        }
        if begin.elapsed() > scenario.limit {
            // Everything inside dies with it.
            process.kill()?;
            process.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Shows why a scenario failed: its own output, then what the daemons logged last.
fn explain(scenario: &Scenario, status: Option<ExitStatus>, directory: &Path, output: &str) {
    if status.is_none() {
        println!(
            "         it took more than {} s and was ended",
            scenario.limit.as_secs()
        );
    }
    for line in output.lines().filter(|line| !line.starts_with(NOTE)) {
        println!("         {line}");
    }
    let mut logs = logs(directory);
    logs.sort();
    for log in logs {
        println!("         --- {}", log.display());
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        for line in &lines[lines.len().saturating_sub(SHOWN)..] {
            println!("         {line}");
        }
    }
    println!("         logs and recordings: {}", directory.display());
}

fn logs(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path().join("sottod.log"))
        .filter(|log| log.exists())
        .collect()
}

/// The process in the sandbox: runs the scenario.
fn inside(scenarios: &[Scenario], name: &str) -> ExitCode {
    let outcome = scenarios
        .iter()
        .find(|scenario| scenario.name == name)
        .with_context(|| format!("there is no scenario {name}"))
        .and_then(|scenario| {
            let lab = Lab::create(&results(name))?;
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()?;
            runtime.block_on((scenario.run)(lab))
        });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}
