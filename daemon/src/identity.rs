//! This daemon's identity: one ed25519 seed in a file of its own, made at the first start.
//!
//! The key is what colleagues pin to a name. A file that is there but cannot be understood is therefore an error
//! for the user to decide about, never a reason to make a new identity silently: that would be a different person.

use std::path::{Path, PathBuf};

use sotto_control::ForPeople;

use crate::files::{self, FileError};

/// The first line of every identity file, up to its version.
const TITLE: &str = "sotto identity ";
/// The version of the file that this release reads and writes.
const VERSION: &str = "1";

/// What can go wrong with the identity.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdentityError {
    /// Reading or writing failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The content is not an identity.
    #[error("{path} does not hold a Sotto identity")]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
    /// A newer release wrote it.
    #[error(
        "{path} was written by a newer Sotto (version {version} of the file, known up to {VERSION})"
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// The version found.
        version: u32,
    },
    /// Others could read the secret.
    #[error("{path} can be read by other users, so the identity may be known to them")]
    TooOpen {
        /// Which file.
        path: PathBuf,
    },
    /// The system gave no random bytes.
    #[error("the system has no random numbers to make an identity from: {0}")]
    NoRandomness(getrandom::Error),
}

impl ForPeople for IdentityError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::File(error) => return error.hint(),
            Self::Damaged { .. } => {
                "restore it from a backup, or move it away to start as a new person"
            }
            Self::Newer { .. } => {
                "start the newer one, or bring the file back from a backup; without it you would be a new person to your \
                 colleagues"
            }
            Self::TooOpen { path } => return Some(format!("run 'chmod 600 {}'", path.display())),
            Self::NoRandomness(_) => return None,
        };
        Some(hint.to_owned())
    }
}

/// Reads the identity's seed from `path`, or makes one there.
///
/// # Errors
///
/// If the file cannot be read or written, is damaged, or can be read by other users.
pub(crate) fn load_or_create(path: &Path) -> Result<[u8; 32], IdentityError> {
    if let Some(bytes) = files::read(path)? {
        check_mode(path)?;
        return match parse(&bytes) {
            Content::Seed(seed) => Ok(seed),
            Content::Newer(version) => Err(IdentityError::Newer {
                path: path.to_owned(),
                version,
            }),
            Content::Damaged => Err(IdentityError::Damaged {
                path: path.to_owned(),
            }),
        };
    }
    let mut seed = [0u8; 32];
    getrandom::fill(&mut seed).map_err(IdentityError::NoRandomness)?;
    let mut text = format!("{TITLE}{VERSION}\n");
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

/// What an identity file holds.
#[derive(Debug, PartialEq)]
enum Content {
    Seed([u8; 32]),
    /// Something of a later version.
    Newer(u32),
    Damaged,
}

/// Reads the title and the seed, and skips lines that a later release added behind them.
fn parse(bytes: &[u8]) -> Content {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Content::Damaged;
    };
    let mut lines = text.lines();
    let version = lines.next().and_then(|title| title.strip_prefix(TITLE));
    match version.map(str::trim_end) {
        Some(VERSION) => lines
            .next()
            .and_then(|digits| parse_seed(digits.trim_end()))
            .map_or(Content::Damaged, Content::Seed),
        Some(other) => match other.parse() {
            Ok(version) if version > 1 => Content::Newer(version),
            _ => Content::Damaged,
        },
        None => Content::Damaged,
    }
}

fn parse_seed(digits: &str) -> Option<[u8; 32]> {
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
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

    #[test]
    fn an_identity_of_a_newer_release_is_told_from_damage_and_stays_where_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("identity");
        let newer = b"sotto identity 2\nsealed by the machine\n";
        files::write_atomically(&path, newer).unwrap();
        let error = load_or_create(&path).unwrap_err();
        assert!(
            matches!(error, IdentityError::Newer { version: 2, .. }),
            "{error}"
        );
        assert_eq!(std::fs::read(&path).unwrap(), newer);
    }

    #[test]
    fn lines_that_a_later_release_added_are_skipped() {
        let seed = "0123456789abcdef".repeat(4);
        let today = parse(format!("sotto identity 1\n{seed}\n").as_bytes());
        assert!(matches!(today, Content::Seed(_)));
        let later = format!("sotto identity 1\n{seed}\ndevice 7\n");
        assert_eq!(parse(later.as_bytes()), today);
        let merged = format!("sotto identity 1\n{seed} device 7\n");
        assert_eq!(parse(merged.as_bytes()), Content::Damaged);
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
            let mut prefixed = TITLE.as_bytes().to_vec();
            prefixed.extend(&bytes);
            let _ = parse(&prefixed);
            let mut prefixed = format!("{TITLE}{VERSION}\n").into_bytes();
            prefixed.extend(&bytes);
            let _ = parse(&prefixed);
        }
    }
}
