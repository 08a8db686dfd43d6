//! The two directions of sound, as whoever keeps a device open sees them.

use crate::capture::CaptureReader;
use crate::error::DeviceError;
use crate::open_device::OpenDevice;
use crate::playback::PlaybackWriter;
use crate::reopening::Kind;
use crate::spec::{Backend, DeviceSpec};
use crate::stream::{CaptureStream, PlaybackStream, StreamStatistics, StreamStatus};
use crate::{
    CaptureRequest, Direction, PlaybackRequest, Wake, devices, open_capture, open_playback,
};

/// A direction of sound, with what opening a device of it takes and gives.
pub trait Medium: 'static {
    /// What to open.
    type Request: Clone + PartialEq + Send + 'static;
    /// The half that keeps the device open.
    type Stream;
    /// The half for the voice thread.
    type End: Send + 'static;

    /// Opens a device.
    ///
    /// # Errors
    ///
    /// As [`open_capture`] and [`open_playback`].
    fn open(request: &Self::Request, wake: Wake) -> Result<(Self::Stream, Self::End), DeviceError>;

    /// Whether the device still works.
    fn status(stream: &Self::Stream) -> StreamStatus;

    /// Which device it is.
    fn device(stream: &Self::Stream) -> OpenDevice;

    /// The identifier of the system's default, if that was asked for and has become another one.
    fn default_elsewhere(stream: &Self::Stream) -> Option<String>;

    /// The same wish for a device that was open: in its sound system and, if it must stay `the_same`, this very one.
    fn again(request: &Self::Request, device: &OpenDevice, the_same: bool) -> Self::Request;

    /// Whether a device is never exchanged without the user's consent.
    const STAYS: bool;

    /// Says what kind of device is wanted.
    fn kind(request: &Self::Request) -> Kind;

    /// What the system offers in place of a device that has gone, if the wish leaves that open: its name.
    fn offered(request: &Self::Request) -> Option<String>;

    /// What it has done so far.
    fn statistics(stream: &Self::Stream) -> StreamStatistics;
}

/// Microphones.
#[derive(Debug)]
pub enum Capture {}

/// Speakers.
#[derive(Debug)]
pub enum Playback {}

macro_rules! medium {
    ($medium:ident, $request:ident, $stream:ident, $end:ident, $open:ident, $direction:ident, $stays:literal) => {
        impl Medium for $medium {
            type Request = $request;
            type Stream = $stream;
            type End = $end;

            fn open(request: &$request, wake: Wake) -> Result<($stream, $end), DeviceError> {
                $open(request, wake)
            }

            fn status(stream: &$stream) -> StreamStatus {
                stream.status()
            }

            fn device(stream: &$stream) -> OpenDevice {
                stream.device()
            }

            fn default_elsewhere(stream: &$stream) -> Option<String> {
                stream.default_elsewhere()
            }

            fn again(request: &$request, device: &OpenDevice, the_same: bool) -> $request {
                let mut request = request.clone();
                // Files, tones and nothing have no identifier, and are the same always.
                if let Some((system, _)) = device.id.split_once(':') {
                    request.backend = backend_named(system).unwrap_or(request.backend);
                    if the_same {
                        request.device = DeviceSpec::Named(device.id.clone());
                    }
                }
                request
            }

            const STAYS: bool = $stays;

            fn kind(request: &$request) -> Kind {
                match request.device {
                    DeviceSpec::File { .. } => Kind::File,
                    _ => Kind::Device,
                }
            }

            fn offered(request: &$request) -> Option<String> {
                if request.device != DeviceSpec::Default {
                    return None;
                }
                devices(request.backend)
                    .ok()?
                    .into_iter()
                    .find(|device| {
                        device.direction == Direction::$direction
                            && device.is_default
                            && !device.is_monitor
                    })
                    .map(|device| device.name)
            }

            fn statistics(stream: &$stream) -> StreamStatistics {
                stream.statistics()
            }
        }
    };
}

medium!(
    Capture,
    CaptureRequest,
    CaptureStream,
    CaptureReader,
    open_capture,
    Capture,
    true
);
medium!(
    Playback,
    PlaybackRequest,
    PlaybackStream,
    PlaybackWriter,
    open_playback,
    Playback,
    false
);

/// The sound system by which an identifier begins.
fn backend_named(name: &str) -> Option<Backend> {
    [Backend::PulseAudio, Backend::PipeWire, Backend::Alsa]
        .into_iter()
        .find(|backend| backend.name().eq_ignore_ascii_case(name))
}
