//! What a service manager needs to know: ready, still alive, stopping.
//!
//! A service manager that does not read its socket makes a writer wait. So a thread of its own writes, and whoever has
//! something to say hands it over without waiting.

use std::time::Duration;

/// Tells the service manager that the daemon is ready to be used.
pub(crate) fn ready(status: &str) {
    tell(Message::Ready(status.to_owned()));
}

/// Tells the service manager in a few words what the daemon is doing.
pub(crate) fn status(status: &str) {
    tell(Message::Status(status.to_owned()));
}

/// Tells the service manager that the daemon is going down on purpose.
pub(crate) fn stopping() {
    tell(Message::Stopping);
}

/// Tells the service manager's watchdog that the main loop still turns.
pub(crate) fn alive() {
    tell(Message::Alive);
}

#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "nobody listens"))]
enum Message {
    Ready(String),
    Status(String),
    Stopping,
    Alive,
}

#[cfg(target_os = "linux")]
fn tell(message: Message) {
    use std::sync::OnceLock;
    use std::sync::mpsc::{SyncSender, sync_channel};

    /// Messages that may wait for the service manager; more mean that it does not listen.
    const WAITING: usize = 16;
    /// `None` without a service manager, or where the system gives no thread.
    static TELLER: OnceLock<Option<SyncSender<Message>>> = OnceLock::new();

    let teller = TELLER.get_or_init(|| {
        std::env::var_os("NOTIFY_SOCKET")?;
        let (teller, told) = sync_channel(WAITING);
        std::thread::Builder::new()
            .name("sotto-service".to_owned())
            .spawn(move || told.iter().for_each(|message| write(&message)))
            .ok()?;
        Some(teller)
    });
    if let Some(teller) = teller
        && teller.try_send(message).is_err()
    {
        tracing::debug!("the service manager does not listen");
    }
}

#[cfg(target_os = "linux")]
fn write(message: &Message) {
    use sd_notify::NotifyState;

    let written = match message {
        Message::Ready(status) => {
            sd_notify::notify(&[NotifyState::Ready, NotifyState::Status(status)])
        }
        Message::Status(status) => sd_notify::notify(&[NotifyState::Status(status)]),
        Message::Stopping => sd_notify::notify(&[NotifyState::Stopping]),
        Message::Alive => sd_notify::notify(&[NotifyState::Watchdog]),
    };
    if let Err(error) = written {
        tracing::debug!(%error, "the service manager does not listen");
    }
}

/// How often the watchdog wants to hear from us: half of its limit. `None` without a watchdog.
#[cfg(target_os = "linux")]
pub(crate) fn watchdog_period() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

#[cfg(not(target_os = "linux"))]
fn tell(_message: Message) {}

#[cfg(not(target_os = "linux"))]
pub(crate) fn watchdog_period() -> Option<Duration> {
    None
}
