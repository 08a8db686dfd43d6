//! One program's connection, seen from the daemon.

use crate::API_VERSION;
use crate::error::{ControlError, ErrorCode};
use crate::event::Event;
use crate::method::{EventsSubscribe, Reply, Request, Version, VersionReply};
use crate::model::Snapshot;
use crate::wire::{self, Item, Line, LineReader, MAX_REQUEST_LINE, Queue};
use interprocess::local_socket::tokio::Stream;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many requests of one program may wait for their reply; more are read when some are answered.
const MAX_IN_FLIGHT: u32 = 32;
/// A program that takes nothing for so long is disconnected.
const WRITE_PATIENCE: Duration = Duration::from_secs(10);
/// How long outstanding replies are waited for after a program has closed its sending side.
const LAST_WORDS: Duration = Duration::from_secs(30);
/// The longest name that a program may give itself, in characters.
const MAX_CLIENT_NAME: usize = 40;

/// A connection's number, unique while the daemon runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// What the program calls itself, for notices (`sotto`, `sotto-tray`).
    pub client: Arc<str>,
    /// Its process, where the system tells.
    pub pid: Option<u32>,
    /// Its connection. It holds a whisper that it asked to hold.
    pub connection: ConnectionId,
}

/// A request to carry out.
#[derive(Debug)]
pub struct Call {
    /// What to do; never [`Request::Version`], which is answered here.
    pub request: Request,
    /// Who asks.
    pub caller: Caller,
    /// Where the reply goes.
    pub answer: Answer,
}

/// The duty to reply. Dropping it unanswered replies with an internal error, so that no client waits forever.
#[derive(Debug)]
pub struct Answer {
    id: Option<Value>,
    outbox: Outbox,
    /// Goes with the reply and is free again when that is written: a program that asks but reads nothing is not
    /// asked on for ever.
    place: Option<OwnedSemaphorePermit>,
}

impl Answer {
    /// Replies.
    pub fn send(mut self, result: Result<impl Into<Reply>, ControlError>) {
        self.reply(result.map(Into::into));
    }

    /// Replies to `events.subscribe`: from now on the connection's [`Outbox`] takes events.
    ///
    /// Take the snapshot and call this without letting a change happen in between.
    pub fn subscribe(mut self, params: EventsSubscribe, snapshot: Snapshot) {
        let wishes = if params.levels { WITH_LEVELS } else { STATE };
        self.reply(Ok(snapshot.into()));
        self.outbox.shared.wishes.store(wishes, Ordering::Release);
    }

    fn reply(&mut self, result: Result<Reply, ControlError>) {
        if let Some(id) = self.id.take() {
            let line = wire::response_line(&id, &result.and_then(Reply::json));
            self.outbox
                .shared
                .queue
                .push_reply((line, self.place.take()));
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if self.id.is_some() {
            self.reply(Err(ControlError::internal(
                "the daemon did not answer the request",
            )));
        }
    }
}

const NONE: u8 = 0;
const STATE: u8 = 1;
const WITH_LEVELS: u8 = 2;

/// Where events for one connection go. Cheap to clone; never waits.
#[derive(Debug, Clone)]
pub struct Outbox {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    queue: Queue<(String, Option<OwnedSemaphorePermit>)>,
    wishes: AtomicU8,
}

impl Outbox {
    /// Queues an event, if the program has subscribed to its kind. An older event of the same part that still waits
    /// gives way.
    pub fn event(&self, event: &Event) {
        let wishes = self.shared.wishes.load(Ordering::Acquire);
        let wanted = match event {
            Event::Levels { .. } | Event::Test { .. } => wishes == WITH_LEVELS,
            _ => wishes != NONE,
        };
        if wanted {
            self.shared.queue.push_event(event.clone());
        }
    }

    /// Returns whether the program has subscribed to events and is still there.
    #[must_use]
    pub fn is_subscribed(&self) -> bool {
        self.shared.wishes.load(Ordering::Acquire) != NONE && !self.is_closed()
    }

    /// Whether `levels` are asked for.
    #[must_use]
    pub fn wants_levels(&self) -> bool {
        self.shared.wishes.load(Ordering::Acquire) == WITH_LEVELS && !self.is_closed()
    }

    /// Whether the program has gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.queue.is_closed()
    }
}

/// What the listener knows of a new connection.
pub(super) struct Greeting {
    pub(super) id: ConnectionId,
    pub(super) pid: Option<u32>,
    /// The connection's share of the limit on connections.
    pub(super) place: OwnedSemaphorePermit,
}

/// One program's connection. Dropping it ends it, once the replies that are owed have been sent.
#[derive(Debug)]
pub struct ServerConnection {
    lines: LineReader<ReadHalf<Stream>>,
    outbox: Outbox,
    in_flight: Arc<Semaphore>,
    /// A place for the next request, kept while its line is not complete.
    reserved: Option<OwnedSemaphorePermit>,
    client: Arc<str>,
    pid: Option<u32>,
    id: ConnectionId,
}

