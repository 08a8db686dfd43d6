//! Where the parts meet: one task that owns the mesh, and carries out what it decides.
//!
//! Everything that changes what this daemon knows passes through here, one thing after another: news from the
//! network, from the voice threads and from the desktop, and what clients ask for. After each, the mesh's outputs are
//! carried out in their order; a state that must be durable is on disk before anything that follows from it leaves
//! the machine. Sound itself never passes through here.

mod feed;
mod heard;
mod methods;
mod notices;
mod outputs;
mod present;
mod refuse;
mod status;
mod stop;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::future::pending;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sotto_audio::priority::Priority;
use sotto_control::ControlError;
use sotto_control::model::{Notice, TestProgress};
use sotto_control::server::{Answer, Call, ConnectionId, Outbox};
use sotto_meeting::{MeetingId, Mesh, PeerId, View};
use sotto_net::{Network, NetworkCommand, NetworkEvent};
use tokio::sync::mpsc;

pub(crate) use stop::STOP_LIMIT;

use crate::desktop::{DesktopSignal, SuspendGuard};
use crate::notice::notice;
use crate::service;
use crate::sound::{Voice, devices};
use crate::threads::Clock;
use heard::LastHeard;
use present::Presenter;

/// Changes reach clients together after this long: short against what a person notices, long against a burst.
const PUBLISH_AFTER: Duration = Duration::from_millis(20);
/// How often levels are told at most.
const LEVELS_EVERY: Duration = Duration::from_millis(100);
/// Figures of the paths, and joins that take too long, are looked at this often.
const TICK: Duration = Duration::from_secs(1);

/// From a client's connection.
pub(crate) enum ControlInput {
    /// A connection stands; it may subscribe.
    Opened(ConnectionId, Outbox),
    /// A request.
    Call(Call),
    /// It is gone.
    Closed(ConnectionId),
}

/// What was begun here and is finished here, after something that takes time.
enum Later {
    /// A connection by address stands.
    Connected {
        peer: PeerId,
        address: SocketAddr,
        answer: Answer,
        /// How often its name has been waited for.
        waited: u32,
    },
    /// rtkit has raised voice threads.
    Raised(Vec<(&'static str, Priority)>),
    /// Devices were found that a client wants to use.
    Chosen(Box<devices::Choice>, Answer),
    /// A test of the microphone goes on.
    TestProgress(TestProgress),
    /// It is over.
    TestEnded,
}

/// A client that waits for a join.
struct WaitingJoin {
    meeting: MeetingId,
    /// The meeting that was active before.
    from: Option<MeetingId>,
    /// Whether the microphone was open and is closed for this join alone, so that it opens again if that fails.
    closed_the_microphone: bool,
    client: Arc<str>,
    answer: Answer,
    deadline: Duration,
}

/// A client that waits for what becomes of a chirp.
struct WaitingChirp {
    peer: PeerId,
    answer: Answer,
    /// How many more may be sent if this one is missed.
    left: u32,
    deadline: Duration,
}

/// A part of what clients show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shown {
    Status,
    Peers,
    Meetings,
    Invitations,
    Talk,
}

/// What the hub is made of.
pub(crate) struct Parts {
    /// The daemon's clock.
    pub(crate) clock: Clock,
    /// Who is where.
    pub(crate) mesh: Mesh,
    /// Where its state is kept; `None`: nowhere, because something is there that must not be overwritten.
    pub(crate) state_file: Option<PathBuf>,
    /// The network.
    pub(crate) network: Network,
    /// The interfaces that it is limited to.
    pub(crate) interfaces: Vec<String>,
    /// Voice.
    pub(crate) voice: Voice,
    /// Where the configuration is, for showing.
    pub(crate) config_file: PathBuf,
    /// What the user should know from the start.
    pub(crate) warnings: Vec<Notice>,
}

/// What the hub listens to.
pub(crate) struct Sources {
    /// News from the network.
    pub(crate) network: mpsc::Receiver<NetworkEvent>,
    /// What clients ask for.
    pub(crate) control: mpsc::Receiver<ControlInput>,
    /// What the desktop knows.
    pub(crate) desktop: mpsc::Receiver<DesktopSignal>,
    /// A device opened, closed or failed.
    pub(crate) devices: mpsc::Receiver<()>,
    /// The user or the system wants the daemon to end.
    pub(crate) stop: mpsc::Receiver<&'static str>,
}

/// The one task that knows everything.
pub(crate) struct Hub {
    clock: Clock,
    started: Instant,
    mesh: Mesh,
    state_file: Option<PathBuf>,
    network: Network,
    interfaces: Vec<String>,
    voice: Voice,
    config_file: PathBuf,
    warnings: Vec<Notice>,
    listening: Vec<SocketAddr>,
    connected: HashMap<PeerId, std::net::IpAddr>,
    heard: LastHeard,
    subscribers: HashMap<ConnectionId, Outbox>,
    held_by: Option<ConnectionId>,
    joins: Vec<WaitingJoin>,
    chirps: Vec<WaitingChirp>,
    join_outcomes: Vec<(MeetingId, Option<ControlError>)>,
    /// Clients whose join has failed, and for which the microphone opens again.
    reopen_for: Vec<Arc<str>>,
    not_hearing: Vec<PeerId>,
    unmuted_by: Option<String>,
    joined_by: Option<String>,
    dirty: BTreeSet<Shown>,
    /// To be told after what they are about.
    notices: Vec<Notice>,
    publish_at: Option<Instant>,
    published: Instant,
    levels_at: Option<Instant>,
    levels_told: Instant,
    stats_changed: bool,
    network_commands: VecDeque<NetworkCommand>,
    later: mpsc::Sender<Later>,
    laters: mpsc::Receiver<Later>,
    suspend: Option<SuspendGuard>,
    stopping: Option<Arc<str>>,
    store_failed: bool,
    told_rarely: Option<u64>,
    sound_told: devices::Told,
    testing: bool,
}

impl Hub {
    /// Puts the parts together.
    pub(crate) fn new(parts: Parts) -> Self {
        let (later, laters) = mpsc::channel(64);
        Self {
            clock: parts.clock,
            started: Instant::now(),
            mesh: parts.mesh,
            state_file: parts.state_file,
            network: parts.network,
            interfaces: parts.interfaces,
            voice: parts.voice,
            config_file: parts.config_file,
            warnings: parts.warnings,
            listening: Vec::new(),
            connected: HashMap::new(),
            heard: LastHeard::default(),
            subscribers: HashMap::new(),
            held_by: None,
            joins: Vec::new(),
            chirps: Vec::new(),
            join_outcomes: Vec::new(),
            reopen_for: Vec::new(),
            not_hearing: Vec::new(),
            unmuted_by: None,
            joined_by: None,
            dirty: BTreeSet::new(),
            notices: Vec::new(),
            publish_at: None,
            published: Instant::now(),
            levels_at: None,
            levels_told: Instant::now(),
            stats_changed: false,
            network_commands: VecDeque::new(),
            later,
            laters,
            suspend: None,
            stopping: None,
            store_failed: false,
            told_rarely: None,
            sound_told: devices::Told::default(),
            testing: false,
        }
    }

