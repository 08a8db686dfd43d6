//! Keeps a device open for as long as it is wanted: the thin shell around [`Reopening`].
//!
//! Opening a device can take seconds, so a keeper has a thread of its own, which sleeps while the device is
//! closed. It hands each newly opened end to the voice thread through a callback, and reports every change.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::capture::CaptureReader;
use crate::error::DeviceError;
use crate::playback::PlaybackWriter;
use crate::reopening::{Reopening, Step};
use crate::stream::{CaptureStream, PlaybackStream, StreamStatistics, StreamStatus};
use crate::{CaptureRequest, PlaybackRequest, Wake, open_capture, open_playback};

/// How often an open device is asked whether it still works.
const CHECK_EVERY: Duration = Duration::from_millis(250);

/// A direction of sound, with what opening a device of it takes and gives.
pub trait Medium: 'static {
    /// What to open.
    type Request: Clone + PartialEq + Send + 'static;
    /// The half that keeps the device open.
    type Stream;
    /// The half for the voice thread.
    type End: Send + 'static;

    /// Opens a device.
    ///
    /// # Errors
    ///
    /// As [`open_capture`] and [`open_playback`].
    fn open(request: &Self::Request, wake: Wake) -> Result<(Self::Stream, Self::End), DeviceError>;

    /// Whether the device still works.
    fn status(stream: &Self::Stream) -> StreamStatus;

    /// Which device it is.
    fn description(stream: &Self::Stream) -> String;

    /// What it has done so far.
    fn statistics(stream: &Self::Stream) -> StreamStatistics;
}

/// Microphones.
#[derive(Debug)]
pub enum Capture {}

/// Speakers.
#[derive(Debug)]
pub enum Playback {}

macro_rules! medium {
    ($medium:ident, $request:ident, $stream:ident, $end:ident, $open:ident) => {
        impl Medium for $medium {
            type Request = $request;
            type Stream = $stream;
            type End = $end;

            fn open(request: &$request, wake: Wake) -> Result<($stream, $end), DeviceError> {
                $open(request, wake)
            }

            fn status(stream: &$stream) -> StreamStatus {
                stream.status()
            }

            fn description(stream: &$stream) -> String {
                stream.description().to_owned()
            }

            fn statistics(stream: &$stream) -> StreamStatistics {
                stream.statistics()
            }
        }
    };
}

medium!(
    Capture,
    CaptureRequest,
    CaptureStream,
    CaptureReader,
    open_capture
);
medium!(
    Playback,
    PlaybackRequest,
    PlaybackStream,
    PlaybackWriter,
    open_playback
);

/// Keeps a microphone open.
pub type CaptureKeeper = Keeper<Capture>;

/// Keeps a speaker open.
pub type PlaybackKeeper = Keeper<Playback>;

/// How a kept device is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DeviceState {
    /// Nobody wants it.
    #[default]
    Closed,
    /// It is being opened.
    Opening,
    /// It is open.
    Open {
        /// Which device it is, in words for a person.
        description: String,
    },
    /// It is wanted and does not work; it will be tried again by itself.
    Failed(DeviceError),
}

/// How a kept device is doing, with figures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceReport {
    /// Its state.
    pub state: DeviceState,
    /// What it has done since it was opened, as of at most a quarter of a second ago.
    pub statistics: StreamStatistics,
}

/// Keeps one device open for as long as it is wanted. Dropping it closes the device.
pub struct Keeper<M: Medium> {
    shared: Arc<Shared<M::Request>>,
    thread: Option<std::thread::JoinHandle<()>>,
    _medium: PhantomData<fn() -> M>,
}

struct Shared<R> {
    wishes: Mutex<Wishes<R>>,
    changed: Condvar,
}

struct Wishes<R> {
    request: Option<R>,
    /// The wish has not been seen by the thread yet.
    fresh: bool,
    ended: bool,
    report: DeviceReport,
}

