//! The microphone's ring: a device's callback on one side, the uplink thread on the other.
//!
//! Every captured sample is either read or reported as lost, so that the capture time, which counts samples,
//! stays true through every stall.

use std::num::NonZeroU16;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rtrb::{Consumer, Producer, RingBuffer};

use crate::attended::{Attended, attended_methods};
use crate::error::DeviceError;
use crate::resampling::StreamResampler;
use crate::speech_channel::SpeechChannel;
use crate::stream::{BlockSizes, Health};
use crate::{Direction, SAMPLE_RATE, Wake};

/// The ring holds this much, in milliseconds.
const RING_MILLISECONDS: usize = 500;

/// A backlog beyond this is too old to be worth sending.
const BACKLOG_MILLISECONDS: usize = 200;

/// What is kept of a backlog: its newest end.
const KEPT_MILLISECONDS: usize = 20;

/// No microphone's sample is beyond this; full scale is 1. The energy of sound below it is a number still.
const ABSURD: f32 = 1e9;

/// The device's side: takes blocks of interleaved samples.
pub(crate) struct CaptureFeed {
    ring: Producer<f32>,
    channels: usize,
    /// Samples, counted over all channels, that found the ring full.
    overflow: Arc<AtomicUsize>,
    sizes: BlockSizes,
    health: Arc<Health>,
    wake: Wake,
}

/// The form in which a device delivers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CaptureForm {
    pub(crate) rate: u32,
    pub(crate) channels: usize,
    /// The channel to take, counted from 1; `None` for the one that is spoken into.
    pub(crate) channel: Option<NonZeroU16>,
}

/// Makes both sides for a device that delivers in this form.
pub(crate) fn capture_ring(
    description: &str,
    form: CaptureForm,
    health: &Arc<Health>,
    wake: Wake,
) -> Result<(CaptureFeed, CaptureReader), DeviceError> {
    let (rate, channels) = (form.rate, form.channels.max(1));
    let channel = form.channel.map(|number| usize::from(number.get()));
    if let Some(channel) = channel.filter(|channel| *channel > channels) {
        return Err(DeviceError::NoChannel {
            name: description.to_owned(),
            channel,
            channels,
        });
    }
    let resampler = match rate {
        SAMPLE_RATE => None,
        _ => Some(StreamResampler::new(rate, SAMPLE_RATE).map_err(|error| {
            DeviceError::Unusable {
                direction: Direction::Capture,
                name: description.to_owned(),
                detail: error.to_string(),
            }
        })?),
    };
    health.describe(description, rate, channels);
    let per_millisecond = rate.div_ceil(1000) as usize * channels;
    let (producer, consumer) = RingBuffer::new(RING_MILLISECONDS * per_millisecond);
    let overflow = Arc::new(AtomicUsize::new(0));
    let feed = CaptureFeed {
        ring: producer,
        channels,
        overflow: Arc::clone(&overflow),
        sizes: BlockSizes::default(),
        health: Arc::clone(health),
        wake,
    };
    let chunk = resampler.as_ref().map_or(0, StreamResampler::chunk);
    let reader = CaptureReader {
        ring: consumer,
        speech: SpeechChannel::new(channels, rate, channel.map(|number| number - 1)),
        rate,
        overflow,
        health: Arc::clone(health),
        backlog: BACKLOG_MILLISECONDS * per_millisecond,
        kept: KEPT_MILLISECONDS * per_millisecond,
        lost: 0.0,
        interleaved: Vec::with_capacity(per_millisecond * 50),
        chunk: vec![0.0; chunk],
        ready: Vec::with_capacity(4 * SAMPLE_RATE as usize / 100),
        resampler,
        attended: None,
    };
    Ok((feed, reader))
}

impl CaptureFeed {
    /// Takes a block from the device and wakes the reader. Neither blocks nor allocates.
    pub(crate) fn push(&mut self, block: impl ExactSizeIterator<Item = f32>) {
        let offered = block.len() - block.len() % self.channels;
        let free = self.ring.slots();
        let taken = offered.min(free - free % self.channels);
        if let Ok(chunk) = self.ring.write_chunk_uninit(taken) {
            chunk.fill_from_iter(block.take(taken));
        }
        if taken < offered {
            self.overflow.fetch_add(offered - taken, Ordering::Relaxed);
        }
        let usual = self.sizes.note(offered / self.channels);
        self.health.moved(usual);
        (self.wake)();
    }
}

