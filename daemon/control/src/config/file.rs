//! The file itself: read as it is, and replaced in one step.

use std::fs;
use std::io;
use std::path::Path;

use crate::durable;

/// The text of the configuration at `path`; empty where there is no file, so that every default holds.
///
/// # Errors
/// What the system said.
pub fn read(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read,
    }
}

/// Replaces the configuration at `path`, so that a daemon that starts meanwhile reads the old one or the new one. Makes
/// the directory, for its owner alone, where there is none.
///
/// # Errors
/// What the system said; the file is as it was then.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        durable::create_private(directory)?;
    }
    durable::replace(path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_configuration_is_its_owners_alone_and_none_is_empty() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("sotto").join("config.toml");
        assert_eq!(read(&path).unwrap(), "");
        replace(&path, "name = \"Anna\"\n").unwrap();
        assert_eq!(read(&path).unwrap(), "name = \"Anna\"\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(path.parent().unwrap()), 0o700);
            assert_eq!(mode(&path), 0o600);
        }
    }
}
