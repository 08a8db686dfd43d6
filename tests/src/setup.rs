//! A colleague before the daemon's first start: who it is, what it says and hears, and how it is configured.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::colleague::{Colleague, Launch};
use crate::host::{Host, LISTEN_PORT, MEDIA_PORT};
use crate::lab::Lab;
use crate::speech::Script;

/// A colleague before the daemon's first start.
#[derive(Debug)]
pub struct Setup {
    name: String,
    host: Host,
    home: PathBuf,
    results: PathBuf,
    input: String,
    audio: String,
    network: String,
    meeting: String,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Setup {
    pub(crate) fn new(lab: &Lab, name: &str, host: Host) -> Self {
        // Two people of one name have different hosts.
        let mut directory: String = name
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() {
                    c.to_ascii_lowercase()
                } else {
                    '-'
                }
            })
            .collect();
        let mut number = 1;
        while lab.results().join(&directory).exists() {
            number += 1;
            directory = format!(
                "{}-{number}",
                directory.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-')
            );
        }
        let results = lab.results().join(&directory);
        // Shows up again in `colleague`, where it can be reported; made here so that the next name differs.
        let _ = std::fs::create_dir_all(&results);
        Self {
            name: name.to_owned(),
            home: lab.homes().join(&directory),
            results,
            input: "null".to_owned(),
            audio: String::new(),
            network: match host.interface() {
                // All daemons on loopback share its ports.
                "lo" => "interfaces = [\"lo\"]\nlisten_port = 0\nmedia_port = 0\n".to_owned(),
                interface => format!(
                    "interfaces = [\"{interface}\"]\nlisten_port = {LISTEN_PORT}\nmedia_port = {MEDIA_PORT}\n"
                ),
            },
            host,
            meeting: String::new(),
            arguments: Vec::new(),
            environment: Vec::new(),
        }
    }

    /// What this colleague says, from each opening of the microphone on.
    ///
    /// # Errors
    ///
    /// When the sound file cannot be written.
    pub fn speaking(mut self, script: &Script) -> Result<Self> {
        std::fs::create_dir_all(&self.results)?;
        let path = self.results.join("said.wav");
        script.write(&path)?;
        self.input = format!("file:{}", path.display());
        Ok(self)
    }

    /// The same, again and again.
    ///
    /// # Errors
    ///
    /// When the sound file cannot be written.
    pub fn repeating(self, script: &Script) -> Result<Self> {
        let mut setup = self.speaking(script)?;
        setup.input.push_str("?loop");
        Ok(setup)
    }

    /// Uses the system's sound devices instead of files.
    #[must_use]
    pub fn with_system_sound(self) -> Self {
        self.sound("backend = \"auto\"\ninput = \"default\"\noutput = \"default\"\n")
    }

    /// Lines for the `[audio]` section, in place of files.
    #[must_use]
    pub fn sound(mut self, lines: &str) -> Self {
        lines.clone_into(&mut self.audio);
        self
    }

    /// Uses all interfaces of its host, as by default.
    #[must_use]
    pub fn on_all_interfaces(mut self) -> Self {
        self.network = format!("listen_port = {LISTEN_PORT}\nmedia_port = {MEDIA_PORT}\n");
        self
    }

    /// Lines for the `[network]` section.
    #[must_use]
    pub fn network(mut self, lines: &str) -> Self {
        let _ = writeln!(self.network, "{lines}");
        self
    }

    /// Lines for the `[meeting]` section.
    #[must_use]
    pub fn meeting(mut self, lines: &str) -> Self {
        let _ = writeln!(self.meeting, "{lines}");
        self
    }

    /// An argument for the daemon.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// A variable in the daemon's environment.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The colleague, whose daemon does not run yet.
    ///
    /// # Errors
    ///
    /// When the home cannot be created.
    pub fn later(self) -> Result<Colleague> {
        for directory in [&self.home, &self.results] {
            std::fs::create_dir_all(directory)
                .with_context(|| format!("cannot create {}", directory.display()))?;
        }
        let audio = if self.audio.is_empty() {
            let heard = self.results.join("heard.wav");
            format!(
                "backend = \"null\"\ninput = {}\noutput = {}\n",
                quoted(&self.input),
                quoted(&format!("file:{}", heard.display()))
            )
        } else {
            self.audio
        };
        let config = format!(
            "name = {}\n\n[meeting]\n{}\n[network]\n{}\n[audio]\n{audio}",
            quoted(&self.name),
            self.meeting,
            self.network
        );
        let file = self.home.join("config.toml");
        std::fs::write(&file, config)
            .with_context(|| format!("cannot write {}", file.display()))?;
        Ok(Colleague::new(
            self.name,
            self.host,
            self.home,
            self.results,
            Launch {
                arguments: self.arguments,
                environment: self.environment,
            },
        ))
    }

    /// The colleague, with a running daemon.
    ///
    /// # Errors
    ///
    /// When the daemon does not start.
    pub async fn start(self) -> Result<Colleague> {
        let mut colleague = self.later()?;
        colleague.start().await?;
        Ok(colleague)
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
