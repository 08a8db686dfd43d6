//! What a voice thread sleeps on: orders, devices, and for the downlink the media socket.

use std::io;
use std::sync::Arc;

use mio::{Poll, Registry, Token};
use sotto_audio::{CaptureReader, PlaybackWriter, Wake};
use sotto_net::MediaWaker;

/// What is reported when the thread was woken.
pub(super) const WAKER: Token = Token(0);
/// What is reported when a device that the thread attends to has sent something.
pub(super) const DEVICE: Token = Token(1);
/// The first token that is free for others.
pub(super) const OTHERS: Token = Token(2);

/// A thread's poll and what wakes it, made before the thread because others need the waker.
pub(crate) struct Waiting {
    pub(super) poll: Poll,
    pub(super) wake: Wake,
}

impl Waiting {
    /// Makes the poll and its waker.
    ///
    /// # Errors
    ///
    /// When the system has no file descriptor left.
    pub(crate) fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = MediaWaker::new(poll.registry(), WAKER)?;
        let wake = Arc::new(move || waker.wake());
        Ok(Self { poll, wake })
    }

    /// Returns the call that wakes the thread.
    pub(crate) fn wake(&self) -> Wake {
        Arc::clone(&self.wake)
    }
}

/// An end of a device that the thread may have to attend to.
pub(super) trait DeviceEnd {
    /// Has [`DEVICE`] reported when the device has sent something, if it has no thread of its own that wakes this one.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn watch(&self, registry: &Registry) -> io::Result<()>;

    /// Ends that.
    fn unwatch(&self, registry: &Registry);
}

macro_rules! device_end {
    ($end:ident) => {
        impl DeviceEnd for $end {
            #[cfg(unix)]
            fn watch(&self, registry: &Registry) -> io::Result<()> {
                use std::os::fd::AsRawFd;
                let Some(descriptor) = self.descriptor() else {
                    return Ok(());
                };
                registry.register(
                    &mut mio::unix::SourceFd(&descriptor.as_raw_fd()),
                    DEVICE,
                    mio::Interest::READABLE,
                )
            }

            #[cfg(unix)]
            fn unwatch(&self, registry: &Registry) {
                use std::os::fd::AsRawFd;
                if let Some(descriptor) = self.descriptor() {
                    // What was never registered need not be forgotten.
                    let _ = registry.deregister(&mut mio::unix::SourceFd(&descriptor.as_raw_fd()));
                }
            }

            #[cfg(not(unix))]
            fn watch(&self, _registry: &Registry) -> io::Result<()> {
                Ok(())
            }

            #[cfg(not(unix))]
            fn unwatch(&self, _registry: &Registry) {}
        }
    };
}

device_end!(CaptureReader);
device_end!(PlaybackWriter);
