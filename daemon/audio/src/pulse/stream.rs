//! Opening a device of the server, and the thread that answers for it.

use std::ffi::CString;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use pulseaudio::protocol::stream::{BufferAttr, StreamFlags};
use pulseaudio::protocol::{
    Command, CommandReply, CreatePlaybackStreamReply, CreateRecordStreamReply,
    PlaybackStreamParams, RecordStreamParams, ServerInfo, SubscriptionMask,
};

use super::connection::{Connection, Message, Refusal};
use super::form::{Described, answer, default_name, identifier, one, question};
use super::listing::find;
use super::parameters::{SAMPLE, bytes, front_pair, named, spec, uncork};
use super::told::{Due, Known, Next, told};
use crate::capture::{CaptureFeed, CaptureForm, CaptureReader, capture_ring};
use crate::error::{DeviceError, Direction};
use crate::open_device::OpenDevice;
use crate::own_thread::on_own_thread;
use crate::playback::{PlaybackDrain, PlaybackWriter, playback_ring};
use crate::priority::raise_current_thread;
use crate::resampling::RATES;
use crate::spec::DeviceSpec;
use crate::stream::{CaptureStream, Health, PlaybackStream};
use crate::{CaptureRequest, PlaybackRequest, SAMPLE_RATE, Wake};

/// A device that opens but moves nothing within this is of no use: suspended, or its driver hangs.
const FIRST_SOUND: Duration = Duration::from_secs(2);

/// More channels than any microphone of a person has.
const MOST_CHANNELS: u8 = 32;

/// The server keeps this much for a microphone's thread that is late.
const KEPT_MILLISECONDS: u32 = 500;

/// A request beyond this is answered in several parts.
const LONGEST_BLOCK: usize = 4_800;

/// Opens a microphone of the server. It does not move from there, whatever the server does.
pub(crate) fn open_capture(
    request: &CaptureRequest,
    wake: Wake,
) -> Result<(CaptureStream, CaptureReader), DeviceError> {
    let request = request.clone();
    on_own_thread(
        move |health| start_capture(&request, health, wake),
        ServerStream::run,
    )
}

/// Opens a loudspeaker of the server. The default one moves when the server moves it; a named one does not.
pub(crate) fn open_playback(
    request: &PlaybackRequest,
    wake: Wake,
) -> Result<(PlaybackStream, PlaybackWriter), DeviceError> {
    let request = request.clone();
    on_own_thread(
        move |health| start_playback(&request, health, wake),
        ServerStream::run,
    )
}

/// The device's end of the ring.
enum End {
    Microphone(CaptureFeed),
    Loudspeaker {
        drain: PlaybackDrain,
        channels: usize,
        block: Vec<[u8; SAMPLE]>,
    },
}

