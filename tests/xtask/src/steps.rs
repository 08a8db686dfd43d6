//! One command after the other, each with its time and its limit.
//!
//! What a step prints goes to a log, and its end is shown when the step fails; a person at a terminal sees the log's last
//! line as it changes. Only steps that report calmly by themselves print as they go.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::process::{Ended, run_within};
use crate::progress::{Progress, Waiting};

/// How many of its last lines are shown of a step that failed.
const SHOWN: usize = 80;

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

    /// The same, with what may be the cause.
    pub(crate) fn because(self, why: &str) -> Self {
        Self::new(self.what, format!("{}; {why}", self.how))
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FAILED: {}: {}", self.what, self.how)
    }
}

/// How long a step may take. Generous: a slow machine passes, a hang does not last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Minutes(pub(crate) u64);

impl From<Minutes> for Duration {
    fn from(minutes: Minutes) -> Self {
        Self::from_secs(60 * minutes.0)
    }
}

/// Looking at source text.
pub(crate) const READING: Minutes = Minutes(10);
/// Fetching something small.
pub(crate) const FETCHING: Minutes = Minutes(3);
/// Building a tool.
const TOOL: Minutes = Minutes(20);
/// Compiling everything from nothing on two slow cores.
pub(crate) const COMPILING: Minutes = Minutes(60);

/// Steps that have been taken.
pub(crate) struct Steps {
    begin: Instant,
    taken: Vec<(String, Duration)>,
    /// What is to be said of steps beside others, whose lines it would tear.
    later: Option<String>,
}

impl Steps {
    /// None yet.
    pub(crate) fn begin() -> Self {
        Self {
            begin: Instant::now(),
            taken: Vec::new(),
            later: None,
        }
    }

    /// Runs a command whose output goes to a log.
    ///
    /// # Errors
    ///
    /// When it fails or takes longer than `limit`; the end of the log has been shown then.
    pub(crate) fn quiet(
        &mut self,
        what: &str,
        limit: Minutes,
        command: &mut Command,
    ) -> Result<(), Failed> {
        self.logged(what, command, |command| {
            ended(what, limit, run_within(limit.into(), command), command)
        })
    }

    /// Runs a command whose output goes to a log, in the terminal's foreground: without a limit, and it can be
    /// interrupted.
    ///
    /// # Errors
    ///
    /// When it fails; the end of the log has been shown then.
    pub(crate) fn in_foreground(
        &mut self,
        what: &str,
        command: &mut Command,
    ) -> Result<(), Failed> {
        self.logged(what, command, |command| attended(what, command))
    }

    /// Runs a command that may ask the person for a password and says nothing else, in the terminal's foreground.
    ///
    /// # Errors
    ///
    /// When it fails.
    pub(crate) fn asking(what: &str, command: &mut Command) -> Result<(), Failed> {
        attended(what, command.stdout(Stdio::null()))
    }

    /// Takes the steps of `aside` while those of `meanwhile` are taken, and waits for both. What happened aside is said at
    /// the end.
    ///
    /// # Errors
    ///
    /// When a step of either fails; the end of its log has been shown then.
    pub(crate) fn beside(
        &mut self,
        aside: impl FnOnce(&mut Self) -> Result<(), Failed> + Send,
        meanwhile: impl FnOnce(&mut Self) -> Result<(), Failed>,
    ) -> Result<(), Failed> {
        let mut beside = Self {
            later: Some(String::new()),
            ..Self::begin()
        };
        let (first, second) = std::thread::scope(|scope| {
            let running = scope.spawn(|| aside(&mut beside));
            let first = meanwhile(self);
            let waiting = Waiting::begin("steps beside the others");
            let second = running.join();
            waiting.end();
            (first, second)
        });
        self.say(beside.later.unwrap_or_default().trim_end());
        let aside = beside.taken.into_iter();
        self.taken
            .extend(aside.map(|(what, took)| (format!("  beside: {what}"), took)));
        let second =
            second.unwrap_or_else(|_| Err(Failed::new("steps aside", "the task runner failed")));
        first.and(second)
    }

