//! A debugging aid that is off by default: writes voice keys to a file, so that other programs can decrypt a
//! captured stream. Whoever has the file can listen to the recorded conversation.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use sotto_meeting::PeerId;
use sotto_voice::LinkSetup;

use crate::files::FileError;
use crate::scribe::Scribe;

/// The time that the last keys may take at the end of the program.
const LAST_KEYS: Duration = Duration::from_millis(100);

/// The open file. Nobody waits for its disk.
pub(crate) struct KeyLog {
    scribe: Scribe,
}

impl KeyLog {
    /// Creates the file, which must not exist, readable by this user only.
    ///
    /// # Errors
    ///
    /// If it exists or cannot be created.
    pub(crate) fn create(path: &Path) -> Result<Self, FileError> {
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let failed = |source| FileError::Write {
            path: path.to_owned(),
            source,
        };
        let file = options.open(path).map_err(failed)?;
        let not_written = |error| tracing::warn!(%error, "voice key not written to the key file");
        let scribe = Scribe::start("sotto-keys", file, not_written).map_err(failed)?;
        Ok(Self { scribe })
    }

    /// Notes what we seal to `peer` with.
    pub(crate) fn outbound(&self, peer: PeerId, setup: &LinkSetup, address: SocketAddr) {
        self.line("out", peer, setup, &address.to_string());
    }

    /// Notes what `peer` seals to us with.
    pub(crate) fn inbound(&self, peer: PeerId, setup: &LinkSetup) {
        self.line("in", peer, setup, "-");
    }

    /// One line: direction, peer, generation, open and whisper SSRC, key and salt in hexadecimal, address.
    fn line(&self, direction: &str, peer: PeerId, setup: &LinkSetup, address: &str) {
        let mut secret = String::with_capacity(56);
        for byte in setup.keys.key.iter().chain(&setup.keys.salt) {
            secret.push_str(&format!("{byte:02x}"));
        }
        let line = format!(
            "{direction} {peer} {} {} {} {secret} {address}\n",
            setup.generation,
            setup.open_ssrc.number(),
            setup.whisper_ssrc.number()
        );
        if !self.scribe.write(line.into_bytes()) {
            tracing::warn!("voice key not written: the disk of the key file does not answer");
        }
    }
}

impl Drop for KeyLog {
    fn drop(&mut self) {
        self.scribe.finish(LAST_KEYS);
    }
}
