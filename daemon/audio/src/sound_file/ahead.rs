//! A sound file that is read ahead of whoever plays it, by about a second.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::Duration;

use rtrb::{Consumer, Producer, RingBuffer};

use super::decoding::Decoding;
use super::form::Form;
use crate::OPENING_LIMIT;
use crate::error::DeviceError;
use crate::own_thread::UnderWay;

/// The ring holds so much, in milliseconds.
const RING_MILLISECONDS: usize = 1_000;

/// A full ring is looked at again after this, so that the thread ends with whoever plays.
const PAUSE: Duration = Duration::from_millis(100);

/// A file that is being read. Dropping it ends that.
pub(crate) struct Ahead {
    /// The rate of its sound, in Hz.
    pub(crate) rate: u32,
    /// Its number of channels.
    pub(crate) channels: usize,
    ring: Consumer<f32>,
    end: Arc<End>,
    reader: Thread,
}

/// The reason that nothing more comes: the file has ended, or cannot be read on.
type End = OnceLock<Result<(), String>>;

/// What became of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    /// It was filled.
    Whole,
    /// The file has ended: silence follows its last samples.
    Ended,
    /// The disk was too slow: so many samples are silence.
    Late(usize),
    /// The file cannot be read on.
    Failed(String),
}

/// The parts that the reading thread hands over once it knows the form of the sound.
type Opened = (Form, Consumer<f32>, Arc<End>);

impl Ahead {
    /// Opens a file and begins to read it. It begins anew at its end if it is to be `looped`.
    pub(crate) fn open(path: &Path, looped: bool) -> Result<Self, DeviceError> {
        let (sender, opened) = sync_channel(1);
        // A disk that hangs for good must not be given ever more threads.
        let counted = UnderWay::begin().map_err(|_| {
            let detail = "other files and devices are being opened and do not answer";
            DeviceError::file(path, &detail)
        })?;
        let read = path.to_owned();
        let reader = std::thread::Builder::new()
            .name("sotto-file".to_owned())
            .spawn(move || run(&read, looped, counted, &sender))
            .map_err(|error| DeviceError::file(path, &error))?;
        match opened.recv_timeout(OPENING_LIMIT) {
            Ok(Ok((form, ring, end))) => Ok(Self {
                rate: form.rate,
                channels: form.channels,
                ring,
                end,
                reader: reader.thread().clone(),
            }),
            Ok(Err(error)) => Err(error),
            Err(RecvTimeoutError::Timeout) => Err(DeviceError::file(
                path,
                &format!(
                    "the disk did not answer within {} s",
                    OPENING_LIMIT.as_secs()
                ),
            )),
            // A decoder that met what it had not reckoned with.
            Err(RecvTimeoutError::Disconnected) => {
                Err(DeviceError::unreadable(path, &"it is damaged"))
            }
        }
    }

    /// Fills a block with whole frames. Neither waits nor allocates, unless the file has failed.
    pub(crate) fn fill(&mut self, block: &mut [f32]) -> Block {
        let over = self.end.get().is_some() || self.ring.is_abandoned();
        let there = self.ring.slots().min(block.len());
        let there = there - there % self.channels;
        if let Ok(chunk) = self.ring.read_chunk(there) {
            let (first, second) = chunk.as_slices();
            block[..first.len()].copy_from_slice(first);
            block[first.len()..there].copy_from_slice(second);
            chunk.commit_all();
        }
        block[there..].fill(0.0);
        if self.ring.slots() < self.ring.buffer().capacity() / 2 {
            self.reader.unpark();
        }
        if there == block.len() {
            return Block::Whole;
        }
        if !over {
            return Block::Late(block.len() - there);
        }
        match self.end.get() {
            Some(Ok(())) => Block::Ended,
            Some(Err(detail)) => Block::Failed(detail.clone()),
            None => Block::Failed("it is damaged".to_owned()),
        }
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.reader.unpark();
    }
}

/// The reading thread. Drops `counted` as soon as the file is open, with enough to play on.
pub(super) fn run(
    path: &Path,
    looped: bool,
    counted: impl Sized,
    opened: &SyncSender<Result<Opened, DeviceError>>,
) {
    let mut decoding = match Decoding::open(path) {
        Ok(decoding) => decoding,
        Err(error) => {
            drop(counted);
            let _ = opened.send(Err(error));
            return;
        }
    };
    let form = decoding.form();
    let capacity = form.rate as usize * RING_MILLISECONDS / 1000 * form.channels;
    let (mut ring, consumer) = RingBuffer::new(capacity);
    let end = Arc::new(End::default());
    let mut waiting = Some(((form, consumer, Arc::clone(&end)), counted));
    let mut hand_over = |ring: &Producer<f32>, ended: bool| {
        // It begins with enough to play on, or all that there is.
        if (ended || ring.slots() < capacity / 2)
            && let Some((parts, counted)) = waiting.take()
        {
            drop(counted);
            let _ = opened.send(Ok(parts));
        }
    };
    loop {
        let outcome = match decoding.next() {
            Ok(Some(block)) => {
                let mut left = block;
                while !left.is_empty() {
                    left = push(&mut ring, left, form.channels);
                    hand_over(&ring, false);
                    if ring.is_abandoned() {
                        return;
                    }
                    if !left.is_empty() {
                        std::thread::park_timeout(PAUSE);
                    }
                }
                continue;
            }
            Ok(None) if looped => match Decoding::open(path) {
                Ok(again) if again.form() == form => {
                    decoding = again;
                    continue;
                }
                Ok(_) => Err("it has become another one".to_owned()),
                Err(error) => Err(error.to_string()),
            },
            Ok(None) => Ok(()),
            Err(detail) => Err(detail),
        };
        let _ = end.set(outcome);
        hand_over(&ring, true);
        return;
    }
}

/// Puts as many whole frames into the ring as there is room for. Returns the rest.
fn push<'a>(ring: &mut Producer<f32>, samples: &'a [f32], channels: usize) -> &'a [f32] {
    let room = ring.slots().min(samples.len());
    let (now, later) = samples.split_at(room - room % channels);
    if let Ok(chunk) = ring.write_chunk_uninit(now.len()) {
        chunk.fill_from_iter(now.iter().copied());
    }
    later
}
