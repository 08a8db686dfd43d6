//! Who may connect: one daemon per home, programs of one user.

use super::connection::{ConnectionId, Greeting, ServerConnection};
use crate::durable;
use crate::error::{ControlError, ErrorCode, ForPeople};
use crate::places::Places;
use interprocess::local_socket::tokio::{Listener as LocalListener, Stream, prelude::*};
use interprocess::local_socket::{GenericFilePath, ListenerOptions};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How many programs may be connected at once.
const MAX_CONNECTIONS: usize = 64;
/// How long to wait after the system refuses to accept (out of file descriptors), so that the refusal does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Why the control socket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another daemon runs with the same home.
    #[error(
        "another sottod already runs with these files ({})",
        lock.display()
    )]
    AlreadyRunning {
        /// The lock that it holds.
        lock: PathBuf,
    },
    /// A directory or file could not be made or used.
    #[error("cannot {what} {}: {source}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others could change what lies in a directory of ours.
    #[error(
        "other users of this machine can write to {}, and so take your place in Sotto",
        path.display()
    )]
    OpenToOthers {
        /// The directory.
        path: PathBuf,
    },
    /// The socket's path is longer than the system allows.
    #[error(
        "the path of the control socket, {}, is {length} bytes long, and at most {most}",
        path.display()
    )]
    PathTooLong {
        /// The path.
        path: PathBuf,
        /// Its length in bytes.
        length: usize,
        /// What the system allows.
        most: usize,
    },
}

impl ForPeople for BindError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::AlreadyRunning { .. } => {
                "stop it with 'sotto quit', or set SOTTO_HOME to another directory"
            }
            Self::OpenToOthers { path } => {
                return Some(format!(
                    "run 'chmod go-w {}', or set SOTTO_HOME to another directory",
                    path.display()
                ));
            }
            Self::PathTooLong { .. } => "set SOTTO_HOME to a shorter one",
            Self::File { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

/// The right to use a home's files: held by the one daemon that runs with them, until it is dropped.
#[derive(Debug)]
pub struct InstanceLock {
    /// The lock belongs to the open file and ends with the process, however that ends.
    _file: File,
}

impl InstanceLock {
    /// Makes the home's directories where they are not there, for the user alone, and takes the lock.
    ///
    /// # Errors
    /// Another daemon holds it, or a directory cannot be made or can be written to by others.
    pub fn acquire(places: &Places) -> Result<Self, BindError> {
        private_directory(&places.data)?;
        private_directory(&places.state)?;
        if let Some(directory) = places.config.parent() {
            private_directory(directory)?;
        }
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&places.lock)
            .map_err(failed("open", &places.lock))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(std::fs::TryLockError::WouldBlock) => Err(BindError::AlreadyRunning {
                lock: places.lock.clone(),
            }),
            Err(std::fs::TryLockError::Error(error)) => Err(failed("lock", &places.lock)(error)),
        }
    }
}

/// The control socket, open.
#[derive(Debug)]
pub struct Listener {
    local: LocalListener,
    /// The daemon's effective user.
    #[cfg(unix)]
    uid: u32,
    next: AtomicU64,
    places: Arc<Semaphore>,
    /// Declared last, so that the socket is gone before another daemon may start.
    _lock: InstanceLock,
}

impl Listener {
    /// Opens the socket, mode 0600 in a directory that only the user can write to. A socket that a dead daemon left behind is replaced:
    /// the lock proves that it is dead.
    ///
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The directory or the socket cannot be made.
    pub fn bind(places: &Places, lock: InstanceLock) -> Result<Self, BindError> {
        let path = &places.socket;
        #[cfg(unix)]
        {
            check_length(path)?;
            if let Some(directory) = path.parent() {
                private_directory(directory)?;
            }
        }
        let fail = |error| failed("open the control socket", path)(error);
        let name = path
            .as_os_str()
            .to_fs_name::<GenericFilePath>()
            .map_err(fail)?;
        let options = ListenerOptions::new().name(name).try_overwrite(true);
        let local = restrict(options)
            .map_err(fail)?
            .create_tokio()
            .map_err(fail)?;
        Ok(Self {
            local,
            #[cfg(unix)]
            uid: owner(path)?,
            next: AtomicU64::new(1),
            places: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            _lock: lock,
        })
    }