/// The uplink thread's side of a microphone: 48 kHz mono.
pub struct CaptureReader {
    ring: Consumer<f32>,
    speech: SpeechChannel,
    rate: u32,
    overflow: Arc<AtomicUsize>,
    health: Arc<Health>,
    /// In samples over all channels.
    backlog: usize,
    /// In samples over all channels.
    kept: usize,
    /// Samples lost since the last frame that was read, at 48 kHz.
    lost: f64,
    interleaved: Vec<f32>,
    resampler: Option<StreamResampler>,
    chunk: Vec<f32>,
    ready: Vec<f32>,
    /// The device, where it has no thread of its own.
    attended: Option<Box<dyn Attended>>,
}

attended_methods!(CaptureReader);

impl std::fmt::Debug for CaptureReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CaptureReader")
            .field("rate", &self.rate)
            .finish_non_exhaustive()
    }
}

impl CaptureReader {
    /// Fills `frame` with the next samples, 48 kHz mono in −1…1.
    ///
    /// `None` when there are not yet so many: wait to be woken. Otherwise the number of 48 kHz samples that
    /// were lost *before* this frame, because nobody read in time: the capture time advances by them.
    pub fn read(&mut self, frame: &mut [f32]) -> Option<u64> {
        self.drop_what_is_too_old();
        if self.resampler.is_some() {
            self.read_resampled(frame)?;
        } else {
            self.take(frame.len()).then_some(())?;
            self.speech.take(&self.interleaved, frame);
        }
        let whole = self.lost.floor();
        self.lost -= whole;
        Some(whole as u64)
    }

    /// How many 48 kHz samples wait to be read, about.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let frames = self.ring.slots() / self.speech.channels();
        self.ready.len() + (frames as u64 * u64::from(SAMPLE_RATE) / u64::from(self.rate)) as usize
    }

    fn read_resampled(&mut self, frame: &mut [f32]) -> Option<()> {
        while self.ready.len() < frame.len() {
            let mut chunk = std::mem::take(&mut self.chunk);
            let enough = self.take(chunk.len());
            if enough {
                self.speech.take(&self.interleaved, &mut chunk);
                if let Some(resampler) = &mut self.resampler {
                    resampler.process(&chunk, |made| self.ready.extend_from_slice(made));
                }
            }
            self.chunk = chunk;
            enough.then_some(())?;
        }
        frame.copy_from_slice(&self.ready[..frame.len()]);
        self.ready.drain(..frame.len());
        Some(())
    }

    /// Moves `frames` whole frames out of the ring, if there are so many.
    fn take(&mut self, frames: usize) -> bool {
        let Ok(chunk) = self.ring.read_chunk(frames * self.speech.channels()) else {
            return false;
        };
        let (first, second) = chunk.as_slices();
        self.interleaved.clear();
        let captured = first.iter().chain(second).copied();
        self.interleaved.extend(captured.map(sound_or_silence));
        chunk.commit_all();
        true
    }

    fn drop_what_is_too_old(&mut self) {
        let overflowed = self.overflow.swap(0, Ordering::Relaxed);
        let waiting = self.ring.slots();
        // After an overflow everything in the ring is older than what was lost, so it goes first.
        let excess = match overflowed {
            0 if waiting <= self.backlog => return,
            0 => waiting - self.kept,
            _ => waiting,
        };
        let excess = excess - excess % self.speech.channels();
        if let Ok(chunk) = self.ring.read_chunk(excess) {
            chunk.commit_all();
        }
        let frames = (excess + overflowed) / self.speech.channels();
        self.health.interrupted(frames);
        self.lost += frames as f64 * f64::from(SAMPLE_RATE) / f64::from(self.rate);
    }
}

