//! This program on disk: whether an update has put another in its place.

use std::path::PathBuf;

/// The program that runs, as it was on disk when it started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnProgram {
    /// `None` where the system does not tell.
    started: Option<(PathBuf, FileId)>,
    replaced: bool,
}

/// What tells one file from another in the same place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    #[cfg(unix)]
    fn of(path: &std::path::Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let found = std::fs::metadata(path).ok()?;
        Some(Self {
            device: found.dev(),
            inode: found.ino(),
        })
    }

    // Elsewhere a program that runs cannot be replaced.
    #[cfg(not(unix))]
    fn of(_path: &std::path::Path) -> Option<Self> {
        None
    }
}

impl OwnProgram {
    /// Remembers the program that has just started.
    #[must_use]
    pub fn started() -> Self {
        Self::at(std::env::current_exe().ok())
    }

    fn at(path: Option<PathBuf>) -> Self {
        let started = path.and_then(|path| {
            let id = FileId::of(&path)?;
            Some((path, id))
        });
        Self {
            started,
            replaced: false,
        }
    }

    /// Looks on disk and returns whether another program stands there now. Of one that was removed nothing is said: a
    /// restart would bring none.
    ///
    /// It asks the disk that this program's own code is read from, so it waits for nothing that the program does not wait
    /// for anyway.
    pub fn look(&mut self) -> bool {
        if let Some((path, id)) = &self.started
            && let Some(now) = FileId::of(path)
        {
            self.replaced = now != *id;
        }
        self.replaced
    }

    /// Returns what the last look has found.
    #[must_use]
    pub fn is_replaced(&self) -> bool {
        self.replaced
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)] // a test fails by panicking
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn another_file_in_its_place_is_seen_and_none_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sottod");
        fs::write(&path, "old").unwrap();
        let mut own = OwnProgram::at(Some(path.clone()));
        assert!(!own.look());

        // As dpkg, install(1) and cargo do it: beside, and then renamed over it.
        let new = folder.path().join("sottod.new");
        fs::write(&new, "new").unwrap();
        assert!(!own.look());
        fs::rename(&new, &path).unwrap();
        assert!(own.look() && own.is_replaced());

        fs::remove_file(&path).unwrap();
        assert!(own.look(), "it was replaced before");
        let mut removed = OwnProgram::at(Some(path));
        assert!(!removed.look());
    }

    #[test]
    fn the_program_that_runs_is_itself() {
        let mut own = OwnProgram::started();
        assert!(own.started.is_some() && !own.look());
        assert!(!OwnProgram::at(None).look());
    }
}
