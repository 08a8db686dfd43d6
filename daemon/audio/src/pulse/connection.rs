//! One connection to the server: commands out, messages in.

use std::ffi::CString;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use pulseaudio::protocol::{
    self, AuthParams, AuthReply, Command, CommandReply, Descriptor, DescriptorFlags, Prop, Props,
    ProtocolError, PulseError, SetClientNameReply,
};

use super::cookie;
use super::incoming::Incoming;
use super::refusal::{PATIENCE, Refusal};
use super::server::{Address, Servers};
use super::socket::Socket;

/// A wait for messages ends after this even if none comes, so that the thread can look whether it is to stop.
const PAUSE: Duration = Duration::from_millis(100);

/// Room for what is sent at once, without making more.
const OUTGOING: usize = 64 * 1024;

/// The channel of everything that is not sound.
const CONTROL: u32 = u32::MAX;

/// Whether there may be a server to connect to: one is named, or there is a socket.
pub(crate) fn is_running() -> bool {
    let servers = Servers::here();
    servers.named.is_some()
        || servers.addresses.iter().any(|address| match address {
            Address::Unix(path) => path.exists(),
            Address::Tcp { .. } => true,
        })
}

/// Whether the user has named a server, which no other may stand in for.
pub(crate) fn is_named() -> bool {
    Servers::here().named.is_some()
}

/// A connection that the server has let in.
pub(super) struct Connection {
    socket: Socket,
    version: u16,
    sequence: u32,
    /// Reading and writing wait.
    waits: bool,
    incoming: Incoming,
    outgoing: Vec<u8>,
}

/// A message of the server.
#[expect(
    clippy::large_enum_variant,
    reason = "it lives for one turn of the loop, and a box would allocate with every block of sound"
)]
pub(super) enum Message<'a> {
    /// Sound from a microphone.
    Sound(&'a [u8]),
    /// The answer to the command with this number; read it with [`Reply::read`].
    Reply(u32, Reply<'a>),
    /// The command with this number was refused.
    Refused(u32, PulseError),
    /// Something that the server wants or tells.
    Told(Command),
}

/// An answer, still in bytes.
pub(super) struct Reply<'a> {
    bytes: &'a [u8],
    version: u16,
}

impl Reply<'_> {
    /// The answer as what was asked for.
    pub(super) fn read<R: CommandReply>(&self) -> Result<R, Refusal> {
        let mut bytes = self.bytes;
        let (_, reply) = protocol::read_reply_message::<R>(&mut bytes, self.version)?;
        Ok(reply)
    }
}

impl Connection {
    /// Connects and introduces itself.
    pub(super) fn open() -> Result<Self, Refusal> {
        let servers = Servers::here();
        let socket = servers
            .connect()
            .map_err(|reason| reason.map_or(Refusal::NotRunning, Refusal::NoAnswer))?;
        socket.set_timeouts(PAUSE, PATIENCE)?;
        let cookie = cookie::read(servers.cookie.as_deref());
        let mut connection = Self {
            socket,
            version: protocol::MAX_VERSION,
            sequence: 0,
            waits: true,
            incoming: Incoming::new(),
            outgoing: Vec::with_capacity(OUTGOING),
        };
        let answer: AuthReply = connection.ask(&Command::Auth(AuthParams {
            version: protocol::MAX_VERSION,
            supports_shm: false,
            supports_memfd: false,
            cookie,
        }))?;
        connection.version = protocol::MAX_VERSION.min(answer.version);
        let mut props = Props::new();
        props.set(Prop::ApplicationName, c"Sotto");
        props.set(Prop::ApplicationIconName, c"audio-input-microphone");
        if let Ok(process) = CString::new(std::process::id().to_string()) {
            props.set(Prop::ApplicationProcessId, process);
        }
        let _: SetClientNameReply = connection.ask(&Command::SetClientName(props))?;
        Ok(connection)
    }

    /// Sends a command and returns its number, by which its answer is known.
    pub(super) fn tell(&mut self, command: &Command) -> Result<u32, Refusal> {
        self.sequence = self.sequence.wrapping_add(1);
        self.outgoing.clear();
        protocol::write_command_message(&mut self.outgoing, self.sequence, command, self.version)?;
        self.send()?;
        Ok(self.sequence)
    }

