//! Everything that decides whether a change is good, and the scenarios by themselves.

use std::process::Command;

use sotto_namespaces::on_loopback_alone;

use crate::build_programs;
use crate::clean_systems;
use crate::packages::{self, Set};
use crate::steps::{
    AFTER_OTHERS, COMPILING, FETCHING, Failed, Minutes, READING, Steps, build_tests, cargo,
    cargo_after_others, cargo_program,
};

/// The tests of all crates, without scenarios.
const TESTS: Minutes = Minutes(45);
/// All scenarios; each has a limit of its own.
const ALL_SCENARIOS: Minutes = Minutes(60);

/// Runs everything that decides whether a change is good.
pub(crate) fn test() -> Result<(), Failed> {
    let mut steps = Steps::begin();
    packages::install(Set::Test, &mut steps)?;
    require_namespaces()?;
    steps.quiet(
        "formatting",
        READING,
        cargo().args(["fmt", "--all", "--check"]),
    )?;
    steps.quiet(
        "lints",
        COMPILING,
        cargo()
            .args(["clippy", "--locked", "--workspace", "--all-targets", "--"])
            .args(["--deny", "warnings"]),
    )?;
    steps.quiet("build tests", COMPILING, &mut build_tests())?;
    // Tests wait more than they compute. What takes long and fails seldom is done meanwhile.
    steps.beside(
        |steps| {
            steps.quiet("long tests", TESTS, &mut long_tests())?;
            clean_systems::beside_the_tests(steps)
        },
        |steps| steps.beside(documents, tests),
    )?;
    steps.reporting("scenarios", ALL_SCENARIOS, scenarios().arg("--fail-fast"))?;
    steps.summary();
    Ok(())
}

/// The tests of all crates, in a network that is only loopback: some speak multicast.
fn tests(steps: &mut Steps) -> Result<(), Failed> {
    steps.quiet(
        "tests",
        TESTS,
        on_loopback_alone()
            .arg(cargo_program())
            .args(["test", "--offline", "--locked", "--workspace"])
            .env("SOTTO_SCENARIOS", "none"),
    )
}

/// What is written about the code, and about what it is built from.
fn documents(steps: &mut Steps) -> Result<(), Failed> {
    dependencies(steps)?;
    steps.quiet(
        "documentation",
        COMPILING,
        cargo_after_others()
            .args(["doc", "--locked", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "--deny warnings"),
    )
}

/// Licences, sources, duplicates, and advisories where their database can be fetched.
fn dependencies(steps: &mut Steps) -> Result<(), Failed> {
    if !steps.has_tool("cargo-deny") {
        steps.say(
            "dependencies                not checked: cargo-deny is not installed and cannot be built here",
        );
        return Ok(());
    }
    let deny = |arguments: &[&str]| {
        let mut command = cargo();
        command.arg("deny").args(arguments);
        command
    };
    steps.quiet(
        "licences and sources",
        READING,
        &mut deny(&["--locked", "check", "bans", "licenses", "sources"]),
    )?;
    let fetched = steps.trying(
        "advisories, fetching",
        FETCHING,
        &mut deny(&["--locked", "fetch", "db"]),
    );
    if !fetched {
        steps.say("advisories                  not checked: their database cannot be fetched here");
        return Ok(());
    }
    steps.quiet(
        "advisories",
        READING,
        &mut deny(&["--locked", "check", "advisories"]),
    )
}

/// Asks whether this system gives namespaces, before anything is compiled for them.
pub(crate) fn require_namespaces() -> Result<(), Failed> {
    sotto_namespaces::require()
        .map_err(|refused| Failed::new("network namespaces", refused.to_string()))
}

/// Where long tests are.
const LONG_TESTS: [&str; 4] = ["simulated", "soak", "recordings", "control"];

/// Tests that compute, or wait for a time-out, for half a minute and more in one thread. They are marked as ignored, so
/// that whoever runs a crate's tests does not wait for them, and run here beside the others, which go first.
fn long_tests() -> Command {
    let mut command = on_loopback_alone();
    command
        .args(AFTER_OTHERS)
        .arg(cargo_program())
        .args(["test", "--offline", "--locked", "--workspace"])
        .args(LONG_TESTS.iter().flat_map(|test| ["--test", test]))
        .args(["--", "--ignored"]);
    command
}

/// Has cargo build and run the scenarios, and the programs that they start.
const SCENARIOS: [&str; 5] = ["test", "--locked", "--workspace", "--test", "scenarios"];

/// Runs scenarios.
fn scenarios() -> Command {
    let mut command = cargo();
    command.args(SCENARIOS).args(["--quiet", "--"]);
    command
}

/// Runs the scenarios whose name contains one of `names`, or all.
pub(crate) fn scenario(names: &[String]) -> Result<(), Failed> {
    let mut steps = Steps::begin();
    packages::install(Set::Test, &mut steps)?;
    require_namespaces()?;
    let mut building = build_programs();
    building.args(["--package", "sotto-tray"]);
    steps.quiet("build", COMPILING, &mut building)?;
    steps.reporting("scenarios", ALL_SCENARIOS, scenarios().args(names))
}