    /// The next program that may connect. Others are told why not and disconnected. Cancel safe.
    pub async fn accept(&self) -> ServerConnection {
        loop {
            let Ok(stream) = self.local.accept().await else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let credentials = stream.peer_creds().ok();
            let pid = credentials.as_ref().and_then(|it| it.pid()).map(pid_number);
            #[cfg(unix)]
            if credentials.and_then(|it| it.euid()) != Some(self.uid) {
                refuse(
                    stream,
                    ControlError::new(
                        ErrorCode::Refused,
                        "this daemon belongs to another user of this machine",
                    ),
                );
                continue;
            }
            let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
                refuse(
                    stream,
                    ControlError::new(
                        ErrorCode::Busy,
                        format!("{MAX_CONNECTIONS} programs are connected, which is the most"),
                    )
                    .with_hint("end one of them ('sotto events', 'sotto top', …) and try again"),
                );
                continue;
            };
            let id = ConnectionId(self.next.fetch_add(1, Ordering::Relaxed));
            return ServerConnection::start(stream, Greeting { id, pid, place });
        }
    }
}

/// Tells why, as far as the socket's buffer takes it, and disconnects.
fn refuse(mut stream: Stream, error: ControlError) {
    let line = crate::wire::response_line(&serde_json::Value::Null, &Err(error)) + "\n";
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let told = stream.write_all(line.as_bytes());
        // Whether it was heard does not matter.
        let _ = tokio::time::timeout(Duration::from_secs(1), told).await;
    });
}

#[cfg(unix)]
const fn pid_number(pid: i32) -> u32 {
    pid.unsigned_abs()
}

#[cfg(windows)]
const fn pid_number(pid: u32) -> u32 {
    pid
}

fn failed<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> BindError + 'a {
    move |source| BindError::File {
        what,
        path: path.to_owned(),
        source,
    }
}

#[cfg(unix)]
fn restrict(options: ListenerOptions<'_>) -> io::Result<ListenerOptions<'_>> {
    use interprocess::os::unix::local_socket::ListenerOptionsExt;
    Ok(options.mode(0o600))
}

/// The pipe's owner alone, which is the user's SID; nobody over the network.
#[cfg(windows)]
fn restrict(options: ListenerOptions<'_>) -> io::Result<ListenerOptions<'_>> {
    use interprocess::os::windows::local_socket::ListenerOptionsExt;
    use interprocess::os::windows::security_descriptor::SecurityDescriptor;
    // A protected list: deny all to NU (the network), allow all to OW (the owner).
    let text = widestring::u16cstr!("D:P(D;;GA;;;NU)(A;;GA;;;OW)");
    Ok(options.security_descriptor(SecurityDescriptor::deserialize(text)?))
}

/// Makes a directory that only the user can enter. One that is there already belongs to its user, who alone decides who
/// may look into it; but if others can write to it, they could put an identity or a socket of theirs there.
#[cfg(unix)]
fn private_directory(path: &Path) -> Result<(), BindError> {
    use std::os::unix::fs::PermissionsExt;
    durable::create_private(path).map_err(failed("make the directory", path))?;
    let metadata = std::fs::metadata(path).map_err(failed("look at the directory", path))?;
    if metadata.permissions().mode() & 0o022 != 0 {
        return Err(BindError::OpenToOthers {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// A user's profile on Windows is closed to other users as it is.
#[cfg(windows)]
fn private_directory(path: &Path) -> Result<(), BindError> {
    durable::create_private(path).map_err(failed("make the directory", path))
}

/// The owner of the socket that this process has just made is this process's effective user.
#[cfg(unix)]
fn owner(path: &Path) -> Result<u32, BindError> {
    use std::os::unix::fs::MetadataExt;
    std::fs::symlink_metadata(path)
        .map(|metadata| metadata.uid())
        .map_err(failed("look at the control socket", path))
}

#[cfg(unix)]
fn check_length(path: &Path) -> Result<(), BindError> {
    // sun_path with its closing zero: 108 bytes on Linux, 104 on the BSDs and macOS (unix(7)).
    const MOST: usize = if cfg!(target_os = "linux") { 107 } else { 103 };
    let length = path.as_os_str().len();
    if length > MOST {
        return Err(BindError::PathTooLong {
            path: path.to_owned(),
            length,
            most: MOST,
        });
    }
    Ok(())
}