    /// Sends a command and waits for its answer. Only for a connection on which nothing else goes on: other messages
    /// are dropped.
    pub(super) fn ask<R: CommandReply>(&mut self, command: &Command) -> Result<R, Refusal> {
        self.answered(command, |reply| reply.read())
    }

    /// As [`ask`](Self::ask), for a command whose answer says no more than that it was carried out.
    pub(super) fn order(&mut self, command: &Command) -> Result<(), Refusal> {
        self.answered(command, |_| Ok(()))
    }

    /// Sends a command, waits for its answer, and reads it with `read`.
    pub(super) fn answered<R>(
        &mut self,
        command: &Command,
        read: impl FnOnce(Reply<'_>) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        let number = self.tell(command)?;
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            match self.receive()? {
                Some(Message::Reply(answered, reply)) if answered == number => return read(reply),
                Some(Message::Refused(answered, error)) if answered == number => {
                    return Err(Refusal::Refused(error));
                }
                _ => {}
            }
        }
        Err(Refusal::TimedOut)
    }

    /// Lets nobody wait any more, neither for messages nor for the server to take some.
    pub(super) fn stop_waiting(&mut self) -> Result<(), Refusal> {
        self.waits = false;
        Ok(self.socket.set_nonblocking()?)
    }

    /// Returns another handle on the socket, by which to end the connection.
    pub(super) fn handle(&self) -> Result<Socket, Refusal> {
        Ok(self.socket.try_clone()?)
    }

    /// Tells whether everything that the server has sent by now was received.
    pub(super) fn is_emptied(&self) -> Result<bool, Refusal> {
        Ok(self.incoming.is_emptied() && self.incoming.complete()?.is_none())
    }

    /// The next message, or `None` when none came for a while.
    pub(super) fn receive(&mut self) -> Result<Option<Message<'_>>, Refusal> {
        let mut has_read = false;
        let length = loop {
            if let Some(length) = self.incoming.complete()? {
                break length;
            }
            if has_read && !self.waits && self.incoming.is_emptied() {
                return Ok(None);
            }
            has_read = true;
            match self.incoming.read(&mut self.socket) {
                Ok(0) => {
                    return Err(Refusal::Io(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "the sound system has ended",
                    )));
                }
                Ok(_) => {}
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock
                            | io::ErrorKind::TimedOut
                            | io::ErrorKind::Interrupted
                    ) =>
                {
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            }
        };
        let message = self.incoming.take(length);
        let mut body = &message[protocol::DESCRIPTOR_SIZE..];
        let descriptor = protocol::read_descriptor(&mut &message[..])?;
        if descriptor.channel != CONTROL {
            return Ok(Some(Message::Sound(body)));
        }
        Ok(Some(
            match Command::read_tag_prefixed(&mut body, self.version) {
                Ok((number, Command::Reply)) => Message::Reply(
                    number,
                    Reply {
                        bytes: message,
                        version: self.version,
                    },
                ),
                Ok((number, Command::Error(error))) => Message::Refused(number, error),
                Ok((_, command)) => Message::Told(command),
                // What a newer server tells beside the things that we asked for need not be understood.
                Err(ProtocolError::Unimplemented(..)) => Message::Told(Command::Timeout),
                Err(error) => return Err(error.into()),
            },
        ))
    }

    /// Sends sound to a loudspeaker.
    pub(super) fn play(&mut self, channel: u32, sound: &[u8]) -> Result<(), Refusal> {
        let mut header = [0; protocol::DESCRIPTOR_SIZE];
        protocol::encode_descriptor(
            &mut header,
            &Descriptor {
                length: u32::try_from(sound.len()).unwrap_or(0),
                channel,
                offset: 0,
                flags: DescriptorFlags::empty(),
            },
        );
        self.outgoing.clear();
        self.outgoing.extend_from_slice(&header);
        self.outgoing.extend_from_slice(sound);
        self.send()
    }

    /// Sends what is outgoing.
    fn send(&mut self) -> Result<(), Refusal> {
        match self.socket.write_all(&self.outgoing) {
            // It does not take what was sent before: of sound, half a second and more.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(Refusal::TimedOut),
            written => Ok(written?),
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
