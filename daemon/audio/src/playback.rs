//! The speaker's ring: the downlink thread on one side, a device's callback on the other.
//!
//! The ring is kept as full as the device's usual block, and no fuller: that is all the sound that has to
//! lie ready when the device asks, and every sample more is delay. Running dry fades out instead of clicking. Of a device
//! that this thread attends to itself nothing lies in the ring: it is given what it asks for as soon as that is made.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rtrb::{Consumer, Producer, RingBuffer};

use crate::attended::{Attended, attended_methods};
use crate::error::DeviceError;
use crate::margin::Margin;
use crate::played::{PlayedFeed, PlayedReader, played_ring};
use crate::resampling::StreamResampler;
use crate::stream::{BlockSizes, Health};
use crate::{Direction, SAMPLE_RATE, Wake};

/// The ring holds this much, in milliseconds.
const RING_MILLISECONDS: u32 = 500;

/// A sound that breaks off fades within this many samples: 2 ms at 48 kHz.
const FADE: usize = 96;

/// The writer's side: the downlink thread's side of a speaker, 48 kHz mono.
pub struct PlaybackWriter {
    ring: Producer<f32>,
    resampler: Option<StreamResampler>,
    rate: u32,
    /// The period that was asked for, in the device's samples.
    period: usize,
    capacity: usize,
    margin: Margin,
    /// How many samples had been missed, at the device's rate, when that was last asked.
    missed: u64,
    begun: Arc<AtomicBool>,
    /// What is played, until somebody takes it.
    played: Option<PlayedReader>,
    /// The device, where it has no thread of its own.
    attended: Option<Box<dyn Attended>>,
    health: Arc<Health>,
}

attended_methods!(PlaybackWriter);

/// The device's side: hands out blocks.
pub(crate) struct PlaybackDrain {
    ring: Consumer<f32>,
    sizes: BlockSizes,
    begun: Arc<AtomicBool>,
    /// The last sample played, to fade from when nothing follows it.
    last: f32,
    /// Whether silence is playing because nothing else was there.
    dry: bool,
    played: PlayedFeed,
    health: Arc<Health>,
    wake: Wake,
}

/// Makes both sides for a device that runs at `rate` and was asked for `period` of its samples.
pub(crate) fn playback_ring(
    description: &str,
    rate: u32,
    channels: usize,
    period: usize,
    health: &Arc<Health>,
    wake: Wake,
) -> Result<(PlaybackWriter, PlaybackDrain), DeviceError> {
    let resampler = match rate {
        SAMPLE_RATE => None,
        _ => Some(StreamResampler::new(SAMPLE_RATE, rate).map_err(|error| {
            DeviceError::Unusable {
                direction: Direction::Playback,
                name: description.to_owned(),
                detail: error.to_string(),
            }
        })?),
    };
    health.describe(description, rate, channels);
    let capacity = (rate.div_ceil(1000) * RING_MILLISECONDS) as usize;
    let (producer, consumer) = RingBuffer::new(capacity);
    let begun = Arc::new(AtomicBool::new(false));
    let (played_feed, played) = played_ring(rate);
    let writer = PlaybackWriter {
        ring: producer,
        resampler,
        rate,
        period,
        capacity,
        margin: Margin::default(),
        missed: 0,
        begun: Arc::clone(&begun),
        played: Some(played),
        attended: None,
        health: Arc::clone(health),
    };
    let drain = PlaybackDrain {
        ring: consumer,
        sizes: BlockSizes::default(),
        begun,
        last: 0.0,
        dry: true,
        played: played_feed,
        health: Arc::clone(health),
        wake,
    };
    Ok((writer, drain))
}

impl std::fmt::Debug for PlaybackWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlaybackWriter")
            .field("rate", &self.rate)
            .finish_non_exhaustive()
    }
}

