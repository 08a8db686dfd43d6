//! A device that is open: how it is doing, and closing it.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::time::{Duration, Instant};

use crate::error::{DeviceError, Direction};
use crate::open_device::OpenDevice;

/// A device that moves no samples for this long has stopped.
const STALLED_AFTER: Duration = Duration::from_secs(3);

/// Closing waits this long for the sound system before it leaves the rest to a thread of its own.
pub(crate) const CLOSING_LIMIT: Duration = Duration::from_millis(500);

/// Whether an open device still works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamStatus {
    /// It does.
    Running,
    /// It does not, and must be opened anew.
    Failed(DeviceError),
}

/// What an open device has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamStatistics {
    /// The rate that the device runs at, in Hz.
    pub rate: u32,
    /// Its number of channels.
    pub channels: u16,
    /// The block that it lately moved at once, in its own samples: the period that it really has. At most one
    /// in twenty was larger.
    pub block: u32,
    /// How many blocks it moved.
    pub blocks: u64,
    /// How many times it ran dry (playback) or over (capture).
    pub interruptions: u64,
    /// The samples that were missing or lost then, at the device's rate.
    pub samples_lost: u64,
}

impl StreamStatistics {
    /// Returns how long the blocks last that it moves at once.
    #[must_use]
    pub fn block_time(&self) -> Duration {
        let block = u64::from(self.block) * 1_000_000_000;
        Duration::from_nanos(block / u64::from(self.rate.max(1)))
    }
}

/// Which device it is. Changed rarely, and never by what moves samples.
#[derive(Debug, Default)]
struct About {
    device: OpenDevice,
    /// The identifier of the system's default, while that was asked for and is another device by now.
    default_elsewhere: Option<String>,
}

/// What the device's callback tells everybody else, without ever waiting for them.
pub(crate) struct Health {
    direction: Direction,
    about: Mutex<About>,
    opened: Instant,
    /// Milliseconds since `opened`.
    last_block: AtomicU64,
    /// Set with the first error. A sound system can report the same error a million times a second, so all
    /// later ones must cost one load.
    failed: AtomicBool,
    failure: OnceLock<DeviceError>,
    rate: AtomicU32,
    channels: AtomicU32,
    block: AtomicU32,
    /// Samples that lie in the sound system when it asks for more.
    behind: AtomicU32,
    blocks: AtomicU64,
    interruptions: AtomicU64,
    samples_lost: AtomicU64,
}

impl Health {
    pub(crate) fn new(direction: Direction) -> Arc<Self> {
        Arc::new(Self {
            direction,
            about: Mutex::default(),
            opened: Instant::now(),
            last_block: AtomicU64::new(0),
            failed: AtomicBool::new(false),
            failure: OnceLock::new(),
            rate: AtomicU32::new(0),
            channels: AtomicU32::new(0),
            block: AtomicU32::new(0),
            behind: AtomicU32::new(0),
            blocks: AtomicU64::new(0),
            interruptions: AtomicU64::new(0),
            samples_lost: AtomicU64::new(0),
        })
    }

    /// Says which device this is, before its first block.
    pub(crate) fn describe(&self, description: &str, rate: u32, channels: usize) {
        let mut about = self.about();
        if about.device.name.is_empty() {
            about.device.name = description.to_owned();
        }
        drop(about);
        self.rate.store(rate, Ordering::Relaxed);
        self.channels.store(
            u32::try_from(channels).unwrap_or(u32::MAX),
            Ordering::Relaxed,
        );
        self.touch();
    }

    /// Says which device of the system this is, or has become.
    pub(crate) fn identify(&self, device: OpenDevice) {
        self.about().device = device;
    }

