//! The system's own devices, through cpal.
//!
//! Each open device has a thread of its own that makes the connection to the sound system, opens the device,
//! and closes it when told. A connection is never reused: once its server has gone it is dead for good. And a
//! sound system that hangs, hangs that thread alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{
    BufferSize, Device, ErrorKind, FromSample, Host, HostId, SampleFormat, SizedSample, Stream,
    StreamConfig, SupportedBufferSize, SupportedStreamConfig, SupportedStreamConfigRange,
};

use crate::alsa_messages;
use crate::capture::{CaptureFeed, CaptureReader, capture_ring};
use crate::device_list::{identifier, is_bluetooth, select, title};
use crate::error::DeviceError;
use crate::playback::{PlaybackDrain, PlaybackWriter, playback_ring};
use crate::priority::raise_current_thread;
use crate::resampling::RATES;
use crate::spec::{Backend, DeviceSpec};
use crate::stream::{CLOSING_LIMIT, CaptureStream, Health, Owner, PlaybackStream};
use crate::{
    CaptureRequest, DEFAULT_PERIOD, Direction, OPENING_LIMIT, PlaybackRequest, SAMPLE_RATE, Wake,
};

/// cpal gives up building a stream after this.
const BUILDING_LIMIT: Duration = Duration::from_secs(2);

/// The first blocks of a small period come within this, or it is too small for the sound system.
const FIRST_BLOCKS: Duration = Duration::from_millis(800);

/// More channels than any microphone of a person has.
const MOST_CHANNELS: u16 = 32;

/// Opens a microphone of the system.
pub(crate) fn open_capture(
    request: &CaptureRequest,
    wake: Wake,
) -> Result<(CaptureStream, CaptureReader), DeviceError> {
    let health = Health::new(Direction::Capture);
    let (request, inside) = (request.clone(), Arc::clone(&health));
    let (owner, reader) = on_own_thread(move || {
        with_device(
            request.backend,
            Direction::Capture,
            &request.device,
            |device| start_capture(device, request.period, &inside, Arc::clone(&wake)),
        )
    })?;
    Ok((
        CaptureStream {
            health,
            _owner: owner,
        },
        reader,
    ))
}

/// Opens a speaker of the system.
pub(crate) fn open_playback(
    request: &PlaybackRequest,
    wake: Wake,
) -> Result<(PlaybackStream, PlaybackWriter), DeviceError> {
    let health = Health::new(Direction::Playback);
    let (request, inside) = (request.clone(), Arc::clone(&health));
    let (owner, writer) = on_own_thread(move || {
        with_device(
            request.backend,
            Direction::Playback,
            &request.device,
            |device| start_playback(device, request.period, &inside, Arc::clone(&wake)),
        )
    })?;
    Ok((
        PlaybackStream {
            health,
            _owner: owner,
        },
        writer,
    ))
}

/// Runs `work` on a thread that ends soon or is left behind, so that a hung sound system hangs nobody else.
pub(crate) fn within_limit<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DeviceError> + Send + 'static,
) -> Result<T, DeviceError> {
    let (done, result) = mpsc::sync_channel(1);
    spawn(move || {
        let _ = done.send(work());
    })?;
    result
        .recv_timeout(OPENING_LIMIT)
        .unwrap_or_else(|_| Err(timed_out()))
}

