//! What a service manager needs to know: ready, still alive, stopping.

use std::time::Duration;

/// Tells the service manager that the daemon is ready to be used.
pub(crate) fn ready(status: &str) {
    notify(&[State::Ready, State::Status(status)]);
}

/// Tells the service manager in a few words what the daemon is doing.
pub(crate) fn status(status: &str) {
    notify(&[State::Status(status)]);
}

/// Tells the service manager that the daemon is going down on purpose.
pub(crate) fn stopping() {
    notify(&[State::Stopping]);
}

/// Tells the service manager's watchdog that the main loop still turns.
pub(crate) fn alive() {
    notify(&[State::Watchdog]);
}

#[cfg(target_os = "linux")]
use sd_notify::NotifyState as State;

#[cfg(target_os = "linux")]
fn notify(states: &[State<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager does not listen");
    }
}

/// How often the watchdog wants to hear from us: half of its limit. `None` without a watchdog.
#[cfg(target_os = "linux")]
pub(crate) fn watchdog_period() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

#[cfg(not(target_os = "linux"))]
enum State<'a> {
    Ready,
    Status(&'a str),
    Stopping,
    Watchdog,
}

#[cfg(not(target_os = "linux"))]
fn notify(_states: &[State<'_>]) {}

#[cfg(not(target_os = "linux"))]
pub(crate) fn watchdog_period() -> Option<Duration> {
    None
}