/// Returns a captured sample, or silence for what is no sound: a driver's NaN would stay in every filter and level
/// behind this for good.
fn sound_or_silence(sample: f32) -> f32 {
    if sample.abs() <= ABSURD { sample } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    fn ring(rate: u32, channels: usize) -> (CaptureFeed, CaptureReader) {
        let health = Health::new(Direction::Capture);
        let form = CaptureForm {
            rate,
            channels,
            channel: None,
        };
        capture_ring("test", form, &health, Arc::new(|| ())).unwrap()
    }

    #[test]
    fn blocks_of_any_size_come_out_as_frames_in_order() {
        let (mut feed, mut reader) = ring(48_000, 1);
        let mut next = 0_u32;
        let mut frame = [0.0; 480];
        let mut expected = 0_u32;
        for size in [24, 256, 1024, 320, 480, 1, 7, 960]
            .into_iter()
            .cycle()
            .take(800)
        {
            feed.push((0..size).map(|n| (next + n) as f32));
            next += size;
            while let Some(lost) = reader.read(&mut frame) {
                assert_eq!(lost, 0);
                for sample in frame {
                    assert_eq!(sample, expected as f32);
                    expected += 1;
                }
            }
        }
        assert!(next - expected < 480);
    }

    #[test]
    fn every_sample_is_read_or_reported_as_lost() {
        for (rate, channels) in [(48_000, 1), (48_000, 2), (44_100, 2)] {
            let (mut feed, mut reader) = ring(rate, channels);
            let frames = rate as usize * 5;
            let mut accounted = 0;
            let mut frame = [0.0; 480];
            let mut pushed = 0;
            let mut round = 0;
            while pushed < frames {
                feed.push((0..441 * channels).map(|_| 0.1));
                pushed += 441;
                round += 1;
                // Reads, except for stalls of 300 ms and of a second.
                if !(100..130).contains(&round) && !(200..300).contains(&round) {
                    while let Some(lost) = reader.read(&mut frame) {
                        accounted += 480 + lost;
                    }
                }
            }
            let expected = pushed as u64 * 48_000 / u64::from(rate);
            let off = expected.abs_diff(accounted);
            assert!(
                off < 600,
                "{rate} Hz, {channels} channels: {expected} captured, {accounted} accounted for"
            );
        }
    }

    #[test]
    fn a_stall_drops_the_oldest_and_keeps_the_newest() {
        let (mut feed, mut reader) = ring(48_000, 1);
        for n in 0..30 {
            feed.push((0..480).map(|_| n as f32));
        }
        let mut frame = [0.0; 480];
        assert_eq!(reader.read(&mut frame), Some(28 * 480));
        assert_eq!(frame[0], 28.0);
        assert_eq!(reader.read(&mut frame), Some(0));
        assert_eq!(frame[0], 29.0);
        assert_eq!(reader.read(&mut frame), None);
    }

    #[test]
    fn what_is_no_sound_is_silence_and_chooses_no_channel() {
        for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX] {
            for rate in [48_000, 44_100] {
                let (mut feed, mut reader) = ring(rate, 2);
                let mut loudest = 0.0_f32;
                for block in 0..100 {
                    // The driver stumbles once on a channel without a microphone.
                    let left = if block == 0 { broken } else { 0.0 };
                    feed.push((0..960).map(|n| if n % 2 == 0 { left } else { 0.5 }));
                    let mut frame = [0.0; 480];
                    loudest = 0.0;
                    while reader.read(&mut frame).is_some() {
                        assert!(frame.iter().all(|sample| sample.is_finite()));
                        loudest = frame.iter().fold(loudest, |most, it| most.max(*it));
                    }
                }
                assert!(
                    (loudest - 0.5).abs() < 0.01,
                    "{broken} at {rate} Hz: {loudest}"
                );
            }
        }
    }

    #[test]
    fn every_block_wakes_the_reader() {
        let woken = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&woken);
        let health = Health::new(Direction::Capture);
        let wake: Wake = Arc::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        let form = CaptureForm {
            rate: 48_000,
            channels: 1,
            channel: None,
        };
        let (mut feed, _reader) = capture_ring("test", form, &health, wake).unwrap();
        feed.push([0.0; 480].into_iter());
        feed.push([0.0; 480].into_iter());
        assert_eq!(woken.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn the_channel_that_was_asked_for_is_taken_or_missed() {
        let health = Health::new(Direction::Capture);
        let form = |channel| CaptureForm {
            rate: 48_000,
            channels: 2,
            channel: NonZeroU16::new(channel),
        };
        let ring = |channel| capture_ring("Mixer", form(channel), &health, Arc::new(|| ()));
        for (channel, expected) in [(1, 0.75), (2, 0.25)] {
            let (mut feed, mut reader) = ring(channel).unwrap();
            feed.push((0..960).map(|n| if n % 2 == 0 { 0.75 } else { 0.25 }));
            let mut frame = [0.0; 480];
            reader.read(&mut frame).unwrap();
            assert_eq!(frame, [expected; 480]);
        }
        let error = ring(3).err().unwrap();
        assert_eq!(
            error.to_string(),
            "the microphone \"Mixer\" has 2 channels, and channel 3 is to be used"
        );
        assert!(error.hint().unwrap().contains("audio.channel"));
    }
}
