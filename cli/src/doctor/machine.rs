//! The machine that is looked at: its files, variables and programs. Tests make another one of a directory.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

/// The longest file that is read.
const LONGEST: u64 = 1 << 20;
/// The longest time that a program may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// What a program said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) success: bool,
    pub(crate) text: String,
}

/// A machine.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    root: PathBuf,
    variables: HashMap<String, String>,
}

impl Machine {
    /// This one, with the variables of this process.
    pub(crate) fn here() -> Self {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self {
            root: PathBuf::from("/"),
            variables: variables.collect(),
        }
    }

    /// Returns a variable; an empty one counts as none.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    /// Reads a text, as far as it may be read. Bytes that are no Unicode are replaced.
    pub(crate) fn read(&self, path: impl AsRef<Path>) -> Option<String> {
        let file = std::fs::File::open(self.path(path)).ok()?;
        let mut bytes = Vec::new();
        file.take(LONGEST).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub(crate) fn exists(&self, path: impl AsRef<Path>) -> bool {
        self.path(path).exists()
    }

    /// Returns the names in a directory.
    pub(crate) fn names(&self, directory: impl AsRef<Path>) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(directory))
            .into_iter()
            .flatten();
        let names = entries.flatten().map(|entry| entry.file_name());
        names.filter_map(|name| name.into_string().ok()).collect()
    }

    /// Returns where a link leads, as it is written.
    pub(crate) fn link(&self, path: impl AsRef<Path>) -> Option<PathBuf> {
        std::fs::read_link(self.path(path)).ok()
    }

    /// Returns the place of a path below this machine's root.
    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Runs a program and returns what it said; nothing where there is none, or where it does not end.
    pub(crate) async fn ask(&self, program: &str, arguments: &[&str]) -> Option<Said> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(&self.variables)
            // Sentences are not looked for in any other language.
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let output = timeout(ANSWER_WITHIN, command.output()).await.ok()?.ok()?;
        Some(Said {
            success: output.status.success(),
            text: String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        })
    }
}

#[cfg(test)]
impl Machine {
    /// One whose files lie in a directory, with these variables.
    pub(crate) fn pretended(root: &Path, variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter();
        let owned = variables.map(|&(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            root: root.to_owned(),
            variables: owned.collect(),
        }
    }

    /// Puts a text into a file.
    pub(crate) fn with(self, path: &str, text: &str) -> Self {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }
}
