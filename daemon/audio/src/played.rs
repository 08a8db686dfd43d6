//! What a speaker really plays, for the echo canceller: the playback callback on one side, the uplink thread on the
//! other.
//!
//! The sound that was asked to be played is not the same: what came too late was replaced by silence, and fades went
//! over it. Every block comes with the moment at which the device took it, and with its place in everything that was
//! played, so that a reader who was too slow notices what it missed.

use std::time::Instant;

use rtrb::{Consumer, Producer, RingBuffer};

/// The ring holds this much, in milliseconds.
const RING_MILLISECONDS: u32 = 500;

/// Blocks in the ring: the smallest seen were of half a millisecond.
const BLOCKS: usize = 1024;

#[derive(Debug, Clone, Copy)]
struct Block {
    /// Samples played before it.
    start: u64,
    samples: usize,
    at: Instant,
}

/// The callback's side. Neither blocks nor allocates.
pub(crate) struct PlayedFeed {
    sound: Producer<f32>,
    blocks: Producer<Block>,
    position: u64,
    /// Samples of the block that is being played.
    samples: usize,
    /// Whether this block has room in the ring.
    fits: bool,
}

/// What a speaker plays, block by block, at the device's rate, mono.
///
/// A reader that is dropped costs the speaker nothing more.
pub struct PlayedReader {
    sound: Consumer<f32>,
    blocks: Consumer<Block>,
    rate: u32,
    position: u64,
}

/// What a [`PlayedReader`] reads.
#[derive(Debug, Clone, PartialEq)]
pub enum Played<'a> {
    /// The device took these samples, f32 in −1…1: first the one slice, then the other.
    Block {
        /// The samples.
        samples: (&'a [f32], &'a [f32]),
        /// When it took them. They are heard later, by the device's own delay.
        at: Instant,
    },
    /// So many samples were played, but nobody read in time.
    Lost(u64),
}

/// Makes both sides for a device that runs at `rate`.
pub(crate) fn played_ring(rate: u32) -> (PlayedFeed, PlayedReader) {
    let (sound_in, sound_out) = RingBuffer::new((rate.div_ceil(1000) * RING_MILLISECONDS) as usize);
    let (blocks_in, blocks_out) = RingBuffer::new(BLOCKS);
    let feed = PlayedFeed {
        sound: sound_in,
        blocks: blocks_in,
        position: 0,
        samples: 0,
        fits: false,
    };
    let reader = PlayedReader {
        sound: sound_out,
        blocks: blocks_out,
        rate,
        position: 0,
    };
    (feed, reader)
}

impl PlayedFeed {
    /// A block of so many samples is about to be played.
    pub(crate) fn begin(&mut self, samples: usize) {
        self.samples = samples;
        self.fits =
            !self.sound.is_abandoned() && self.sound.slots() >= samples && self.blocks.slots() > 0;
    }

    /// The next sample of the block.
    pub(crate) fn sample(&mut self, sample: f32) {
        if self.fits {
            // There is room: that was looked at in the beginning.
            let _ = self.sound.push(sample);
        }
    }

    /// The block is complete.
    pub(crate) fn end(&mut self) {
        if self.fits {
            let _ = self.blocks.push(Block {
                start: self.position,
                samples: self.samples,
                at: Instant::now(),
            });
        }
        self.position += self.samples as u64;
    }
}

impl PlayedReader {
    /// The device's rate, in Hz.
    #[must_use]
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Hands everything that was played since the last call to `take`, in order. Neither blocks nor allocates.
    pub fn read(&mut self, mut take: impl FnMut(Played<'_>)) {
        while let Ok(block) = self.blocks.pop() {
            if block.start > self.position {
                take(Played::Lost(block.start - self.position));
            }
            self.position = block.start + block.samples as u64;
            // A block is announced after its samples.
            if let Ok(chunk) = self.sound.read_chunk(block.samples) {
                take(Played::Block {
                    samples: chunk.as_slices(),
                    at: block.at,
                });
                chunk.commit_all();
            }
        }
    }
}

impl std::fmt::Debug for PlayedReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlayedReader")
            .field("rate", &self.rate)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(feed: &mut PlayedFeed, samples: std::ops::Range<u32>) {
        feed.begin(samples.len());
        for sample in samples {
            feed.sample(sample as f32);
        }
        feed.end();
    }

    fn read(reader: &mut PlayedReader) -> (Vec<f32>, u64) {
        let (mut sound, mut lost) = (Vec::new(), 0);
        reader.read(|played| match played {
            Played::Block { samples, .. } => {
                sound.extend_from_slice(samples.0);
                sound.extend_from_slice(samples.1);
            }
            Played::Lost(samples) => lost += samples,
        });
        (sound, lost)
    }

    #[test]
    fn blocks_of_any_size_are_read_in_order() {
        let (mut feed, mut reader) = played_ring(48_000);
        let mut next = 0;
        let mut expected = 0;
        for size in [24, 256, 1024, 320, 480, 1, 7, 960]
            .into_iter()
            .cycle()
            .take(400)
        {
            play(&mut feed, next..next + size);
            next += size;
            let (sound, lost) = read(&mut reader);
            assert_eq!(lost, 0);
            for sample in sound {
                assert_eq!(sample, expected as f32);
                expected += 1;
            }
        }
        assert_eq!(expected, next);
    }

    #[test]
    fn what_was_not_read_in_time_is_reported_and_the_rest_is_in_place() {
        let (mut feed, mut reader) = played_ring(48_000);
        for block in 0..100 {
            play(&mut feed, block * 480..(block + 1) * 480);
        }
        // The ring holds 50 blocks; what found no room is lost.
        assert_eq!(read(&mut reader).0.len(), 24_000);
        play(&mut feed, 48_000..48_480);
        let (sound, lost) = read(&mut reader);
        assert_eq!(lost, 24_000);
        assert_eq!(sound[0], 48_000.0);
    }

    #[test]
    fn nobody_needs_to_read() {
        let (mut feed, reader) = played_ring(48_000);
        drop(reader);
        for block in 0..2000 {
            play(&mut feed, block..block + 48);
        }
        assert_eq!(feed.position, 2000 * 48);
    }
}