    /// Says that the default, which was asked for, is another device now; or that it is not.
    #[cfg_attr(
        not(all(target_os = "linux", feature = "pulseaudio")),
        allow(dead_code)
    )]
    pub(crate) fn default_is_elsewhere(&self, id: Option<String>) {
        self.about().default_elsewhere = id;
    }

    /// Which device it is.
    pub(crate) fn device(&self) -> OpenDevice {
        self.about().device.clone()
    }

    fn about(&self) -> MutexGuard<'_, About> {
        // Nothing is left half-done where a thread could panic.
        self.about.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self) {
        let since = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_block.store(since, Ordering::Relaxed);
    }

    /// A block of samples was moved; `usual` is the size that blocks have.
    pub(crate) fn moved(&self, usual: u32) {
        self.touch();
        self.block.store(usual, Ordering::Relaxed);
        self.blocks.fetch_add(1, Ordering::Relaxed);
    }

    /// Samples were missing or lost.
    pub(crate) fn interrupted(&self, samples: usize) {
        self.interruptions.fetch_add(1, Ordering::Relaxed);
        self.samples_lost
            .fetch_add(samples as u64, Ordering::Relaxed);
    }

    /// The usual block, in the device's samples; 0 before the first.
    pub(crate) fn block(&self) -> usize {
        self.block.load(Ordering::Relaxed) as usize
    }

    /// Says how many samples, at the device's rate, lie in the sound system when it asks for more.
    pub(crate) fn lies_behind(&self, samples: usize) {
        let samples = u32::try_from(samples).unwrap_or(u32::MAX);
        self.behind.store(samples, Ordering::Relaxed);
    }

    pub(crate) fn behind(&self) -> usize {
        self.behind.load(Ordering::Relaxed) as usize
    }

    pub(crate) fn interruptions(&self) -> u64 {
        self.interruptions.load(Ordering::Relaxed)
    }

    pub(crate) fn samples_lost(&self) -> u64 {
        self.samples_lost.load(Ordering::Relaxed)
    }

    pub(crate) fn blocks(&self) -> u64 {
        self.blocks.load(Ordering::Relaxed)
    }

    /// Notes that the device failed. Only the first failure counts, and only it costs anything.
    pub(crate) fn fail(&self, detail: impl FnOnce() -> String) {
        self.fail_with(|health| health.lost(detail()));
    }

    /// As [`fail`](Self::fail), for a failure that is known as an error.
    pub(crate) fn fail_with(&self, error: impl FnOnce(&Self) -> DeviceError) {
        if self.failed.load(Ordering::Relaxed) || self.failed.swap(true, Ordering::Relaxed) {
            return;
        }
        let _ = self.failure.set(error(self));
    }

    fn lost(&self, detail: String) -> DeviceError {
        DeviceError::Lost {
            direction: self.direction,
            name: self.device().name,
            detail,
        }
    }

    fn status(&self) -> StreamStatus {
        if let Some(failure) = self.failure.get() {
            return StreamStatus::Failed(failure.clone());
        }
        let last = Duration::from_millis(self.last_block.load(Ordering::Relaxed));
        if self.opened.elapsed().saturating_sub(last) > STALLED_AFTER {
            return StreamStatus::Failed(self.lost("it moves no sound any more".to_owned()));
        }
        StreamStatus::Running
    }

    fn statistics(&self) -> StreamStatistics {
        StreamStatistics {
            rate: self.rate.load(Ordering::Relaxed),
            channels: u16::try_from(self.channels.load(Ordering::Relaxed)).unwrap_or(u16::MAX),
            block: self.block.load(Ordering::Relaxed),
            blocks: self.blocks.load(Ordering::Relaxed),
            interruptions: self.interruptions.load(Ordering::Relaxed),
            samples_lost: self.samples_lost.load(Ordering::Relaxed),
        }
    }
}

/// Keeps the thread that owns the device going; dropping it closes the device.
///
/// The device lives on a thread of its own because closing one waits for its sound system, which may have
/// hung, and nobody else may hang with it.
pub(crate) struct Owner {
    stop: Option<mpsc::Sender<()>>,
    /// Disconnected when the thread has closed the device.
    closed: mpsc::Receiver<()>,
    /// How long closing waits for that.
    patience: Duration,
}

impl Owner {
    /// The owner, and the thread's two ends: it closes when the first is disconnected, and holds the second
    /// until the device is closed. Dropping the owner waits `patience` for it.
    pub(crate) fn new(patience: Duration) -> (Self, mpsc::Receiver<()>, mpsc::SyncSender<()>) {
        let (stop, stopped) = mpsc::channel();
        let (closing, closed) = mpsc::sync_channel(0);
        (
            Self {
                stop: Some(stop),
                closed,
                patience,
            },
            stopped,
            closing,
        )
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.closed.recv_timeout(self.patience);
    }
}

/// An open microphone. Dropping it closes the device.
pub struct CaptureStream {
    health: Arc<Health>,
    _owner: Owner,
}

/// An open speaker. Dropping it closes the device.
pub struct PlaybackStream {
    health: Arc<Health>,
    _owner: Owner,
}

/// The half of an open device that keeps it open.
pub(crate) trait Kept {
    /// Which way sound goes.
    const DIRECTION: Direction;