/// Opens a device on a thread that then keeps it until the owner is dropped.
fn on_own_thread<E: Send + 'static>(
    open: impl FnOnce() -> Result<(Stream, E), DeviceError> + Send + 'static,
) -> Result<(Owner, E), DeviceError> {
    let (owner, stopped, closing) = Owner::new(CLOSING_LIMIT);
    let (done, result) = mpsc::sync_channel(1);
    spawn(move || {
        let _closing = closing;
        match open() {
            Ok((stream, end)) => {
                if done.send(Ok(end)).is_ok() {
                    // Nothing is ever sent: this returns when the owner is dropped.
                    let _ = stopped.recv();
                }
                drop(stream);
            }
            Err(error) => {
                let _ = done.send(Err(error));
            }
        }
    })?;
    match result.recv_timeout(OPENING_LIMIT) {
        Ok(end) => Ok((owner, end?)),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(timed_out()),
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) -> Result<(), DeviceError> {
    std::thread::Builder::new()
        .name("sotto-device".to_owned())
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

/// The hosts of a backend, in the order in which they are tried.
fn hosts(backend: Backend) -> Result<Vec<HostId>, DeviceError> {
    let named = |name: &str| {
        cpal::ALL_HOSTS
            .iter()
            .copied()
            .find(|host| host.to_string().eq_ignore_ascii_case(name))
    };
    match backend {
        Backend::Auto => Ok(cpal::ALL_HOSTS.to_vec()),
        Backend::Null => Ok(Vec::new()),
        Backend::PulseAudio | Backend::PipeWire | Backend::Alsa => named(backend.name())
            .map(|host| vec![host])
            .ok_or(DeviceError::NotBuilt {
                backend: backend.name(),
            }),
    }
}

/// Does `work` with the first host that answers, and says why none did otherwise.
pub(crate) fn with_host<T>(
    backend: Backend,
    work: impl FnMut(&Host) -> Result<T, DeviceError>,
) -> Result<T, DeviceError> {
    alsa_messages::collected(|| with_any_host(backend, work))
}

fn with_any_host<T>(
    backend: Backend,
    mut work: impl FnMut(&Host) -> Result<T, DeviceError>,
) -> Result<T, DeviceError> {
    let mut tried = Vec::new();
    let mut refusal = None;
    for id in hosts(backend)? {
        if !cpal::available_hosts().contains(&id) {
            tried.push(format!("{id}: not running"));
            continue;
        }
        #[cfg(feature = "pulseaudio")]
        if id == HostId::PulseAudio {
            crate::pulse_cookie::ensure();
        }
        match cpal::host_from_id(id) {
            Ok(host) => match work(&host) {
                Ok(done) => return Ok(done),
                // A sound system without this device may stand before one that has it.
                Err(error) => {
                    refusal.get_or_insert(error);
                }
            },
            Err(error) => tried.push(format!("{id}: {error}")),
        }
    }
    Err(refusal.unwrap_or_else(|| DeviceError::NoSoundSystem {
        tried: tried.join("; "),
    }))
}

fn with_device<E>(
    backend: Backend,
    direction: Direction,
    spec: &DeviceSpec,
    mut start: impl FnMut(&Device) -> Result<(Stream, E), DeviceError>,
) -> Result<(Stream, E), DeviceError> {
    with_host(backend, |host| {
        let device = match spec {
            DeviceSpec::Named(name) => select(host, direction, name)?,
            _ => default_device(host, direction)?,
        };
        start(&device)
    })
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
        });
    }
    Ok(device)
}

/// The form in which a device is opened.
struct Form {
    rate: u32,
    channels: u16,
    format: SampleFormat,
    buffer: SupportedBufferSize,
}

impl Form {
    /// The period in the device's samples, within what it supports.
    fn period(&self, period: u32) -> u32 {
        let period =
            u64::from(period.clamp(48, 4_800)) * u64::from(self.rate) / u64::from(SAMPLE_RATE);
        let period = u32::try_from(period).unwrap_or(480).max(1);
        match self.buffer {
            SupportedBufferSize::Range { min, max } if min <= max => period.clamp(min, max),
            _ => period,
        }
    }

    fn config(&self, buffer_size: BufferSize) -> StreamConfig {
        StreamConfig {
            channels: self.channels,
            sample_rate: self.rate,
            buffer_size,
        }
    }
}

/// Chooses 48 kHz and floats where the device has them, and as many channels as it has by default.
fn choose(
    default: SupportedStreamConfig,
    offered: impl Iterator<Item = SupportedStreamConfigRange>,
) -> Form {
    let usable = |format| {
        matches!(
            format,
            SampleFormat::F32 | SampleFormat::I32 | SampleFormat::I16 | SampleFormat::U8
        )
    };
    let rank = |range: &SupportedStreamConfigRange| {
        let format = match range.sample_format() {
            SampleFormat::F32 => 0,
            SampleFormat::I32 => 1,
            SampleFormat::I16 => 2,
            _ => 3,
        };
        let channels = range
            .channels()
            .abs_diff(default.channels().min(MOST_CHANNELS));
        (!range.contains_rate(SAMPLE_RATE), channels, format)
    };
    let best = offered
        .filter(|range| usable(range.sample_format()))
        .min_by_key(rank);
    match best {
        None => Form {
            rate: default.sample_rate(),
            channels: default.channels(),
            format: default.sample_format(),
            buffer: *default.buffer_size(),
        },
        Some(range) => {
            // The nearest rate to 48 kHz that the device has.
            let rate = SAMPLE_RATE.clamp(
                range.min_sample_rate(),
                range.max_sample_rate().max(range.min_sample_rate()),
            );
            Form {
                rate: rate.clamp(*RATES.start(), *RATES.end()),
                channels: range.channels(),
                format: range.sample_format(),
                buffer: *range.buffer_size(),
            }
        }
    }
}

