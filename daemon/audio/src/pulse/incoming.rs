//! What the server sends, put together to messages again.

use std::io::{self, Read};

use pulseaudio::protocol::{self, ProtocolError};

use super::refusal::Refusal;

/// The longest message that is taken: more than any list of devices, and 20 s of stereo.
const LONGEST_MESSAGE: usize = 8 * 1024 * 1024;

/// Room that there is whenever something is read.
const READ: usize = 16 * 1024;

/// Bytes that were received and not taken yet.
pub(super) struct Incoming {
    /// Room for what comes; it only grows, and is never cleared.
    bytes: Vec<u8>,
    /// The bounds of those that wait.
    begin: usize,
    end: usize,
    /// The last reading found less than it had room for: there is no more at present.
    emptied: bool,
}

impl Incoming {
    /// Returns one with room, and nothing in it.
    pub(super) fn new() -> Self {
        Self {
            bytes: vec![0; 4 * READ],
            begin: 0,
            end: 0,
            emptied: false,
        }
    }

    fn waiting(&self) -> &[u8] {
        &self.bytes[self.begin..self.end]
    }

    /// Reads once; returns how much came.
    pub(super) fn read(&mut self, from: &mut impl Read) -> io::Result<usize> {
        if self.begin == self.end {
            // The same bytes again and again stay in the processor's cache.
            (self.begin, self.end) = (0, 0);
        } else if self.bytes.len() - self.end < READ {
            self.bytes.copy_within(self.begin..self.end, 0);
            self.end -= self.begin;
            self.begin = 0;
        }
        if self.bytes.len() - self.end < READ {
            self.bytes.resize(self.end + READ, 0);
        }
        self.emptied = true;
        let read = from.read(&mut self.bytes[self.end..])?;
        self.emptied = self.end + read < self.bytes.len();
        self.end += read;
        Ok(read)
    }

    /// Returns the length of the first message with its header, if it is there as a whole.
    pub(super) fn complete(&self) -> Result<Option<usize>, Refusal> {
        let waiting = self.waiting();
        if waiting.len() < protocol::DESCRIPTOR_SIZE {
            return Ok(None);
        }
        let descriptor = protocol::read_descriptor(&mut &waiting[..])?;
        let length = descriptor.length as usize;
        if length > LONGEST_MESSAGE {
            return Err(Refusal::Unreadable(ProtocolError::Invalid(format!(
                "a message of {length} bytes"
            ))));
        }
        let whole = protocol::DESCRIPTOR_SIZE + length;
        Ok((waiting.len() >= whole).then_some(whole))
    }

    /// Tells whether the last reading found all that there was.
    pub(super) fn is_emptied(&self) -> bool {
        self.emptied
    }

    /// Takes out the first message, which is so long.
    pub(super) fn take(&mut self, length: usize) -> &[u8] {
        let begin = self.begin;
        self.begin = (begin + length).min(self.end);
        &self.bytes[begin..self.begin]
    }
}
