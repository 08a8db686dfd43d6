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
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
        Ok(bytes) => decoded(bytes).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why)),
    }
}

/// Reads the text of a configuration file.
///
/// # Errors
/// It is not UTF-8. The words name the encoding that it may be in.
pub fn decoded(bytes: Vec<u8>) -> Result<String, String> {
    if matches!(bytes.as_slice(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return Err("it is UTF-16; save it as UTF-8".to_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..good).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("line {line} is not UTF-8, but perhaps Latin-1; save the file as UTF-8")
    })
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
    fn other_encodings_are_named() {
        let why = |bytes: &[u8]| decoded(bytes.to_vec()).unwrap_err();
        assert!(why(b"\xff\xfen\0a\0").contains("UTF-16"));
        assert!(why(b"# x\nname = \"Zo\xeb\"\n").starts_with("line 2 is not UTF-8"));
        assert_eq!(decoded("name = \"Zoë\"".into()).unwrap(), "name = \"Zoë\"");
    }

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
