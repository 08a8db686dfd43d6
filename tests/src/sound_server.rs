//! A PulseAudio of somebody's own, with devices that are not there.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::host::Host;
use crate::programs::{Running, run};

/// How long the server gets to start.
const STARTING: Duration = Duration::from_secs(15);

/// A running sound server, ended when dropped.
#[derive(Debug)]
pub struct SoundServer {
    host: Host,
    address: String,
    directory: PathBuf,
    process: Running,
}

impl SoundServer {
    /// Whether PulseAudio is installed. It is not where it would replace another sound system.
    #[must_use]
    pub fn is_installed() -> bool {
        Command::new("pulseaudio")
            .arg("--version")
            .output()
            .is_ok_and(|output| output.status.success())
    }

    /// Starts one on `host`, with null sinks for `speakers` and `microphones`: what is played to a microphone's sink is
    /// what the microphone hears. The first of each is the default device. Socket and log go to a new directory in
    /// `results`.
    ///
    /// # Errors
    ///
    /// When PulseAudio is not installed or does not start.
    pub async fn start(
        host: &Host,
        results: &Path,
        speakers: &[&str],
        microphones: &[&str],
    ) -> Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("pulse-")
            .tempdir_in(results)
            .context("cannot create a directory")?
            .keep();
        let socket = directory.join("native");
        let log = File::create(directory.join("pulseaudio.log"))
            .context("cannot write the sound server's log")?;
        let mut modules = vec![format!(
            "module-native-protocol-unix socket={} auth-anonymous=1",
            socket.display()
        )];
        for speaker in speakers {
            modules.push(format!(
                "module-null-sink sink_name={speaker} rate=48000 channels=2"
            ));
        }
        for microphone in microphones {
            modules.push(format!(
                "module-null-sink sink_name={microphone} rate=48000 channels=1"
            ));
            modules.push(format!(
                "module-remap-source source_name={} master={}",
                source(microphone),
                monitor(microphone)
            ));
        }
        let mut command = host.command("pulseaudio");
        command
            .args([
                "-n",
                "--daemonize=no",
                "--exit-idle-time=-1",
                "--use-pid-file=no",
                "--log-level=info",
            ])
            .env("HOME", &directory)
            .env("XDG_RUNTIME_DIR", &directory)
            .env_remove("PULSE_SERVER")
            .stdout(Stdio::null())
            .stderr(log);
        for module in &modules {
            command.args(["-L", module]);
        }
        let server = Self {
            host: host.clone(),
            address: format!("unix:{}", socket.display()),
            directory,
            process: Running::start(&mut command)?,
        };
        if let Some(speaker) = speakers.first() {
            server.set_default("set-default-sink", speaker).await?;
        }
        if let Some(microphone) = microphones.first() {
            let source = source(microphone);
            server.set_default("set-default-source", &source).await?;
        }
        Ok(server)
    }

    /// Sets a default device as soon as the server knows it: there is no event for a socket that is about to appear.
    async fn set_default(&self, what: &str, device: &str) -> Result<()> {
        let begin = Instant::now();
        while let Err(error) = run(self.client("pactl").args([what, device])) {
            ensure!(
                begin.elapsed() < STARTING,
                "PulseAudio does not start: {error:#}; its log is in {}",
                self.directory.display()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// What clients are to find in `PULSE_SERVER`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Where its socket and its log are.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Lines for a daemon's `[audio]` section that name devices of this server.
    #[must_use]
    pub fn devices(&self, microphone: &str, speaker: &str) -> String {
        format!(
            "backend = \"pulseaudio\"\ninput = \"pulseaudio:{}\"\noutput = \"pulseaudio:{speaker}\"\n",
            source(microphone)
        )
    }

    /// A command on the server's host that uses it.
    #[must_use]
    pub fn client(&self, program: &str) -> Command {
        let mut command = self.host.command(program);
        command
            .env("PULSE_SERVER", &self.address)
            .env("HOME", &self.directory)
            .env("XDG_RUNTIME_DIR", &self.directory);
        command
    }
}

/// Where one records what is played to a sink.
#[must_use]
pub fn monitor(sink: &str) -> String {
    format!("{sink}.monitor")
}

fn source(microphone: &str) -> String {
    format!("{microphone}_mic")
}
