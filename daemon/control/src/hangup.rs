//! `nohup`: a hangup that was ignored at the start stays ignored.

use std::future::{Future, pending};
use std::io;

/// Waits for the end of the terminal that this program was started in (SIGHUP). From the call on it does not end the
/// program by itself.
///
/// For ever, where it is ignored.
///
/// # Errors
/// The system refuses the handler.
#[cfg(unix)]
pub fn hung_up() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    // To be asked before the handler is installed, which would end that.
    let hangups = (!is_ignored()).then(|| signal(SignalKind::hangup()));
    let hangups = hangups.transpose()?;
    Ok(async move {
        match hangups {
            Some(mut hangups) => {
                hangups.recv().await;
            }
            None => pending().await,
        }
    })
}

/// Windows ends a program without asking.
#[cfg(not(unix))]
pub fn hung_up() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(pending())
}

#[cfg(target_os = "linux")]
fn is_ignored() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores_hangup(&status))
}

/// Elsewhere there is no way to ask without unsafe code.
#[cfg(all(unix, not(target_os = "linux")))]
fn is_ignored() -> bool {
    false
}

/// Reads it from what proc(5) shows: a mask with bit 0 for signal 1, SIGHUP.
#[cfg(target_os = "linux")]
fn ignores_hangup(status: &str) -> bool {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 != 0)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_first_bit_is_the_hangup() {
        assert!(ignores_hangup(
            "SigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n"
        ));
        assert!(!ignores_hangup("SigIgn:\t0000000000001000\n"));
        assert!(!ignores_hangup(""));
    }
}
