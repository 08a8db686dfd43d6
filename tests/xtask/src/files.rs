//! Files and folders, made and read in the name of a step: what fails says which step, and where.

use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use crate::steps::Failed;

/// The files of the step with this name.
#[derive(Clone, Copy)]
pub(crate) struct Files(pub(crate) &'static str);

impl Files {
    /// Returns what is in a folder, in order.
    pub(crate) fn within(self, folder: &Path) -> Result<Vec<PathBuf>, Failed> {
        let listed = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let listed = listed.map_err(|error| self.failed(folder, &error))?;
        let mut paths: Vec<PathBuf> = listed.iter().map(fs::DirEntry::path).collect();
        paths.sort();
        Ok(paths)
    }

    /// Makes a folder, and those that it is in.
    pub(crate) fn create(self, folder: &Path) -> Result<(), Failed> {
        fs::create_dir_all(folder).map_err(|error| self.failed(folder, &error))
    }

    /// Removes a folder with all that is in it, if it is there.
    pub(crate) fn remove(self, folder: &Path) -> Result<(), Failed> {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.failed(folder, &error)),
            _ => Ok(()),
        }
    }

    /// Writes a file, in a folder that is made for it.
    pub(crate) fn write(self, to: &Path, text: impl AsRef<[u8]>) -> Result<(), Failed> {
        self.create(to.parent().unwrap_or(to))?;
        fs::write(to, text).map_err(|error| self.failed(to, &error))
    }

    /// Copies a file into a folder that is made for it.
    pub(crate) fn copy(self, from: &Path, to: &Path) -> Result<(), Failed> {
        self.create(to.parent().unwrap_or(to))?;
        fs::copy(from, to).map_err(|error| self.failed(from, &error))?;
        Ok(())
    }

    pub(crate) fn failed(self, path: &Path, error: &Error) -> Failed {
        Failed::new(self.0, format!("{}: {error}", path.display()))
    }
}
