//! A pretended daemon: the control API over a real socket, with what a real daemon has been recorded to say.
//!
//! It knows no rule of a daemon's. Every answer and every event is replayed from a recording, or stated by a test.
// A module of several programs, each of which uses its own part, and all of which may fail loudly.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::panic)]

#[cfg(test)]
pub mod home;
mod recording;
#[cfg(all(test, unix))]
pub mod terminal;

use recording::{Answer, Recording};
use sotto_control::model::{Person, Snapshot};
use sotto_control::server::{Call, InstanceLock, Listener, Outbox, ServerConnection};
use sotto_control::{ControlError, Event, Places, Request};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// The end of a connection, as recordings call it.
const PROGRAM_ENDS: &str = "the program ends";

/// Somebody by name.
pub fn person(name: &str) -> Person {
    Person {
        id: format!("12D3KooW{name}"),
        name: name.into(),
        label: name.into(),
    }
}

/// A pretended daemon, until it is dropped.
pub struct Pretended {
    stage: Arc<Stage>,
    task: JoinHandle<()>,
}

struct Stage {
    played: watch::Sender<Played>,
    stop: Notify,
}

/// How far the scene has been played.
pub struct Played {
    recording: Recording,
    /// What somebody sees who subscribes now.
    pub shown: Snapshot,
    /// Every request, in order.
    pub requests: Vec<Request>,
    outboxes: Vec<Outbox>,
}

impl Pretended {
    /// Starts it with its files in `home`.
    pub fn start(home: &Path, scene: &str) -> Self {
        let places = Places::within(home);
        let lock = InstanceLock::acquire(&places).unwrap();
        let listener = Listener::bind(&places, lock).unwrap();
        let recording = Recording::of(scene);
        let stage = Arc::new(Stage {
            played: watch::Sender::new(Played {
                shown: recording.snapshot.clone(),
                recording,
                requests: Vec::new(),
                outboxes: Vec::new(),
            }),
            stop: Notify::new(),
        });
        let shared = Arc::clone(&stage);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                tokio::select! {
                    connection = listener.accept() => {
                        connections.spawn(serve(connection, Arc::clone(&shared)));
                    }
                    () = shared.stop.notified() => return,
                }
            }
        });
        Self { stage, task }
    }

    /// Tells every subscriber something that a test states.
    pub fn send(&self, event: &Event) {
        let event = std::slice::from_ref(event);
        self.stage.played.send_modify(|played| played.tell(event));
    }

    /// Tells every subscriber what was recorded of something that happened.
    pub fn happens(&self, what: &str) {
        self.stage.played.send_modify(|played| {
            let told = played.recording.happening(what).map(<[Event]>::to_vec);
            played.tell(&told.unwrap_or_else(|| panic!("{what} is not recorded")));
        });
    }

    /// Waits until what has been played is as `wanted`.
    pub async fn until(&self, wanted: impl FnMut(&Played) -> bool) {
        let mut playing = self.stage.played.subscribe();
        playing.wait_for(wanted).await.unwrap();
    }

    /// What somebody sees who subscribes now.
    pub fn shown(&self) -> Snapshot {
        self.stage.played.borrow().shown.clone()
    }

    /// Every request, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.stage.played.borrow().requests.clone()
    }

    /// Counts the requests that are `wanted`.
    pub fn count(&self, wanted: fn(&Request) -> bool) -> usize {
        self.stage.played.borrow().count(wanted)
    }

    /// The last request that is more than a look.
    pub fn last(&self) -> Request {
        let mut requests = self.requests();
        requests.retain(|request| !matches!(request, Request::EventsSubscribe(_)));
        requests.pop().unwrap()
    }

    /// Waits until it has been told to quit.
    pub async fn ended(&mut self) {
        (&mut self.task).await.unwrap();
    }
}

impl Drop for Pretended {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut connection: ServerConnection, stage: Arc<Stage>) {
    while let Some(call) = connection.next().await {
        stage.played.send_modify(|played| {
            if played.replay(call, &connection) {
                stage.stop.notify_one();
            }
        });
    }
    stage.played.send_modify(|played| {
        let told = played.recording.happening(PROGRAM_ENDS);
        let told = told.map(<[Event]>::to_vec).unwrap_or_default();
        played.tell(&told);
    });
}

impl Played {
    /// Counts the requests that are `wanted`.
    pub fn count(&self, wanted: fn(&Request) -> bool) -> usize {
        self.requests.iter().filter(|it| wanted(it)).count()
    }

    /// Answers as was recorded, and returns whether the daemon ended after it.
    fn replay(&mut self, call: Call, connection: &ServerConnection) -> bool {
        let Call {
            request, answer, ..
        } = call;
        self.requests.push(request.clone());
        if let Request::EventsSubscribe(params) = request {
            answer.subscribe(params, self.shown.clone());
            self.outboxes.push(connection.outbox());
            return false;
        }
        let Some((recorded, step)) = self.recording.answer(&request) else {
            let error = format!("nobody has recorded {request:?} in this scene");
            answer.send(Err::<(), _>(ControlError::internal(error)));
            return false;
        };
        let (events, ends) = (step.events.clone(), step.ends);
        answer.send(match recorded {
            Answer::Reply(reply) => Ok(reply),
            Answer::Error(error) => Err(error),
        });
        self.tell(&events);
        ends
    }

    fn tell(&mut self, events: &[Event]) {
        self.outboxes.retain(|outbox| !outbox.is_closed());
        for event in events {
            self.shown.apply(event);
            self.outboxes.iter().for_each(|outbox| outbox.event(event));
        }
    }
}
