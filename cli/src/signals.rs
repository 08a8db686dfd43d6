//! Being told to end by somebody else than the user at the keyboard.

/// Waits until this program is asked to end (SIGTERM), or its terminal has gone (SIGHUP).
#[cfg(unix)]
pub(crate) async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut hang_up)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
}

/// Windows ends a program without asking.
#[cfg(not(unix))]
pub(crate) async fn terminated() {
    std::future::pending().await
}
