//! The right to be the daemon of a home, and to listen at a socket.

use std::fs::{File, TryLockError};
#[cfg(unix)]
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::bind_error::BindError;
use crate::durable;
use crate::holder::Holder;
use crate::places::Places;

/// How often a taken lock is tried again: a program that looks whether a daemon runs holds it for an instant.
const TRIES: u32 = 5;
/// The time between two tries.
const BETWEEN: Duration = Duration::from_millis(20);

/// The right to use a home's files and to listen at its socket: held by the one daemon that runs with them, until it is
/// dropped.
#[derive(Debug)]
pub struct InstanceLock {
    pub(super) socket: SocketLock,
    /// Declared last, so that the right to the socket is given back before another daemon may start.
    pub(super) home: Held,
}

impl InstanceLock {
    /// Makes the directories of the home and of the socket where they are not there, for the user alone, and takes the
    /// locks.
    ///
    /// # Errors
    /// Another daemon runs with these files, or one of another home listens at the socket; or a directory cannot be made,
    /// belongs to somebody else, or can be written to by others.
    pub fn acquire(places: &Places) -> Result<Self, BindError> {
        places.directories().try_for_each(private_directory)?;
        let taken = |holder| BindError::AlreadyRunning {
            lock: places.lock.clone(),
            holder,
        };
        let home = Held::take(&places.lock, places, taken)?;
        let mut socket = SocketLock::default();
        socket.acquire(places)?;
        Ok(Self { socket, home })
    }
}

/// The right to listen at a socket, where the lock on the home does not say it because the socket lies elsewhere.
#[derive(Debug, Default)]
pub(super) struct SocketLock {
    held: Option<Held>,
}

impl SocketLock {
    /// Makes the socket's directory where it is not there, for the user alone, and takes the right to listen there.
    /// Whoever has it keeps it, as long as its file is there.
    ///
    /// # Errors
    /// A daemon of another home has it, or the directory cannot be made, belongs to somebody else, or can be written to by
    /// others.
    #[cfg(unix)]
    pub(super) fn acquire(&mut self, places: &Places) -> Result<(), BindError> {
        if let Some(directory) = places.socket.parent() {
            private_directory(directory)?;
        }
        let stands = self.held.as_ref().is_some_and(Held::stands);
        if stands || places.socket.parent() == places.lock.parent() {
            return Ok(());
        }
        let taken = |holder| BindError::SocketTaken {
            socket: places.socket.clone(),
            holder,
        };
        let lock = places.socket.with_extension("lock");
        self.held = Some(Held::take(&lock, places, taken)?);
        Ok(())
    }

    /// A pipe's name can be taken only once.
    #[cfg(windows)]
    pub(super) fn acquire(&mut self, _places: &Places) -> Result<(), BindError> {
        Ok(())
    }
}

/// A locked file. The lock belongs to the open file and ends with the process, however that ends.
#[derive(Debug)]
pub(super) struct Held {
    file: File,
    path: PathBuf,
}

impl Held {
    /// Returns whether the locked file is the one that others find.
    #[cfg(unix)]
    fn stands(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        let own = self.file.metadata().map(|it| (it.dev(), it.ino()));
        own.is_ok_and(|own| place(&self.path).is_ok_and(|found| found == own))
    }

    /// Locks the file at `path` and leaves a note of this process in it.
    fn take(
        path: &Path,
        places: &Places,
        taken: impl FnOnce(Holder) -> BindError,
    ) -> Result<Self, BindError> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(BindError::file("open", path))?;
        let mut tries = 1;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if tries < TRIES => {
                    tries += 1;
                    std::thread::sleep(BETWEEN);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(taken(Holder::of(path).unwrap_or_default()));
                }
                Err(TryLockError::Error(error)) => {
                    return Err(BindError::file("lock", path)(error));
                }
            }
        }
        // A full disk takes the note away, not the lock.
        let _ = Holder::this(places).leave(&file);
        Ok(Self {
            file,
            path: path.to_owned(),
        })
    }
}

/// Makes a directory that only the user can enter. One that is there already belongs to its user, who alone decides who
/// may look into it; but if others can write to it, they could put an identity or a socket of theirs there.
#[cfg(unix)]
fn private_directory(path: &Path) -> Result<(), BindError> {
    use std::os::unix::fs::MetadataExt;
    durable::create_private(path).map_err(BindError::file("make the directory", path))?;
    let metadata =
        std::fs::metadata(path).map_err(BindError::file("look at the directory", path))?;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(BindError::NotYours {
            path: path.to_owned(),
            owner: metadata.uid(),
        });
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(BindError::OpenToOthers {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// A user's profile on Windows is closed to other users as it is.
#[cfg(windows)]
fn private_directory(path: &Path) -> Result<(), BindError> {
    durable::create_private(path).map_err(BindError::file("make the directory", path))
}

/// What tells one file from another of the same name: its device and inode.
#[cfg(unix)]
pub(super) fn place(path: &Path) -> io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::symlink_metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}
