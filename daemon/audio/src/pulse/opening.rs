//! Opening a device of the server.

use std::ffi::CString;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use pulseaudio::protocol::stream::{BufferAttr, StreamFlags};
use pulseaudio::protocol::{
    Command, CommandReply, CreatePlaybackStreamReply, CreateRecordStreamReply,
    PlaybackStreamParams, RecordStreamParams,
};

use super::connection::Connection;
use super::form::{Described, one};
use super::listing::find;
use super::loudspeaker::Loudspeaker;
use super::parameters::{SAMPLE, bytes, front_pair, named, spec, uncork};
use super::refusal::Refusal;
use super::socket::Socket;
use super::stream::{End, ServerStream, open_device};
use crate::capture::{CaptureForm, CaptureReader, capture_ring};
use crate::error::{DeviceError, Direction};
use crate::own_thread::on_own_thread;
use crate::playback::{PlaybackWriter, playback_ring};
use crate::resampling::RATES;
use crate::spec::DeviceSpec;
use crate::stream::{CaptureStream, Health, Kept, PlaybackStream};
use crate::{CaptureRequest, PlaybackRequest, SAMPLE_RATE, Wake};

/// More channels than any microphone of a person has.
const MOST_CHANNELS: u8 = 32;

/// The server keeps this much for a microphone's thread that is late.
const KEPT_MILLISECONDS: u32 = 500;

/// A loudspeaker that is attended to may be given so much ahead, on a machine that is often late.
const AHEAD_MILLISECONDS: u32 = 40;

/// Opens a microphone of the server. It does not move from there, whatever the server does.
pub(crate) fn open_capture(
    request: &CaptureRequest,
    wake: Wake,
) -> Result<(CaptureStream, CaptureReader), DeviceError> {
    let (attended, request) = (request.attended, request.clone());
    open(
        attended,
        wake,
        move |health, wake| start_capture(&request, health, wake),
        CaptureReader::attended_by,
    )
}

/// Opens a loudspeaker of the server. The default one moves when the server moves it; a named one does not.
pub(crate) fn open_playback(
    request: &PlaybackRequest,
    wake: Wake,
) -> Result<(PlaybackStream, PlaybackWriter), DeviceError> {
    let (attended, request) = (request.attended, request.clone());
    open(
        attended,
        wake,
        move |health, wake| start_playback(&request, health, wake),
        PlaybackWriter::attended_by,
    )
}

/// Opens a device with `start`. Its stream is on a thread of its own, or belongs to the end if that is to attend to it.
fn open<K: Kept, E: Send + 'static>(
    attended: bool,
    wake: Wake,
    start: impl FnOnce(&Arc<Health>, Wake) -> Result<(ServerStream, E), DeviceError> + Send + 'static,
    attended_by: fn(E, ServerStream) -> E,
) -> Result<(K, E), DeviceError> {
    if !attended {
        return on_own_thread(move |health| start(health, wake), ServerStream::run);
    }
    on_own_thread(
        move |health| {
            // A thread that attends to a device is awake when that moves samples.
            let nobody = Arc::new(|| ());
            let (mut stream, end) = start(health, nobody)?;
            let connection = stream
                .hand_over()
                .map_err(|refusal| refusal.about(K::DIRECTION, &health.device().name))?;
            Ok((connection, attended_by(end, stream)))
        },
        end_when_stopped,
    )
}

/// Ends the connection when the owner has gone, so that the device closes though another thread holds the stream.
fn end_when_stopped(connection: Socket, stopped: &Receiver<()>) {
    // Nothing is ever sent.
    let _ = stopped.recv();
    connection.end();
}

/// Creates a stream at our rate, to which the server may switch the device; where it does not, at the device's own, for
/// we resample better, and sooner, than the server does. `device` is what it has become by then.
fn at_best_rate<R: CommandReply>(
    connection: &mut Connection,
    device: &mut Described,
    create: impl Fn(u32, &Described) -> Command,
    its_device: impl Fn(&mut Connection, &R) -> Result<Described, Refusal>,
    delete: impl Fn(&R) -> Command,
) -> Result<(R, u32), Refusal> {
    let reply: R = connection.ask(&create(SAMPLE_RATE, device))?;
    *device = its_device(connection, &reply)?;
    if device.rate == SAMPLE_RATE || !RATES.contains(&device.rate) {
        return Ok((reply, SAMPLE_RATE));
    }
    connection.order(&delete(&reply))?;
    let rate = device.rate;
    let reply: R = connection.ask(&create(rate, device))?;
    *device = its_device(connection, &reply)?;
    Ok((reply, rate))
}