    /// Of a device that is open, and kept so by `owner`.
    fn new(health: Arc<Health>, owner: Owner) -> Self;
}

macro_rules! stream_methods {
    ($stream:ident, $direction:ident) => {
        impl Kept for $stream {
            const DIRECTION: Direction = Direction::$direction;

            fn new(health: Arc<Health>, owner: Owner) -> Self {
                Self {
                    health,
                    _owner: owner,
                }
            }
        }

        impl $stream {
            /// Whether the device still works. Cheap: ask as often as you like.
            #[must_use]
            pub fn status(&self) -> StreamStatus {
                self.health.status()
            }

            /// Which device this is.
            #[must_use]
            pub fn device(&self) -> OpenDevice {
                self.health.device()
            }

            /// The identifier of the system's default device, if that was asked for and has become another one.
            #[must_use]
            pub fn default_elsewhere(&self) -> Option<String> {
                self.health.about().default_elsewhere.clone()
            }

            /// What the device has done so far.
            #[must_use]
            pub fn statistics(&self) -> StreamStatistics {
                self.health.statistics()
            }
        }

        impl std::fmt::Debug for $stream {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($stream))
                    .field("device", &self.device())
                    .field("status", &self.status())
                    .finish_non_exhaustive()
            }
        }
    };
}

stream_methods!(CaptureStream, Capture);
stream_methods!(PlaybackStream, Playback);

/// The block size that a device really has: what at most one block in twenty exceeds.
///
/// Sound systems like to double their very first block, and now and then one after they were late. Being ready
/// for those all the time would be bought with delay.
#[derive(Debug, Default)]
pub(crate) struct BlockSizes {
    blocks: u32,
    sizes: [(u32, u32); DISTINCT_SIZES],
    usual: u32,
}

/// Sizes beyond so many different ones in a window are not told apart from the largest.
const DISTINCT_SIZES: usize = 8;

/// The first judgement comes after this many blocks, the next after twice as many, and so on to the last.
const FIRST_WINDOW: u32 = 20;
const LAST_WINDOW: u32 = 160;

impl BlockSizes {
    /// Notes a block and returns the usual size.
    pub(crate) fn note(&mut self, frames: usize) -> u32 {
        let frames = u32::try_from(frames).unwrap_or(u32::MAX);
        self.blocks = self.blocks.saturating_add(1);
        if self.blocks == 1 {
            return frames;
        }
        let known = self
            .sizes
            .iter()
            .position(|(size, count)| *size == frames || *count == 0);
        let slot = &mut self.sizes[known.unwrap_or(DISTINCT_SIZES - 1)];
        *slot = (slot.0.max(frames), slot.1 + 1);
        let seen: u32 = self.sizes.iter().map(|(_, count)| count).sum();
        if self.usual == 0 && seen < FIRST_WINDOW {
            // Too early to tell: the smallest so far, so that a doubled block does not count.
            return self
                .sizes
                .iter()
                .filter(|(_, count)| *count > 0)
                .map(|(size, _)| *size)
                .min()
                .unwrap_or(frames);
        }
        if seen >= LAST_WINDOW || (self.usual == 0 && seen >= FIRST_WINDOW) {
            self.sizes
                .sort_unstable_by_key(|(size, _)| std::cmp::Reverse(*size));
            let mut larger = 0;
            for (size, count) in self.sizes {
                larger += count;
                if larger * 20 > seen {
                    self.usual = size;
                    break;
                }
            }
            self.sizes = Default::default();
        }
        self.usual
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_errors_keeps_the_first() {
        let health = Health::new(Direction::Capture);
        health.describe("USB Headset", 48_000, 1);
        let mut described = 0;
        for n in 0..1_000_000 {
            health.fail(|| {
                described += 1;
                format!("error {n}")
            });
        }
        assert_eq!(described, 1);
        let StreamStatus::Failed(error) = health.status() else {
            panic!("still running")
        };
        assert_eq!(
            error.to_string(),
            "the microphone \"USB Headset\" stopped working: error 0"
        );
    }

    #[test]
    fn the_period_is_what_arrives_and_not_what_was_asked() {
        let mut sizes = BlockSizes::default();
        sizes.note(960); // the doubled first block
        for n in 0..500 {
            let doubled = n == 10 || n == 100;
            let usual = sizes.note(if doubled { 512 } else { 256 });
            assert_eq!(usual, 256, "after {n} blocks");
        }
        for _ in 0..400 {
            sizes.note(1024);
        }
        assert_eq!(sizes.note(24), 1024);
    }
}