    /// Runs until the daemon is told to stop, and says goodbye.
    pub(crate) async fn run(mut self, mut sources: Sources) {
        let port = self.voice.media_port();
        self.feed(sotto_meeting::Input::MediaPort(port));
        self.flush().await;
        service::ready("idle");
        let arrived = self.voice.arrived();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut watchdog = service::watchdog_period().map(tokio::time::interval);
        while self.stopping.is_none() {
            let timeout = self.mesh.next_timeout().map(|due| self.clock.instant(due));
            let publish = self.publish_at.into_iter().chain(self.levels_at).min();
            tokio::select! {
                // All are served alike, in a random order, so that none can starve another, a signal to stop least of
                // all. What must not overtake something else takes that in first; see `mesh_timeout`.
                () = arrived.notified() => self.take_voice_news(),
                Some(event) = sources.network.recv() => {
                    self.take_network_event(event);
                    // What waits is taken in one go, so that a burst is published once.
                    for _ in 0..64 {
                        match sources.network.try_recv() {
                            Ok(event) => self.take_network_event(event),
                            Err(_) => break,
                        }
                    }
                }
                Some(input) = sources.control.recv() => self.take_control(input).await,
                Some(signal) = sources.desktop.recv() => self.take_desktop_signal(signal),
                Some(later) = self.laters.recv() => self.take_later(later),
                Some(()) = sources.devices.recv() => self.devices_changed(),
                Some(reason) = sources.stop.recv() => self.stopping = Some(reason.into()),
                () = at(timeout) => self.mesh_timeout(),
                () = at(publish) => self.publish_due(),
                _ = tick.tick() => self.tick(),
                () = next(&mut watchdog) => service::alive(),
            }
            self.flush().await;
            self.suspend = None;
        }
        self.stop(sources).await;
    }

    /// What the mesh shows now.
    fn view(&self) -> View {
        self.mesh.view(self.clock.now())
    }

    fn presenter<'a>(&'a self, view: &'a View) -> Presenter<'a> {
        let (voiced, own) = self.voice.voiced();
        Presenter {
            view,
            voiced,
            own,
            heard: &self.heard,
            silenced: self.voice.silenced(),
        }
    }
}

/// Sleeps until `instant`; for ever without one.
async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => pending().await,
    }
}

/// The next beat of `interval`; never without one.
async fn next(interval: &mut Option<tokio::time::Interval>) {
    match interval {
        Some(interval) => {
            interval.tick().await;
        }
        None => pending().await,
    }
}
