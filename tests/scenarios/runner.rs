//! Runs scenarios, each in a process and a sandbox of its own.
//!
//! Most of a scenario's time is waiting: two daemons that talk take a third of a core. So several run at once, one a
//! core; those that need the machine for themselves come last.

use std::collections::VecDeque;
use std::fs::File;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Child, ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use sotto_tests::{Lab, sandbox};

/// Begins a line that belongs into the report.
pub(crate) const NOTE: &str = "note: ";

/// Names the scenario to the process that runs it.
const INSIDE: &str = "--inside";

/// Says `none` where all other tests run and scenarios have a step of their own.
const CHOICE: &str = "SOTTO_SCENARIOS";

/// Scenarios at once. More would hardly end sooner: the longest takes a minute and a half.
const MOST_AT_ONCE: usize = 8;

/// How many lines of each log are shown when a scenario fails.
const SHOWN: usize = 30;

/// A scenario that is under way.
type Happening = Pin<Box<dyn Future<Output = Result<()>>>>;

/// A scenario.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) limit: Duration,
    /// It needs the whole machine: it takes much, or judges what a busy one blurs.
    pub(crate) alone: bool,
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

/// Runs the chosen scenarios and reports: first those that leave the machine time for another, several at once, then the
/// others one by one.
fn all(chosen: &[&Scenario], fail_fast: bool) -> Result<ExitCode> {
    sotto_namespaces::require()?;
    println!("\nrunning {} scenarios", chosen.len());
    let begin = Instant::now();
    let (alone, beside): (Vec<&Scenario>, Vec<&Scenario>) =
        chosen.iter().copied().partition(|scenario| scenario.alone);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut report = Report {
        fail_fast,
        succeeded: 0,
        failed: Vec::new(),
    };
    report.run(beside, cores.min(MOST_AT_ONCE))?;
    report.run(alone, 1)?;
    println!(
        "\nscenarios: {} passed, {} failed, {} not run, in {:.0} s",
        report.succeeded,
        report.failed.len(),
        chosen.len() - report.succeeded - report.failed.len(),
        begin.elapsed().as_secs_f64()
    );
    for name in &report.failed {
        println!("  failed: {name}");
    }
    Ok(if report.failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What became of the scenarios so far.
struct Report {
    fail_fast: bool,
    succeeded: usize,
    failed: Vec<&'static str>,
}

impl Report {
    /// Runs scenarios, `at_once` of them at the same time, and tells of each when it has ended.
    fn run(&mut self, scenarios: Vec<&Scenario>, at_once: usize) -> Result<()> {
        let mut waiting = VecDeque::from(scenarios);
        let mut running: Vec<Running<'_>> = Vec::new();
        loop {
            let stopped = self.fail_fast && !self.failed.is_empty();
            while running.len() < at_once && !stopped {
                let Some(scenario) = waiting.pop_front() else {
                    break;
                };
                running.push(Running::start(scenario)?);
            }
            if running.is_empty() {
                return Ok(());
            }
            let mut index = 0;
            while let Some(one) = running.get_mut(index) {
                match one.poll()? {
                    Some(ended) => {
                        self.tell(&running.swap_remove(index), ended);
                    }
                    None => index += 1,
                }
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn tell(&mut self, one: &Running<'_>, ended: Ended) {
        let Running {
            scenario,
            directory,
            begin,
            ..
        } = one;
        let took = begin.elapsed().as_secs_f64();
        let output = std::fs::read_to_string(directory.join("output.txt")).unwrap_or_default();
        let passed = matches!(ended, Ended::ByItself(status) if status.success());
        println!(
            "{} {} ({took:.1} s)",
            if passed { "ok    " } else { "FAILED" },
            scenario.name
        );
        for line in output.lines().filter_map(|line| line.strip_prefix(NOTE)) {
            println!("         {line}");
        }
        if passed {
            self.succeeded += 1;
        } else {
            explain(scenario, ended, directory, &output);
            self.failed.push(scenario.name);
        }
    }
}

/// How a scenario ended.
#[derive(Debug, Clone, Copy)]
enum Ended {
    ByItself(ExitStatus),
    TookTooLong,
}

/// A scenario that runs in a process and a sandbox of its own.
struct Running<'a> {
    scenario: &'a Scenario,
    directory: PathBuf,
    process: Child,
    begin: Instant,
}

impl<'a> Running<'a> {
    fn start(scenario: &'a Scenario) -> Result<Self> {
        let directory = results(scenario.name);
        if directory.exists() {
            std::fs::remove_dir_all(&directory)
                .with_context(|| format!("cannot empty {}", directory.display()))?;
        }
        std::fs::create_dir_all(&directory)
            .with_context(|| format!("cannot create {}", directory.display()))?;
        let path = directory.join("output.txt");
        let output =
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let own = std::env::current_exe().context("cannot tell where this program is")?;
        let process = sandbox::command(&own)
            .args([INSIDE, scenario.name])
            // An error says what failed; where it was made helps nobody.
            .env("RUST_LIB_BACKTRACE", "0")
            .stdin(std::process::Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .context("cannot start unshare")?;
        Ok(Self {
            scenario,
            directory,
            process,
            begin: Instant::now(),
        })
    }

    /// Returns how it ended, if it has. One that takes too long is ended, with everything inside.
    fn poll(&mut self) -> Result<Option<Ended>> {
        if let Some(status) = self.process.try_wait()? {
            return Ok(Some(Ended::ByItself(status)));
        }
        if self.begin.elapsed() <= self.scenario.limit {
            return Ok(None);
        }
        self.process.kill()?;
        self.process.wait()?;
        Ok(Some(Ended::TookTooLong))
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // Nothing is left if an error ends the report.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn results(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("scenarios")
        .join(name)
}

/// Shows why a scenario failed: its own output, then what the daemons logged last.
fn explain(scenario: &Scenario, ended: Ended, directory: &Path, output: &str) {
    if matches!(ended, Ended::TookTooLong) {
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