impl ServerConnection {
    pub(super) fn start(stream: Stream, greeting: Greeting) -> Self {
        let Greeting { id, pid, place } = greeting;
        let (receiving, sending) = tokio::io::split(stream);
        let outbox = Outbox {
            shared: Arc::new(Shared {
                queue: Queue::new(),
                wishes: AtomicU8::new(NONE),
            }),
        };
        let in_flight = Arc::new(Semaphore::new(MAX_IN_FLIGHT as usize));
        tokio::spawn(write(
            sending,
            outbox.clone(),
            Arc::clone(&in_flight),
            place,
        ));
        let unnamed = pid.map_or_else(|| "a program".into(), |pid| format!("process {pid}"));
        Self {
            lines: LineReader::new(receiving, MAX_REQUEST_LINE),
            outbox,
            in_flight,
            reserved: None,
            client: unnamed.into(),
            pid,
            id,
        }
    }

    /// The connection's number.
    #[must_use]
    pub const fn id(&self) -> ConnectionId {
        self.id
    }

    /// Where this connection's events go.
    #[must_use]
    pub fn outbox(&self) -> Outbox {
        self.outbox.clone()
    }

    /// The next request; `None` when the program has gone, closed its sending side or takes nothing any more.
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<Call> {
        loop {
            if self.reserved.is_none() {
                // Fails once the writer has given up.
                self.reserved = Some(Arc::clone(&self.in_flight).acquire_owned().await.ok()?);
            }
            let line = tokio::select! {
                line = self.lines.next() => line.ok()??,
                () = self.outbox.shared.queue.closed() => return None,
            };
            let place = self.reserved.take()?;
            if let Some(call) = self.read(&line, place) {
                return Some(call);
            }
        }
    }

    fn read(&mut self, line: &Line, place: OwnedSemaphorePermit) -> Option<Call> {
        let envelope = match line {
            Line::Complete(line) => wire::parse_request(line),
            Line::TooLong => wire::Envelope {
                id: Some(Value::Null),
                request: Err(ControlError::new(
                    ErrorCode::Parse,
                    format!("the request is longer than {MAX_REQUEST_LINE} bytes"),
                )),
            },
        };
        let answer = Answer {
            id: envelope.id,
            outbox: self.outbox(),
            place: Some(place),
        };
        match envelope.request {
            Ok(Request::Version(params)) => {
                answer.send(self.greet(&params));
                None
            }
            Ok(request) => Some(Call {
                request,
                caller: Caller {
                    client: Arc::clone(&self.client),
                    pid: self.pid,
                    connection: self.id,
                },
                answer,
            }),
            Err(error) => {
                answer.send(Err::<Reply, _>(error));
                None
            }
        }
    }

    fn greet(&mut self, params: &Version) -> Result<VersionReply, ControlError> {
        let release = env!("CARGO_PKG_VERSION");
        if let Some(api) = params.api.filter(|api| *api != API_VERSION) {
            return Err(ControlError::new(
                ErrorCode::UnsupportedVersion,
                format!(
                    "sottod {release} speaks version {API_VERSION} of the control API, the client version {api}"
                ),
            )
            .with_hint("stop it with 'sotto quit', then start the sottod that came with this client"));
        }
        let name = params.client.trim();
        if !name.is_empty() {
            let name: String = name.chars().take(MAX_CLIENT_NAME).collect();
            self.client = name.into();
        }
        Ok(VersionReply {
            version: release.into(),
            api: API_VERSION,
        })
    }
}

impl Drop for ServerConnection {
    fn drop(&mut self) {
        self.outbox.shared.wishes.store(NONE, Ordering::Release);
        self.reserved = None;
        let outbox = self.outbox.clone();
        let in_flight = Arc::clone(&self.in_flight);
        let last_words = async move {
            // All requests are answered, or it has taken too long: either way it is over. The writer sends what is
            // in the queue and ends.
            drop(tokio::time::timeout(LAST_WORDS, in_flight.acquire_many(MAX_IN_FLIGHT)).await);
            outbox.shared.queue.close();
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(last_words)),
            Err(_) => self.outbox.shared.queue.close(),
        }
    }
}

/// Sends replies and events until the queue ends or the program takes no more.
async fn write(
    mut sending: WriteHalf<Stream>,
    outbox: Outbox,
    in_flight: Arc<Semaphore>,
    _place: OwnedSemaphorePermit,
) {
    let queue = &outbox.shared.queue;
    while let Some(item) = queue.next().await {
        let (mut line, _place) = match item {
            Item::Reply(reply) => reply,
            Item::Event(event) => (event.to_line(), None),
        };
        line.push('\n');
        let written = tokio::time::timeout(WRITE_PATIENCE, sending.write_all(line.as_bytes()));
        if !matches!(written.await, Ok(Ok(()))) {
            break;
        }
    }
    queue.close();
    // Wakes a reader that waits for a place; it then sees that the connection is over.
    in_flight.close();
    // What the other end reads after the last line is the end, although a reader may still hold the stream.
    drop(sending.shutdown().await);
}