    fn logged(
        &mut self,
        what: &str,
        command: &mut Command,
        run: impl FnOnce(&mut Command) -> Result<(), Failed>,
    ) -> Result<(), Failed> {
        let (path, log) = log(what)?;
        write_to(log, what, command)?;
        let begin = Instant::now();
        let progress = self.progress(what, &path);
        let outcome = run(command);
        match &outcome {
            Ok(()) => {
                let took = self.took(what, begin);
                self.end(progress, what, &seconds(took));
            }
            Err(_) => {
                self.end(progress, what, "FAILED\n");
                self.say(&end_of(&path));
            }
        }
        outcome
    }

    /// Says a line, now or when the steps beside which these are taken have ended.
    pub(crate) fn say(&mut self, line: &str) {
        match &mut self.later {
            Some(later) => later.push_str(&format!("{line}\n")),
            None => println!("{line}"),
        }
    }

    /// Shows that a step has begun, unless it is taken beside others.
    fn progress(&self, what: &str, log: &Path) -> Option<Progress> {
        self.later.is_none().then(|| Progress::begin(what, log))
    }

    /// Says how a step ended.
    fn end(&mut self, progress: Option<Progress>, what: &str, how: &str) {
        match progress {
            Some(progress) => progress.end(how),
            None => self.say(&format!("{what:<28}{how}")),
        }
    }

    /// Runs a command that reports by itself, and so not beside others.
    ///
    /// # Errors
    ///
    /// When it fails or takes longer than `limit`.
    pub(crate) fn reporting(
        &mut self,
        what: &str,
        limit: Minutes,
        command: &mut Command,
    ) -> Result<(), Failed> {
        let begin = Instant::now();
        let waiting = Waiting::begin(what);
        let outcome = run_within(limit.into(), in_place(command));
        waiting.end();
        ended(what, limit, outcome, command)?;
        self.took(what, begin);
        Ok(())
    }

    fn took(&mut self, what: &str, begin: Instant) -> Duration {
        let took = begin.elapsed();
        self.taken.push((what.to_owned(), took));
        took
    }

    /// Runs a command that may fail, and says whether it succeeded. Its output goes to a log.
    pub(crate) fn trying(&mut self, what: &str, limit: Minutes, command: &mut Command) -> bool {
        let begin = Instant::now();
        let outcome = log(what).and_then(|(path, log)| {
            write_to(log, what, command)?;
            let progress = self.progress(what, &path);
            let outcome = ended(what, limit, run_within(limit.into(), command), command);
            let took = seconds(begin.elapsed());
            match &outcome {
                Ok(()) => self.end(progress, what, &took),
                Err(_) => self.end(progress, what, &format!("{took}, without success")),
            }
            outcome
        });
        outcome.is_ok()
    }

    /// Returns whether a cargo subcommand is there, or could be built within bounds. It stays in the target folder.
    pub(crate) fn has_tool(&mut self, name: &str) -> bool {
        // Not all of them have '--version'; that they can be started is enough.
        let present = || {
            let started = in_place(&mut Command::new(name)).arg("--version").output();
            started.is_ok()
        };
        let mut building = cargo_after_others();
        building
            // It runs for a second: building it faster matters more than running it faster.
            .args(["install", "--locked", "--debug", "--root"])
            .arg(tools())
            .arg(name)
            .env("CARGO_TARGET_DIR", tools().join("build"));
        let built = present()
            || self.trying(&format!("building {name}, once"), TOOL, &mut building) && present();
        // What it was built from is of no further use.
        let _ = std::fs::remove_dir_all(tools().join("build"));
        built
    }

    /// Builds a cargo subcommand, or another program that cargo installs, unless it is there.
    ///
    /// # Errors
    ///
    /// When it is not there afterwards.
    pub(crate) fn require_tool(&mut self, name: &str) -> Result<(), Failed> {
        match self.has_tool(name) {
            true => Ok(()),
            false => Err(Failed::new(
                name,
                "it is not installed and cannot be built here",
            )),
        }
    }

