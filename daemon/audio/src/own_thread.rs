//! Threads on which a sound system may hang without anybody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};

use crate::OPENING_LIMIT;
use crate::error::{DeviceError, Direction};
use crate::stream::{CLOSING_LIMIT, Health, Kept, Owner};

/// Openings that may hang at one time. A sound system that hangs for good must not be given ever more threads.
const MOST_HUNG: usize = 4;

/// Openings and listings that are under way.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// Counts one opening, until it is dropped.
pub(crate) struct UnderWay;

impl UnderWay {
    pub(crate) fn begin() -> Result<Self, DeviceError> {
        if UNDER_WAY.fetch_add(1, Ordering::Relaxed) >= 2 * MOST_HUNG {
            UNDER_WAY.fetch_sub(1, Ordering::Relaxed);
            return Err(timed_out());
        }
        Ok(Self)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        UNDER_WAY.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs `work` on a thread that ends soon or is left behind, so that a hung sound system hangs nobody else.
pub(crate) fn within_limit<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DeviceError> + Send + 'static,
) -> Result<T, DeviceError> {
    let (done, result) = mpsc::sync_channel(1);
    let counted = UnderWay::begin()?;
    spawn("sotto-devices", move || {
        let finished = work();
        drop(counted);
        let _ = done.send(finished);
    })?;
    result
        .recv_timeout(OPENING_LIMIT)
        .unwrap_or_else(|_| Err(timed_out()))
}

/// Opens a device on a thread that then keeps it, as `keep` does, until its stream is dropped.
pub(crate) fn on_own_thread<K: Kept, S, E: Send + 'static>(
    open: impl FnOnce(&Arc<Health>) -> Result<(S, E), DeviceError> + Send + 'static,
    keep: impl FnOnce(S, &mpsc::Receiver<()>) + Send + 'static,
) -> Result<(K, E), DeviceError> {
    let health = Health::new(K::DIRECTION);
    let inside = Arc::clone(&health);
    let (owner, stopped, closing) = Owner::new(CLOSING_LIMIT);
    let (done, result) = mpsc::sync_channel(1);
    let counted = UnderWay::begin()?;
    let name = match K::DIRECTION {
        Direction::Capture => "sotto-capture",
        Direction::Playback => "sotto-playback",
    };
    spawn(name, move || {
        let _closing = closing;
        let opened = open(&inside);
        drop(counted);
        match opened {
            Ok((stream, end)) => {
                if done.send(Ok(end)).is_ok() {
                    keep(stream, &stopped);
                }
            }
            Err(error) => {
                let _ = done.send(Err(error));
            }
        }
    })?;
    match result.recv_timeout(OPENING_LIMIT) {
        Ok(end) => Ok((K::new(health, owner), end?)),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(timed_out()),
    }
}

/// Starts a thread. The name has at most 15 bytes, or the system cuts it off.
fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), DeviceError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(drop)
        .map_err(|error| DeviceError::NoSoundSystem {
            tried: error.to_string(),
        })
}

fn timed_out() -> DeviceError {
    DeviceError::TimedOut {
        seconds: OPENING_LIMIT.as_secs(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_sound_system_that_hangs_for_good_is_not_given_ever_more_threads() {
        let mut releases = Vec::new();
        let mut refused = 0;
        for _ in 0..4 * MOST_HUNG {
            let (release, hang) = mpsc::channel::<()>();
            releases.push(release);
            let counted = UnderWay::begin();
            match counted {
                Ok(counted) => {
                    spawn("test", move || {
                        let _ = hang.recv();
                        drop(counted);
                    })
                    .unwrap();
                }
                Err(_) => refused += 1,
            }
        }
        assert!(refused >= 2 * MOST_HUNG, "{refused}");
        drop(releases);
        let begin = std::time::Instant::now();
        while UnderWay::begin().is_err() {
            assert!(begin.elapsed() < Duration::from_secs(10));
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_hung_sound_system_is_given_up() {
        // The other test fills all places for a moment.
        let (release, hang) = mpsc::channel::<()>();
        let begin = std::time::Instant::now();
        let result: Result<(), _> = within_limit(move || {
            let _ = hang.recv();
            Ok(())
        });
        assert_eq!(result, Err(timed_out()));
        assert!(begin.elapsed() < OPENING_LIMIT + Duration::from_secs(1));
        drop(release);
    }
}
