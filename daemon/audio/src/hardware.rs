//! The system's own devices: PulseAudio's directly, all others through cpal.
//!
//! Each open device has a thread of its own that makes the connection to the sound system, opens the device,
//! and closes it when told. A connection is never reused: once its server has gone it is dead for good. And a
//! sound system that hangs, hangs that thread alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{
    BufferSize, Device, ErrorKind, FromSample, Host, HostId, SampleFormat, SizedSample, Stream,
    StreamConfig,
};

use crate::capture::{CaptureFeed, CaptureForm, CaptureReader, capture_ring};
use crate::device_list::{form_factor, identifier, is_bluetooth, select, title};
use crate::error::DeviceError;
use crate::open_device::OpenDevice;
use crate::own_thread::on_own_thread;
use crate::playback::{PlaybackDrain, PlaybackWriter, playback_ring};
use crate::priority::raise_current_thread;
use crate::spec::DeviceSpec;
use crate::stream::{CaptureStream, Health, PlaybackStream};
use crate::stream_form::{buffer_sizes, choose};
use crate::system::{System, first_that, host};
use crate::{CaptureRequest, DEFAULT_PERIOD, Direction, PlaybackRequest, Wake};

/// cpal gives up building a stream after this.
const BUILDING_LIMIT: Duration = Duration::from_secs(2);

/// The first blocks of a small period come within this, or it is too small for the sound system.
const FIRST_BLOCKS: Duration = Duration::from_millis(800);

/// Opens a microphone of the system.
pub(crate) fn open_capture(
    request: &CaptureRequest,
    wake: Wake,
) -> Result<(CaptureStream, CaptureReader), DeviceError> {
    first_that(request.backend, |system| match system {
        #[cfg(all(target_os = "linux", feature = "pulseaudio"))]
        System::PulseAudio => crate::pulse::open_capture(request, Arc::clone(&wake)),
        System::Cpal(host) => capture_through_cpal(host, request, Arc::clone(&wake)),
    })
}

fn capture_through_cpal(
    host: HostId,
    request: &CaptureRequest,
    wake: Wake,
) -> Result<(CaptureStream, CaptureReader), DeviceError> {
    let request = request.clone();
    on_own_thread(
        move |health| {
            with_device(host, Direction::Capture, &request.device, |device| {
                start_capture(device, &request, health, Arc::clone(&wake))
            })
        },
        keep_open,
    )
}

/// Opens a speaker of the system.
pub(crate) fn open_playback(
    request: &PlaybackRequest,
    wake: Wake,
) -> Result<(PlaybackStream, PlaybackWriter), DeviceError> {
    first_that(request.backend, |system| match system {
        #[cfg(all(target_os = "linux", feature = "pulseaudio"))]
        System::PulseAudio => crate::pulse::open_playback(request, Arc::clone(&wake)),
        System::Cpal(host) => playback_through_cpal(host, request, Arc::clone(&wake)),
    })
}

fn playback_through_cpal(
    host: HostId,
    request: &PlaybackRequest,
    wake: Wake,
) -> Result<(PlaybackStream, PlaybackWriter), DeviceError> {
    let request = request.clone();
    on_own_thread(
        move |health| {
            with_device(host, Direction::Playback, &request.device, |device| {
                start_playback(device, request.period, health, Arc::clone(&wake))
            })
        },
        keep_open,
    )
}

/// Keeps a stream that has threads of its own.
fn keep_open(stream: Stream, stopped: &mpsc::Receiver<()>) {
    // Nothing is ever sent: this returns when the owner is dropped.
    let _ = stopped.recv();
    drop(stream);
}

fn with_device<E>(
    id: HostId,
    direction: Direction,
    spec: &DeviceSpec,
    start: impl FnOnce(&Device) -> Result<(Stream, E), DeviceError>,
) -> Result<(Stream, E), DeviceError> {
    let host = host(id)?;
    let device = match spec {
        DeviceSpec::Named(name) => select(&host, direction, name)?,
        _ => default_device(&host, direction)?,
    };
    start(&device)
}