impl PlaybackWriter {
    /// How many 48 kHz samples are missing to the level that the device needs; write so many.
    pub fn wanted(&mut self) -> usize {
        let block = self.health.block().max(self.period);
        let statistics = (self.health.interruptions(), self.health.blocks());
        let margin = self.margin.update(statistics, block, self.rate);
        let target = match &self.attended {
            None => block + margin,
            // What is ready lies in the sound system, the margin too.
            Some(device) => usize::try_from(device.owed() + margin as i64).unwrap_or(0),
        };
        let target = target.min(self.capacity);
        let missing = target.saturating_sub(self.filled());
        match &self.resampler {
            None => missing,
            Some(_) if missing == 0 => 0,
            Some(resampler) => {
                let wanted = (missing as u64 * u64::from(SAMPLE_RATE))
                    .div_ceil(u64::from(self.rate)) as usize;
                (wanted + resampler.chunk()).saturating_sub(resampler.pending())
            }
        }
    }

    /// How many 48 kHz samples the device has played silence for since the last call, because nothing was there.
    pub fn take_missed(&mut self) -> usize {
        let all = self.health.samples_lost();
        let since = all.saturating_sub(std::mem::replace(&mut self.missed, all));
        self.at_48_khz(since)
    }

    /// Hands over 48 kHz mono samples in −1…1, any number. What finds no room is dropped: write what is
    /// [wanted](Self::wanted).
    pub fn write(&mut self, samples: &[f32]) {
        match &mut self.resampler {
            None => push(&mut self.ring, samples),
            Some(resampler) => resampler.process(samples, |made| push(&mut self.ring, made)),
        }
        self.begun.store(true, Ordering::Relaxed);
        if let Some(device) = &mut self.attended {
            device.give();
        }
    }

    /// How long a sample written now waits until it sounds, in 48 kHz samples: in the ring, and in the sound system.
    #[must_use]
    pub fn until_heard(&self) -> usize {
        // In a ring the margin is part of what fills it.
        let margin = self.attended.as_ref().map_or(0, |_| self.margin.samples());
        self.at_48_khz((self.filled() + margin + self.health.behind()) as u64)
    }

    /// How long a sample written now waits in the ring, in 48 kHz samples.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.at_48_khz(self.filled() as u64)
    }

    /// What the device really plays, for an echo canceller; once.
    pub fn take_played(&mut self) -> Option<PlayedReader> {
        self.played.take()
    }

    /// How many samples at 48 kHz last as long as so many at the device's rate.
    fn at_48_khz(&self, samples: u64) -> usize {
        usize::try_from(samples * u64::from(SAMPLE_RATE) / u64::from(self.rate))
            .unwrap_or(usize::MAX)
    }

    fn filled(&self) -> usize {
        self.capacity - self.ring.slots()
    }
}

fn push(ring: &mut Producer<f32>, samples: &[f32]) {
    let count = samples.len().min(ring.slots());
    if let Ok(chunk) = ring.write_chunk_uninit(count) {
        chunk.fill_from_iter(samples.iter().copied());
    }
}

