//! This daemon's identity: one ed25519 seed in a file of its own, made at the first start.
//!
//! The key is what colleagues pin to a name. A file that is there but cannot be understood is therefore an error
//! for the user to decide about, never a reason to make a new identity silently: that would be a different person.

use std::path::{Path, PathBuf};

use crate::files::{self, FileError};

/// First bytes of the identity file.
const HEADER: &str = "sotto identity 1\n";

/// What can go wrong with the identity.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdentityError {
    /// Reading or writing failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The content is not an identity.
    #[error(
        "{path} does not hold a Sotto identity; restore it from a backup, or move it away to start as a new person"
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
    /// Others could read the secret.
    #[error(
        "{path} can be read by other users, so the identity may be known to them; run 'chmod 600 {path}'"
    )]
    TooOpen {
        /// Which file.
        path: PathBuf,
    },
    /// The system gave no random bytes.
    #[error("the system has no random numbers to make an identity from: {0}")]
    NoRandomness(getrandom::Error),
}

/// Reads the identity's seed from `path`, or makes one there.
///
/// # Errors
///
/// If the file cannot be read or written, is damaged, or can be read by other users.
pub(crate) fn load_or_create(path: &Path) -> Result<[u8; 32], IdentityError> {
    if let Some(bytes) = files::read(path)? {
        check_mode(path)?;
        return parse(&bytes).ok_or_else(|| IdentityError::Damaged {
            path: path.to_owned(),
        });
    }
    let mut seed = [0u8; 32];
    getrandom::fill(&mut seed).map_err(IdentityError::NoRandomness)?;
    let mut text = String::from(HEADER);
    for byte in seed {
        text.push_str(&format!("{byte:02x}"));
    }
    text.push('\n');
    files::write_atomically(path, text.as_bytes())?;
    Ok(seed)
}

#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), IdentityError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path)
        .map_err(|source| FileError::Read {
            path: path.to_owned(),
            source,
        })?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(IdentityError::TooOpen {
            path: path.to_owned(),
        });
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_path: &Path) -> Result<(), IdentityError> {
    Ok(())
}

fn parse(bytes: &[u8]) -> Option<[u8; 32]> {
    let text = std::str::from_utf8(bytes).ok()?;
    let digits = text.strip_prefix(HEADER)?.trim_end();
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    let mut seed = [0u8; 32];
    for (byte, pair) in seed.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(seed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_identity_is_the_same_at_every_start() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("identity");
        let first = load_or_create(&path).unwrap();
        assert_eq!(load_or_create(&path).unwrap(), first);
    }

    #[test]
    fn a_damaged_identity_is_an_error_and_stays_where_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("identity");
        files::write_atomically(&path, b"sotto identity 1\nabc").unwrap();
        assert!(matches!(
            load_or_create(&path),
            Err(IdentityError::Damaged { .. })
        ));
        assert!(path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn an_identity_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("identity");
        load_or_create(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            load_or_create(&path),
            Err(IdentityError::TooOpen { .. })
        ));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
            let mut prefixed = HEADER.as_bytes().to_vec();
            prefixed.extend(&bytes);
            let _ = parse(&prefixed);
        }
    }
}