/// The buffer sizes to try: the fixed period, a doubled one, one that everybody bears, and only then whatever the
/// system likes, which has been seen to be two seconds.
fn buffer_sizes(form: &Form, period: u32) -> [BufferSize; 4] {
    let fixed = form.period(period);
    [
        BufferSize::Fixed(fixed),
        BufferSize::Fixed(form.period(2 * period)),
        BufferSize::Fixed(form.period(DEFAULT_PERIOD.max(2 * period))),
        BufferSize::Default,
    ]
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
    period: u32,
    health: &Arc<Health>,
    wake: Wake,
) -> Result<(Stream, CaptureReader), DeviceError> {
    let name = title(device);
    let refused = |error: cpal::Error| refusal(Direction::Capture, &name, &error);
    let form = choose(
        device.default_input_config().map_err(&refused)?,
        device.supported_input_configs().map_err(&refused)?,
    );
    let mut last = None;
    for buffer in buffer_sizes(&form, period) {
        let (feed, reader) = capture_ring(
            &name,
            form.rate,
            usize::from(form.channels),
            health,
            Arc::clone(&wake),
        )?;
        let config = form.config(buffer);
        let built = match form.format {
            SampleFormat::F32 => capture_as::<f32>(device, config, feed, health),
            SampleFormat::I32 => capture_as::<i32>(device, config, feed, health),
            SampleFormat::I16 => capture_as::<i16>(device, config, feed, health),
            SampleFormat::U8 => capture_as::<u8>(device, config, feed, health),
            format => return Err(unsupported(Direction::Capture, &name, format)),
        };
        match built.and_then(|stream| stream.play().map(|()| stream)) {
            Ok(stream) if buffer == BufferSize::Default || moves(health, period) => {
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
            SampleFormat::I16 => playback_as::<i16>(device, config, drain, health),
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

    fn range(channels: u16, rates: (u32, u32), format: SampleFormat) -> SupportedStreamConfigRange {
        SupportedStreamConfigRange::new(
            channels,
            rates.0,
            rates.1,
            SupportedBufferSize::Unknown,
            format,
        )
    }

    fn stereo_44() -> SupportedStreamConfig {
        SupportedStreamConfig::new(2, 44_100, SupportedBufferSize::Unknown, SampleFormat::I16)
    }

    #[test]
    fn forty_eight_kilohertz_comes_first_then_the_channels_then_floats() {
        let form = choose(
            stereo_44(),
            [
                range(2, (44_100, 44_100), SampleFormat::F32),
                range(1, (48_000, 48_000), SampleFormat::F32),
                range(2, (8_000, 192_000), SampleFormat::I16),
                range(2, (8_000, 192_000), SampleFormat::F32),
                range(2, (48_000, 48_000), SampleFormat::F64),
            ]
            .into_iter(),
        );
        assert_eq!(
            (form.rate, form.channels, form.format),
            (48_000, 2, SampleFormat::F32)
        );
    }

    #[test]
    fn a_device_without_48_khz_runs_at_the_nearest_rate_it_has() {
        let form = choose(
            stereo_44(),
            [range(2, (8_000, 44_100), SampleFormat::I16)].into_iter(),
        );
        assert_eq!((form.rate, form.format), (44_100, SampleFormat::I16));
        assert_eq!(form.period(480), 441);
    }

    #[test]
    fn a_hung_sound_system_is_given_up() {
        let begin = std::time::Instant::now();
        let (release, hang) = mpsc::channel::<()>();
        let result: Result<(), _> = within_limit(move || {
            let _ = hang.recv();
            Ok(())
        });
        assert_eq!(result, Err(timed_out()));
        assert!(begin.elapsed() < OPENING_LIMIT + Duration::from_secs(1));
        drop(release);
    }
}
