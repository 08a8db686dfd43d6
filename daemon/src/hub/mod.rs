//! The hub: one task in which the parts meet. It owns the mesh, and carries out what it decides.
//!
//! Everything that changes what this daemon knows passes through here, one thing after another: news from the
//! network, from the voice threads and from the desktop, and what clients ask for. After each, the mesh's outputs are
//! carried out in their order; a state that must be durable is on disk before anything that follows from it leaves
//! the machine. Sound itself never passes through here.

pub(crate) mod bench;
mod chirps;
mod clients;
mod commands;
mod dnd;
mod feed;
mod heard;
mod joins;
mod link;
mod methods;
mod muted;
mod naming;
mod neighbours;
mod notices;
mod outputs;
mod present;
mod publisher;
mod refuse;
mod signs;
mod status;
mod stop;
mod storekeeper;
mod storing;
mod telling;
mod warnings;

use std::future::pending;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use sotto_audio::priority::Priority;
use sotto_control::OwnProgram;
use sotto_control::config::{Notifications, TalkMode};
use sotto_control::model::{Notice, TestProgress};
use sotto_control::server::{Answer, Call, ConnectionId, Outbox};
use sotto_meeting::{Mesh, PeerId, View};
use sotto_net::{Network, NetworkEvent};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

pub(crate) use stop::STOP_LIMIT;

use crate::config_file::ConfigFile;
use crate::desktop::{DesktopSignal, DesktopWatch};
use crate::dnd_file::DndFile;
use crate::groups::Groups;
use crate::notice::notice;
use crate::service;
use crate::sound::{Voice, devices, told};
use crate::threads::Clock;
use chirps::Chirps;
use clients::Clients;
use dnd::DoNotDisturb;
use joins::Joins;
use link::Link;
use neighbours::Neighbours;
use present::Presenter;
use publisher::Publisher;
use status::Run;
use storekeeper::Storekeeper;
use warnings::Warnings;

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

