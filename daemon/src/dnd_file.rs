//! The file that remembers over a restart that the user wants to be left alone, and until when.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sotto_control::model::Dnd;

use crate::files::{self, FileError};
use crate::worker::Worker;

/// The longest wait for the disk. A client waits, the hub does not.
const PATIENCE: Duration = Duration::from_secs(2);

/// The file, and what it should say.
#[derive(Debug)]
pub(crate) struct DndFile {
    path: PathBuf,
    wanted: Mutex<Dnd>,
    /// One write at a time. While one hangs, others are refused.
    worker: Mutex<Worker<Result<(), FileError>>>,
}

impl DndFile {
    /// Remembers in the file at `path`.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            wanted: Mutex::default(),
            worker: Mutex::new(Worker::new("sotto-dnd")),
        }
    }

    /// Returns what the last run left. What cannot be read is off: nobody misses an invitation because of a bad disk.
    pub(crate) fn read(&self) -> Dnd {
        let text = match files::read(&self.path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned(),
            Err(error) => {
                tracing::warn!("do not disturb is off: {error}");
                String::new()
            }
        };
        let dnd = parse(&text);
        self.want(dnd);
        dnd
    }

    /// Notes what the next [`Self::write`] is to write.
    pub(crate) fn want(&self, dnd: Dnd) {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = dnd;
    }

    /// Writes what is wanted by now. Waits for the disk.
    ///
    /// # Errors
    ///
    /// The reason why it is not there, in words for the user.
    pub(crate) fn write(&self) -> Result<(), String> {
        let mut worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        let dnd = *self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let no_answer = || {
            let path = self.path.clone();
            FileError::NoAnswer { path }.to_string()
        };
        // The end of a write that was given up is of no interest any more.
        worker.wait(Duration::ZERO);
        if worker.is_busy() {
            return Err(no_answer());
        }
        let path = self.path.clone();
        let failed = |error| format!("cannot write {}: {error}", self.path.display());
        worker
            .begin(move || files::write_atomically(&path, text(dnd).as_bytes()))
            .map_err(failed)?;
        match worker.wait(PATIENCE) {
            Some(written) => written.map_err(failed)?.map_err(|error| error.to_string()),
            None => Err(no_answer()),
        }
    }
}

fn text(dnd: Dnd) -> String {
    match dnd {
        Dnd { on: false, .. } => "off\n".to_owned(),
        Dnd {
            until: Some(until), ..
        } => format!("until {until}\n"),
        Dnd { until: None, .. } => "on\n".to_owned(),
    }
}

fn parse(text: &str) -> Dnd {
    let text = text.trim();
    let until = text.strip_prefix("until ").and_then(|it| it.parse().ok());
    Dnd {
        on: text == "on" || until.is_some(),
        until,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_wanted_last_is_remembered() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("dnd");
        let off = Dnd::default();
        let on = Dnd {
            on: true,
            until: None,
        };
        let until = Dnd {
            on: true,
            until: Some(1_800_000_000),
        };
        assert_eq!(DndFile::new(path.clone()).read(), off, "without a file");
        for dnd in [on, until, off] {
            let file = DndFile::new(path.clone());
            file.want(on);
            file.want(dnd);
            file.write().unwrap();
            assert_eq!(DndFile::new(path.clone()).read(), dnd);
        }
        for scribble in ["until yesterday", "\u{0}", "o"] {
            std::fs::write(&path, scribble).unwrap();
            assert_eq!(DndFile::new(path.clone()).read(), off, "{scribble}");
        }
    }

    #[test]
    fn a_disk_that_refuses_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let file = DndFile::new(directory.path().join("nowhere").join("dnd"));
        let problem = file.write().unwrap_err();
        assert!(problem.contains("nowhere"), "{problem}");
    }
}
