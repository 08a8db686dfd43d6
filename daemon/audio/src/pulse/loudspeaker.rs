//! What the server asks for its loudspeaker, and what it is given.

use pulseaudio::protocol::stream::BufferAttr;

use super::connection::Connection;
use super::parameters::SAMPLE;
use super::refusal::Refusal;
use crate::playback::PlaybackDrain;

/// A request beyond this is answered in several parts.
const LONGEST_BLOCK: usize = 4_800;

/// The ring's end of a loudspeaker.
pub(super) struct Loudspeaker {
    drain: PlaybackDrain,
    channels: usize,
    block: Vec<[u8; SAMPLE]>,
    /// A voice thread attends to it: it is given sound when that is made, not when it is asked for.
    attended: bool,
    /// Frames that were asked for and not given; negative where more was given.
    owed: i64,
    buffer: Buffer,
    ran_dry: bool,
}

/// The server's buffer, in frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Buffer {
    /// Frames that lie in it when nothing is owed.
    full: i64,
    /// Those of them that are never given. A server wants room for two of its requests, but asks for one: there is no use in a
    /// second one ahead of us, only delay.
    spared: i64,
}

impl Buffer {
    /// Returns that of a stream with these attributes and frames of so many bytes.
    fn new(attributes: &BufferAttr, frame: usize, attended: bool) -> Self {
        let frames = |bytes: u32| i64::from(bytes) / frame.max(1) as i64;
        let full = frames(attributes.target_length);
        if !attended {
            return Self { full, spared: 0 };
        }
        let request = frames(attributes.minimum_request_length);
        // The device takes at once what is beyond two requests, and that lies there when we are asked.
        let device = (full - 2 * request).max(0);
        let needed = request + device.max(request / 2);
        Self {
            full,
            spared: (full - needed).max(0),
        }
    }
}

impl Loudspeaker {
    /// Returns that of a stream in so many channels, which has asked for nothing yet.
    pub(super) fn new(
        drain: PlaybackDrain,
        channels: usize,
        attributes: &BufferAttr,
        attended: bool,
    ) -> Self {
        Self {
            drain,
            channels,
            block: Vec::with_capacity(LONGEST_BLOCK * channels),
            attended,
            owed: 0,
            buffer: Buffer::new(attributes, SAMPLE * channels, attended),
            ran_dry: false,
        }
    }

    /// Returns how many frames lie in the server when it asks for more.
    pub(super) fn behind(&self, request: usize) -> usize {
        let kept = usize::try_from(self.buffer.full - self.buffer.spared).unwrap_or(0);
        kept.saturating_sub(request)
    }

    /// Gives silence for all that is needed, before anything is played.
    pub(super) fn begin(
        &mut self,
        bytes: usize,
        to: &mut Connection,
        channel: u32,
    ) -> Result<(), Refusal> {
        self.owe(bytes);
        let needed = self.owed();
        self.fill(needed, to, channel)
    }

    /// Notes that so many bytes are wanted.
    pub(super) fn owe(&mut self, bytes: usize) {
        let frames = bytes / (SAMPLE * self.channels);
        self.owed += i64::try_from(frames).unwrap_or(i64::MAX);
    }

    /// Notes that the device had nothing left to play.
    pub(super) fn ran_dry(&mut self) {
        self.ran_dry = true;
    }

    /// Notes that the stream has another buffer.
    pub(super) fn rebuffered(&mut self, attributes: &BufferAttr) {
        self.buffer = Buffer::new(attributes, SAMPLE * self.channels, self.attended);
    }

    /// Returns how many frames it has to be given.
    pub(super) fn owed(&self) -> i64 {
        self.owed - self.buffer.spared
    }

    /// Answers what was asked, as far as that does not wait for a voice thread. That thread is told what it was too late
    /// for: the device has played silence meanwhile.
    pub(super) fn answer(&mut self, to: &mut Connection, channel: u32) -> Result<(), Refusal> {
        if !self.attended {
            let owed = self.owed;
            return self.fill(owed, to, channel);
        }
        let ran_dry = std::mem::take(&mut self.ran_dry);
        let missed = self.owed - self.buffer.full;
        if missed > 0 {
            // The server drops what comes too late; it wants it all the same.
            self.fill(missed, to, channel)?;
        } else if ran_dry {
            self.drain.ran_dry();
        }
        Ok(())
    }

    /// Gives it what lies in the ring.
    pub(super) fn give(&mut self, to: &mut Connection, channel: u32) -> Result<(), Refusal> {
        let ready = i64::try_from(self.drain.ready()).unwrap_or(i64::MAX);
        self.fill(ready, to, channel)
    }

    /// Sends so many frames.
    fn fill(&mut self, frames: i64, to: &mut Connection, channel: u32) -> Result<(), Refusal> {
        let mut left = usize::try_from(frames).unwrap_or(0);
        while left > 0 {
            let now = left.min(LONGEST_BLOCK);
            self.block.resize(now * self.channels, [0; SAMPLE]);
            self.drain
                .fill(&mut self.block, self.channels, f32::to_le_bytes);
            to.play(channel, self.block.as_flattened())?;
            self.owed -= i64::try_from(now).unwrap_or(0);
            left -= now;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_a_server_wants_a_second_request_is_spared() {
        let attributes = |target_length, minimum_request_length| BufferAttr {
            target_length,
            minimum_request_length,
            ..BufferAttr::default()
        };
        // Two requests of 240 frames, and what the device takes at once.
        let buffer = Buffer::new(&attributes(600 * 4, 240 * 4), 4, true);
        assert_eq!((buffer.full, buffer.spared), (600, 240));
        // It takes less because another program wants so.
        let buffer = Buffer::new(&attributes(504 * 4, 240 * 4), 4, true);
        assert_eq!((buffer.full, buffer.spared), (504, 144));
        // A device that takes much at once is given that much.
        let buffer = Buffer::new(&attributes(1_480 * 8, 240 * 8), 8, true);
        assert_eq!((buffer.full, buffer.spared), (1_480, 240));
        // A server that gives less room than that gets all it wants.
        let buffer = Buffer::new(&attributes(300 * 4, 240 * 4), 4, true);
        assert_eq!((buffer.full, buffer.spared), (300, 0));
        let buffer = Buffer::new(&attributes(504 * 4, 240 * 4), 4, false);
        assert_eq!(buffer.spared, 0);
    }
}
