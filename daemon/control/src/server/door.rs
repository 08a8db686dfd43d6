//! The control socket itself, and what becomes of it while the daemon runs.

use std::io;
#[cfg(unix)]
use std::path::{Path, PathBuf};
use std::time::Duration;

use interprocess::local_socket::tokio::{Listener as LocalListener, Stream, prelude::*};
use interprocess::local_socket::{GenericFilePath, ListenerOptions};

use super::bind_error::BindError;
#[cfg(unix)]
use super::lock::place;
use crate::places::Places;

/// How often to look whether the socket is still there.
const LOOK: Duration = Duration::from_secs(2);

/// An open control socket. It is removed when this is dropped, if it is still this one.
#[derive(Debug)]
pub(super) struct Door {
    local: LocalListener,
    #[cfg(unix)]
    path: PathBuf,
    /// The socket's device and inode.
    #[cfg(unix)]
    made: (u64, u64),
}

impl Door {
    /// Opens the socket, mode 0600. A socket that a dead daemon left behind is replaced: the locks prove that it is dead.
    pub(super) fn open(places: &Places) -> Result<Self, BindError> {
        let path = &places.socket;
        #[cfg(unix)]
        check_length(path)?;
        let fail = |error| BindError::file("open the control socket", path)(error);
        let name = path
            .as_os_str()
            .to_fs_name::<GenericFilePath>()
            .map_err(fail)?;
        let options = ListenerOptions::new()
            .name(name)
            .try_overwrite(true)
            // By then another may have taken its name.
            .reclaim_name(false);
        let local = restrict(options)
            .map_err(fail)?
            .create_tokio()
            .map_err(fail)?;
        Ok(Self {
            local,
            #[cfg(unix)]
            made: place(path).map_err(BindError::file("look at the control socket", path))?,
            #[cfg(unix)]
            path: path.clone(),
        })
    }

    /// Returns the next connection. Cancel safe.
    pub(super) async fn accept(&self) -> io::Result<Stream> {
        self.local.accept().await
    }

    /// Returns once nothing is left in the socket's place, so that nobody can come in any more: somebody removed it, or
    /// its directory went with the user's session.
    #[cfg(unix)]
    pub(super) async fn vanished(&self) {
        loop {
            tokio::time::sleep(LOOK).await;
            // Elsewhere than on this thread: the disk may hang.
            let found = tokio::fs::symlink_metadata(&self.path).await;
            if found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
                return;
            }
        }
    }

    /// A pipe does not vanish.
    #[cfg(not(unix))]
    pub(super) async fn vanished(&self) {
        std::future::pending().await
    }
}

#[cfg(unix)]
impl Drop for Door {
    fn drop(&mut self) {
        if place(&self.path).is_ok_and(|found| found == self.made) {
            // It is of no use to anybody, and the next daemon replaces it.
            let _ = std::fs::remove_file(&self.path);
        }
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
