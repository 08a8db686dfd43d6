//! `cargo xtask`: the demonstration, the tests and the benchmarks, with everything that they need.
//!
//! Each task is a list of ordinary commands that anybody could type; it shows each one's time, stops at the first that
//! fails, and says which it was.

mod bench;
mod checks;
mod clean_systems;
mod files;
mod package;
mod packages;
mod pesq_agreement;
mod process;
mod progress;
mod steps;
mod unpacked;

use std::process::{Command, ExitCode};

use packages::{Found, Set};
use steps::{COMPILING, Failed, Minutes, Steps, cargo};

const HELP: &str = "\
Usage: cargo xtask TASK

  setup [build|demo|test|bench|package|try-packages]
               install the system packages that compiling Sotto, or that task, needs; all for 'test' if not said
  demo [DIR]   four daemons on loopback alone hold a meeting; a table says who heard what
  test         everything that decides whether a change is good
  scenario [NAME …]
               only the scenarios whose name contains a NAME; '--list' lists them
  bench [SELECTION …]
               print the figures: 'discovery', 'presence', 'core', 'voice', 'end-to-end'; all if not said.
               Other words, and all after 'end-to-end', choose among its measurements.
               '--quick' lets few seeds do for 'voice', and draws no picture
  bench soak [MINUTES]
               two real daemons talk for so long, 30 if not said: does the delay creep, does the memory grow?
  package [--maintainer 'NAME <ADDRESS>']
               make the packages of a release: a .deb, and a tarball for other systems
  try-packages install packages of the programs as they are now in clean systems of Debian, upgrade them during a meeting,
               and remove them; as root also boot those systems, log in and out
  pesq-agreement
               compare the judge of speech quality with the reference implementation, on real speech
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let asks_for_help = |word: &String| word == "--help" || word == "-h";
    if matches!(task.as_str(), "" | "help" | "--help" | "-h") || rest.iter().any(asks_for_help) {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let outcome = match task.as_str() {
        "setup" => setup(&rest),
        "demo" => demo(&rest),
        "test" => checks::test(),
        "scenario" => checks::scenario(&rest),
        "bench" => bench::bench(&rest),
        "package" => package::package(&rest),
        "try-packages" => clean_systems::try_packages(),
        "pesq-agreement" => pesq_agreement::compare(),
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

/// Builds the programs that scenarios and the demonstration start.
fn build_programs() -> Command {
    let mut command = cargo();
    command.args(["build", "--locked"]).args(PROGRAMS);
    command
}

/// Those programs.
const PROGRAMS: &[&str] = &[
    "--package",
    "sotto-daemon",
    "--package",
    "sotto-cli",
    "--package",
    "sotto-tests",
    "--bins",
];

fn setup(rest: &[String]) -> Result<(), Failed> {
    let task = rest.first().map_or("test", String::as_str);
    let set = Set::named(task).ok_or_else(|| {
        let how = format!("there is no set of packages \"{task}\"; see 'cargo xtask help'");
        Failed::new("setup", how)
    })?;
    if packages::install(set, &mut Steps::begin())? == Found::Everything {
        println!("All packages for it are installed already.");
    }
    Ok(())
}

fn demo(rest: &[String]) -> Result<(), Failed> {
    let mut steps = Steps::begin();
    packages::install(Set::Demo, &mut steps)?;
    // Not a release build: the crates that work on sound are optimised all the same.
    steps.quiet("build", COMPILING, &mut build_programs())?;
    let programs = steps::target().join("debug");
    let mut demonstration = Command::new(programs.join("sotto-demo"));
    demonstration.env("SOTTO_PROGRAMS", &programs);
    match rest.first() {
        Some(directory) => demonstration.arg(directory),
        None => demonstration.arg(steps::target().join("demo")),
    };
    // It tells a story of 75 seconds.
    steps.reporting("demonstration", Minutes(15), &mut demonstration)
}