impl PlaybackDrain {
    /// Returns how many samples lie ready.
    #[cfg_attr(
        not(all(target_os = "linux", feature = "pulseaudio")),
        allow(dead_code)
    )]
    pub(crate) fn ready(&self) -> usize {
        self.ring.slots()
    }

    /// Notes that the sound system had nothing to play any more, for so short that no block was missed.
    #[cfg_attr(
        not(all(target_os = "linux", feature = "pulseaudio")),
        allow(dead_code)
    )]
    pub(crate) fn ran_dry(&mut self) {
        if self.begun.load(Ordering::Relaxed) {
            self.health.interrupted(0);
        }
        self.dry = true;
    }

    /// Fills a block for the device, `channels` samples a frame, and wakes the writer. Neither blocks nor allocates.
    ///
    /// The first two channels sound alike, which are the front pair in every usual order; the others are silent: a voice
    /// belongs to the front.
    pub(crate) fn fill<T>(&mut self, block: &mut [T], channels: usize, convert: impl Fn(f32) -> T)
    where
        T: Copy,
    {
        let channels = channels.max(1);
        let silence = convert(0.0);
        let set = |frame: &mut [T], sample: T| {
            let (front, others) = frame.split_at_mut(frame.len().min(2));
            front.fill(sample);
            others.fill(silence);
        };
        let frames = block.len() / channels;
        let there = self.ring.slots().min(frames);
        let begun = self.begun.load(Ordering::Relaxed);
        self.played.begin(frames);
        let mut targets = block.chunks_exact_mut(channels);
        if let Ok(chunk) = self.ring.read_chunk(there) {
            let (first, second) = chunk.as_slices();
            let fade_in = if self.dry { FADE } else { 0 };
            let fade_out = if there < frames { FADE.min(there) } else { 0 };
            for (n, sample) in first.iter().chain(second).enumerate() {
                let mut sample = *sample;
                if n < fade_in {
                    sample *= (n + 1) as f32 / FADE as f32;
                }
                let left = there - n;
                if left <= fade_out {
                    sample *= (left - 1) as f32 / fade_out as f32;
                }
                self.last = sample;
                self.played.sample(sample);
                if let Some(frame) = targets.next() {
                    set(frame, convert(sample));
                }
            }
            if there > 0 {
                self.dry = false;
            }
            chunk.commit_all();
        }
        if there < frames {
            if begun {
                self.health.interrupted(frames - there);
            }
            let from = self.last;
            for (n, frame) in targets.enumerate() {
                let share = 1.0 - ((n + 1) as f32 / FADE as f32).min(1.0);
                set(frame, convert(from * share));
                self.played.sample(from * share);
            }
            self.last = 0.0;
            self.dry = true;
        }
        self.played.end();
        let usual = self.sizes.note(frames);
        self.health.moved(usual);
        (self.wake)();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicI64;

    use super::*;

    fn ring(rate: u32) -> (PlaybackWriter, PlaybackDrain, Arc<Health>) {
        let health = Health::new(Direction::Playback);
        let period = (rate / 100) as usize;
        let (writer, drain) =
            playback_ring("test", rate, 1, period, &health, Arc::new(|| ())).unwrap();
        (writer, drain, health)
    }

    fn pull(drain: &mut PlaybackDrain, frames: usize) -> Vec<f32> {
        let mut block = vec![9.0; frames];
        drain.fill(&mut block, 1, |sample| sample);
        block
    }

    #[test]
    fn of_many_channels_the_front_pair_sounds_alike_and_the_others_are_silent() {
        for channels in 1..=8 {
            let (mut writer, mut drain, _health) = ring(48_000);
            writer.write(&[0.5; 960]);
            for _ in 0..2 {
                let mut block = vec![9.0; 480 * channels];
                drain.fill(&mut block, channels, |sample| sample);
                let last = &block[479 * channels..];
                for (channel, sample) in last.iter().enumerate().skip(2) {
                    assert_eq!(*sample, 0.0, "channel {channel} of {channels}");
                }
                assert!(last[..channels.min(2)].iter().all(|it| *it == last[0]));
            }
        }
    }

    #[test]
    fn one_block_lies_ready_and_no_more() {
        let (mut writer, mut drain, _health) = ring(48_000);
        for _ in 0..100 {
            let wanted = writer.wanted();
            writer.write(&vec![0.5; wanted]);
            assert_eq!(writer.waiting(), 480);
            pull(&mut drain, 480);
        }
    }

    #[test]
    fn a_device_that_takes_larger_blocks_than_asked_gets_them() {
        let (mut writer, mut drain, health) = ring(48_000);
        for _ in 0..10 {
            let wanted = writer.wanted();
            writer.write(&vec![0.5; wanted]);
            pull(&mut drain, 1024);
        }
        let before = health.interruptions();
        for _ in 0..50 {
            let wanted = writer.wanted();
            writer.write(&vec![0.5; wanted]);
            assert!(pull(&mut drain, 1024).iter().all(|sample| *sample == 0.5));
        }
        assert_eq!(health.interruptions(), before);
    }

    #[test]
    fn running_dry_makes_no_step_and_is_counted() {
        let (mut writer, mut drain, health) = ring(48_000);
        let mut played = Vec::new();
        for round in 0..60 {
            // Every tenth time the writer comes too late, by a whole block or by half of one.
            match round % 10 {
                9 => {}
                4 => writer.write(&[0.5; 240]),
                _ => {
                    let wanted = writer.wanted();
                    writer.write(&vec![0.5; wanted]);
                }
            }
            played.extend(pull(&mut drain, 480));
        }
        let step = played
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).abs())
            .fold(0.0, f32::max);
        assert!(step <= 0.5 / FADE as f32 * 1.5, "a step of {step}");
        assert!(health.interruptions() > 0);
    }

    #[test]
    fn silence_before_the_first_write_is_no_interruption() {
        let (mut writer, mut drain, health) = ring(48_000);
        assert!(pull(&mut drain, 480).iter().all(|sample| *sample == 0.0));
        assert_eq!(health.interruptions(), 0);
        writer.write(&[0.1; 480]);
        pull(&mut drain, 480);
        assert_eq!(health.interruptions(), 0);
    }

    #[test]
    fn all_channels_get_the_same() {
        let (mut writer, mut drain, _health) = ring(48_000);
        writer.write(&[0.5; 480]);
        let mut block = [0_i16; 960];
        drain.fill(&mut block, 2, |sample| (sample * 100.0) as i16);
        assert!(block.chunks(2).all(|frame| frame[0] == frame[1]));
        assert_eq!(block[800], 50);
    }

    #[test]
    fn what_is_reported_as_played_is_what_the_device_got() {
        let (mut writer, mut drain, _health) = ring(48_000);
        let mut reader = writer.take_played().unwrap();
        assert!(writer.take_played().is_none());
        let (mut played, mut reported) = (Vec::new(), Vec::new());
        for round in 0..60 {
            // Silence before the first write, and every tenth time half a block too little.
            match round {
                0..3 => {}
                _ if round % 10 == 4 => writer.write(&[0.5; 240]),
                _ => {
                    let wanted = writer.wanted();
                    writer.write(&vec![0.3; wanted]);
                }
            }
            played.extend(pull(&mut drain, 480));
            reader.read(|block| match block {
                crate::Played::Block { samples, .. } => {
                    reported.extend_from_slice(samples.0);
                    reported.extend_from_slice(samples.1);
                }
                crate::Played::Lost(_) => panic!("read in time"),
            });
        }
        assert_eq!(played, reported);
    }

    #[test]
    fn another_rate_is_kept_supplied() {
        let (mut writer, mut drain, health) = ring(44_100);
        let mut written = 0;
        for _ in 0..500 {
            let wanted = writer.wanted();
            written += wanted;
            writer.write(&vec![0.25; wanted]);
            pull(&mut drain, 441);
        }
        assert!((written as i64 - 500 * 480).abs() < 1000, "{written}");
        assert!(health.interruptions() <= 1);
    }

    /// A device that the writer's thread attends to.
    struct Server {
        drain: PlaybackDrain,
        owed: Arc<AtomicI64>,
        #[cfg(unix)]
        socket: std::os::unix::net::UnixStream,
    }

    impl Attended for Server {
        #[cfg(unix)]
        fn descriptor(&self) -> std::os::fd::BorrowedFd<'_> {
            std::os::fd::AsFd::as_fd(&self.socket)
        }

        fn attend(&mut self) {
            self.owed.fetch_add(240, Ordering::Relaxed);
        }

        fn owed(&self) -> i64 {
            self.owed.load(Ordering::Relaxed)
        }

        fn give(&mut self) {
            let ready = self.drain.ready();
            let given = pull(&mut self.drain, ready).len();
            self.owed.fetch_sub(given as i64, Ordering::Relaxed);
        }
    }

    #[test]
    fn who_is_attended_to_is_given_what_it_asks_for_and_more_after_trouble() {
        let (writer, drain, health) = ring(48_000);
        health.lies_behind(120);
        let owed = Arc::new(AtomicI64::new(0));
        let mut writer = writer.attended_by(Server {
            drain,
            owed: Arc::clone(&owed),
            #[cfg(unix)]
            socket: std::os::unix::net::UnixStream::pair().unwrap().0,
        });
        let turn = |writer: &mut PlaybackWriter| {
            writer.attend();
            let wanted = writer.wanted();
            writer.write(&vec![0.5; wanted]);
            assert_eq!(writer.waiting(), 0, "nothing lies in the ring");
            (wanted, writer.until_heard())
        };
        for _ in 0..10 {
            assert_eq!(turn(&mut writer), (240, 120));
        }
        // It ran dry twice, and is given so much more once.
        health.interrupted(0);
        assert_eq!(turn(&mut writer), (240, 120));
        health.interrupted(0);
        assert_eq!(turn(&mut writer), (360, 240));
        assert_eq!(turn(&mut writer), (240, 240));
        assert_eq!(owed.load(Ordering::Relaxed), -120);
    }
}
