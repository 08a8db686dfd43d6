//! What the desktop knows about the user: idle or locked, in a phone call, about to suspend, logged out.
//!
//! [`watch`] listens on the system bus (logind, ModemManager, oFono) and on the session bus (idle time, screen savers) and
//! reports every change on one bounded channel. Nothing here is needed for Sotto to work: a bus that is
//! absent, or dies, is tried again with a growing pause, and until it is back the last thing known
//! stays true. That direction is the safe one: a screen that was locked is not taken for unlocked, and so a
//! microphone that was closed is not opened, because a bus went away.
//!
//! Until a source says otherwise the user is [`SessionState::Active`], logged in, and not in a call; the channel carries
//! only changes from there.

#[cfg(target_os = "linux")]
mod bus;
#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod idle;
#[cfg(target_os = "linux")]
mod knowledge;
#[cfg(target_os = "linux")]
mod logind;
#[cfg(target_os = "linux")]
mod logins;
#[cfg(target_os = "linux")]
mod modem_manager;
#[cfg(target_os = "linux")]
mod ofono;
#[cfg(target_os = "linux")]
mod phone;
#[cfg(target_os = "linux")]
mod saver;
#[cfg(target_os = "linux")]
mod session;
#[cfg(target_os = "linux")]
mod session_files;
#[cfg(target_os = "linux")]
mod sleep;
#[cfg(target_os = "linux")]
mod sources;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// How often to look how long there was no input, while the user is active.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Changes that may wait for the receiver. When they are more, session states are merged and the rest
/// waits in the bus's own, bounded queue.
const QUEUE: usize = 16;

/// A change that the desktop reported.
#[derive(Debug)]
pub(crate) enum DesktopSignal {
    /// The user is at the machine, idle, or the screen is locked.
    Session(SessionState),
    /// A screen saver came on, by itself or because the user locked the screen with it.
    ScreenSaver,
    /// The user began or answered (`active`), or ended, a phone call on this machine.
    PhoneCall {
        /// Whether a call is going on.
        active: bool,
    },
    /// The machine is about to sleep. It waits, for at most a few seconds, until the guard is dropped.
    Suspend(SuspendGuard),
    /// The machine woke up, or did not go to sleep after all.
    Resume,
    /// The user's last session at this machine has ended.
    LoggedOut,
    /// The user has a session at this machine.
    LoggedIn,
}

/// Whether the user is at the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum SessionState {
    /// There was input lately.
    #[default]
    Active,
    /// No input for the idle time.
    Idle,
    /// The screen is locked, whatever the input.
    Locked,
}

/// Holds the machine awake until it is dropped: long enough to say goodbye.
///
/// logind waits for it no longer than its `InhibitDelayMaxSec`, 5 s by default.
#[derive(Debug)]
#[must_use = "dropping the guard lets the machine sleep at once"]
pub(crate) struct SuspendGuard {
    /// Closing the descriptor is what lets go. `None` if logind granted no delay.
    #[cfg(target_os = "linux")]
    _inhibitor: Option<zbus::zvariant::OwnedFd>,
}

/// Which message bus to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BusAddress {
    /// Where the environment or the platform says.
    Standard,
    /// At this D-Bus address, for instance `unix:path=/run/user/1000/bus`.
    #[allow(dead_code)] // for tests, which bring a bus of their own
    At(String),
    /// No bus: nothing is watched there.
    #[allow(dead_code)] // for tests and for daemons that are not the user's own
    Absent,
}

/// Where to listen and what counts as idle.
#[derive(Debug, Clone)]
pub(crate) struct DesktopOptions {
    /// The bus of logind, ModemManager and oFono.
    pub(crate) system_bus: BusAddress,
    /// The bus of the user's desktop, which may know the idle time.
    pub(crate) session_bus: BusAddress,
    /// The login session that started this process (`XDG_SESSION_ID`), if any. It is preferred if it is a
    /// graphical one; otherwise the user's graphical session is looked up and followed as it comes and goes.
    pub(crate) session_id: Option<String>,
    /// The folder in which logind keeps a file for each session; `None`: the usual one.
    pub(crate) session_files: Option<PathBuf>,
    /// How long without input counts as idle; `None`: it never does. Where the desktop tells only *that* it is idle, its
    /// own setting decides how long.
    pub(crate) idle_after: Option<Duration>,
    /// How often to look how long it was, while the user is active.
    pub(crate) look_every: Duration,
}

impl DesktopOptions {
    /// The user's own desktop.
    pub(crate) fn new(idle_after: Option<Duration>) -> Self {
        Self {
            system_bus: BusAddress::Standard,
            session_bus: BusAddress::Standard,
            session_id: std::env::var("XDG_SESSION_ID")
                .ok()
                .filter(|id| !id.is_empty()),
            session_files: None,
            idle_after,
            look_every: LOOK_EVERY,
        }
    }
}

/// Keeps the watching tasks running; dropping it ends them.
#[derive(Debug)]
pub(crate) struct DesktopWatch {
    idle_after: watch::Sender<Option<Duration>>,
    tasks: Vec<JoinHandle<()>>,
}

impl DesktopWatch {
    /// Changes how long without input counts as idle; with `None` it never does.
    pub(crate) fn set_idle_after(&self, idle_after: Option<Duration>) {
        self.idle_after.send_replace(idle_after);
    }
}

impl Drop for DesktopWatch {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Begins to watch the desktop. Must be called within a tokio runtime; returns at once and never fails.
///
/// On systems other than Linux nothing is watched yet, and the user says the same by command.
pub(crate) fn watch(options: DesktopOptions) -> (DesktopWatch, mpsc::Receiver<DesktopSignal>) {
    let (signals, receiver) = mpsc::channel(QUEUE);
    let (idle_after, following) = watch::channel(options.idle_after);
    #[cfg(target_os = "linux")]
    let tasks = sources::follow(options, following, signals);
    // Kept, so that the channel stays open.
    #[cfg(not(target_os = "linux"))]
    let tasks = {
        let _ = (options, following);
        vec![tokio::spawn(async move { signals.closed().await })]
    };
    (DesktopWatch { idle_after, tasks }, receiver)
}
