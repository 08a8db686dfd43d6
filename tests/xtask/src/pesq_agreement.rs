//! Whether the `pesq` crate, by which the scenarios judge speech, agrees with the reference implementation.
//!
//! The reference implementation comes as a Python package, into an environment of its own below `target`. It is no part
//! of `cargo xtask test`: it needs a package index, and its answer changes only with the crate's version.

use std::process::Command;

use crate::files::Files;
use crate::packages::{self, Set};
use crate::steps::{COMPILING, Failed, Minutes, Steps, cargo, root, target};

/// Where alsa-utils keeps its spoken prompts.
const PROMPTS: &str = "/usr/share/sounds/alsa";

/// The reference implementation, and what makes the pairs.
const REQUIRED: &[&str] = &["pesq==0.0.4", "numpy>=2,<3", "scipy>=1.13,<2"];

/// Makes pairs of clean and degraded speech, has both judge them, and prints the differences.
pub(crate) fn compare() -> Result<(), Failed> {
    let mut steps = Steps::begin();
    packages::install(Set::Pesq, &mut steps)?;
    let place = target().join("pesq-agreement");
    let (environment, pairs) = (place.join("python"), place.join("pairs"));
    let files = Files("pairs");
    files.remove(&pairs)?;
    files.create(&pairs)?;

    let mut build = cargo();
    build.args(["build", "--locked", "--package", "sotto-tests"]);
    build.args(["--example", "pesq_agreement"]);
    steps.quiet("build comparison", COMPILING, &mut build)?;

    let mut create = Command::new("python3");
    create.args(["-m", "venv"]).arg(&environment);
    steps.quiet("python environment", Minutes(5), &mut create)?;
    let python = environment.join("bin").join("python");
    let mut fetch = Command::new(&python);
    fetch.args(["-m", "pip", "install", "--disable-pip-version-check"]);
    steps
        .quiet(
            "reference implementation",
            Minutes(15),
            fetch.args(REQUIRED),
        )
        .map_err(|failed| failed.because("it needs a Python package index"))?;

    let script = root().join("tests/xtask/src/pesq_pairs.py");
    let mut judge = Command::new(&python);
    judge.arg(script).arg(PROMPTS).arg(&pairs);
    steps.quiet("pairs and their scores", Minutes(15), &mut judge)?;

    let program = target()
        .join("debug")
        .join("examples")
        .join("pesq_agreement");
    let mut comparison = Command::new(program);
    steps.reporting("comparison", Minutes(15), comparison.arg(&pairs))
}
