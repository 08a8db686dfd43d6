//! What a voice thread sleeps on: orders, devices, and for the downlink the media socket.

use std::io;
#[cfg(unix)]
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::Arc;

#[cfg(unix)]
use mio::{Interest, unix::SourceFd};
use mio::{Poll, Registry, Token};
use sotto_audio::{CaptureReader, PlaybackWriter, Wake};
use sotto_net::MediaWaker;
use sotto_voice::Retired;

use super::VoiceNews;
use super::ring::NewsSender;

/// The token that is reported when the thread was woken.
pub(super) const WAKER: Token = Token(0);
/// The token that is reported when a device that the thread attends to has sent something.
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
pub(super) trait DeviceEnd: Send + 'static {
    /// The device, as people call it.
    const NAME: &str;

    /// Returns the descriptor to wait for. `None` if the device has a thread of its own that wakes this one.
    #[cfg(unix)]
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;
}

impl DeviceEnd for CaptureReader {
    const NAME: &str = "microphone";

    #[cfg(unix)]
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.descriptor()
    }
}

impl DeviceEnd for PlaybackWriter {
    const NAME: &str = "loudspeaker";

    #[cfg(unix)]
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.descriptor()
    }
}

/// Puts `new` in the place of the `present` device, which is retired. [`DEVICE`] is reported of it from now on.
pub(super) fn exchange<E: DeviceEnd>(
    present: &mut Option<Box<E>>,
    new: Option<Box<E>>,
    registry: &Registry,
    news: &mut NewsSender,
) {
    if let Some(past) = present.take() {
        unwatch(&*past, registry);
        news.tell(VoiceNews::Past(Retired::new(past)));
    }
    if let Some(new) = &new
        && let Err(error) = watch(&**new, registry)
    {
        news.tell(VoiceNews::Failed(format!(
            "the {} cannot be waited for: {error}",
            E::NAME
        )));
    }
    *present = new;
}

#[cfg(unix)]
fn watch(device: &impl DeviceEnd, registry: &Registry) -> io::Result<()> {
    let Some(descriptor) = device.descriptor() else {
        return Ok(());
    };
    registry.register(
        &mut SourceFd(&descriptor.as_raw_fd()),
        DEVICE,
        Interest::READABLE,
    )
}

#[cfg(unix)]
fn unwatch(device: &impl DeviceEnd, registry: &Registry) {
    if let Some(descriptor) = device.descriptor() {
        // What was never registered need not be forgotten.
        let _ = registry.deregister(&mut SourceFd(&descriptor.as_raw_fd()));
    }
}

#[cfg(not(unix))]
fn watch(_device: &impl DeviceEnd, _registry: &Registry) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn unwatch(_device: &impl DeviceEnd, _registry: &Registry) {}
