//! A program's end of the socket.

use crate::API_VERSION;
use crate::client_error::{CallError, ConnectError};
use crate::error::{ControlError, ErrorCode};
use crate::event::Event;
use crate::holder::{Holder, process_number};
use crate::method::{EventsSubscribe, Method, Request, Version, VersionReply};
use crate::model::Snapshot;
use crate::places::Places;
use crate::wire::{self, Incoming, Item, Line, LineReader, MAX_REPLY_LINE, Queue};
use interprocess::local_socket::GenericFilePath;
use interprocess::local_socket::tokio::{Stream, prelude::*};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

/// How long a daemon may take to say its version before it counts as hung.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(5);
/// How many requests may wait for their reply; as many as the daemon reads at once.
const MAX_IN_FLIGHT: usize = 32;

/// A connection to the daemon. Cheap to clone; all clones share it.
#[derive(Debug, Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    requests: mpsc::Sender<String>,
    next: AtomicU64,
    /// Waits so long for every reply, instead of what the request asks for.
    patience: Option<Duration>,
    daemon: VersionReply,
    /// The daemon's process, where the system tells it.
    process: Option<u32>,
    tasks: [AbortHandle; 2],
}

type Waiting = HashMap<u64, oneshot::Sender<Result<Box<RawValue>, ControlError>>>;

#[derive(Debug)]
struct Shared {
    /// `None` once the connection has ended.
    waiting: Mutex<Option<Waiting>>,
    events: Queue<Infallible>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Client {
    /// Connects to the daemon of this home and introduces this program as `name`, which others see beside what it
    /// causes.
    ///
    /// # Errors
    /// See [`ConnectError`]; each says in a sentence what helps.
    pub async fn connect(places: &Places, name: &str) -> Result<Self, ConnectError> {
        Self::introduce(places, name, Some(API_VERSION)).await
    }

    /// Connects to the daemon whatever its version is: for [`DaemonQuit`](crate::DaemonQuit) alone, which no version
    /// changes, so that a daemon of another release can be stopped.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_to_any_version(places: &Places, name: &str) -> Result<Self, ConnectError> {
        Self::introduce(places, name, None).await
    }

    async fn introduce(
        places: &Places,
        name: &str,
        api: Option<u32>,
    ) -> Result<Self, ConnectError> {
        let (stream, socket) = find(places).await?;
        let credentials = stream.peer_creds().ok();
        let process = credentials.and_then(|it| it.pid()).map(process_number);
        let (receiving, sending) = tokio::io::split(stream);
        let shared = Arc::new(Shared {
            waiting: Mutex::new(Some(HashMap::new())),
            events: Queue::new(),
        });
        let (requests, queued) = mpsc::channel(MAX_IN_FLIGHT);
        let tasks = [
            tokio::spawn(send(sending, queued)).abort_handle(),
            tokio::spawn(receive(receiving, Arc::clone(&shared))).abort_handle(),
        ];
        let mut inner = Inner {
            shared,
            requests,
            next: AtomicU64::new(1),
            patience: None,
            daemon: VersionReply::default(),
            process,
            tasks,
        };
        let hello = Version {
            client: name.to_owned(),
            api,
        };
        inner.daemon = match inner.exchange(&hello.into(), HANDSHAKE_PATIENCE).await {
            Ok(daemon) => daemon,
            Err(CallError::Refused(error)) => return Err(refused(error, socket)),
            Err(CallError::Disconnected) => return Err(ConnectError::NotRunning { socket }),
            Err(CallError::NoAnswer { .. }) => {
                return Err(ConnectError::NoAnswer { socket, process });
            }
            Err(CallError::Unreadable { .. }) => {
                return Err(ConnectError::NoDaemon { socket, process });
            }
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The daemon's version, as it said when this connection began.
    #[must_use]
    pub fn daemon(&self) -> &VersionReply {
        &self.inner.daemon
    }

    /// This connection, waiting `patience` for every reply instead of what each request may take
    /// ([`Request::patience`]). For a program that has made no clone of it yet.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.patience = Some(patience);
        }
        self
    }

