//! Sound devices: the system's own, and files, tones and nothing at all behind the same interface.
//!
//! A device is opened as two halves. The *stream* ([`CaptureStream`], [`PlaybackStream`]) keeps the device
//! open, says how it is doing, and closes it when dropped. The *end* ([`CaptureReader`], [`PlaybackWriter`])
//! belongs to a voice thread, never blocks and never allocates in steady state. Between the two lies a
//! lock-free ring: a sound system's callback does nothing but move samples and wake the voice thread, because
//! whatever it waits for is heard as a click. A sound system that is spoken to over a socket needs no thread for that:
//! a voice thread that asks for it waits for the socket itself (`attended`).
//!
//! The voice threads see 48 kHz mono always. Other rates are resampled, and several channels reduced to one,
//! on the voice thread's side of the ring. Nobody may assume that a device delivers the period it was asked
//! for: blocks of 24, 256 and 1024 samples have been seen for 480. The rings re-block, and
//! [`StreamStatistics::block`] says what really arrives.
//!
//! A machine without sound is a normal case: every opening ends within [`OPENING_LIMIT`], with an error that
//! says what to do.

mod alsa_messages;
mod attended;
mod capture;
mod device_list;
mod error;
mod form_factor;
mod hardware;
mod keeper;
mod margin;
mod medium;
mod open_device;
mod own_thread;
mod paced;
mod playback;
mod played;
pub mod priority;
#[cfg(all(target_os = "linux", feature = "pulseaudio"))]
mod pulse;
mod recording;
mod reopening;
mod resampling;
mod sound_file;
mod spec;
mod speech_channel;
mod stream;
mod stream_form;
mod system;

use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

pub use capture::CaptureReader;
pub use device_list::{DeviceInfo, devices, find};
pub use error::{DeviceError, Direction};
pub use form_factor::FormFactor;
pub use keeper::{CaptureKeeper, DeviceReport, DeviceState, Keeper, PlaybackKeeper};
pub use medium::{Capture, Medium, Playback};
pub use open_device::OpenDevice;
pub use playback::PlaybackWriter;
pub use played::{Played, PlayedReader};
pub use reopening::{Kind, Reopening, Step};
pub use spec::{Backend, DeviceSpec};
pub use stream::{CaptureStream, PlaybackStream, StreamStatistics, StreamStatus};

/// The rate that the voice threads work at.
pub const SAMPLE_RATE: u32 = 48_000;

/// The period of the default profile, in samples at 48 kHz: 10 ms.
pub const DEFAULT_PERIOD: u32 = 480;

/// The longest that opening or listing devices takes before it is given up.
pub const OPENING_LIMIT: Duration = Duration::from_secs(4);

/// Called from a device's callback after it moved samples: wakes the voice thread.
///
/// It runs on a real-time thread, so it must neither block nor allocate.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// What to open as a microphone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureRequest {
    /// Through which sound system.
    pub backend: Backend,
    /// Which device.
    pub device: DeviceSpec,
    /// The period to ask for, in samples at 48 kHz.
    pub period: u32,
    /// Which channel to take of a device that has several, counted from 1; `None` for the one that is spoken into.
    pub channel: Option<NonZeroU16>,
    /// The reader's thread [attends](CaptureReader::attend) to the device, if it can be attended to.
    pub attended: bool,
}

/// What to open as a speaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaybackRequest {
    /// Through which sound system.
    pub backend: Backend,
    /// Which device.
    pub device: DeviceSpec,
    /// The period to ask for, in samples at 48 kHz.
    pub period: u32,
    /// The writer's thread [attends](PlaybackWriter::attend) to the device, if it can be attended to.
    pub attended: bool,
}

/// Opens a microphone; it is running when this returns.
///
/// Blocks for at most about [`OPENING_LIMIT`]: not for a voice thread, nor
/// for an asynchronous task.
///
/// # Errors
///
/// When there is no such device, it is in use, or no sound system answers.
pub fn open_capture(
    request: &CaptureRequest,
    wake: Wake,
) -> Result<(CaptureStream, CaptureReader), DeviceError> {
    match (&request.device, request.backend) {
        (DeviceSpec::File { path, looped }, _) => paced::capture_file(path, *looped, request, wake),
        (DeviceSpec::Tone { hertz }, _) => paced::capture_tone(*hertz, request.period, wake),
        (DeviceSpec::Null, _) | (_, Backend::Null) => paced::capture_silence(request.period, wake),
        (DeviceSpec::Default | DeviceSpec::Named(_), _) => hardware::open_capture(request, wake),
    }
}

/// Opens a speaker; it is running, and silent, when this returns.
///
/// Blocks like [`open_capture`].
///
/// # Errors
///
/// When there is no such device, it is in use, no sound system answers, or a file cannot be created.
pub fn open_playback(
    request: &PlaybackRequest,
    wake: Wake,
) -> Result<(PlaybackStream, PlaybackWriter), DeviceError> {
    match (&request.device, request.backend) {
        (DeviceSpec::File { path, .. }, _) => paced::playback_file(path, request.period, wake),
        (DeviceSpec::Tone { .. }, _) => Err(DeviceError::CaptureOnly {
            device: request.device.to_string(),
        }),
        (DeviceSpec::Null, _) | (_, Backend::Null) => paced::playback_nowhere(request.period, wake),
        (DeviceSpec::Default | DeviceSpec::Named(_), _) => hardware::open_playback(request, wake),
    }
}
