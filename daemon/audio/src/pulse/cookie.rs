//! The cookie that a client of PulseAudio shows.
//!
//! Servers refuse a client whose cookie is not 256 bytes long, even where they do not look at it (PulseAudio's
//! anonymous access, PipeWire). PulseAudio's own library makes one for a user who has none; the library that we use
//! sends an empty one, and the user would be told that there is no sound system.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::client_conf::user_directory;

/// `PA_NATIVE_COOKIE_LENGTH`.
const LENGTH: usize = 256;

/// Returns the cookie of the file that is `named`, else of the usual ones; a new one if there is none.
pub(super) fn read(named: Option<&Path>) -> Vec<u8> {
    let home = std::env::home_dir();
    let usual = user_directory(home.as_deref()).map(|directory| directory.join("cookie"));
    let old = home.map(|home| home.join(".pulse-cookie"));
    for place in [named, usual.as_deref(), old.as_deref()]
        .into_iter()
        .flatten()
    {
        if let Ok(cookie) = std::fs::read(place) {
            return cookie;
        }
    }
    // Failing is no harm: the server says the rest.
    let made = usual.map(|usual| create(&usual).and_then(|()| std::fs::read(usual)));
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
    directories.recursive(true).mode(0o700);
    file.write(true).create_new(true).mode(0o600);
    if let Some(directory) = path.parent() {
        directories.create(directory)?;
    }
    file.open(path)?.write_all(&cookie)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_cookie_is_made_for_its_owner_alone_and_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".config/pulse/cookie");
        create(&path).unwrap();
        let made = std::fs::read(&path).unwrap();
        assert_eq!(made.len(), LENGTH);
        assert_ne!(made, [0; LENGTH]);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(
            create(&path).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        assert_eq!(std::fs::read(&path).unwrap(), made);
    }
}