/// A stream on the server, and what is known of its device.
struct ServerStream {
    connection: Connection,
    direction: Direction,
    /// The server's number for the stream.
    channel: u32,
    health: Arc<Health>,
    /// The server's name for the device, and its number.
    device: String,
    index: u32,
    /// Whether the default was asked for, not this very device.
    of_default: bool,
    end: End,
    /// What the server was asked, and has not answered. One question at a time.
    asked: Option<(u32, Question)>,
    /// What must be asked, the device first.
    due: Due,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    /// Which devices are the defaults.
    Defaults,
    /// What the device is like, by its number.
    Device(u32),
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
    let stream = ServerStream {
        connection,
        direction,
        channel,
        health: Arc::clone(health),
        device: device.name,
        index: device.index,
        of_default: request.device == DeviceSpec::Default,
        end: End::Microphone(feed),
        asked: None,
        due: Due::default(),
    };
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
            let period = bytes(request.period, rate, channels);
            Command::CreatePlaybackStream(PlaybackStreamParams {
                sample_spec: spec(rate, channels),
                channel_map: pair,
                // Without a name the stream belongs to the default, wherever that goes.
                sink_name: (!of_default)
                    .then(|| CString::new(device.name.as_str()).ok())
                    .flatten(),
                buffer_attr: BufferAttr {
                    max_length: 2 * period,
                    target_length: 2 * period,
                    minimum_request_length: period,
                    ..BufferAttr::default()
                },
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
    // Of the two periods that the server keeps it asks for one when it is free.
    health.lies_behind(asked);
    let (writer, drain) = playback_ring(
        &device.title,
        rate,
        usize::from(device.channels),
        asked,
        health,
        wake,
    )?;
    let mut stream = ServerStream {
        connection,
        direction,
        channel: reply.channel,
        health: Arc::clone(health),
        device: device.name,
        index: device.index,
        of_default,
        end: End::Loudspeaker {
            drain,
            channels: usize::from(channels),
            block: Vec::with_capacity(LONGEST_BLOCK * usize::from(channels)),
        },
        asked: None,
        due: Due::default(),
    };
    stream
        .fill(reply.requested_bytes as usize)
        .map_err(&refused)?;
    let channel = stream.channel;
    Ok((
        stream.begin(Command::CorkPlaybackStream(uncork(channel)), &refused)?,
        writer,
    ))
}

impl ServerStream {
    /// Starts the stream. A microphone's first sound is waited for; a loudspeaker that is idle may have rendered seconds
    /// of silence ahead, after which it asks for more.
    fn begin(
        mut self,
        start: Command,
        refused: &dyn Fn(Refusal) -> DeviceError,
    ) -> Result<Self, DeviceError> {
        let mask = match self.direction {
            Direction::Capture => SubscriptionMask::SERVER | SubscriptionMask::SOURCE,
            Direction::Playback => SubscriptionMask::SERVER | SubscriptionMask::SINK,
        };
        self.connection
            .order(&Command::Subscribe(mask))
            .map_err(refused)?;
        self.connection.tell(&start).map_err(refused)?;
        if self.direction == Direction::Playback {
            return Ok(self);
        }
        let until = Instant::now() + FIRST_SOUND;
        loop {
            match self.turn().map_err(refused)? {
                Turn::Moved => return Ok(self),
                Turn::Over(detail) => {
                    return Err(DeviceError::Unusable {
                        direction: self.direction,
                        name: self.health.device().name,
                        detail,
                    });
                }
                Turn::Quiet if Instant::now() > until => {
                    return Err(DeviceError::Unusable {
                        direction: self.direction,
                        name: self.health.device().name,
                        detail:
                            "it moves no sound; wake or unmute it in the system's sound settings"
                                .to_owned(),
                    });
                }
                Turn::Quiet => {}
            }
        }
    }

    /// Answers the server until the owner has gone or the stream is over.
    fn run(mut self, stopped: &Receiver<()>) {
        let _ = raise_current_thread();
        loop {
            if matches!(stopped.try_recv(), Err(TryRecvError::Disconnected)) {
                return;
            }
            match self.turn() {
                Ok(Turn::Moved | Turn::Quiet) => {}
                Ok(Turn::Over(detail)) => {
                    self.health.fail(|| detail);
                    return;
                }
                Err(refusal) => {
                    self.health.fail(|| refusal.to_string());
                    return;
                }
            }
        }
    }

    /// Takes one message in, if there is one, and does what it wants.
    fn turn(&mut self) -> Result<Turn, Refusal> {
        let next = match self.connection.receive()? {
            None => Next::Nothing,
            Some(Message::Sound(sound)) => match &mut self.end {
                End::Microphone(feed) => {
                    let (samples, _) = sound.as_chunks::<SAMPLE>();
                    feed.push(samples.iter().map(|bytes| f32::from_le_bytes(*bytes)));
                    Next::Moved
                }
                End::Loudspeaker { .. } => Next::Nothing,
            },
            Some(Message::Reply(number, reply)) => {
                match self.asked.take_if(|(n, _)| *n == number) {
                    Some((_, Question::Defaults)) => {
                        Next::Answered(reply.read().map(|server: ServerInfo| {
                            Known::Default(default_name(&server, self.direction))
                        }))
                    }
                    Some((_, Question::Device(_))) => {
                        Next::Answered(answer(self.direction, &reply).map(Known::Device))
                    }
                    None => Next::Nothing,
                }
            }
            // The device that was asked about has gone; there will be another message about that.
            Some(Message::Refused(number, _)) => {
                self.asked.take_if(|(n, _)| *n == number);
                Next::Nothing
            }
            Some(Message::Told(command)) => {
                told(&command, self.channel, &mut self.index, &mut self.due)
            }
        };
        match next {
            Next::Nothing => {}
            Next::Moved => return Ok(Turn::Moved),
            Next::Fill(bytes) => {
                self.fill(bytes)?;
                return Ok(Turn::Moved);
            }
            Next::Answered(known) => {
                if let Some(turn) = self.learn(known?) {
                    return Ok(turn);
                }
            }
            Next::Over(detail) => return Ok(Turn::Over(detail)),
        }
        self.ask_what_is_due()?;
        Ok(Turn::Quiet)
    }

    fn ask_what_is_due(&mut self) -> Result<(), Refusal> {
        if self.asked.is_some() {
            return Ok(());
        }
        let (asking, command) = if std::mem::take(&mut self.due.device) {
            let command = question(self.direction, self.index);
            (Question::Device(self.index), command)
        } else if std::mem::take(&mut self.due.defaults) {
            (Question::Defaults, Command::GetServerInfo)
        } else {
            return Ok(());
        };
        self.asked = Some((self.connection.tell(&command)?, asking));
        Ok(())
    }

    /// Notes what the server answered; tells when the stream cannot go on like this.
    fn learn(&mut self, known: Known) -> Option<Turn> {
        match known {
            Known::Default(name) => {
                let other = name.filter(|name| self.of_default && *name != self.device);
                self.health
                    .default_is_elsewhere(other.map(|name| identifier(&name)));
            }
            Known::Device(device) if device.pretended && self.direction == Direction::Playback => {
                return Some(Turn::Over("it is gone, and there is no other".to_owned()));
            }
            // It was moved on meanwhile; another question is due.
            Known::Device(device) if device.index != self.index => {}
            Known::Device(device) => {
                self.health.identify(open_device(&device));
                self.device = device.name;
                // Whether that is the default now is asked next.
                self.due.defaults |= self.of_default;
            }
        }
        None
    }

    /// Sends the loudspeaker what it wants.
    fn fill(&mut self, bytes: usize) -> Result<(), Refusal> {
        let End::Loudspeaker {
            drain,
            channels,
            block,
        } = &mut self.end
        else {
            return Ok(());
        };
        let mut frames = bytes / (SAMPLE * *channels);
        while frames > 0 {
            let now = frames.min(LONGEST_BLOCK);
            block.resize(now * *channels, [0; SAMPLE]);
            drain.fill(block, *channels, f32::to_le_bytes);
            self.connection.play(self.channel, block.as_flattened())?;
            frames -= now;
        }
        Ok(())
    }
}

/// What came of one message.
enum Turn {
    /// Sound moved.
    Moved,
    /// Something else, or nothing.
    Quiet,
    /// The stream is over.
    Over(String),
}

fn open_device(device: &Described) -> OpenDevice {
    OpenDevice {
        id: device.id(),
        name: device.title.clone(),
        form: device.form,
        bluetooth: device.bluetooth,
        muted: device.muted,
    }
}
