//! One command after the other, each with its time.
//!
//! What a step prints goes to a log, and its end is shown when the step fails. Only steps that report calmly by
//! themselves print as they go.

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How many of its last lines are shown of a step that failed.
const SHOWN: usize = 80;

/// Building a tool may take this long on a slow machine.
const TOOL_LIMIT: Duration = Duration::from_secs(12 * 60);

/// A step that did not succeed.
#[derive(Debug)]
pub(crate) struct Failed {
    what: String,
    how: String,
}

impl Failed {
    /// `what` failed, because of `how`.
    pub(crate) fn new(what: impl Into<String>, how: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            how: how.into(),
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FAILED: {}: {}", self.what, self.how)
    }
}

/// Steps that have been taken.
pub(crate) struct Steps {
    begin: Instant,
    taken: Vec<(String, Duration)>,
}

impl Steps {
    /// None yet.
    pub(crate) fn begin() -> Self {
        Self {
            begin: Instant::now(),
            taken: Vec::new(),
        }
    }

    /// Runs cargo with `arguments`, quietly.
    ///
    /// # Errors
    ///
    /// When it fails.
    pub(crate) fn cargo(&mut self, what: &str, arguments: &[&str]) -> Result<(), Failed> {
        self.quiet(what, cargo().args(arguments))
    }

    /// Runs a command whose output goes to a log.
    ///
    /// # Errors
    ///
    /// When it fails; the end of the log has been shown then.
    pub(crate) fn quiet(&mut self, what: &str, command: &mut Command) -> Result<(), Failed> {
        print!("{what:<28}");
        let _ = std::io::stdout().flush();
        let (path, log) = log(what)?;
        let also = log
            .try_clone()
            .map_err(|error| Failed::new(what, error.to_string()))?;
        let outcome = self.run(what, command.stdout(log).stderr(also));
        match &outcome {
            Ok(took) => println!("{:6.0} s", took.as_secs_f64()),
            Err(_) => {
                println!("FAILED\n");
                show_end(&path);
            }
        }
        outcome.map(drop)
    }

    /// Runs a command that reports by itself.
    ///
    /// # Errors
    ///
    /// When it fails.
    pub(crate) fn reporting(&mut self, what: &str, command: &mut Command) -> Result<(), Failed> {
        self.run(what, command).map(drop)
    }

    fn run(&mut self, what: &str, command: &mut Command) -> Result<Duration, Failed> {
        let begin = Instant::now();
        let status = command
            .current_dir(root())
            .stdin(Stdio::null())
            .status()
            .map_err(|error| {
                Failed::new(
                    what,
                    format!("cannot start {:?}: {error}", command.get_program()),
                )
            })?;
        let took = begin.elapsed();
        if !status.success() {
            return Err(Failed::new(
                what,
                format!("{} ended with {status}", shown(command)),
            ));
        }
        self.taken.push((what.to_owned(), took));
        Ok(took)
    }

    /// Whether a cargo subcommand is there, or could be built within bounds.
    pub(crate) fn has_tool(&mut self, name: &str) -> bool {
        let present = || {
            let version = Command::new(name).arg("--version").output();
            version.is_ok_and(|output| output.status.success())
        };
        if present() {
            return true;
        }
        print!("{:<28}", format!("building {name}, once"));
        let _ = std::io::stdout().flush();
        let begin = Instant::now();
        let building = cargo()
            .args(["install", "--locked", "--quiet", name])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        if let Ok(mut building) = building {
            while matches!(building.try_wait(), Ok(None)) {
                if begin.elapsed() > TOOL_LIMIT {
                    let _ = building.kill();
                    let _ = building.wait();
                    break;
                }
                std::thread::sleep(Duration::from_millis(200));
            }
        }
        println!("{:6.0} s", begin.elapsed().as_secs_f64());
        present()
    }

    /// Shows what took how long.
    pub(crate) fn summary(&self) {
        println!("\nAll steps succeeded:");
        for (what, took) in &self.taken {
            println!("  {:28} {:6.0} s", what, took.as_secs_f64());
        }
        println!(
            "  {:28} {:6.0} s",
            "in all",
            self.begin.elapsed().as_secs_f64()
        );
    }
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The directory of the repository.
pub(crate) fn root() -> PathBuf {
    // tests/xtask
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).unwrap_or(own).to_owned()
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A command as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<String> = words
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    format!("'{}'", words.join(" "))
}

fn log(what: &str) -> Result<(PathBuf, File), Failed> {
    let directory = target().join("xtask");
    let path = directory.join(format!("{}.log", what.replace(' ', "-")));
    let file = std::fs::create_dir_all(&directory).and_then(|()| File::create(&path));
    let file = file
        .map_err(|error| Failed::new(what, format!("cannot write {}: {error}", path.display())))?;
    Ok((path, file))
}

fn show_end(log: &Path) {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    for line in &lines[lines.len().saturating_sub(SHOWN)..] {
        println!("    {line}");
    }
    println!("    (all of it: {})", log.display());
}
