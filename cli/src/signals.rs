//! Being told to end by somebody else than the user at the keyboard.

use std::future::Future;

#[cfg(unix)]
use sotto_control::hung_up;

/// Why a program is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It was asked to (SIGTERM).
    Asked,
    /// Its terminal has gone (SIGHUP).
    TerminalGone,
}

/// Waits until this program is asked to end (SIGTERM), or its terminal has gone (SIGHUP, unless it was started to
/// ignore that).
///
/// From the call on, not only once it is awaited, neither ends the program by itself.
#[cfg(unix)]
pub(crate) fn terminated() -> impl Future<Output = End> + Send + 'static {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (signal(SignalKind::terminate()), hung_up());
    async move {
        let (Ok(mut terminate), Ok(hung_up)) = signals else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => End::Asked,
            () = hung_up => End::TerminalGone,
        }
    }
}

/// Windows ends a program without asking.
#[cfg(not(unix))]
pub(crate) fn terminated() -> impl Future<Output = End> + Send + 'static {
    std::future::pending()
}

/// Waits for Ctrl-C.
///
/// From the call on, not only once it is awaited, it does not end the program by itself.
#[cfg(unix)]
pub(crate) fn interrupted() -> impl Future<Output = ()> + Send + 'static {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupts = signal(SignalKind::interrupt());
    async move {
        match interrupts {
            Ok(mut interrupts) => {
                interrupts.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
pub(crate) fn interrupted() -> impl Future<Output = ()> + Send + 'static {
    async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
