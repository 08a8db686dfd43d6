//! How long after it was played echo comes. The delay estimator of WebRTC's AEC3 finds it.
//!
//! sonora hands the estimator out with all of AEC3 around it. What is not needed of that is as small as it can be.

use sonora::three_band_filter_bank::SPLIT_BAND_SIZE;
use sonora_aec3::block::Block;
use sonora_aec3::block_processor::BlockProcessor;
use sonora_aec3::common::BLOCK_SIZE;
use sonora_aec3::config::EchoCanceller3Config;

/// The bands that AEC3 is given: only the lowest counts.
const RATE: usize = 16_000;

/// Samples of a millisecond in the lowest band.
const MILLISECOND: usize = RATE / 1000;

/// The shortest filter that AEC3 can have, in its blocks. Its output is not used.
const SHORTEST: usize = 10;

/// Where the linear filter looks for the direct sound, in ms from its beginning.
const REACH: std::ops::RangeInclusive<usize> = 0..=40;

/// How long before the direct sound the filter begins when it is moved, in ms.
const AHEAD: usize = 12;

/// The longest distance, in ms: what AEC3 looks for and some more.
const LONGEST: usize = 600;

/// Frames for which AEC3 must find the same distance before the filter is moved: 200 ms.
const STEADY: u32 = 20;

type Band = [f32; SPLIT_BAND_SIZE];

/// Samples that are kept of what was played.
const KEPT: usize = LONGEST * MILLISECOND + SPLIT_BAND_SIZE;

/// A buffer that holds what was played until its echo is near.
pub(super) struct Distance {
    aec: BlockProcessor,
    block: Block,
    played: Blocks,
    heard: Blocks,
    /// What was played, the newest last.
    past: Vec<f32>,
    /// By how much it is held back, in ms.
    held: usize,
    /// The distance that AEC3 found, in ms.
    found: usize,
    /// The number of frames for which it has found that.
    steady: u32,
}

impl Distance {
    pub(super) fn new() -> Self {
        let mut config = EchoCanceller3Config::default();
        for length in [
            &mut config.filter.refined.length_blocks,
            &mut config.filter.refined_initial.length_blocks,
            &mut config.filter.coarse.length_blocks,
            &mut config.filter.coarse_initial.length_blocks,
        ] {
            *length = SHORTEST;
        }
        let mut aec = BlockProcessor::new(&config, RATE, 1, 1);
        aec.set_capture_output_usage(false);
        Self {
            aec,
            block: Block::new(1, 1),
            played: Blocks::default(),
            heard: Blocks::default(),
            past: vec![0.0; KEPT],
            held: 0,
            found: 0,
            steady: 0,
        }
    }

    /// Returns what was played when the echo in `heard` was, and whether it was another distance away before.
    pub(super) fn align(&mut self, heard: &Band, played: &Band) -> (Band, bool) {
        self.past.copy_within(SPLIT_BAND_SIZE.., 0);
        self.past[KEPT - SPLIT_BAND_SIZE..].copy_from_slice(played);
        self.played.push(played);
        while self.played.pop(&mut self.block) {
            self.aec.buffer_render(&self.block);
        }
        self.heard.push(heard);
        while self.heard.pop(&mut self.block) {
            self.aec
                .process_capture(false, false, None, &mut self.block);
        }
        let found = usize::try_from(self.aec.get_metrics().delay_ms).unwrap_or(0);
        let moved = self.follow(found.min(LONGEST));
        let end = KEPT - self.held * MILLISECOND;
        let mut aligned = [0.0; SPLIT_BAND_SIZE];
        aligned.copy_from_slice(&self.past[end - SPLIT_BAND_SIZE..end]);
        (aligned, moved)
    }

    /// Returns how long after it was played echo comes.
    pub(super) fn milliseconds(&self) -> i32 {
        self.found as i32
    }

    /// Moves only when it must, for the filter begins anew: AEC3 errs now and then.
    fn follow(&mut self, found: usize) -> bool {
        if found != self.found {
            self.found = found;
            self.steady = 0;
        }
        self.steady = self.steady.saturating_add(1);
        let within = found
            .checked_sub(self.held)
            .is_some_and(|ahead| REACH.contains(&ahead));
        if within || self.steady < STEADY {
            return false;
        }
        self.held = found.saturating_sub(AHEAD);
        true
    }
}

/// A queue that cuts frames into blocks.
struct Blocks {
    samples: [f32; SPLIT_BAND_SIZE + BLOCK_SIZE],
    length: usize,
}

impl Default for Blocks {
    fn default() -> Self {
        Self {
            samples: [0.0; SPLIT_BAND_SIZE + BLOCK_SIZE],
            length: 0,
        }
    }
}

impl Blocks {
    fn push(&mut self, frame: &Band) {
        let end = self.length + SPLIT_BAND_SIZE;
        self.samples[self.length..end].copy_from_slice(frame);
        self.length = end;
    }

    /// Moves the oldest samples into `block`. `false` when there are too few.
    fn pop(&mut self, block: &mut Block) -> bool {
        if self.length < BLOCK_SIZE {
            return false;
        }
        block
            .view_mut(0, 0)
            .copy_from_slice(&self.samples[..BLOCK_SIZE]);
        self.samples.copy_within(BLOCK_SIZE..self.length, 0);
        self.length -= BLOCK_SIZE;
        true
    }
}

#[cfg(test)]
mod tests;
