//! The file of the state, on a disk that may hang.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::files::{self, FileError};
use crate::worker::Worker;

/// The longest wait for the disk. What depends on a write has to wait for it in any case; this is how long everything
/// else waits too. A disk under load takes half a second and works all the same.
const PATIENCE: Duration = Duration::from_secs(1);
/// The same when the daemon stops. It leaves room for the goodbye ([`crate::hub::STOP_LIMIT`]).
const HURRY: Duration = Duration::from_millis(400);

/// A state, shared with the thread that writes it.
pub(super) type State = Arc<[u8]>;

/// Writes a state durably.
type Writer = Arc<dyn Fn(&[u8]) -> Result<(), FileError> + Send + Sync>;

/// The file of the state, and the one write to it that may be under way.
pub(super) struct StateFile {
    path: PathBuf,
    write: Writer,
    patience: Duration,
    worker: Worker<Result<(), FileError>>,
    writing: Option<State>,
}

impl StateFile {
    /// Writes to `path`.
    pub(super) fn new(path: PathBuf) -> Self {
        let file = path.clone();
        let write = move |state: &[u8]| files::write_atomically(&file, state);
        Self::with_writer(path, PATIENCE, Arc::new(write))
    }

    /// Writes with `write`, which is waited for no longer than `patience`.
    pub(super) fn with_writer(path: PathBuf, patience: Duration, write: Writer) -> Self {
        Self {
            path,
            write,
            patience,
            worker: Worker::new("sotto-disk"),
            writing: None,
        }
    }

    /// Returns what is notified when a write has ended.
    pub(super) fn answers(&self) -> Arc<Notify> {
        self.worker.ended()
    }

    /// Returns how long a write may take before it counts as failed.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Waits less from now on: the daemon stops.
    pub(super) fn hurry(&mut self) {
        self.patience = self.patience.min(HURRY);
    }

    #[cfg(test)]
    pub(super) fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Returns whether a write is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.writing.is_some()
    }

    /// Begins to write `state`.
    ///
    /// # Errors
    ///
    /// If a write is under way, or the system gives no thread.
    pub(super) fn begin(&mut self, state: &State) -> Result<(), FileError> {
        let (write, given) = (Arc::clone(&self.write), Arc::clone(state));
        self.worker
            .begin(move || write(&given))
            .map_err(|source| FileError::Write {
                path: self.path.clone(),
                source,
            })?;
        self.writing = Some(Arc::clone(state));
        Ok(())
    }

    /// Returns what became of the write that is under way, and waits for it no longer than `patience`.
    pub(super) fn answer(&mut self, patience: Duration) -> Option<(State, Result<(), FileError>)> {
        let written = self.worker.wait(patience)?;
        let written = written.unwrap_or_else(|source| {
            let path = self.path.clone();
            Err(FileError::Write { path, source })
        });
        Some((self.writing.take()?, written))
    }

    /// Returns the failure of a write that has not ended in time.
    pub(super) fn no_answer(&self) -> FileError {
        FileError::NoAnswer {
            path: self.path.clone(),
        }
    }
}
