//! The frames that were sent lately, for repeating them.
//!
//! Each frame is tagged with the stream it belongs to and with those who were in the audience when it was
//! captured. A copy goes to nobody else.

use super::schedule::Listeners;
use crate::codec::{MAX_FRAME_BYTES, strip_memory};
use crate::{FrameLength, Slot, Stream, Timestamp};

/// How far back copies may reach, in frames: the timestamp offset of RFC 2198 has 14 bits, which is 34 frames of 10 ms.
pub(super) const REACH: usize = 32;

/// One encoded frame.
#[derive(Clone)]
pub(super) struct Frame {
    pub(super) timestamp: Timestamp,
    pub(super) listeners: Listeners,
    length: usize,
    bytes: [u8; MAX_FRAME_BYTES],
    /// The same without its memory of the past, if it has one.
    bare: [u8; MAX_FRAME_BYTES],
    bare_length: Option<usize>,
}

impl Frame {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// As it is repeated: what it remembers was of use to its own packet alone.
    pub(super) fn copy(&self) -> &[u8] {
        match self.bare_length {
            Some(length) => &self.bare[..length],
            None => self.bytes(),
        }
    }

    /// Whether `slot` may have this frame on `stream`.
    pub(super) fn is_for(&self, slot: Slot, stream: Stream) -> bool {
        self.listeners.stream == stream && self.listeners.slots.contains(slot)
    }
}

/// The last [`REACH`] frames.
pub(super) struct History {
    length: FrameLength,
    frames: Vec<Option<Frame>>,
    next: usize,
}

impl History {
    pub(super) fn new(length: FrameLength) -> Self {
        Self {
            length,
            frames: (0..REACH).map(|_| None).collect(),
            next: 0,
        }
    }

    /// How long the frames are.
    pub(super) fn frame_length(&self) -> FrameLength {
        self.length
    }

    /// The timestamp of the frame `distance` frames before the one of `timestamp`.
    pub(super) fn before(&self, timestamp: Timestamp, distance: usize) -> Timestamp {
        timestamp - self.length.count() * distance as i64
    }

    /// Remembers a frame whose bytes `encode` writes; it carries a memory of the past or not. `None` when it fails.
    pub(super) fn add(
        &mut self,
        timestamp: Timestamp,
        listeners: Listeners,
        memory: bool,
        encode: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> Option<()> {
        let index = self.next;
        let entry = self.frames[index].get_or_insert(Frame {
            timestamp,
            listeners,
            length: 0,
            bytes: [0; MAX_FRAME_BYTES],
            bare: [0; MAX_FRAME_BYTES],
            bare_length: None,
        });
        entry.timestamp = timestamp;
        entry.listeners = listeners;
        match encode(&mut entry.bytes) {
            Some(length) if length <= MAX_FRAME_BYTES => {
                entry.length = length;
                entry.bare_length = None;
                if memory {
                    entry.bare = entry.bytes;
                    entry.bare_length = strip_memory(&mut entry.bare, length).ok();
                }
                self.next = (index + 1) % REACH;
                Some(())
            }
            _ => {
                self.frames[index] = None;
                None
            }
        }
    }

    /// The frame with this timestamp.
    pub(super) fn get(&self, timestamp: Timestamp) -> Option<&Frame> {
        self.frames
            .iter()
            .flatten()
            .find(|frame| frame.timestamp == timestamp)
    }

    /// Forgets that `slot` ever heard anything.
    pub(super) fn remove(&mut self, slot: Slot) {
        for frame in self.frames.iter_mut().flatten() {
            frame.listeners.slots.remove(slot);
        }
    }
}
