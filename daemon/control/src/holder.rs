//! The note that a running daemon leaves in the file that it holds locked: which process it is, and where it listens.
//!
//! So whoever finds the lock taken can name the process, and a program whose environment leads to another socket (a
//! shell without `XDG_RUNTIME_DIR`, as over ssh) still finds the daemon of its home.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::places::Places;

/// The longest note that is read.
const LONGEST: u64 = 16_384;

/// The daemon that holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Holder {
    /// Its process. `None` where it could not be read.
    pub process: Option<u32>,
    /// Its control socket. `None` where it could not be read.
    pub socket: Option<PathBuf>,
    /// The directory of its identity. `None` where it could not be read.
    pub files: Option<PathBuf>,
}

impl Holder {
    /// Returns the daemon that runs with these files, if one does.
    #[must_use]
    pub fn find(places: &Places) -> Option<Self> {
        Self::of(&places.lock)
    }

    /// Returns the daemon that holds the lock at `path`, if one does.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let file = File::open(path).ok()?;
        // Held for an instant alone: a daemon that starts just then tries again.
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(Self::read(&file)),
            Ok(()) | Err(TryLockError::Error(_)) => None,
        }
    }

    /// This process, with its places.
    pub(crate) fn this(places: &Places) -> Self {
        // A path that is no Unicode cannot be written here; whoever looks then knows the process alone.
        let told = |path: &Path| path.to_str().map(PathBuf::from);
        Self {
            process: Some(std::process::id()),
            socket: told(&places.socket),
            files: told(&places.data),
        }
    }

    /// Writes the note into the locked file.
    pub(crate) fn leave(&self, mut file: &File) -> io::Result<()> {
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(&serde_json::to_vec(self)?)
    }

    fn read(file: &File) -> Self {
        let mut text = Vec::new();
        let read = file.take(LONGEST).read_to_end(&mut text);
        read.ok()
            .and_then(|_| serde_json::from_slice(&text).ok())
            .unwrap_or_default()
    }

    /// Names the process in a sentence: ` (process 4711)`, or nothing where it is not known.
    #[must_use]
    pub fn in_brackets(&self) -> String {
        in_brackets(self.process)
    }
}

/// Names a process in a sentence, as [`Holder::in_brackets`] does.
pub(crate) fn in_brackets(process: Option<u32>) -> String {
    process
        .map(|process| format!(" (process {process})"))
        .unwrap_or_default()
}

/// Returns a process as the control API writes it.
#[cfg(unix)]
pub(crate) const fn process_number(pid: i32) -> u32 {
    pid.unsigned_abs()
}

/// Returns a process as the control API writes it.
#[cfg(windows)]
pub(crate) const fn process_number(pid: u32) -> u32 {
    pid
}
