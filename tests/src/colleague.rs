//! Somebody with a host, a daemon, a script to speak and a file to hear into.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use sotto_control::{Method, Places};
use tokio::process::Child;

use crate::host::Host;
use crate::programs::{program, run};
use crate::speech::Line;
use crate::watch::{PATIENCE, Watch};

/// Somebody with a daemon.
#[derive(Debug)]
pub struct Colleague {
    name: String,
    host: Host,
    home: PathBuf,
    results: PathBuf,
    launch: Launch,
    process: Option<Child>,
    watch: Option<Watch>,
    started: Option<Instant>,
}

/// How the daemon is started.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
}

impl Colleague {
    pub(crate) fn new(
        name: String,
        host: Host,
        home: PathBuf,
        results: PathBuf,
        launch: Launch,
    ) -> Self {
        Self {
            name,
            host,
            home,
            results,
            launch,
            process: None,
            watch: None,
            started: None,
        }
    }

    /// The display name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The directory with configuration, identity and state.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The directory with logs and recordings.
    #[must_use]
    pub fn results(&self) -> &Path {
        &self.results
    }

    /// Where the daemon's files are.
    #[must_use]
    pub fn places(&self) -> Places {
        Places::within(self.home.as_os_str())
    }

    /// Starts the daemon and waits until it answers.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub async fn start(&mut self) -> Result<()> {
        self.spawn()?;
        self.attach().await
    }

    /// Starts the daemon without waiting for it.
    ///
    /// # Errors
    ///
    /// When there is no such program.
    pub fn spawn(&mut self) -> Result<()> {
        let mut command = self.host.command(program("sottod")?);
        self.prepare(&mut command);
        command
            .args([
                "--log",
                &std::env::var("SOTTO_LOG").unwrap_or_else(|_| "info".to_owned()),
            ])
            .args(&self.launch.arguments)
            .envs(self.launch.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(self.log()?);
        let mut command = tokio::process::Command::from(command);
        command.kill_on_drop(true);
        self.started = Some(Instant::now());
        self.process = Some(
            command
                .spawn()
                .with_context(|| format!("cannot start {}'s daemon", self.name))?,
        );
        Ok(())
    }

    /// Waits until the daemon answers.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub async fn attach(&mut self) -> Result<()> {
        let places = self.places();
        let process = self
            .process
            .as_mut()
            .context("the daemon was not started")?;
        tokio::select! {
            ended = process.wait() => {
                let ended = ended.context("cannot wait for the daemon")?;
                bail!("{}'s daemon ended at once with {ended}:\n{}", self.name, self.log_tail(20));
            }
            watch = Watch::connect(&self.name, &places) => self.watch = Some(watch?),
        }
        Ok(())
    }

    /// The environment that keeps programs away from the user's own daemons and sound.
    fn prepare(&self, command: &mut Command) {
        command
            .env("SOTTO_HOME", &self.home)
            .env("HOME", &self.home)
            .env("XDG_RUNTIME_DIR", &self.home)
            .env(
                "PULSE_SERVER",
                format!("unix:{}/no-sound-server", self.home.display()),
            )
            .env(
                "DBUS_SESSION_BUS_ADDRESS",
                format!("unix:path={}", self.bus().display()),
            )
            .env(
                "DBUS_SYSTEM_BUS_ADDRESS",
                format!("unix:path={}", self.bus().display()),
            )
            .env("RUST_BACKTRACE", "1")
            .env("NO_COLOR", "1");
    }

    /// The place of this person's message buses. There are none unless somebody starts one there.
    #[must_use]
    pub fn bus(&self) -> PathBuf {
        self.home.join("bus")
    }

    fn log(&self) -> Result<File> {
        let path = self.log_path();
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("cannot write {}", path.display()))
    }

    fn log_path(&self) -> PathBuf {
        self.results.join("sottod.log")
    }

    /// The last lines of the daemon's log.
    #[must_use]
    pub fn log_tail(&self, lines: usize) -> String {
        let log = std::fs::read_to_string(self.log_path()).unwrap_or_default();
        let all: Vec<&str> = log.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    /// When the daemon was started last.
    ///
    /// # Errors
    ///
    /// When it never was.
    pub fn started(&self) -> Result<Instant> {
        self.started
            .with_context(|| format!("{}'s daemon was not started", self.name))
    }

    /// The observer of the running daemon.
    ///
    /// # Errors
    ///
    /// When the daemon is not running.
    pub fn watch(&self) -> Result<&Watch> {
        self.watch
            .as_ref()
            .with_context(|| format!("{}'s daemon is not running", self.name))
    }

    /// The daemon's process id.
    ///
    /// # Errors
    ///
    /// When it is not running.
    pub fn pid(&self) -> Result<u32> {
        self.process
            .as_ref()
            .and_then(Child::id)
            .with_context(|| format!("{}'s daemon is not running", self.name))
    }

    /// Asks the daemon.
    ///
    /// # Errors
    ///
    /// When it refuses.
    pub async fn ask<M: Method>(&self, request: M) -> Result<M::Reply> {
        let calling = self.watch()?.client().call(request);
        match tokio::time::timeout(PATIENCE, calling).await {
            Ok(reply) => reply.with_context(|| format!("{}: {}", self.name, M::NAME)),
            Err(_) => bail!("{}: {} was not answered", self.name, M::NAME),
        }
    }

    /// Kills the daemon: no goodbye, no clean-up.
    ///
    /// # Errors
    ///
    /// When it is not running.
    pub async fn crashes(&mut self) -> Result<()> {
        self.watch = None;
        let mut process = self.process.take().context("the daemon is not running")?;
        process.kill().await.context("cannot kill the daemon")
    }

    /// Ends the daemon with SIGTERM and says how long it took.
    ///
    /// # Errors
    ///
    /// When it does not end, or not cleanly.
    pub async fn quits(&mut self) -> Result<Duration> {
        let pid = self.pid()?.to_string();
        let begin = Instant::now();
        self.watch = None;
        run(Command::new("kill").args(["-TERM", &pid]))?;
        let status = self.ended().await?;
        if !status.success() {
            bail!(
                "{}'s daemon ended with {status}:\n{}",
                self.name,
                self.log_tail(20)
            );
        }
        Ok(begin.elapsed())
    }

    /// Waits for the daemon to end.
    ///
    /// # Errors
    ///
    /// When it does not within [`PATIENCE`].
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        let mut process = self.process.take().context("the daemon is not running")?;
        match tokio::time::timeout(PATIENCE, process.wait()).await {
            Ok(status) => status.context("cannot wait for the daemon"),
            Err(_) => bail!("{}'s daemon did not end", self.name),
        }
    }

    /// Runs `sotto` on this host.
    ///
    /// # Errors
    ///
    /// When it cannot be started; a command that fails is no error here.
    pub fn sotto(&self, arguments: &[&str]) -> Result<Output> {
        self.command("sotto", arguments)?
            .stdin(Stdio::null())
            .output()
            .context("cannot start sotto")
    }

    /// One of our programs with these arguments, to be started on this host.
    ///
    /// # Errors
    ///
    /// When it has not been built.
    pub fn command(&self, name: &str, arguments: &[&str]) -> Result<std::process::Command> {
        let mut command = self.host.command(program(name)?);
        self.prepare(&mut command);
        command.args(arguments);
        Ok(command)
    }

    /// Waits until a line of the script has been said, and a moment more for it to arrive.
    ///
    /// # Errors
    ///
    /// When the microphone is not open.
    pub async fn has_said(&self, line: &Line) -> Result<()> {
        self.microphone_opens().await?;
        self.wait_for(line.end() + Duration::from_millis(300)).await
    }

    /// Waits for the moment one second before a line of the script.
    ///
    /// # Errors
    ///
    /// When the microphone is not open, or the moment has passed already.
    pub async fn is_about_to_say(&self, line: &Line) -> Result<()> {
        self.microphone_opens().await?;
        let moment = line.start.saturating_sub(Duration::from_secs(1));
        if self.microphone_opened()?.elapsed() > moment + Duration::from_millis(500) {
            bail!(
                "too late: {} says {:?} already. This machine is too busy for the script's pauses: try again when it is less so",
                self.name,
                line.clip.text
            );
        }
        self.wait_for(moment).await
    }

    /// When the microphone was opened last.
    ///
    /// # Errors
    ///
    /// When it never was.
    pub fn microphone_opened(&self) -> Result<Instant> {
        let openings = self.watch()?.inputs();
        openings
            .last()
            .map(|opening| opening.at)
            .with_context(|| format!("{}'s microphone is not open", self.name))
    }

    /// Waits until the microphone is open: reading a long script takes a moment.
    async fn microphone_opens(&self) -> Result<()> {
        let limit = Duration::from_secs(10);
        self.watch()?
            .until_within(limit, "the microphone is open", |snapshot| {
                snapshot.status.sound.input.open.is_some()
            })
            .await
            .map(|_| ())
    }

    async fn wait_for(&self, moment: Duration) -> Result<()> {
        // The script runs in real time; there is nothing but time to wait for.
        tokio::time::sleep_until((self.microphone_opened()? + moment).into()).await;
        Ok(())
    }
}
