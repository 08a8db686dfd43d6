//! Encoded frames that wait for their turn, found by timestamp.

use crate::codec::MAX_FRAME_BYTES;
use crate::{MediaTime, Stream};

/// Frames that fit: 640 ms. More than the longest target, so that a burst after an outage is kept until
/// playback has chosen where in it to go on.
pub(super) const CAPACITY: usize = 64;

/// A waiting frame.
#[derive(Debug, Clone)]
pub(super) struct StoredFrame {
    pub(super) timestamp: MediaTime,
    pub(super) stream: Stream,
    /// Whether it came as a copy.
    pub(super) copy: bool,
    /// Whether the sender's encoder began anew with it.
    pub(super) marked: bool,
    length: usize,
    bytes: [u8; MAX_FRAME_BYTES],
}

impl StoredFrame {
    pub(super) fn payload(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// What became of a frame that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    Fresh,
    /// A frame of this timestamp is there. The first one wins: a timestamp has one sound.
    Present,
    /// The store was full: the oldest frame had to go.
    Evicted,
}

/// A store of fixed size, searched from end to end: it is rarely more than a few frames full.
#[derive(Debug)]
pub(super) struct FrameStore {
    /// The first `count` are in use, in no order.
    held: Box<[StoredFrame]>,
    count: usize,
}

impl FrameStore {
    pub(super) fn new() -> Self {
        let empty = StoredFrame {
            timestamp: MediaTime::START,
            stream: Stream::Open,
            copy: false,
            marked: false,
            length: 0,
            bytes: [0; MAX_FRAME_BYTES],
        };
        Self {
            held: vec![empty; CAPACITY].into_boxed_slice(),
            count: 0,
        }
    }

    /// Keeps a frame of 1 to [`MAX_FRAME_BYTES`] bytes.
    pub(super) fn insert(
        &mut self,
        timestamp: MediaTime,
        stream: Stream,
        copy: bool,
        payload: &[u8],
    ) -> Stored {
        if self.contains(timestamp) {
            return Stored::Present;
        }
        let mut stored = Stored::Fresh;
        if self.count == CAPACITY {
            if let Some(oldest) = self.earliest() {
                self.remove(oldest);
            }
            stored = Stored::Evicted;
        }
        let length = payload.len().min(MAX_FRAME_BYTES);
        let place = &mut self.held[self.count];
        place.timestamp = timestamp;
        place.stream = stream;
        place.copy = copy;
        place.marked = false;
        place.length = length;
        place.bytes[..length].copy_from_slice(&payload[..length]);
        self.count += 1;
        stored
    }

    /// Remembers that the sender's encoder began anew with the frame of `timestamp`, if that is here.
    pub(super) fn mark(&mut self, timestamp: MediaTime) {
        for held in &mut self.held[..self.count] {
            held.marked |= held.timestamp == timestamp;
        }
    }

    pub(super) fn contains(&self, timestamp: MediaTime) -> bool {
        self.in_use().any(|held| held.timestamp == timestamp)
    }

    /// The timestamp of the oldest frame.
    pub(super) fn earliest(&self) -> Option<MediaTime> {
        self.in_use().map(|held| held.timestamp).min()
    }

    pub(super) fn get(&self, timestamp: MediaTime) -> Option<&StoredFrame> {
        self.in_use().find(|held| held.timestamp == timestamp)
    }

    /// The oldest frame behind `timestamp` that came in a packet of its own, on `stream`.
    pub(super) fn next_original(
        &self,
        timestamp: MediaTime,
        stream: Stream,
    ) -> Option<&StoredFrame> {
        self.in_use()
            .filter(|held| !held.copy && held.stream == stream && held.timestamp > timestamp)
            .min_by_key(|held| held.timestamp)
    }

    pub(super) fn remove(&mut self, timestamp: MediaTime) {
        self.retain(|held| held != timestamp);
    }

    /// Drops all frames before `timestamp` and says how many those were.
    pub(super) fn drop_before(&mut self, timestamp: MediaTime) -> u64 {
        self.retain(|held| held >= timestamp)
    }

    pub(super) fn clear(&mut self) -> u64 {
        self.retain(|_| false)
    }

    fn in_use(&self) -> impl Iterator<Item = &StoredFrame> {
        self.held[..self.count].iter()
    }

    fn retain(&mut self, keep: impl Fn(MediaTime) -> bool) -> u64 {
        let before = self.count;
        let mut index = 0;
        while index < self.count {
            if keep(self.held[index].timestamp) {
                index += 1;
            } else {
                self.count -= 1;
                self.held.swap(index, self.count);
            }
        }
        (before - self.count) as u64
    }
}
