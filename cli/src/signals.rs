//! Being told to end by somebody else than the user at the keyboard.

use std::future::Future;

/// Waits until this program is asked to end (SIGTERM), or its terminal has gone (SIGHUP).
///
/// From the call on, not only once it is awaited, neither ends the program by itself.
#[cfg(unix)]
pub(crate) fn terminated() -> impl Future<Output = ()> + Send + 'static {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    );
    async move {
        let (Ok(mut terminate), Ok(mut hang_up)) = signals else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    }
}

/// Windows ends a program without asking.
#[cfg(not(unix))]
pub(crate) fn terminated() -> impl Future<Output = ()> + Send + 'static {
    std::future::pending()
}
