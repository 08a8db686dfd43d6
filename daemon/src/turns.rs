//! One file, changed by one at a time, on a disk that may hang.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::files::FileError;
use crate::worker::Worker;

/// The longest wait for the disk. A client waits, the hub does not.
const PATIENCE: Duration = Duration::from_secs(2);

/// Lets one change of a file after the other happen. `T` is what a change comes to.
#[derive(Debug)]
pub(crate) struct FileTurns<T> {
    path: PathBuf,
    patience: Duration,
    /// While one change hangs, others are refused.
    worker: Mutex<Worker<Result<T, String>>>,
}

impl<T: Send + 'static> FileTurns<T> {
    /// Changes the file at `path`. The threads are called `name`.
    pub(crate) fn new(path: PathBuf, name: &'static str) -> Self {
        Self {
            path,
            patience: PATIENCE,
            worker: Mutex::new(Worker::new(name)),
        }
    }

    /// Waits for the disk as long as this.
    #[cfg(test)]
    pub(crate) fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Returns what is notified at the end of each change.
    #[cfg(test)]
    pub(crate) fn ended(&self) -> std::sync::Arc<tokio::sync::Notify> {
        self.worker.lock().unwrap().ended()
    }

    /// Returns where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a change, when its turn has come. Waits for the disk.
    ///
    /// # Errors
    ///
    /// The reason why the change was not made, in words for the user. A disk that hangs may make it later all the same.
    pub(crate) fn change(
        &self,
        change: impl FnOnce(&Path) -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let mut worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        let no_answer = || {
            let path = self.path.clone();
            FileError::NoAnswer { path }.to_string()
        };
        // The end of a change that was given up is of no interest any more.
        worker.wait(Duration::ZERO);
        if worker.is_busy() {
            return Err(no_answer());
        }
        let path = self.path.clone();
        let failed = |error| format!("cannot write {}: {error}", self.path.display());
        worker.begin(move || change(&path)).map_err(failed)?;
        match worker.wait(self.patience) {
            Some(changed) => changed.map_err(failed)?,
            None => Err(no_answer()),
        }
    }
}
