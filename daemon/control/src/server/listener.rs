//! Who may connect: programs of one user.

use super::bind_error::BindError;
use super::connection::{ConnectionId, Greeting, ServerConnection};
use super::door::Door;
use super::lock::{Held, InstanceLock, SocketLock};
use crate::error::{ControlError, ErrorCode};
use crate::holder::process_number;
use crate::places::Places;
use interprocess::local_socket::tokio::{Stream, prelude::*};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How many programs may be connected at once.
const MAX_CONNECTIONS: usize = 64;
/// How long to wait after the system refuses to accept (out of file descriptors), so that the refusal does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// The control socket, open.
#[derive(Debug)]
pub struct Listener {
    entrance: Mutex<Entrance>,
    places: Places,
    next: AtomicU64,
    seats: Arc<Semaphore>,
    /// Declared last, so that the socket is gone before another daemon may start.
    _home: Held,
}

#[derive(Debug)]
struct Entrance {
    door: Arc<Door>,
    /// Declared last, so that the socket is gone before another daemon may make it.
    lock: SocketLock,
}

impl Listener {
    /// Opens the socket, mode 0600 in a directory that only the user can write to. A socket that a dead daemon left behind
    /// is replaced: the lock proves that it is dead. If it vanishes, it is made again.
    ///
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn bind(places: &Places, lock: InstanceLock) -> Result<Self, BindError> {
        let InstanceLock { socket, home } = lock;
        Ok(Self {
            entrance: Mutex::new(Entrance {
                door: Arc::new(Door::open(places)?),
                lock: socket,
            }),
            places: places.clone(),
            next: AtomicU64::new(1),
            seats: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            _home: home,
        })
    }

    /// The next program that may connect. Others are told why not and disconnected. Cancel safe.
    pub async fn accept(&self) -> ServerConnection {
        loop {
            let door = Arc::clone(&self.entrance().door);
            let accepted = tokio::select! {
                accepted = door.accept() => accepted,
                () = door.vanished() => {
                    self.reopen();
                    continue;
                }
            };
            let Ok(stream) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let credentials = stream.peer_creds().ok();
            let pid = credentials.as_ref().and_then(|it| it.pid());
            let pid = pid.map(process_number);
            #[cfg(unix)]
            if credentials.and_then(|it| it.euid()) != Some(rustix::process::geteuid().as_raw()) {
                refuse(
                    stream,
                    ControlError::new(
                        ErrorCode::Refused,
                        "this daemon belongs to another user of this machine",
                    ),
                );
                continue;
            }
            let Ok(place) = Arc::clone(&self.seats).try_acquire_owned() else {
                refuse(
                    stream,
                    ControlError::new(
                        ErrorCode::Busy,
                        format!("{MAX_CONNECTIONS} programs are connected, which is the most"),
                    )
                    .with_hint("end one of them ('sotto events', 'sotto top', …) and try again"),
                );
                continue;
            };
            let id = ConnectionId(self.next.fetch_add(1, Ordering::Relaxed));
            return ServerConnection::start(stream, Greeting { id, pid, place });
        }
    }

    /// Makes the socket again. If that fails, as where its directory cannot be made before the user logs in again, it is
    /// tried once more when the door is looked at next.
    fn reopen(&self) {
        let mut entrance = self.entrance();
        let door = entrance
            .lock
            .acquire(&self.places)
            .and_then(|()| Door::open(&self.places));
        if let Ok(door) = door {
            entrance.door = Arc::new(door);
        }
    }

    fn entrance(&self) -> MutexGuard<'_, Entrance> {
        self.entrance.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells why, as far as the socket's buffer takes it, and disconnects.
fn refuse(mut stream: Stream, error: ControlError) {
    let line = crate::wire::response_line(&serde_json::Value::Null, &Err(error)) + "\n";
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let told = stream.write_all(line.as_bytes());
        // Whether it was heard does not matter.
        let _ = tokio::time::timeout(Duration::from_secs(1), told).await;
    });
}
