//! The file that remembers over a restart that the user wants to be left alone, and until when.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use sotto_control::model::Dnd;

use crate::files;
use crate::turns::FileTurns;

/// The file, and what it should say.
#[derive(Debug)]
pub(crate) struct DndFile {
    file: FileTurns<()>,
    wanted: Arc<Mutex<Dnd>>,
}

impl DndFile {
    /// Remembers in the file at `path`.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            file: FileTurns::new(path, "sotto-dnd"),
            wanted: Arc::default(),
        }
    }

    /// Returns what the last run left. What cannot be read is off: nobody misses an invitation because of a bad disk.
    pub(crate) fn read(&self) -> Dnd {
        let text = match files::read(self.file.path()) {
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
        let wanted = Arc::clone(&self.wanted);
        self.file.change(move |path| {
            let dnd = *wanted.lock().unwrap_or_else(PoisonError::into_inner);
            files::write_atomically(path, text(dnd).as_bytes()).map_err(|error| error.to_string())
        })
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
