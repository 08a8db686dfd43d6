//! Files that must survive a crash: written whole or not at all, and set aside rather than deleted when damaged.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sotto_control::{ForPeople, durable};

/// The most damaged copies of one file.
const MOST_ASIDE: u32 = 999;

/// What can go wrong with a file of ours.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// The file or its directory could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A damaged file could not be moved out of the way.
    #[error("cannot set {path} aside: {source}")]
    SetAside {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A damaged file could not be moved out of the way: all names for it are taken.
    #[error("cannot set {path} aside: {MOST_ASIDE} damaged copies lie beside it already")]
    TooManyAside {
        /// Which file.
        path: PathBuf,
    },
    /// The disk hangs instead of failing.
    #[error("cannot write {path}: the disk does not answer")]
    NoAnswer {
        /// Which file.
        path: PathBuf,
    },
    /// The file could not be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ForPeople for FileError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Read { .. } => "check that the file belongs to you",
            Self::Write { .. } => "check free space and that the directory belongs to you",
            Self::TooManyAside { .. } => "look into them and remove what is not needed",
            Self::SetAside { .. } | Self::NoAnswer { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

/// Reads `path`; `None` if it does not exist.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(FileError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Replaces `path` by `bytes`: after a crash either the old or the new content is there, never a mixture.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    durable::replace(path, bytes).map_err(|source| FileError::Write {
        path: path.to_owned(),
        source,
    })
}

/// Moves a damaged file out of the way, under a name that is still free, and returns that name.
pub(crate) fn set_aside(path: &Path) -> Result<PathBuf, FileError> {
    let failed = |source| FileError::SetAside {
        path: path.to_owned(),
        source,
    };
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    for number in 1..=MOST_ASIDE {
        let aside = path.with_file_name(format!("{name}.damaged-{number}"));
        // `hard_link` refuses an existing name, so that an earlier damaged file is never overwritten.
        match fs::hard_link(path, &aside) {
            Ok(()) => {
                fs::remove_file(path).map_err(failed)?;
                return Ok(aside);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            // Not every file system has hard links, and a directory has none. The instance lock keeps every other
            // daemon from taking the name between the look and the renaming.
            Err(_) if fs::symlink_metadata(&aside).is_ok() => {}
            Err(_) => {
                fs::rename(path, &aside).map_err(failed)?;
                return Ok(aside);
            }
        }
    }
    Err(FileError::TooManyAside {
        path: path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_files_are_kept_under_names_of_their_own() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        for content in [b"one", b"two"] {
            fs::write(&path, content).unwrap();
            set_aside(&path).unwrap();
        }
        assert!(read(&path).unwrap().is_none());
        assert_eq!(
            fs::read(directory.path().join("state.damaged-1")).unwrap(),
            b"one"
        );
        assert_eq!(
            fs::read(directory.path().join("state.damaged-2")).unwrap(),
            b"two"
        );
    }
    #[test]
    fn what_has_no_hard_links_is_kept_too() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        let inside = "something that somebody put there";
        for number in 1..=2 {
            fs::create_dir(&path).unwrap();
            fs::write(path.join("note"), inside).unwrap();
            let aside = set_aside(&path).unwrap();
            assert_eq!(
                aside,
                directory.path().join(format!("state.damaged-{number}"))
            );
            assert_eq!(fs::read_to_string(aside.join("note")).unwrap(), inside);
        }
        assert!(!path.exists());
    }
}