fn start_capture(
    request: &CaptureRequest,
    health: &Arc<Health>,
    wake: Wake,
) -> Result<(ServerStream, CaptureReader), DeviceError> {
    let direction = Direction::Capture;
    let mut connection = Connection::open().map_err(|refusal| refusal.about(direction, ""))?;
    let mut device = find(&mut connection, direction, &request.device)?;
    let (about, index) = (device.title.clone(), device.index);
    let refused = |refusal: Refusal| refusal.about(direction, &about);
    let channels = device.channels.clamp(1, MOST_CHANNELS);
    let (reply, rate) = at_best_rate(
        &mut connection,
        &mut device,
        |rate, device| {
            Command::CreateRecordStream(RecordStreamParams {
                sample_spec: spec(rate, channels),
                channel_map: device.channel_map,
                source_index: Some(index),
                buffer_attr: BufferAttr {
                    max_length: bytes(KEPT_MILLISECONDS * SAMPLE_RATE / 1000, rate, channels),
                    fragment_size: bytes(request.period, rate, channels),
                    ..BufferAttr::default()
                },
                flags: StreamFlags {
                    start_corked: true,
                    adjust_latency: true,
                    no_move: true,
                    ..StreamFlags::default()
                },
                props: named(c"Microphone"),
                ..RecordStreamParams::default()
            })
        },
        |connection, _: &CreateRecordStreamReply| one(connection, direction, index),
        |reply| Command::DeleteRecordStream(reply.channel),
    )
    .map_err(&refused)?;
    let channel = reply.channel;
    health.identify(open_device(&device));
    let form = CaptureForm {
        rate,
        channels: usize::from(channels),
        channel: request.channel,
    };
    let (feed, reader) = capture_ring(&device.title, form, health, wake)?;
    let stream = ServerStream::new(
        connection,
        direction,
        channel,
        health,
        device,
        request.device == DeviceSpec::Default,
        End::Microphone(feed),
    );
    Ok((
        stream.begin(Command::CorkRecordStream(uncork(channel)), &refused)?,
        reader,
    ))
}

fn start_playback(
    request: &PlaybackRequest,
    health: &Arc<Health>,
    wake: Wake,
) -> Result<(ServerStream, PlaybackWriter), DeviceError> {
    let direction = Direction::Playback;
    let mut connection = Connection::open().map_err(|refusal| refusal.about(direction, ""))?;
    let mut device = find(&mut connection, direction, &request.device)?;
    let (about, index) = (device.title.clone(), device.index);
    let refused = |refusal: Refusal| refusal.about(direction, &about);
    let of_default = request.device == DeviceSpec::Default;
    let pair = front_pair(&device);
    let channels = pair.num_channels();
    let (reply, rate) = at_best_rate(
        &mut connection,
        &mut device,
        |rate, device| {
            Command::CreatePlaybackStream(PlaybackStreamParams {
                sample_spec: spec(rate, channels),
                channel_map: pair,
                // Without a name the stream belongs to the default, wherever that goes.
                sink_name: (!of_default)
                    .then(|| CString::new(device.name.as_str()).ok())
                    .flatten(),
                buffer_attr: buffer(request, rate, channels),
                flags: StreamFlags {
                    start_corked: true,
                    adjust_latency: true,
                    no_move: !of_default,
                    // A voice belongs to the front, not to the room behind the listener.
                    no_remix_channels: channels > 1,
                    ..StreamFlags::default()
                },
                props: named(c"Voices"),
                ..PlaybackStreamParams::default()
            })
        },
        |connection, reply: &CreatePlaybackStreamReply| {
            one(connection, direction, reply.sink_index)
        },
        |reply| Command::DeletePlaybackStream(reply.channel),
    )
    .map_err(&refused)?;
    debug_assert!(of_default || device.index == index);
    health.identify(open_device(&device));
    let frame = SAMPLE * usize::from(channels);
    let asked = bytes(request.period, rate, channels) as usize / frame;
    let (writer, drain) = playback_ring(
        &device.title,
        rate,
        usize::from(device.channels),
        asked,
        health,
        wake,
    )?;
    let attributes = &reply.buffer_attr;
    let mut loudspeaker =
        Loudspeaker::new(drain, usize::from(channels), attributes, request.attended);
    health.lies_behind(loudspeaker.behind(attributes.minimum_request_length as usize / frame));
    let channel = reply.channel;
    loudspeaker
        .begin(reply.requested_bytes as usize, &mut connection, channel)
        .map_err(&refused)?;
    let stream = ServerStream::new(
        connection,
        direction,
        channel,
        health,
        device,
        of_default,
        End::Loudspeaker(loudspeaker),
    );
    Ok((
        stream.begin(Command::CorkPlaybackStream(uncork(channel)), &refused)?,
        writer,
    ))
}

/// Returns how much of a loudspeaker's sound the server is to keep.
///
/// Answered by a thread that has it ready, two periods, of which it asks for one when it is free. Answered by the thread
/// that makes it, it asks for two periods at once when one is left: as much lies between us and the ear as with a period
/// in a ring before it, for half the work. That server does not stop when it has nothing to play: it goes on counting.
///
/// Of what is beyond two requests it gives half to the device, as its period. Without any, the device has the shortest
/// that there is, half a millisecond, which costs the server more than all of a call costs us and gains nothing.
fn buffer(request: &PlaybackRequest, rate: u32, channels: u8) -> BufferAttr {
    let bytes = |period| bytes(period, rate, channels);
    if !request.attended {
        return BufferAttr {
            max_length: bytes(2 * request.period),
            target_length: bytes(2 * request.period),
            minimum_request_length: bytes(request.period),
            ..BufferAttr::default()
        };
    }
    BufferAttr {
        max_length: bytes(6 * request.period + AHEAD_MILLISECONDS * SAMPLE_RATE / 1000),
        target_length: bytes(6 * request.period),
        minimum_request_length: bytes(2 * request.period),
        pre_buffering: 0,
        ..BufferAttr::default()
    }
}
