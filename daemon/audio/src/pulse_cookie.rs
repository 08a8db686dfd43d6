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

/// Makes a cookie where PulseAudio's library would, unless there is one. Failing is no harm: the server says the rest.
pub(crate) fn ensure() {
    let Some(path) = missing() else {
        return;
    };
    match create(&path) {
        Ok(()) => tracing::debug!("made a PulseAudio cookie"),
        Err(error) => tracing::debug!(%error, "no PulseAudio cookie could be made"),
    }
}

/// Where the cookie belongs, if there is none in any of the usual places.
fn missing() -> Option<PathBuf> {
    let home = std::env::home_dir()?;
    let path = home.join(".config/pulse/cookie");
    let named = std::env::var_os("PULSE_COOKIE").map(PathBuf::from);
    let places = [named, Some(path.clone()), Some(home.join(".pulse-cookie"))];
    (!places.iter().flatten().any(|place| place.exists())).then_some(path)
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
