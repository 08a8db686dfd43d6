//! The cookie that a client of PulseAudio shows.
//!
//! Servers refuse a client whose cookie is not 256 bytes long, even where they do not look at it (PulseAudio's
//! anonymous access, PipeWire). PulseAudio's own library makes one for a user who has none; the library that we use
//! sends an empty one, and the user would be told that there is no sound system.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// `PA_NATIVE_COOKIE_LENGTH`.
const LENGTH: usize = 256;

/// Returns the cookie of the file that is `named`, else of the usual ones; a new one if there is none.
pub(crate) fn read(named: Option<&Path>) -> Vec<u8> {
    let usual = std::env::home_dir().map(|home| {
        [
            home.join(".config/pulse/cookie"),
            home.join(".pulse-cookie"),
        ]
    });
    let places = named
        .into_iter()
        .chain(usual.iter().flatten().map(PathBuf::as_path));
    for place in places {
        if let Ok(cookie) = std::fs::read(place) {
            return cookie;
        }
    }
    // Failing is no harm: the server says the rest.
    let made = usual.map(|[first, _]| create(&first).and_then(|()| std::fs::read(first)));
    match made {
        Some(Ok(cookie)) => cookie,
        Some(Err(error)) => {
            tracing::debug!(%error, "no PulseAudio cookie could be made");
            Vec::new()
        }
        None => Vec::new(),
    }
}

fn create(path: &Path) -> io::Result<()> {
    let mut cookie = [0; LENGTH];
    getrandom::fill(&mut cookie).map_err(io::Error::other)?;
    let (mut directories, mut file) = (DirBuilder::new(), OpenOptions::new());
    directories.recursive(true);
    file.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        directories.mode(0o700);
        file.mode(0o600);
    }
    if let Some(directory) = path.parent() {
        directories.create(directory)?;
    }
    file.open(path)?.write_all(&cookie)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_made_for_its_owner_alone_and_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".config/pulse/cookie");
        create(&path).unwrap();
        let made = std::fs::read(&path).unwrap();
        assert_eq!(made.len(), LENGTH);
        assert_ne!(made, [0; LENGTH]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(
            create(&path).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        assert_eq!(std::fs::read(&path).unwrap(), made);
    }
}
