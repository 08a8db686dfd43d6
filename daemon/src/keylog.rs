//! A debugging aid that is off by default: writes voice keys to a file, so that other programs can decrypt a
//! captured stream. Whoever has the file can listen to the recorded conversation.

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

use sotto_meeting::PeerId;
use sotto_voice::LinkSetup;

use crate::files::FileError;

/// The open file.
pub(crate) struct KeyLog {
    file: File,
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
        let file = options.open(path).map_err(|source| FileError::Write {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self { file })
    }

    /// Notes what we seal to `peer` with.
    pub(crate) fn outbound(&mut self, peer: PeerId, setup: &LinkSetup, address: SocketAddr) {
        self.line("out", peer, setup, &address.to_string());
    }

    /// Notes what `peer` seals to us with.
    pub(crate) fn inbound(&mut self, peer: PeerId, setup: &LinkSetup) {
        self.line("in", peer, setup, "-");
    }

    /// One line: direction, peer, generation, open and whisper SSRC, key and salt in hexadecimal, address.
    fn line(&mut self, direction: &str, peer: PeerId, setup: &LinkSetup, address: &str) {
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
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            tracing::warn!(%error, "voice key not written to the key file");
        }
    }
}