fn default_device(host: &Host, direction: Direction) -> Result<Device, DeviceError> {
    let device = match direction {
        Direction::Capture => host.default_input_device(),
        Direction::Playback => host.default_output_device(),
    };
    let device = device.ok_or(DeviceError::NoDefault(direction))?;
    if direction == Direction::Capture && is_bluetooth(&identifier(&device)) {
        return Err(DeviceError::BluetoothMicrophone {
            name: title(&device),
            id: identifier(&device),
        });
    }
    Ok(device)
}

/// What is known of a device beside its sound.
fn open_device(device: &Device) -> OpenDevice {
    let id = identifier(device);
    OpenDevice {
        name: title(device),
        form: form_factor(device),
        bluetooth: is_bluetooth(&id),
        muted: false,
        id,
    }
}

/// Whether a device that was asked for a period below the usual one moves sound at all. Of PipeWire behind
/// PulseAudio's protocol it is known that a microphone stands still at 5 ms.
fn moves(health: &Health, period: u32) -> bool {
    let before = health.blocks();
    let begin = Instant::now();
    while period < DEFAULT_PERIOD && health.blocks() < before + 2 {
        if begin.elapsed() > FIRST_BLOCKS {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

fn start_capture(
    device: &Device,
    request: &CaptureRequest,
    health: &Arc<Health>,
    wake: Wake,
) -> Result<(Stream, CaptureReader), DeviceError> {
    let name = title(device);
    health.identify(open_device(device));
    let refused = |error: cpal::Error| refusal(Direction::Capture, &name, &error);
    let form = choose(
        device.default_input_config().map_err(&refused)?,
        device.supported_input_configs().map_err(&refused)?,
    );
    let delivered = CaptureForm {
        rate: form.rate,
        channels: usize::from(form.channels),
        channel: request.channel,
    };
    let mut last = None;
    for buffer in buffer_sizes(&form, request.period) {
        let (feed, reader) = capture_ring(&name, delivered, health, Arc::clone(&wake))?;
        let config = form.config(buffer);
        let built = match form.format {
            SampleFormat::F32 => capture_as::<f32>(device, config, feed, health),
            SampleFormat::I32 => capture_as::<i32>(device, config, feed, health),
            SampleFormat::I24 => capture_as::<cpal::I24>(device, config, feed, health),
            SampleFormat::I16 => capture_as::<i16>(device, config, feed, health),
            SampleFormat::U32 => capture_as::<u32>(device, config, feed, health),
            SampleFormat::U16 => capture_as::<u16>(device, config, feed, health),
            SampleFormat::I8 => capture_as::<i8>(device, config, feed, health),
            SampleFormat::U8 => capture_as::<u8>(device, config, feed, health),
            format => return Err(unsupported(Direction::Capture, &name, format)),
        };
        match built.and_then(|stream| stream.play().map(|()| stream)) {
            Ok(stream) if buffer == BufferSize::Default || moves(health, request.period) => {
                return Ok((stream, reader));
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::UnsupportedConfig => last = Some(error),
            Err(error) => return Err(refused(error)),
        }
    }
    Err(last.map_or(DeviceError::NoDefault(Direction::Capture), refused))
}

fn capture_as<T>(
    device: &Device,
    config: StreamConfig,
    mut feed: CaptureFeed,
    health: &Arc<Health>,
) -> Result<Stream, cpal::Error>
where
    T: SizedSample,
    f32: FromSample<T>,
{
    let mut raised = false;
    device.build_input_stream(
        config,
        move |block: &[T], _| {
            raise_once(&mut raised);
            feed.push(
                block
                    .iter()
                    .map(|sample| <f32 as FromSample<T>>::from_sample_(*sample)),
            );
        },
        on_error(health),
        Some(BUILDING_LIMIT),
    )
}

fn start_playback(
    device: &Device,
    period: u32,
    health: &Arc<Health>,
    wake: Wake,
) -> Result<(Stream, PlaybackWriter), DeviceError> {
    let name = title(device);
    health.identify(open_device(device));
    let refused = |error: cpal::Error| refusal(Direction::Playback, &name, &error);
    let form = choose(
        device.default_output_config().map_err(&refused)?,
        device.supported_output_configs().map_err(&refused)?,
    );
    let mut last = None;
    for buffer in buffer_sizes(&form, period) {
        let asked = form.period(period) as usize;
        let channels = usize::from(form.channels);
        // Sound systems keep two periods, and ask when one of them is free.
        health.lies_behind(asked);
        let (writer, drain) =
            playback_ring(&name, form.rate, channels, asked, health, Arc::clone(&wake))?;
        let config = form.config(buffer);
        let built = match form.format {
            SampleFormat::F32 => playback_as::<f32>(device, config, drain, health),
            SampleFormat::I32 => playback_as::<i32>(device, config, drain, health),
            SampleFormat::I24 => playback_as::<cpal::I24>(device, config, drain, health),
            SampleFormat::I16 => playback_as::<i16>(device, config, drain, health),
            SampleFormat::U32 => playback_as::<u32>(device, config, drain, health),
            SampleFormat::U16 => playback_as::<u16>(device, config, drain, health),
            SampleFormat::I8 => playback_as::<i8>(device, config, drain, health),
            SampleFormat::U8 => playback_as::<u8>(device, config, drain, health),
            format => return Err(unsupported(Direction::Playback, &name, format)),
        };
        match built.and_then(|stream| stream.play().map(|()| stream)) {
            Ok(stream) if buffer == BufferSize::Default || moves(health, period) => {
                return Ok((stream, writer));
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::UnsupportedConfig => last = Some(error),
            Err(error) => return Err(refused(error)),
        }
    }
    Err(last.map_or(DeviceError::NoDefault(Direction::Playback), refused))
}

fn playback_as<T>(
    device: &Device,
    config: StreamConfig,
    mut drain: PlaybackDrain,
    health: &Arc<Health>,
) -> Result<Stream, cpal::Error>
where
    T: SizedSample + FromSample<f32>,
{
    let channels = usize::from(config.channels);
    let mut raised = false;
    device.build_output_stream(
        config,
        move |block: &mut [T], _| {
            raise_once(&mut raised);
            drain.fill(block, channels, |sample| T::from_sample_(sample));
        },
        on_error(health),
        Some(BUILDING_LIMIT),
    )
}

/// Raises the device's own thread with its first block: cpal does so only for some sound systems.
fn raise_once(raised: &mut bool) {
    if !std::mem::replace(raised, true) {
        let _ = raise_current_thread();
    }
}

/// What a device does with its errors: it notes the first that is fatal, and counts.
///
/// A vanished ALSA device has been seen to report a million errors a second.
fn on_error(health: &Arc<Health>) -> impl FnMut(cpal::Error) + Send + 'static {
    let health = Arc::clone(health);
    let harmless = AtomicU64::new(0);
    move |error| match error.kind() {
        ErrorKind::Xrun | ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied => {
            harmless.fetch_add(1, Ordering::Relaxed);
        }
        _ => health.fail(|| error.to_string()),
    }
}

fn refusal(direction: Direction, name: &str, error: &cpal::Error) -> DeviceError {
    let name = name.to_owned();
    match error.kind() {
        ErrorKind::DeviceBusy => DeviceError::Busy { direction, name },
        ErrorKind::PermissionDenied => DeviceError::Denied { direction, name },
        _ => DeviceError::Unusable {
            direction,
            name,
            detail: error.to_string(),
        },
    }
}

fn unsupported(direction: Direction, name: &str, format: SampleFormat) -> DeviceError {
    DeviceError::Unusable {
        direction,
        name: name.to_owned(),
        detail: format!("it offers only samples of type {format}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_in_use_and_one_that_is_forbidden_are_told_apart() {
        let refused = |kind| {
            let error = cpal::Error::with_message(kind, "no");
            refusal(Direction::Capture, "USB Headset", &error)
        };
        assert!(matches!(
            refused(ErrorKind::DeviceBusy),
            DeviceError::Busy { .. }
        ));
        assert!(matches!(
            refused(ErrorKind::PermissionDenied),
            DeviceError::Denied { .. }
        ));
        assert!(matches!(
            refused(ErrorKind::BackendError),
            DeviceError::Unusable { .. }
        ));
    }
}
