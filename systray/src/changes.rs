//! Tells when a file changes, whoever changes it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::thread;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use sotto_control::durable;
use tokio::sync::mpsc::{self, error::TrySendError};

/// Room for what the system tells at once; it tells the rest afterwards.
const AT_ONCE: usize = 4096;

/// The moment at which a change counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// When the file is whole again: replaced, or closed by whoever wrote into it.
    Whole,
    /// With every write, because the writer never closes it.
    Written,
}

/// The changes of one file, which may not be there yet.
#[derive(Debug)]
pub(crate) struct Changes(mpsc::Receiver<()>);

impl Changes {
    /// Begins to watch.
    pub(crate) fn of(path: &Path, when: When) -> Self {
        // One that waits stands for all that came since.
        let (tell, told) = mpsc::channel(1);
        if let Err(error) = watch(path, when, tell) {
            tracing::warn!(%error, path = %path.display(), "changes are not seen");
        }
        Self(told)
    }

    /// Waits until the file has changed since the last time; for ever where the system does not tell. Cancel safe.
    pub(crate) async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending().await
        }
    }
}

/// Watches the folder, because the file itself is replaced by each change. If the file is a link, that of its target too.
fn watch(path: &Path, when: When, tell: mpsc::Sender<()>) -> io::Result<()> {
    let watched = inotify::init(CreateFlags::CLOEXEC)?;
    let mut flags = WatchFlags::CLOSE_WRITE
        | WatchFlags::MOVED_TO
        | WatchFlags::MOVED_FROM
        | WatchFlags::DELETE;
    if when == When::Written {
        flags |= WatchFlags::MODIFY;
    }
    let mut names = BTreeSet::new();
    let target = std::fs::canonicalize(path).ok();
    for place in target.as_deref().into_iter().chain([path]) {
        let (Some(folder), Some(name)) = (place.parent(), place.file_name()) else {
            continue;
        };
        durable::create_private(folder)?;
        inotify::add_watch(&watched, folder, flags)?;
        names.insert(name.to_owned());
    }
    thread::Builder::new()
        .name("changes".into())
        .spawn(move || read(&watched, &names, &tell))
        .map(drop)
}

/// Reads what the system tells, until nobody wants to know.
fn read(watched: &OwnedFd, names: &BTreeSet<OsString>, tell: &mpsc::Sender<()>) {
    let mut room = [MaybeUninit::uninit(); AT_ONCE];
    let mut reader = inotify::Reader::new(watched, &mut room);
    while let Ok(event) = reader.next() {
        // Without a name it tells that something was missed.
        let changed = event.file_name().is_none_or(|name| {
            names
                .iter()
                .any(|known| known.as_bytes() == name.to_bytes())
        });
        if changed && matches!(tell.try_send(()), Err(TrySendError::Closed(()))) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(20);

    async fn soon(changes: &mut Changes) {
        tokio::time::timeout(DEADLINE, changes.next())
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_file_that_is_new_written_replaced_or_removed_has_changed() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("sotto/config.toml");
        let mut changes = Changes::of(&path, When::Whole);
        std::fs::write(&path, "one").unwrap();
        soon(&mut changes).await;
        let other = path.with_file_name("other");
        std::fs::write(&other, "two").unwrap();
        std::fs::rename(&other, &path).unwrap();
        soon(&mut changes).await;
        std::fs::remove_file(&path).unwrap();
        soon(&mut changes).await;
    }

    #[tokio::test]
    async fn where_the_file_is_a_link_its_target_counts() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("dotfiles");
        std::fs::create_dir(&target).unwrap();
        let target = target.join("sotto.toml");
        std::fs::write(&target, "one").unwrap();
        let path = home.path().join("config.toml");
        std::os::unix::fs::symlink(&target, &path).unwrap();
        let mut changes = Changes::of(&path, When::Whole);
        std::fs::write(&target, "two").unwrap();
        soon(&mut changes).await;
    }

    #[tokio::test]
    async fn a_file_that_stays_open_changes_with_each_write() {
        use std::io::Write;
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("hotkeys.json");
        let mut changes = Changes::of(&path, When::Written);
        let mut file = std::fs::File::create(&path).unwrap();
        file.write_all(b"{}").unwrap();
        soon(&mut changes).await;
        file.write_all(b"{}").unwrap();
        soon(&mut changes).await;
    }
}
