//! A stream of the server, and answering for it.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use pulseaudio::protocol::{Command, ServerInfo, SubscriptionMask};

use super::connection::{Connection, Message};
use super::form::{Described, answer, default_name, identifier, question};
use super::loudspeaker::Loudspeaker;
use super::parameters::SAMPLE;
use super::refusal::Refusal;
use super::socket::Socket;
use super::told::{Due, Known, Next, told};
use crate::attended::Attended;
use crate::capture::CaptureFeed;
use crate::error::{DeviceError, Direction};
use crate::open_device::OpenDevice;
use crate::priority::raise_current_thread;
use crate::stream::Health;

/// A device that opens but moves nothing within this is of no use: suspended, or its driver hangs.
const FIRST_SOUND: Duration = Duration::from_secs(2);

/// The device's end of the ring.
pub(super) enum End {
    Microphone(CaptureFeed),
    Loudspeaker(Loudspeaker),
}

/// A stream on the server, and what is known of its device.
pub(super) struct ServerStream {
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
    /// Nothing more comes of it.
    over: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    /// Which devices are the defaults.
    Defaults,
    /// What the device is like, by its number.
    Device(u32),
}

impl ServerStream {
    /// Returns the stream with this number, which was created corked.
    pub(super) fn new(
        connection: Connection,
        direction: Direction,
        channel: u32,
        health: &Arc<Health>,
        device: Described,
        of_default: bool,
        end: End,
    ) -> Self {
        Self {
            connection,
            direction,
            channel,
            health: Arc::clone(health),
            device: device.name,
            index: device.index,
            of_default,
            end,
            asked: None,
            due: Due::default(),
            over: false,
        }
    }

    /// Returns a handle by which to end the stream, whoever attends to it. From now on nothing that it does waits.
    pub(super) fn hand_over(&mut self) -> Result<Socket, Refusal> {
        self.connection.stop_waiting()?;
        self.connection.handle()
    }

    /// Starts the stream. A microphone's first sound is waited for; a loudspeaker that is idle may have rendered seconds
    /// of silence ahead, after which it asks for more.
    pub(super) fn begin(
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
    pub(super) fn run(mut self, stopped: &Receiver<()>) {
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
                End::Loudspeaker(_) => Next::Nothing,
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
                if let End::Loudspeaker(loudspeaker) = &mut self.end {
                    loudspeaker.owe(bytes);
                    loudspeaker.answer(&mut self.connection, self.channel)?;
                }
                return Ok(Turn::Moved);
            }
            Next::RanDry => {
                if let End::Loudspeaker(loudspeaker) = &mut self.end {
                    loudspeaker.ran_dry();
                }
            }
            Next::Buffered(attributes) => {
                if let End::Loudspeaker(loudspeaker) = &mut self.end {
                    loudspeaker.rebuffered(&attributes);
                }
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

    /// Takes in every message that is there.
    fn take_all(&mut self) -> Result<Option<String>, Refusal> {
        loop {
            if let Turn::Over(detail) = self.turn()? {
                return Ok(Some(detail));
            }
            if self.connection.is_emptied()? {
                return Ok(None);
            }
        }
    }

    /// Notes what went wrong, after which the stream is left alone.
    fn settle(&mut self, outcome: Result<Option<String>, Refusal>) {
        let detail = match outcome {
            Ok(None) => return,
            Ok(Some(detail)) => detail,
            Err(refusal) => refusal.to_string(),
        };
        self.health.fail(|| detail);
        self.over = true;
    }
}

impl Attended for ServerStream {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.connection.as_fd()
    }

    fn attend(&mut self) {
        if !self.over {
            let outcome = self.take_all();
            self.settle(outcome);
        }
    }

    fn owed(&self) -> i64 {
        match &self.end {
            End::Loudspeaker(loudspeaker) if !self.over => loudspeaker.owed(),
            _ => 0,
        }
    }

    fn give(&mut self) {
        if let End::Loudspeaker(loudspeaker) = &mut self.end
            && !self.over
        {
            let given = loudspeaker.give(&mut self.connection, self.channel);
            self.settle(given.map(|()| None));
        }
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

/// Returns what a device is to whoever opened it.
pub(super) fn open_device(device: &Described) -> OpenDevice {
    OpenDevice {
        id: device.id(),
        name: device.title.clone(),
        form: device.form,
        bluetooth: device.bluetooth,
        muted: device.muted,
    }
}