    /// Asks the daemon and waits for its reply, as long as the request may take ([`Request::patience`]).
    ///
    /// # Errors
    /// The daemon refused, has gone, or hangs.
    pub async fn call<M: Method>(&self, params: M) -> Result<M::Reply, CallError> {
        self.inner.ask(&params.into()).await
    }

    /// Asks the daemon where the kind of reply does not matter.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn request(&self, request: &Request) -> Result<serde_json::Value, CallError> {
        self.inner.ask(request).await
    }

    /// Waits until the daemon has gone. Not for a connection that has subscribed: its events would be lost.
    pub async fn ended(&self) {
        while self.inner.shared.events.next().await.is_some() {}
    }

    /// Subscribes: the snapshot, then every change. One subscription per connection.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn subscribe(&self, levels: bool) -> Result<(Snapshot, Events), CallError> {
        let snapshot = self.call(EventsSubscribe { levels }).await?;
        let events = Events {
            client: self.clone(),
        };
        Ok((snapshot, events))
    }
}

/// Every change after a snapshot.
#[derive(Debug)]
pub struct Events {
    client: Client,
}

impl Events {
    /// The next change; `None` when the daemon has gone. Cancel safe. Whoever reads slowly gets the newest value of
    /// each part.
    pub async fn next(&mut self) -> Option<Event> {
        match self.client.inner.shared.events.next().await? {
            Item::Event(event) => Some(event),
            Item::Reply(never) => match never {},
        }
    }
}

impl Inner {
    async fn ask<R: DeserializeOwned>(&self, request: &Request) -> Result<R, CallError> {
        let patience = self.patience.unwrap_or_else(|| request.patience());
        let reply = self.exchange(request, patience).await;
        reply.map_err(|error| match error {
            CallError::Refused(error) if error.code == ErrorCode::UnknownMethod => {
                CallError::Refused(self.not_known_there(error))
            }
            error => error,
        })
    }

    /// A method that this program knows and the daemon does not means that the two are not of the same release.
    fn not_known_there(&self, error: ControlError) -> ControlError {
        let (here, there) = (env!("CARGO_PKG_VERSION"), &self.daemon.version);
        if here == there {
            return error;
        }
        let there = match there.as_str() {
            "" => "another release",
            release => release,
        };
        error.with_hint(format!(
            "the daemon is of release {there}, this program of {here}; stop it with 'sotto quit', then start the sottod of \
             release {here}"
        ))
    }

    async fn exchange<R: DeserializeOwned>(
        &self,
        request: &Request,
        patience: Duration,
    ) -> Result<R, CallError> {
        let method = request.method();
        let waited = tokio::time::timeout(patience, self.reply(request));
        let reply = waited.await.map_err(|_| CallError::NoAnswer {
            process: self.process,
            method,
            within: patience,
        })??;
        serde_json::from_str(reply.get()).map_err(|source| CallError::Unreadable { method, source })
    }

