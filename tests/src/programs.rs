//! Running other programs, and saying what went wrong when they fail.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context, Result, bail};

/// A program that ends when this is dropped.
#[derive(Debug)]
pub struct Running(Child);

impl Running {
    /// Starts it, with nothing to read.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> Result<Self> {
        let shown = format!("{command:?}");
        command
            .stdin(Stdio::null())
            .spawn()
            .map(Self)
            .with_context(|| format!("cannot start {shown}"))
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a program to its end and returns what it printed.
///
/// # Errors
///
/// When it cannot be started or fails; the error holds its output.
pub fn run(command: &mut Command) -> Result<String> {
    let shown = format!("{command:?}");
    let output = command
        .output()
        .with_context(|| format!("cannot start {shown}"))?;
    if !output.status.success() {
        bail!("{shown} failed with {}: {}", output.status, said(&output));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Everything that a program printed, on one line if it is one.
#[must_use]
pub fn said(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).trim().to_owned()
}

/// Where the programs under test are: beside this one, or where `SOTTO_PROGRAMS` says.
///
/// # Errors
///
/// When they have not been built.
pub fn program(name: &str) -> Result<PathBuf> {
    let mut places = Vec::new();
    if let Some(directory) = std::env::var_os("SOTTO_PROGRAMS") {
        places.push(PathBuf::from(directory));
    }
    let own = std::env::current_exe().context("cannot tell where this program is")?;
    // target/debug/deps/scenarios-…, or target/debug/sotto-demo
    places.extend(own.ancestors().skip(1).take(2).map(PathBuf::from));
    for place in &places {
        let program = place.join(name);
        if program.is_file() {
            return Ok(program);
        }
    }
    bail!("{name} has not been built; run 'cargo build --package sotto-daemon --package sotto-cli'")
}
