//! Files that are there whole or not at all: whatever happens in the middle of a write, a reader finds the old content
//! or the new one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Replaces the file at `path` by `bytes`, in one step and so that a power cut does not bring the old content back.
///
/// An existing file keeps its mode, and a link keeps pointing where it does: the file that it names is replaced. A new
/// file can be read by its owner alone. The directory must exist.
///
/// # Errors
/// What the system said; the file is as it was then.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let temporary = beside(&path);
    // What an earlier process with this number left behind holds nothing that anybody needs.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = write_new(&temporary, bytes, &path).and_then(|()| fs::rename(&temporary, &path));
    if written.is_err() {
        // What remains of an attempt that failed is of no use to anybody.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    sync_directory(&path)
}

/// Makes a directory, with what is missing above it, that its owner alone may enter. One that is there is left as it is.
///
/// # Errors
/// What the system said.
pub fn create_private(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    // A user's profile on Windows is closed to other users as it is.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// A name in the same directory that no other process writes to.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.new", std::process::id()))
}

fn write_new(temporary: &Path, bytes: &[u8], replaced: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(temporary)?;
    file.write_all(bytes)?;
    match fs::metadata(replaced) {
        Ok(old) => file.set_permissions(old.permissions())?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    file.sync_all()
}

/// The rename itself must reach the disk too.
#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => File::open(directory)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

/// NTFS journals a rename by itself, and a directory cannot be opened.
#[cfg(not(unix))]
fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_replaces_the_whole_file_and_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        replace(&path, b"a longer first version").unwrap();
        replace(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_leftover_of_an_interrupted_write_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        fs::write(beside(&path), b"half").unwrap();
        replace(&path, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_write_that_fails_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        // A directory cannot be replaced by a file.
        let path = directory.path().join("state");
        fs::create_dir(&path).unwrap();
        assert!(replace(&path, b"whole").is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_keeps_its_mode_and_a_new_one_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        replace(&path, b"one").unwrap();
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(mode(), 0o640);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_linked_here_stays_where_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let kept = directory.path().join("kept");
        let link = directory.path().join("config.toml");
        fs::write(&kept, b"one").unwrap();
        std::os::unix::fs::symlink(&kept, &link).unwrap();
        replace(&link, b"two").unwrap();
        assert_eq!(fs::read(&kept).unwrap(), b"two");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}
