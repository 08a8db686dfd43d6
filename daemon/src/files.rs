//! Files that must survive a crash: written whole or not at all, and set aside rather than deleted when damaged.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What can go wrong with a file of ours.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// The file or its directory could not be read.
    #[error("cannot read {path}: {source}; check that the file belongs to you")]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file could not be written.
    #[error(
        "cannot write {path}: {source}; check free space and that the directory belongs to you"
    )]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
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
    let failed = |source| FileError::Write {
        path: path.to_owned(),
        source,
    };
    let temporary = path.with_extension("new");
    // A leftover from a crash in the middle of an earlier write holds nothing that anybody needs.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&temporary).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    drop(file);
    fs::rename(&temporary, path).map_err(failed)?;
    // The rename itself must reach the disk too, or a power cut may bring the old epoch back.
    #[cfg(unix)]
    if let Some(directory) = path.parent() {
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(failed)?;
    }
    Ok(())
}

/// Moves a damaged file out of the way, under a name that is still free, and returns that name.
pub(crate) fn set_aside(path: &Path) -> Result<PathBuf, FileError> {
    let failed = |source| FileError::Write {
        path: path.to_owned(),
        source,
    };
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    for number in 1..=999u32 {
        let aside = path.with_file_name(format!("{name}.damaged-{number}"));
        // `hard_link` refuses an existing name, so that an earlier damaged file is never overwritten.
        match fs::hard_link(path, &aside) {
            Ok(()) => {
                fs::remove_file(path).map_err(failed)?;
                return Ok(aside);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(failed(source)),
        }
    }
    Err(failed(io::Error::other(
        "999 damaged copies lie beside it already; look into them and remove what is not needed",
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_replaces_the_whole_file_and_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        write_atomically(&path, b"a longer first version").unwrap();
        write_atomically(&path, b"second").unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), b"second");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_leftover_of_an_interrupted_write_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        fs::write(path.with_extension("new"), b"half").unwrap();
        write_atomically(&path, b"whole").unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), b"whole");
    }

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
}
