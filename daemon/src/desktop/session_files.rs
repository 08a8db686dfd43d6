//! Changes of sessions of which logind sends no signal.
//!
//! logind keeps a file for each session, and replaces or removes it with every change. That a file has changed is a public
//! sign, the one that `sd_login_monitor` waits for; what stands in it is not. So the files are watched and logind is asked.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The folder in which logind keeps them. elogind does, too.
pub(super) const SESSIONS: &str = "/run/systemd/sessions";

/// Room for what the system tells at once; the rest is read in the next round.
const AT_ONCE: usize = 4096;

/// The files of all sessions.
#[derive(Debug)]
pub(super) struct SessionFiles(Option<AsyncFd<OwnedFd>>);

impl SessionFiles {
    /// Begins to watch. Where there is nothing to watch, nothing is told.
    pub(super) fn watch(folder: &Path) -> Self {
        let watched = watched(folder);
        if let Err(error) = &watched {
            tracing::debug!(%error, folder = %folder.display(), "files of sessions are not watched");
        }
        Self(watched.ok())
    }

    /// Waits until a file has changed since the last time. Cancel safe.
    pub(super) async fn changed(&mut self) {
        if let Some(watched) = &self.0 {
            let told = watched.async_io(Interest::READABLE, read_all).await;
            match told {
                Ok(()) => return,
                Err(error) => {
                    tracing::debug!(%error, "files of sessions are not watched any more");
                    self.0 = None;
                }
            }
        }
        std::future::pending().await
    }
}

// An OwnedFd gives what the newer constructor, which is unsafe, asks of its caller.
#[allow(deprecated)]
fn watched(folder: &Path) -> io::Result<AsyncFd<OwnedFd>> {
    let watched = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
    // A file is written under another name first.
    let flags = WatchFlags::MOVED_TO | WatchFlags::DELETE;
    inotify::add_watch(&watched, folder, flags)?;
    AsyncFd::with_interest(watched, Interest::READABLE)
}

/// Reads what the system has told. Several changes at once are one.
fn read_all(watched: &OwnedFd) -> io::Result<()> {
    let mut room = [MaybeUninit::<u8>::uninit(); AT_ONCE];
    let mut any = false;
    loop {
        match rustix::io::read(watched, &mut room) {
            Ok(([], _)) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => any = true,
            Err(Errno::INTR) => {}
            Err(Errno::WOULDBLOCK) if any => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