impl<R> Shared<R> {
    fn lock(&self) -> MutexGuard<'_, Wishes<R>> {
        // Nothing is left half-done where a thread could panic.
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M: Medium> Keeper<M> {
    /// Starts the keeper's thread, with no device wanted.
    ///
    /// `deliver` is given each newly opened end, and `None` when the device is closed, so that the voice thread
    /// lets go of it. `changed` is told of every new state. Both run on the keeper's thread.
    ///
    /// # Errors
    ///
    /// When the system gives no more threads.
    pub fn start(
        wake: Wake,
        deliver: impl FnMut(Option<M::End>) + Send + 'static,
        changed: impl FnMut(&DeviceState) + Send + 'static,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            wishes: Mutex::new(Wishes {
                request: None,
                fresh: false,
                ended: false,
                report: DeviceReport::default(),
            }),
            changed: Condvar::new(),
        });
        let keeping = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("sotto-devices".to_owned())
            .spawn(move || keep::<M>(&keeping, &wake, deliver, changed))?;
        Ok(Self {
            shared,
            thread: Some(thread),
            _medium: PhantomData,
        })
    }

    /// Says which device is wanted, or that none is. Returns at once.
    ///
    /// The same wish again changes nothing about an open device; for one that does not work it means another
    /// attempt at once.
    pub fn want(&self, request: Option<M::Request>) {
        let mut wishes = self.shared.lock();
        let works = matches!(
            wishes.report.state,
            DeviceState::Open { .. } | DeviceState::Opening
        );
        if wishes.request == request && (works || request.is_none()) {
            return;
        }
        wishes.request = request;
        wishes.fresh = true;
        self.shared.changed.notify_one();
    }

    /// How the device is doing.
    #[must_use]
    pub fn report(&self) -> DeviceReport {
        self.shared.lock().report.clone()
    }
}

impl<M: Medium> fmt::Debug for Keeper<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper")
            .field("report", &self.report())
            .finish_non_exhaustive()
    }
}

impl<M: Medium> Drop for Keeper<M> {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

fn keep<M: Medium>(
    shared: &Shared<M::Request>,
    wake: &Wake,
    mut deliver: impl FnMut(Option<M::End>),
    mut changed: impl FnMut(&DeviceState),
) {
    let begin = Instant::now();
    let mut reopening = Reopening::new();
    let mut stream: Option<M::Stream> = None;
    let mut report = |state: DeviceState, statistics: StreamStatistics| {
        let mut wishes = shared.lock();
        wishes.report.statistics = statistics;
        if wishes.report.state != state {
            wishes.report.state = state.clone();
            drop(wishes);
            changed(&state);
        }
    };
    loop {
        let (request, ended) = {
            let mut wishes = shared.lock();
            if std::mem::take(&mut wishes.fresh) {
                match wishes.request {
                    Some(_) => reopening.want(),
                    None => reopening.unwant(),
                }
            }
            (wishes.request.clone(), wishes.ended)
        };
        if ended {
            reopening.unwant();
        }
        if let Some(open) = &stream {
            match M::status(open) {
                StreamStatus::Running => {
                    report(
                        DeviceState::Open {
                            description: M::description(open),
                        },
                        M::statistics(open),
                    );
                }
                StreamStatus::Failed(error) => {
                    tracing::warn!(%error, "sound device failed");
                    stream = None;
                    deliver(None);
                    reopening.failed(begin.elapsed());
                    report(DeviceState::Failed(error), StreamStatistics::default());
                }
            }
        }
        match (reopening.poll(begin.elapsed()), request) {
            (Step::Open, Some(request)) => {
                // While it fails again and again, its error stays in view.
                if !matches!(shared.lock().report.state, DeviceState::Failed(_)) {
                    report(DeviceState::Opening, StreamStatistics::default());
                }
                match M::open(&request, Arc::clone(wake)) {
                    Ok((opened, end)) => {
                        reopening.opened(begin.elapsed());
                        tracing::info!(device = M::description(&opened), "sound device open");
                        deliver(Some(end));
                        stream = Some(opened);
                    }
                    Err(error) => {
                        tracing::debug!(%error, "sound device not opened");
                        reopening.failed(begin.elapsed());
                        report(DeviceState::Failed(error), StreamStatistics::default());
                    }
                }
            }
            (Step::Close, _) => {
                deliver(None);
                stream = None;
                report(DeviceState::Closed, StreamStatistics::default());
            }
            (Step::Open | Step::Wait, _) if ended => return,
            (Step::Open | Step::Wait, request) => {
                if request.is_none() {
                    report(DeviceState::Closed, StreamStatistics::default());
                }
                let now = begin.elapsed();
                let check = stream.as_ref().map(|_| CHECK_EVERY);
                let pause = reopening
                    .next_timeout()
                    .map(|until| until.saturating_sub(now));
                wait(shared, check.into_iter().chain(pause).min());
            }
        }
    }
}

/// Sleeps until a new wish, or for `limit`.
fn wait<R>(shared: &Shared<R>, limit: Option<Duration>) {
    let wishes = shared.lock();
    if wishes.fresh || wishes.ended {
        return;
    }
    match limit {
        Some(limit) => drop(shared.changed.wait_timeout(wishes, limit)),
        None => drop(shared.changed.wait(wishes)),
    }
}
