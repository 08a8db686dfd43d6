//! Keeps a device open for as long as it is wanted: the thin shell around [`Reopening`].
//!
//! Opening a device can take seconds, so a keeper has a thread of its own, which sleeps while the device is
//! closed. It hands each newly opened end to the voice thread through a callback, and reports every change.
//!
//! **A microphone stays the one that it is.** When it goes, only the very same one is opened again by itself; what else
//! the system offers must be accepted by the user ([`Keeper::accept`]), or the user hears of it while muted
//! ([`Keeper::may_move`]). A loudspeaker follows the system's default. Neither changes its sound system while that may
//! come back: the next one would take the hardware from it.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::DeviceError;
use crate::medium::{Capture, Medium, Playback};
use crate::open_device::OpenDevice;
use crate::reopening::{Kind, Reopening, Step};
use crate::stream::{StreamStatistics, StreamStatus};
use crate::{Direction, Wake};

/// How often an open device is asked whether it still works.
const CHECK_EVERY: Duration = Duration::from_millis(250);

/// A sound system that has not come back within this is given up for another.
const BACKEND_KEPT: Duration = Duration::from_secs(10);

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
        /// Which device it is.
        device: OpenDevice,
        /// The identifier of the system's default, if that was wanted and has become another device, to which this one
        /// was not moved.
        default_elsewhere: Option<String>,
    },
    /// It is wanted and does not work; it will be tried again by itself.
    Failed(DeviceError),
}

impl DeviceState {
    /// Returns why it does not work.
    #[must_use]
    pub fn failure(&self) -> Option<&DeviceError> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }
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
    may_move: bool,
    /// The user has accepted whatever the system offers.
    accepted: bool,
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
                may_move: false,
                accepted: false,
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

    /// Says whether the device may be exchanged for another by itself: a microphone while it is muted. It may not to
    /// begin with.
    pub fn may_move(&self, may: bool) {
        let mut wishes = self.shared.lock();
        if wishes.may_move != may {
            wishes.may_move = may;
            self.shared.changed.notify_one();
        }
    }

    /// Goes on with whatever device the system offers in place of the one that was in use. Changes nothing about a
    /// device that works, unless the default that was wanted is another one by now.
    pub fn accept(&self) {
        let mut wishes = self.shared.lock();
        let works = match &wishes.report.state {
            DeviceState::Open {
                default_elsewhere, ..
            } => default_elsewhere.is_none(),
            DeviceState::Opening | DeviceState::Closed => true,
            DeviceState::Failed(_) => false,
        };
        if !works {
            wishes.accepted = true;
            self.shared.changed.notify_one();
        }
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

/// What is remembered of a device that was open, for as long as the same is wanted.
struct Held {
    device: OpenDevice,
    /// Since when it does not work.
    lost: Option<Duration>,
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
    let mut held: Option<Held> = None;
    let mut elsewhere_before = false;
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
        let (request, ended, may_move) = {
            let mut wishes = shared.lock();
            let accepted = std::mem::take(&mut wishes.accepted);
            if std::mem::take(&mut wishes.fresh) {
                held = None;
                match wishes.request {
                    Some(_) => reopening.want(),
                    None => reopening.unwant(),
                }
            } else if accepted && wishes.request.is_some() {
                held = None;
                reopening.want();
            }
            let may_move = wishes.may_move || !M::STAYS;
            (wishes.request.clone(), wishes.ended, may_move)
        };
        if ended {
            reopening.unwant();
        }
        let kind = request.as_ref().map_or(Kind::Device, M::kind);
        if let Some(open) = &stream {
            match M::status(open) {
                StreamStatus::Running => {
                    let device = M::device(open);
                    let default_elsewhere = M::default_elsewhere(open);
                    // The sound system itself may be about to move it, so a first look is not enough.
                    let elsewhere = default_elsewhere.is_some();
                    if elsewhere && std::mem::replace(&mut elsewhere_before, elsewhere) && may_move
                    {
                        tracing::info!(device = device.name, "following the default device");
                        held = None;
                        elsewhere_before = false;
                        reopening.want();
                    }
                    elsewhere_before &= elsewhere;
                    if let Some(held) = &mut held {
                        held.device = device.clone();
                    }
                    report(
                        DeviceState::Open {
                            device,
                            default_elsewhere,
                        },
                        M::statistics(open),
                    );
                }
                StreamStatus::Failed(error) => {
                    tracing::warn!(%error, "sound device failed");
                    tell_of::<M>(open);
                    stream = None;
                    deliver(None);
                    reopening.failed(begin.elapsed(), kind);
                    if let Some(held) = &mut held {
                        held.lost = Some(begin.elapsed());
                    }
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
                match open_again::<M>(&request, held.as_ref(), begin.elapsed(), may_move, wake) {
                    Ok((opened, end)) => {
                        reopening.opened(begin.elapsed());
                        let device = M::device(&opened);
                        tracing::info!(device = device.name, "sound device open");
                        held = Some(Held { device, lost: None });
                        deliver(Some(end));
                        stream = Some(opened);
                    }
                    Err(error) => {
                        tracing::debug!(%error, "sound device not opened");
                        reopening.failed(begin.elapsed(), kind);
                        report(DeviceState::Failed(error), StreamStatistics::default());
                    }
                }
            }
            (Step::Close, _) => {
                deliver(None);
                if let Some(closed) = stream.take() {
                    tell_of::<M>(&closed);
                }
                report(DeviceState::Closed, StreamStatistics::default());
            }
            (Step::Open | Step::Wait, _) if ended => return,
            (Step::Open | Step::Wait, request) => {
                if request.is_none() {
                    held = None;
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

/// Logs what a device has done that is about to be closed: a report of bad sound says so how often it ran dry or over.
fn tell_of<M: Medium>(stream: &M::Stream) {
    let (device, done) = (M::device(stream), M::statistics(stream));
    tracing::info!(
        device = device.name,
        blocks = done.blocks,
        interruptions = done.interruptions,
        "sound device closed"
    );
}

/// Opens what is wanted, as far as what was open before leaves a choice.
fn open_again<M: Medium>(
    request: &M::Request,
    held: Option<&Held>,
    now: Duration,
    may_move: bool,
    wake: &Wake,
) -> Result<(M::Stream, M::End), DeviceError> {
    let Some(held) = held else {
        return M::open(request, Arc::clone(wake));
    };
    let given_up = held
        .lost
        .is_some_and(|lost| now.saturating_sub(lost) > BACKEND_KEPT);
    if may_move && given_up {
        return M::open(request, Arc::clone(wake));
    }
    let again = M::again(request, &held.device, !may_move);
    let opened = M::open(&again, Arc::clone(wake));
    match opened {
        Err(DeviceError::NotFound { .. }) if again != *request && !may_move => {
            Err(match M::offered(request) {
                Some(offered) => DeviceError::Replaced {
                    gone: held.device.name.clone(),
                    offered,
                },
                None => DeviceError::NotFound {
                    direction: Direction::Capture,
                    name: held.device.name.clone(),
                },
            })
        }
        opened => opened,
    }
}

/// Sleeps until a new wish, or for `limit`.
fn wait<R>(shared: &Shared<R>, limit: Option<Duration>) {
    let wishes = shared.lock();
    if wishes.fresh || wishes.ended || wishes.accepted {
        return;
    }
    match limit {
        Some(limit) => drop(shared.changed.wait_timeout(wishes, limit)),
        None => drop(shared.changed.wait(wishes)),
    }
}
