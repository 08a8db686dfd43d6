//! `cargo xtask`: the demonstration, the tests and the benchmarks, with everything that they need.
//!
//! Each task is a list of ordinary commands that anybody could type; it shows each one's time, stops at the first that
//! fails, and says which it was.

mod packages;
mod steps;

use std::process::{Command, ExitCode};

use steps::{Failed, Steps, cargo};

const HELP: &str = "\
Usage: cargo xtask TASK

  setup        install the system packages that building, testing and the demonstration need
  demo [DIR]   four daemons on loopback alone hold a meeting; a table says who heard what
  test         everything that decides whether a change is good
  scenario [NAME …]   only the scenarios whose name contains NAME
  bench        print the figures: discovery, joining, presence, voice, cost
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let outcome = match task.as_str() {
        "setup" => packages::install(),
        "demo" => demo(&rest),
        "test" => test(),
        "scenario" => scenario(&rest),
        "bench" => bench(),
        "" | "help" | "--help" | "-h" => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        other => {
            eprint!("cargo xtask: there is no task \"{other}\"\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("\n{failed}");
            ExitCode::FAILURE
        }
    }
}

/// The programs that scenarios and the demonstration start.
const PROGRAMS: &[&str] = &[
    "build",
    "--locked",
    "--package",
    "sotto-daemon",
    "--package",
    "sotto-cli",
    "--package",
    "sotto-tests",
    "--bins",
];

fn demo(rest: &[String]) -> Result<(), Failed> {
    packages::install()?;
    let mut steps = Steps::begin();
    // Not a release build: the crates that work on sound are optimised all the same.
    steps.cargo("build", PROGRAMS)?;
    let programs = steps::target().join("debug");
    let mut demonstration = Command::new(programs.join("sotto-demo"));
    demonstration.env("SOTTO_PROGRAMS", &programs);
    match rest.first() {
        Some(directory) => demonstration.arg(directory),
        None => demonstration.arg(steps::target().join("demo")),
    };
    steps.reporting("demonstration", &mut demonstration)
}

fn test() -> Result<(), Failed> {
    packages::install()?;
    let mut steps = Steps::begin();
    steps.cargo("formatting", &["fmt", "--all", "--check"])?;
    steps.cargo(
        "lints",
        &[
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ],
    )?;
    steps.quiet(
        "documentation",
        cargo()
            .args(["doc", "--locked", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "--deny warnings"),
    )?;
    if steps.has_tool("cargo-deny") {
        steps.cargo(
            "licences and sources",
            &["deny", "--locked", "check", "bans", "licenses", "sources"],
        )?;
    } else {
        println!("licences and sources         not checked: cargo-deny cannot be had here");
    }
    // One compilation for all, so that libraries are not built once for each selection of packages.
    steps.cargo(
        "build tests",
        &["test", "--locked", "--workspace", "--no-run"],
    )?;
    steps.quiet(
        "tests",
        &mut on_loopback_alone(&[
            &[
                "test",
                "--offline",
                "--locked",
                "--workspace",
                "--exclude",
                "sotto-tests",
            ],
            &[
                "test",
                "--offline",
                "--locked",
                "--package",
                "sotto-tests",
                "--lib",
                "--bins",
            ],
        ]),
    )?;
    steps.cargo("build programs", PROGRAMS)?;
    steps.reporting("scenarios", cargo().args(SCENARIOS).arg("--fail-fast"))?;
    steps.summary();
    Ok(())
}

/// Runs cargo several times in a network that is only loopback: some tests speak multicast.
fn on_loopback_alone(runs: &[&[&str]]) -> Command {
    let program = cargo().get_program().to_string_lossy().into_owned();
    let runs: Vec<String> = runs
        .iter()
        .map(|arguments| format!("'{program}' {}", arguments.join(" ")))
        .collect();
    let mut command = Command::new("unshare");
    command
        .args(["--map-root-user", "--net", "--", "sh", "-euc"])
        .arg(format!("ip link set lo up\n{}", runs.join("\n")));
    command
}

/// Runs scenarios, one at a time.
const SCENARIOS: &[&str] = &[
    "test",
    "--quiet",
    "--locked",
    "--package",
    "sotto-tests",
    "--test",
    "scenarios",
    "--",
];

fn scenario(names: &[String]) -> Result<(), Failed> {
    let mut steps = Steps::begin();
    steps.cargo("build", PROGRAMS)?;
    steps.reporting("scenarios", cargo().args(SCENARIOS).args(names))
}

fn bench() -> Result<(), Failed> {
    packages::install()?;
    let mut steps = Steps::begin();
    steps.reporting(
        "discovery and gossip",
        cargo().args([
            "run",
            "--locked",
            "--release",
            "--package",
            "sotto-net",
            "--example",
            "figures",
        ]),
    )?;
    steps.reporting(
        "voice",
        cargo().args(["bench", "--locked", "--package", "sotto-voice"]),
    )?;
    steps.summary();
    Ok(())
}
