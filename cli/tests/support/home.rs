//! A home for one test, and `sotto` run in it.
#![allow(clippy::expect_used, clippy::panic)]

use super::Pretended;
use serde_json::Value;
use std::process::{Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::AsyncBufReadExt;
use tokio::process::{Child, Command};

/// A home with a pretended daemon in it.
pub struct Home {
    pub directory: TempDir,
    pub daemon: Option<Pretended>,
}

impl Home {
    /// With the scene that most tests are about.
    pub fn with_daemon() -> Self {
        Self::in_scene("planning")
    }

    pub fn in_scene(scene: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let daemon = Some(Pretended::start(directory.path(), scene));
        Self { directory, daemon }
    }

    pub fn without_daemon() -> Self {
        Self {
            directory: TempDir::new().unwrap(),
            daemon: None,
        }
    }

    pub fn daemon(&self) -> &Pretended {
        self.daemon.as_ref().unwrap()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sotto"));
        command
            .args(arguments)
            .env("SOTTO_HOME", self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    pub fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    pub async fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output();
        Ran::from(soon(output).await.unwrap())
    }

    /// Runs a command that must succeed and returns its text.
    pub async fn text(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments).await;
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.err);
        ran.out
    }

    /// Runs a command that must succeed and returns its JSON.
    pub async fn json(&self, arguments: &[&str]) -> Value {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        serde_json::from_str(&self.text(&arguments).await).unwrap()
    }
}

#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what)
        .await
        .expect("within the deadline")
}

pub async fn line(stream: &mut (impl tokio::io::AsyncBufRead + Unpin)) -> String {
    let mut line = String::new();
    soon(stream.read_line(&mut line)).await.unwrap();
    line
}
