//! A part of a file behind a header of our own.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::io::MediaSource;

/// A part of a file, read behind `header` as if both were one file.
pub(super) struct Section {
    header: Vec<u8>,
    file: File,
    begin: u64,
    length: u64,
    position: u64,
}

impl Section {
    /// The `length` bytes from `begin`.
    pub(super) fn new(header: Vec<u8>, file: File, begin: u64, length: u64) -> Self {
        Self {
            header,
            file,
            begin,
            length,
            position: 0,
        }
    }

    fn size(&self) -> u64 {
        self.header.len() as u64 + self.length
    }
}

impl Read for Section {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let headed = self.header.len() as u64;
        let read = if self.position < headed {
            let at = usize::try_from(self.position).unwrap_or(0);
            (&self.header[at..]).read(bytes)?
        } else {
            let at = self.position - headed;
            let left = usize::try_from(self.length.saturating_sub(at)).unwrap_or(usize::MAX);
            let wanted = bytes.len().min(left);
            self.file.seek(SeekFrom::Start(self.begin + at))?;
            self.file.read(&mut bytes[..wanted])?
        };
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for Section {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.size().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "a position before the beginning",
            )
        })?;
        Ok(self.position)
    }
}

impl MediaSource for Section {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.size())
    }
}