    /// Shows what took how long.
    pub(crate) fn summary(&self) {
        println!("\nAll steps succeeded:");
        for (what, took) in &self.taken {
            println!("  {what:28} {}", seconds(*took));
        }
        println!("  {:28} {}", "in all", seconds(self.begin.elapsed()));
    }
}

/// A time as it stands in a column.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:6.0} s", time.as_secs_f64())
}

fn attended(what: &str, command: &mut Command) -> Result<(), Failed> {
    let status = command.stdin(Stdio::null()).status();
    judged(
        what,
        status.map_err(|error| unstarted(what, command, &error))?,
        command,
    )
}

fn ended(
    what: &str,
    limit: Minutes,
    outcome: std::io::Result<Ended>,
    command: &Command,
) -> Result<(), Failed> {
    match outcome {
        Ok(Ended::ByItself(status)) => judged(what, status, command),
        Ok(Ended::TookTooLong) => Err(Failed::new(
            what,
            format!(
                "{} did not end within {} minutes and was ended, with everything that it had started",
                shown(command),
                limit.0
            ),
        )),
        Err(error) => Err(unstarted(what, command, &error)),
    }
}

fn judged(what: &str, status: ExitStatus, command: &Command) -> Result<(), Failed> {
    if status.success() {
        return Ok(());
    }
    Err(Failed::new(
        what,
        format!("{} ended with {status}", shown(command)),
    ))
}

fn unstarted(what: &str, command: &Command, error: &std::io::Error) -> Failed {
    Failed::new(
        what,
        format!("cannot start {:?}: {error}", command.get_program()),
    )
}

/// Runs a program of the repository's own and returns what it prints.
pub(crate) fn output_of(command: &mut Command) -> Result<Vec<u8>, Failed> {
    let what = shown(command);
    let output = in_place(command)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| unstarted(&what, command, &error))?;
    judged(&what, output.status, command)?;
    Ok(output.stdout)
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> Command {
    Command::new(cargo_program())
}

/// Builds all tests, and the programs that they start.
///
/// Always the whole workspace, whose features are the same each time: another selection of packages would have
/// libraries built once more.
pub(crate) fn build_tests() -> Command {
    let mut command = cargo();
    command.args(["test", "--locked", "--workspace", "--no-run"]);
    command
}

/// Runs the command that follows it, which lets all others use the processor first.
pub(crate) const AFTER_OTHERS: [&str; 3] = ["nice", "-n", "19"];

/// The cargo that runs this program, after all others.
pub(crate) fn cargo_after_others() -> Command {
    let [nice, adjustment @ ..] = AFTER_OTHERS;
    let mut command = Command::new(nice);
    command.args(adjustment).arg(cargo_program());
    command
}

/// Where that cargo is.
pub(crate) fn cargo_program() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
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

/// Where programs are that the tasks need and the system does not have.
pub(crate) fn tools() -> PathBuf {
    target().join("tools")
}

/// Has a command run at the repository's root, with those programs found first.
fn in_place(command: &mut Command) -> &mut Command {
    let others = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(tools().join("bin")).chain(std::env::split_paths(&others));
    let path = std::env::join_paths(all).unwrap_or(others);
    command.current_dir(root()).env("PATH", path)
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
    let path = directory.join(format!("{}.log", what.replace([' ', ','], "-")));
    let file = std::fs::create_dir_all(&directory).and_then(|()| File::create(&path));
    let file = file
        .map_err(|error| Failed::new(what, format!("cannot write {}: {error}", path.display())))?;
    Ok((path, file))
}

/// Has a command of the step `what` run at the repository's root and write all its output to `log`.
fn write_to(log: File, what: &str, command: &mut Command) -> Result<(), Failed> {
    let also = log
        .try_clone()
        .map_err(|error| Failed::new(what, error.to_string()))?;
    in_place(command).stdout(log).stderr(also);
    Ok(())
}

/// The end of a step's log, and where all of it is.
fn end_of(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let shown = lines[lines.len().saturating_sub(SHOWN)..].iter();
    let shown: String = shown.map(|line| format!("    {line}\n")).collect();
    format!("{shown}    (all of it: {})", log.display())
}