/// The end of something that was begun here and took time elsewhere.
enum Later {
    /// A connection by address stands.
    Connected {
        peer: PeerId,
        address: SocketAddr,
        answer: Answer,
        /// The number of times that its name has been waited for.
        waited: u32,
    },
    /// Nobody waits any more for a connection by address, which is tried all the same.
    DialledOn(Box<methods::Dialling>, OwnedSemaphorePermit),
    /// The network has told what it knows of the ways to others.
    Outlook(Box<sotto_net::NetworkReport>, Answer),
    /// rtkit has raised voice threads.
    Raised(Vec<(&'static str, Priority)>),
    /// Devices were found that a client wants to use.
    Chosen(Box<devices::Choice>, Answer),
    /// A group was changed in the configuration, or could not be.
    Grouped(Box<methods::Saved>, Answer),
    /// A setting was changed in the configuration, or could not be.
    Set(Box<methods::Change>, Answer),
    /// A test of the microphone goes on.
    TestProgress(TestProgress),
    /// It is over.
    TestEnded,
}

/// The parts of the hub.
pub(crate) struct Parts {
    /// The daemon's clock.
    pub(crate) clock: Clock,
    /// The mesh: meetings, rosters and presence.
    pub(crate) mesh: Mesh,
    /// The file of its state; `None` if something is there that must not be overwritten.
    pub(crate) state_file: Option<PathBuf>,
    /// The network.
    pub(crate) network: Network,
    /// The interfaces that it is limited to.
    pub(crate) interfaces: Vec<String>,
    /// Voice.
    pub(crate) voice: Voice,
    /// The path of the configuration, for showing.
    pub(crate) config_file: PathBuf,
    /// The user's groups of colleagues.
    pub(crate) groups: Groups,
    /// When the microphone is open while the user is unmuted.
    pub(crate) talk_mode: TalkMode,
    /// What may draw the user's attention.
    pub(crate) notifications: Notifications,
    /// What follows the desktop.
    pub(crate) desktop: DesktopWatch,
    /// The file that says whether the user wants to be left alone.
    pub(crate) dnd_file: DndFile,
    /// Warnings from the start.
    pub(crate) warnings: Vec<Notice>,
}

/// The inputs of the hub.
pub(crate) struct Sources {
    /// News from the network.
    pub(crate) network: mpsc::Receiver<NetworkEvent>,
    /// Requests of clients.
    pub(crate) control: mpsc::Receiver<ControlInput>,
    /// Changes that the desktop reports.
    pub(crate) desktop: mpsc::Receiver<DesktopSignal>,
    /// A device opened, closed or failed.
    pub(crate) devices: mpsc::Receiver<()>,
    /// The user or the system wants the daemon to end.
    pub(crate) stop: mpsc::Receiver<&'static str>,
}

/// Work that takes time elsewhere and is finished here.
struct Laters {
    sender: mpsc::Sender<Later>,
    receiver: mpsc::Receiver<Later>,
    tries: methods::Tries,
}

/// The one task that knows everything.
///
/// It works in turns. A turn takes in one thing that happened, carries out what the mesh wants done about it, does what
/// is to be done next ([`Hub::settle`]), hands commands to the network and tells subscribers. Within a turn calls go one
/// way only: from a method to the mesh and to the parts, never back.
pub(crate) struct Hub {
    clock: Clock,
    run: Run,
    mesh: Mesh,
    storekeeper: Storekeeper,
    link: Link,
    neighbours: Neighbours,
    voice: Voice,
    sound: SoundNews,
    clients: Clients,
    publisher: Publisher,
    joins: Joins,
    chirps: Chirps,
    /// Receivers of the whisper that is going on who are deafened.
    not_hearing: Vec<PeerId>,
    laters: Laters,
    stopping: Option<Arc<str>>,
}

/// The state of sound that the hub keeps.
#[derive(Default)]
struct SoundNews {
    told: told::Told,
    /// The user talks while muted.
    muted: muted::MutedTalk,
    /// A test of the devices is going on for this connection, and whether nobody waits for it any more.
    testing: Option<(ConnectionId, Arc<AtomicBool>)>,
    /// Figures of the paths have changed since they were told.
    stats_changed: bool,
}

impl Hub {
    /// Puts the parts together.
    pub(crate) fn new(parts: Parts) -> Self {
        let (sender, receiver) = mpsc::channel(64);
        Self {
            clock: parts.clock,
            run: Run {
                started: Instant::now(),
                program: OwnProgram::started(),
                look_for_update: Instant::now(),
                config_file: Arc::new(ConfigFile::new(parts.config_file)),
                groups: parts.groups,
                config_order: Arc::default(),
                talk_mode: parts.talk_mode,
                notifications: parts.notifications,
                desktop: parts.desktop,
                dnd: DoNotDisturb::new(parts.dnd_file),
                warnings: Warnings::new(parts.warnings),
            },
            mesh: parts.mesh,
            storekeeper: Storekeeper::new(parts.state_file),
            link: Link::new(parts.network),
            neighbours: Neighbours::new(parts.interfaces),
            voice: parts.voice,
            sound: SoundNews::default(),
            clients: Clients::default(),
            publisher: Publisher::new(Instant::now()),
            joins: Joins::default(),
            chirps: Chirps::default(),
            not_hearing: Vec::new(),
            laters: Laters {
                sender,
                receiver,
                tries: methods::Tries::default(),
            },
            stopping: None,
        }
    }

    /// Runs until the daemon is told to stop, and says goodbye.
    pub(crate) async fn run(mut self, mut sources: Sources) {
        self.follow_talk_mode();
        self.voice.want_signs(self.run.notifications.sounds);
        let port = self.voice.media_port();
        self.feed(sotto_meeting::Input::MediaPort(port));
        self.end_turn().await;
        service::ready("idle");
        let arrived = self.voice.arrived();
        let disk = self.storekeeper.answers();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut watchdog = service::watchdog_period().map(tokio::time::interval);
        while self.stopping.is_none() {
            let timeout = self.mesh.next_timeout().map(|due| self.clock.instant(due));
            // Held until what follows has been handed to the network.
            let mut _awake = None;
            tokio::select! {
                // All are served alike, in a random order, so that none can starve another, a signal to stop least of
                // all. What must not overtake something else takes that in first; see `mesh_timeout`.
                () = arrived.notified() => self.take_voice_news(),
                () = disk.notified() => self.disk_answered(),
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
                Some(signal) = sources.desktop.recv() => _awake = self.take_desktop_signal(signal),
                Some(later) = self.laters.receiver.recv() => self.take_later(later),
                Some(()) = sources.devices.recv() => self.devices_changed(),
                Some(reason) = sources.stop.recv() => self.stopping = Some(reason.into()),
                () = at(timeout) => self.mesh_timeout(),
                () = at(self.publisher.due()) => {}
                _ = tick.tick() => self.tick(),
                () = next(&mut watchdog) => service::alive(),
            }
            self.end_turn().await;
        }
        self.stop(sources).await;
    }

    /// Does what a turn leaves to be done: what is next, then what the network and the subscribers are to be told.
    async fn end_turn(&mut self) {
        self.settle();
        self.flush().await;
        self.publish_due();
    }

    /// Returns all that a name may mean, for resolving what a user typed.
    fn view(&self) -> View {
        self.mesh.view(self.clock.now())
    }

    fn presenter(&self) -> Presenter<'_> {
        let (voiced, own) = self.voice.voiced();
        Presenter {
            mesh: &self.mesh,
            now: self.clock.now(),
            voiced,
            own,
            heard: self.neighbours.last_heard(),
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
