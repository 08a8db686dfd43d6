//! A client and a daemon one release apart work together, in both directions.
//!
//! `0.1` holds what release 0.1 wrote, byte for byte; it never changes. `next` holds the same from a release to come,
//! with members, methods, events and words that this one does not know. The rules stand in PROTOCOL.md, *Growth*.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod examples;
mod values;

use examples::{Example, events, examples, refusal};
use serde_json::{Value, json};
use sotto_control::model::{NoticeKind, OfflineReason, PresenceState, TalkTo, WhisperMode};
use sotto_control::server::{InstanceLock, Listener, ServerConnection};
use sotto_control::{CallError, Client, ErrorCode, Event, Places, Reply, Request};
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use values::snapshot;

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what)
        .await
        .expect("within the deadline")
}

fn file(release: &str, name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/growth");
    directory.join(release).join(format!("{name}.ndjson"))
}

/// The lines that a release wrote.
fn lines(release: &str, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(file(release, name)).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn value(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

/// Everything in `before` is in `now`; what `now` has beyond that does not matter.
fn assert_keeps(now: &Value, before: &Value, place: &str) {
    match (now, before) {
        (Value::Object(now), Value::Object(before)) => {
            for (name, before) in before {
                let place = format!("{place}.{name}");
                let now = now
                    .get(name)
                    .unwrap_or_else(|| panic!("{place} is missing"));
                assert_keeps(now, before, &place);
            }
        }
        (Value::Array(now), Value::Array(before)) => {
            assert_eq!(now.len(), before.len(), "{place}");
            for (index, (now, before)) in now.iter().zip(before).enumerate() {
                assert_keeps(now, before, &format!("{place}[{index}]"));
            }
        }
        // The release's own number is its own.
        _ if place.ends_with(".version") => {}
        _ => assert_eq!(now, before, "{place}"),
    }
}

/// A daemon of this release that answers with the examples, and what it was asked.
struct Daemon {
    _home: TempDir,
    stream: BufReader<UnixStream>,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Daemon {
    async fn start() -> Self {
        let home = TempDir::new().unwrap();
        let places = Places::within(home.path());
        let listener = Listener::bind(&places, InstanceLock::acquire(&places).unwrap()).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (stream, connection) =
            tokio::join!(UnixStream::connect(&places.socket), listener.accept());
        tokio::spawn(serve(connection, Arc::clone(&asked), listener));
        Self {
            _home: home,
            stream: BufReader::new(stream.unwrap()),
            asked,
        }
    }

    /// Sends a line and returns the next one that comes back.
    async fn ask(&mut self, line: &str) -> Value {
        let line = format!("{line}\n");
        let sending = self.stream.get_mut().write_all(line.as_bytes());
        soon(sending).await.unwrap();
        self.line().await
    }

    async fn line(&mut self) -> Value {
        let mut line = String::new();
        soon(self.stream.read_line(&mut line)).await.unwrap();
        value(&line)
    }
}

async fn serve(mut connection: ServerConnection, asked: Arc<Mutex<Vec<Request>>>, _open: Listener) {
    let examples = examples();
    while let Some(call) = connection.next().await {
        asked.lock().unwrap().push(call.request.clone());
        if let Request::EventsSubscribe(params) = call.request {
            call.answer.subscribe(params, snapshot());
            let outbox = connection.outbox();
            events().iter().for_each(|event| outbox.event(event));
            continue;
        }
        let method = call.request.method();
        if method == "audio.silence" {
            call.answer.send(Err::<Reply, _>(refusal()));
            continue;
        }
        let example = examples.iter().find(|it| it.request.method() == method);
        call.answer.send(Ok(example.unwrap().reply.clone()));
    }
}

/// A daemon of another release: it answers each request with the next of `replies`, and one subscription with
/// `events` too. Returns what it was asked.
async fn other_daemon(
    listener: UnixListener,
    replies: Vec<String>,
    events: Vec<String>,
) -> Vec<Value> {
    let (stream, _) = soon(listener.accept()).await.unwrap();
    let mut stream = BufReader::new(stream);
    let mut asked = Vec::new();
    for reply in replies {
        let mut line = String::new();
        soon(stream.read_line(&mut line)).await.unwrap();
        let request = value(&line);
        let mut lines = vec![reply];
        if request["method"] == "events.subscribe" {
            lines.extend(events.iter().cloned());
        }
        asked.push(request);
        for line in lines {
            let line = format!("{line}\n");
            stream.get_mut().write_all(line.as_bytes()).await.unwrap();
        }
    }
    asked
}

/// A client of this release asks a daemon of another for everything. Returns what it asked, what it was told, and the
/// events that it heard.
async fn ask_everything(release: &str) -> (Vec<Value>, Vec<(Example, Value)>, Vec<Event>) {
    let home = TempDir::new().unwrap();
    let places = Places::within(home.path());
    let listener = UnixListener::bind(&places.socket).unwrap();
    let (replies, told) = (lines(release, "replies"), lines(release, "events"));
    let count = events().len();
    let daemon = tokio::spawn(other_daemon(listener, replies, told));
    let client = Client::connect(&places, "sotto").await.unwrap();
    let mut answered = Vec::new();
    let mut heard = Vec::new();
    for example in examples() {
        match &example.request {
            Request::Version(_) => {}
            Request::EventsSubscribe(_) => {
                let (snapshot, mut events) = soon(client.subscribe(true)).await.unwrap();
                answered.push((example, serde_json::to_value(snapshot).unwrap()));
                for _ in 0..count {
                    heard.push(soon(events.next()).await.unwrap());
                }
            }
            request => match soon(client.request(request)).await {
                Ok(reply) => answered.push((example, reply)),
                Err(CallError::Refused(error)) => {
                    assert_eq!(
                        (error.code, example.request.method()),
                        (refusal().code, "audio.silence")
                    );
                    assert_eq!(error.absent[0].person, values::person("Dara"));
                }
                Err(error) => panic!("{}: {error}", example.request.method()),
            },
        }
    }
    (soon(daemon).await.unwrap(), answered, heard)
}

#[tokio::test]
async fn a_client_of_release_0_1_is_understood_and_told_all_that_it_knows() {
    let mut daemon = Daemon::start().await;
    let (mut replies, mut told) = (Vec::new(), Vec::new());
    // Of a release without files they are written: once, when it is made.
    let write = !file("0.1", "requests").exists();
    if write {
        let requests: String = examples().iter().enumerate().map(request_line).collect();
        std::fs::write(file("0.1", "requests"), requests).unwrap();
    }
    for (example, request) in examples().iter().zip(lines("0.1", "requests")) {
        replies.push(daemon.ask(&request).await);
        if let Request::EventsSubscribe(_) = example.request {
            for _ in events() {
                told.push(daemon.line().await);
            }
        }
    }
    if write {
        for (name, written) in [("replies", &replies), ("events", &told)] {
            let text: String = written.iter().map(|line| format!("{line}\n")).collect();
            std::fs::write(file("0.1", name), text).unwrap();
        }
    }
    let expected: Vec<Request> = examples()
        .into_iter()
        .map(|example| example.request)
        .filter(|request| !matches!(request, Request::Version(_)))
        .collect();
    assert_eq!(*daemon.asked.lock().unwrap(), expected);
    for (name, now) in [("replies", replies), ("events", told)] {
        let before = lines("0.1", name);
        assert_eq!(now.len(), before.len(), "{name}");
        for (now, before) in now.iter().zip(before) {
            assert_keeps(now, &value(&before), name);
        }
    }
}

#[tokio::test]
async fn a_daemon_of_release_0_1_is_understood_and_asked_as_it_knows() {
    let (asked, answered, heard) = ask_everything("0.1").await;
    for (now, before) in asked.iter().zip(lines("0.1", "requests")) {
        assert_keeps(now, &value(&before), "requests");
    }
    assert_eq!(asked.len(), Request::METHODS.len());
    for (example, told) in answered {
        let read = (example.read)(&told).unwrap();
        assert_keeps(&read, &told, example.request.method());
    }
    assert_eq!(heard, events());
}

#[tokio::test]
async fn a_daemon_of_the_next_release_is_understood_as_far_as_this_one_knows() {
    let (_, answered, heard) = ask_everything("next").await;
    for (example, told) in answered {
        let method = example.request.method();
        let read = (example.read)(&told).unwrap_or_else(|error| panic!("{method}: {error}"));
        // Nothing that this release does not know has got in.
        let read = read.to_string();
        assert!(!read.contains("from_the_next"), "{method}: {read}");
    }
    let Some(Event::Snapshot { snapshot }) = heard.first() else {
        panic!("the snapshot comes first: {heard:?}");
    };
    // New words are shown sensibly.
    let shown: Vec<String> = snapshot.meetings[0]
        .participants
        .iter()
        .map(|one| one.presence.to_string())
        .collect();
    assert_eq!(shown, ["online", "unknown", "away", "offline"]);
    let absent = snapshot.meetings[0].participants[3].presence.state;
    let reason = OfflineReason::Other;
    assert_eq!(absent, PresenceState::Offline { reason });
    let TalkTo::Whisper { mode, .. } = &snapshot.talk.to else {
        panic!("a whisper stays one: {:?}", snapshot.talk);
    };
    assert_eq!(*mode, WhisperMode::Latch);
    let talk = heard.iter().find_map(|event| match event {
        Event::Talk { talk } => Some(talk),
        _ => None,
    });
    // Not nobody: somebody may well hear it.
    assert_eq!(talk.unwrap().to, TalkTo::Unknown);
    let Some(Event::Notice { notice }) = heard.last() else {
        panic!("the notice comes last: {heard:?}");
    };
    assert_eq!(notice.kind, NoticeKind::Other);
    assert_eq!(notice.text, "Dara went for a walk");
    // Events of kinds that this release does not know were sent between those that it knows.
    assert_eq!(heard.len(), events().len());
}

#[tokio::test]
async fn a_client_of_the_next_release_gets_what_this_daemon_knows_and_a_clear_no_to_the_rest() {
    let mut daemon = Daemon::start().await;
    let mut expected: Vec<Request> = Vec::new();
    let mut known = examples().into_iter().map(|example| example.request);
    for line in lines("next", "requests") {
        let request = value(&line);
        let reply = daemon.ask(&line).await;
        assert_eq!(reply["id"], request["id"], "{reply}");
        let method = request["method"].as_str().unwrap();
        if Request::METHODS.contains(&method) {
            let error = &reply["error"]["data"]["code"];
            assert!(
                error.is_null() || method == "audio.silence",
                "{method}: {reply}"
            );
            expected.push(known.next().unwrap());
        } else {
            assert_eq!(reply["error"]["code"], ErrorCode::UnknownMethod.number());
            assert_eq!(reply["error"]["data"]["code"], "unknown_method");
            let sentence = format!("there is no method \"{method}\"");
            assert_eq!(reply["error"]["message"], json!(sentence));
        }
        if method == "events.subscribe" {
            for _ in events() {
                daemon.line().await;
            }
        }
    }
    assert_eq!(known.next(), None, "every method was asked for");
    expected.retain(|request| !matches!(request, Request::Version(_)));
    assert_eq!(*daemon.asked.lock().unwrap(), expected);
}

fn request_line((index, example): (usize, &Example)) -> String {
    let (id, method, params) = (index + 1, example.request.method(), &example.params);
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\",\"params\":{params}}}\n")
}