    async fn reply(&self, request: &Request) -> Result<Box<RawValue>, CallError> {
        let method = request.method();
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let line = request
            .params()
            .and_then(|params| wire::request_line(id, method, &params))
            .map_err(|source| CallError::Unreadable { method, source })?;
        let (reply, replied) = oneshot::channel();
        {
            let mut waiting = self.shared.waiting();
            let waiting = waiting.as_mut().ok_or(CallError::Disconnected)?;
            waiting.retain(|_, reply| !reply.is_closed());
            if waiting.len() >= MAX_IN_FLIGHT {
                return Err(CallError::Refused(ControlError::new(
                    ErrorCode::Busy,
                    format!("{MAX_IN_FLIGHT} requests wait for their reply already"),
                )));
            }
            waiting.insert(id, reply);
        }
        self.requests
            .send(line)
            .await
            .map_err(|_| CallError::Disconnected)?;
        let result = replied.await.map_err(|_| CallError::Disconnected)?;
        result.map_err(CallError::Refused)
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Option<Waiting>> {
        // No code panics while it holds this lock.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self, line: &[u8]) {
        match wire::parse_incoming(line) {
            Ok(Incoming::Event(event)) => self.events.push_event(*event),
            Ok(Incoming::Response {
                id: Some(id),
                result,
            }) => {
                let reply = self.waiting().as_mut().and_then(|all| all.remove(&id));
                if let Some(reply) = reply {
                    // Nobody waits any more if the call was given up.
                    let _ = reply.send(result);
                }
            }
            // The daemon could not tell which request it refuses: the connection as a whole.
            Ok(Incoming::Response {
                id: None,
                result: Err(error),
            }) => {
                for (_, reply) in self.waiting().iter_mut().flat_map(HashMap::drain) {
                    let _ = reply.send(Err(error.clone()));
                }
            }
            Ok(Incoming::Response { .. } | Incoming::Other) | Err(_) => {}
        }
    }
}

/// Opens the socket of this home's daemon: the one that the environment names, else the one that the daemon names in its
/// lock.
async fn find(places: &Places) -> Result<(Stream, PathBuf), ConnectError> {
    let error = match open(&places.socket).await {
        Ok(stream) => return Ok((stream, places.socket.clone())),
        Err(error) => error,
    };
    let Some(holder) = Holder::find(places) else {
        return Err(error);
    };
    let elsewhere = holder.socket.clone().filter(|it| *it != places.socket);
    match (elsewhere, error) {
        (Some(socket), _) => match open(&socket).await {
            Err(ConnectError::NotRunning { socket }) => {
                Err(ConnectError::NotListening { socket, holder })
            }
            opened => opened.map(|stream| (stream, socket)),
        },
        (None, ConnectError::NotRunning { socket }) => {
            Err(ConnectError::NotListening { socket, holder })
        }
        (None, error) => Err(error),
    }
}

async fn open(socket: &Path) -> Result<Stream, ConnectError> {
    let failed = |source: io::Error| {
        let socket = socket.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                ConnectError::NotRunning { socket }
            }
            io::ErrorKind::PermissionDenied => match own(&socket) {
                Some(path) => ConnectError::Closed { path },
                None => ConnectError::NotPermitted { socket },
            },
            _ => ConnectError::Io { socket, source },
        }
    };
    let name = socket
        .as_os_str()
        .to_fs_name::<GenericFilePath>()
        .map_err(failed)?;
    Stream::connect(name).await.map_err(failed)
}

/// Returns what is there of the path to the socket, if it is this user's.
#[cfg(unix)]
fn own(socket: &Path) -> Option<PathBuf> {
    use std::os::unix::fs::MetadataExt;
    let mut there = socket
        .ancestors()
        .filter_map(|path| Some((path, std::fs::metadata(path).ok()?)));
    let (path, metadata) = there.next()?;
    (metadata.uid() == rustix::process::geteuid().as_raw()).then(|| path.to_owned())
}

#[cfg(not(unix))]
const fn own(_socket: &Path) -> Option<PathBuf> {
    None
}

fn refused(error: ControlError, socket: PathBuf) -> ConnectError {
    match error.code {
        ErrorCode::UnsupportedVersion => ConnectError::OtherVersion {
            hint: error.hint.unwrap_or_else(|| {
                "stop it with 'sotto quit', then start the sottod that came with this program"
                    .into()
            }),
            message: error.message,
        },
        ErrorCode::Refused => ConnectError::NotPermitted { socket },
        _ => ConnectError::Refused(error),
    }
}

async fn send(mut sending: WriteHalf<Stream>, mut queued: mpsc::Receiver<String>) {
    while let Some(mut line) = queued.recv().await {
        line.push('\n');
        if sending.write_all(line.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn receive(receiving: ReadHalf<Stream>, shared: Arc<Shared>) {
    let mut lines = LineReader::new(receiving, MAX_REPLY_LINE);
    // A line beyond every bound ends the connection too: the reply in it would be waited for in vain.
    while let Ok(Some(Line::Complete(line))) = lines.next().await {
        shared.handle(&line);
    }
    // Whoever waits learns that the connection has ended.
    shared.waiting().take();
    shared.events.close();
}
