//! The socket between a client and a daemon: who may connect, what is answered, what a slow reader gets.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

use sotto_control::model::{NoticeKind, Snapshot, Status, Talk};
use sotto_control::server::{BindError, InstanceLock, Listener, Outbox, ServerConnection};
use sotto_control::{
    AudioReply, AudioUnmute, CallError, Client, ConnectError, ControlError, DaemonQuit, ErrorCode,
    Event, ForPeople, Holder, MeetingJoin, MeetingList, MeetingsReply, NetworkConnect, Places,
    Request, StatusGet,
};
use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::mpsc;

/// A daemon that answers a few methods in a recognisable way.
struct Daemon {
    home: TempDir,
    /// Every connection's outbox, as it subscribes.
    subscribed: mpsc::Receiver<Outbox>,
    task: tokio::task::JoinHandle<()>,
}

impl Daemon {
    fn start() -> Self {
        let home = TempDir::new().unwrap();
        let places = Self::places_in(&home);
        let lock = InstanceLock::acquire(&places).unwrap();
        let listener = Listener::bind(&places, lock).unwrap();
        let (tell, subscribed) = mpsc::channel(16);
        let task = tokio::spawn(async move {
            loop {
                let connection = listener.accept().await;
                tokio::spawn(serve(connection, tell.clone()));
            }
        });
        Self {
            home,
            subscribed,
            task,
        }
    }

    /// A home that the daemon makes.
    fn places_in(home: &TempDir) -> Places {
        Places::within(home.path().join("sotto"))
    }

    fn places(&self) -> Places {
        Self::places_in(&self.home)
    }

    async fn raw(&self) -> BufReader<UnixStream> {
        BufReader::new(UnixStream::connect(self.places().socket).await.unwrap())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut connection: ServerConnection, subscribed: mpsc::Sender<Outbox>) {
    while let Some(call) = connection.next().await {
        match call.request {
            Request::StatusGet(_) => call.answer.send(Ok(Status {
                unmuted_by: Some(call.caller.client.to_string()),
                ..Status::default()
            })),
            Request::AudioUnmute(_) => call.answer.send(Ok(AudioReply::default())),
            Request::MeetingJoin(join) => call.answer.send(Err::<AudioReply, _>(
                ControlError::new(ErrorCode::Ambiguous, "\"Pl\" fits two meetings")
                    .with_hint("write more of the title")
                    .with_candidates(vec![join.meeting.unwrap_or_default(), "Plenum".into()]),
            )),
            Request::MeetingList(_) => call.answer.send(Ok(MeetingsReply::default())),
            Request::EventsSubscribe(params) => {
                call.answer.subscribe(params, Snapshot::default());
                subscribed.send(connection.outbox()).await.unwrap();
            }
            // Dropped unanswered.
            _ => {}
        }
    }
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what)
        .await
        .expect("within the deadline")
}

async fn line(stream: &mut BufReader<UnixStream>) -> serde_json::Value {
    let mut line = String::new();
    soon(stream.read_line(&mut line)).await.unwrap();
    serde_json::from_str(&line).unwrap()
}

#[tokio::test]
async fn a_client_is_known_by_the_name_that_it_gives() {
    let daemon = Daemon::start();
    let client = Client::connect(&daemon.places(), "sotto-test")
        .await
        .unwrap();
    assert_eq!(client.daemon().api, sotto_control::API_VERSION);
    let status = soon(client.call(StatusGet {})).await.unwrap();
    assert_eq!(status.unmuted_by.as_deref(), Some("sotto-test"));
}

#[tokio::test]
async fn a_refusal_keeps_its_code_hint_and_candidates() {
    let daemon = Daemon::start();
    let client = Client::connect(&daemon.places(), "test").await.unwrap();
    let join = MeetingJoin {
        meeting: Some("Planning".into()),
        ..MeetingJoin::default()
    };
    let Err(CallError::Refused(error)) = soon(client.call(join)).await else {
        panic!("refused");
    };
    assert_eq!(error.code, ErrorCode::Ambiguous);
    assert_eq!(error.hint.as_deref(), Some("write more of the title"));
    assert_eq!(error.candidates, ["Planning", "Plenum"]);
}

#[tokio::test]
async fn a_request_that_the_daemon_drops_is_answered_nevertheless() {
    let daemon = Daemon::start();
    let client = Client::connect(&daemon.places(), "test").await.unwrap();
    let Err(CallError::Refused(error)) = soon(client.call(DaemonQuit {})).await else {
        panic!("refused");
    };
    assert_eq!(error.code, ErrorCode::Internal);
}

#[tokio::test]
async fn a_program_without_client_library_gets_answers_after_closing_its_sending_side() {
    let daemon = Daemon::start();
    let mut stream = daemon.raw().await;
    let request = b"{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"meeting.list\"}\n";
    stream.get_mut().write_all(request).await.unwrap();
    stream.get_mut().shutdown().await.unwrap();
    let reply = line(&mut stream).await;
    assert_eq!(reply["id"], "a");
    assert_eq!(reply["result"]["meetings"], serde_json::json!([]));
    let mut rest = Vec::new();
    soon(stream.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.is_empty());
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_the_connection_goes_on() {
    let daemon = Daemon::start();
    let mut stream = daemon.raw().await;
    let long = format!("{{\"x\":\"{}\"}}", "y".repeat(200_000));
    for (sent, code) in [
        ("nonsense", -32700),
        (long.as_str(), -32700),
        ("[]", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1}", -32600),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"meeting.jion\"}",
            -32601,
        ),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"audio.mute\",\"params\":[1]}",
            -32602,
        ),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"meeting.switch\"}",
            -32602,
        ),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"daemon.quit\"}",
            -32603,
        ),
    ] {
        let sent = format!("{sent}\n");
        stream.get_mut().write_all(sent.as_bytes()).await.unwrap();
        let reply = line(&mut stream).await;
        assert_eq!(reply["error"]["code"], code, "{reply}");
    }
}

#[tokio::test]
async fn a_client_of_another_version_is_told_what_helps() {
    let daemon = Daemon::start();
    let mut stream = daemon.raw().await;
    let hello = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"version\",\"params\":{\"api\":999}}\n";
    stream.get_mut().write_all(hello).await.unwrap();
    let reply = line(&mut stream).await;
    assert_eq!(reply["error"]["data"]["code"], "unsupported_version");
    assert!(reply["error"]["data"]["hint"].is_string());
}

#[tokio::test]
async fn a_subscriber_gets_the_snapshot_first_and_then_every_change() {
    let mut daemon = Daemon::start();
    let client = Client::connect(&daemon.places(), "test").await.unwrap();
    let (snapshot, mut events) = soon(client.subscribe(false)).await.unwrap();
    assert_eq!(snapshot, Snapshot::default());
    let outbox = soon(daemon.subscribed.recv()).await.unwrap();
    outbox.event(&Event::Levels {
        levels: Default::default(),
    });
    let talk = Event::Talk {
        talk: Talk {
            microphone_open: true,
            ..Talk::default()
        },
    };
    outbox.event(&talk);
    assert_eq!(soon(events.next()).await, Some(talk));
    // Calls go on beside the subscription.
    soon(client.call(AudioUnmute {})).await.unwrap();
    drop((client, events));
    soon(async {
        while !outbox.is_closed() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_subscriber_that_reads_slowly_gets_the_newest_and_a_count_of_missed_notices() {
    let mut daemon = Daemon::start();
    let mut stream = daemon.raw().await;
    let subscribe = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"events.subscribe\"}\n";
    stream.get_mut().write_all(subscribe).await.unwrap();
    assert!(line(&mut stream).await["result"].is_object());
    let outbox = soon(daemon.subscribed.recv()).await.unwrap();
    let last = 20_000;
    for number in 0..=last {
        outbox.event(&Event::Status {
            status: Box::new(Status {
                uptime_s: number,
                ..Status::default()
            }),
        });
        outbox.event(&Event::Notice {
            notice: sotto_control::model::Notice {
                kind: NoticeKind::Muted,
                text: "x".repeat(100),
                ..Default::default()
            },
        });
        if number % 1000 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let mut missed = 0;
    let mut heard = 0;
    let mut newest = 0;
    while newest < last || missed + heard <= last {
        let event = line(&mut stream).await;
        let params = &event["params"];
        match params["event"].as_str().unwrap() {
            "status" => newest = params["status"]["uptime_s"].as_u64().unwrap(),
            "notice" => heard += 1,
            "missed" => missed += params["notices"].as_u64().unwrap(),
            other => panic!("unexpected {other}"),
        }
    }
    assert_eq!(missed + heard, last + 1);
}

#[tokio::test]
async fn without_a_daemon_the_client_says_so() {
    let home = TempDir::new().unwrap();
    let places = Places::within(home.path());
    let error = Client::connect(&places, "test").await.unwrap_err();
    assert!(matches!(error, ConnectError::NotRunning { .. }));
    // A socket that a dead daemon left behind.
    drop(std::os::unix::net::UnixListener::bind(&places.socket).unwrap());
    let error = Client::connect(&places, "test").await.unwrap_err();
    assert!(matches!(error, ConnectError::NotRunning { .. }));
    // And the next daemon replaces it.
    let lock = InstanceLock::acquire(&places).unwrap();
    Listener::bind(&places, lock).unwrap();
}

#[tokio::test]
async fn only_one_daemon_runs_per_home_and_only_its_user_may_enter() {
    let daemon = Daemon::start();
    let places = daemon.places();
    let error = InstanceLock::acquire(&places).unwrap_err();
    assert!(matches!(error, BindError::AlreadyRunning { .. }));
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(places.socket.as_path()), 0o600);
    assert_eq!(mode(places.socket.parent().unwrap()), 0o700);
}

#[tokio::test]
async fn an_existing_home_keeps_its_mode() {
    let home = TempDir::new().unwrap();
    let set = |mode| {
        std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    set(0o755);
    let inner = Places::within(home.path().join("a/b"));
    for places in [&Places::within(home.path()), &inner] {
        let lock = InstanceLock::acquire(places).unwrap();
        Listener::bind(places, lock).unwrap();
    }
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(home.path().to_owned()), 0o755);
    // What is made is made for the user alone.
    assert_eq!(mode(home.path().join("a")), 0o700);
    assert_eq!(mode(home.path().join("a/b")), 0o700);
    for open_to_others in [0o775, 0o757] {
        set(open_to_others);
        let error = InstanceLock::acquire(&Places::within(home.path())).unwrap_err();
        let path = home.path().display();
        assert_eq!(
            error.in_one_line(),
            format!(
                "other users of this machine can write to {path}, and so take your place in Sotto; set SOTTO_HOME to another directory, or run: chmod go-w {path}"
            )
        );
        assert_eq!(mode(home.path().to_owned()), open_to_others);
    }
}

#[tokio::test]
async fn a_daemon_that_does_not_answer_is_given_up() {
    let home = TempDir::new().unwrap();
    let places = Places::within(home.path());
    let listener = Listener::bind(&places, InstanceLock::acquire(&places).unwrap()).unwrap();
    let served = async {
        let mut connection = listener.accept().await;
        let call = connection.next().await;
        // Held, not answered, until the client has gone.
        assert!(connection.next().await.is_none());
        drop(call);
    };
    let asked = async {
        let client = Client::connect(&places, "test").await.unwrap();
        let client = client.with_patience(Duration::from_millis(50));
        client.call(MeetingList {}).await
    };
    let (reply, ()) = soon(async { tokio::join!(asked, served) }).await;
    let error = reply.unwrap_err();
    let own = std::process::id();
    assert_eq!(
        error.in_one_line(),
        format!(
            "the Sotto daemon (process {own}) hangs: it has not answered meeting.list within 0.05 s; stop it with \
             'kill -9 {own}', then start it again with 'sotto start'"
        )
    );
}

#[test]
fn a_request_that_waits_for_others_is_given_the_time_for_it() {
    let seconds = |request: Request| request.patience().as_secs();
    assert_eq!(seconds(StatusGet {}.into()), 10);
    assert_eq!(seconds(MeetingJoin::default().into()), 40);
    let connect = NetworkConnect {
        wait_ms: Some(300_000),
        ..NetworkConnect::default()
    };
    assert_eq!(seconds(connect.into()), 310);
}

#[tokio::test]
async fn a_home_whose_path_is_too_long_for_a_socket_is_named() {
    let home = TempDir::new().unwrap();
    let places = Places::within(home.path().join("x".repeat(120)));
    let lock = InstanceLock::acquire(&places).unwrap();
    let error = Listener::bind(&places, lock).unwrap_err();
    assert!(matches!(error, BindError::PathTooLong { .. }), "{error}");
}

#[tokio::test]
async fn a_daemon_that_stops_ends_calls_and_subscriptions() {
    let home = TempDir::new().unwrap();
    let places = Places::within(home.path());
    let listener = Listener::bind(&places, InstanceLock::acquire(&places).unwrap()).unwrap();
    let (client, mut connection) = tokio::join!(Client::connect(&places, "test"), async {
        let mut connection = listener.accept().await;
        let greeted = tokio::time::timeout(Duration::from_millis(300), connection.next()).await;
        assert!(
            greeted.is_err(),
            "the greeting is answered without the daemon"
        );
        connection
    });
    let client = client.unwrap();
    let served = async {
        let call = connection.next().await.unwrap();
        drop(connection);
        drop(listener);
        call.answer.send(Ok(MeetingsReply::default()));
    };
    let (reply, ()) = soon(async { tokio::join!(client.call(MeetingList {}), served) }).await;
    reply.unwrap();
    soon(async {
        while !matches!(
            client.call(MeetingList {}).await,
            Err(CallError::Disconnected)
        ) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Has a daemon greet whoever comes, as long as a client does something.
async fn served_by<T>(listener: &Listener, client: impl Future<Output = T>) -> T {
    let serve = async {
        loop {
            let mut connection = listener.accept().await;
            while connection.next().await.is_some() {}
        }
    };
    soon(async {
        tokio::select! {
            done = client => done,
            () = serve => unreachable!("it serves for ever"),
        }
    })
    .await
}

#[tokio::test]
async fn a_socket_that_vanishes_is_made_again() {
    let home = TempDir::new().unwrap();
    let mut places = Places::within(home.path().join("files"));
    // As XDG_RUNTIME_DIR, which goes with the user's session.
    let runtime = home.path().join("run");
    places.socket = runtime.join("sotto/control.sock");
    let listener = Listener::bind(&places, InstanceLock::acquire(&places).unwrap()).unwrap();
    std::fs::remove_dir_all(&runtime).unwrap();
    let error = Client::connect(&places, "test").await.unwrap_err();
    let process = std::process::id();
    assert_eq!(
        error.in_one_line(),
        format!(
            "the Sotto daemon runs (process {process}), but nobody listens at {}; try again in a moment: it starts, or makes its socket anew; else stop it with 'kill {process}'",
            places.socket.display()
        )
    );
    let connected = async {
        loop {
            match Client::connect(&places, "test").await {
                Ok(_) => return,
                Err(error) => assert!(error.nobody_listens(), "{error}"),
            }
            // There is no event for a socket that is about to appear.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    served_by(&listener, connected).await;
    drop(listener);
    assert!(!places.socket.exists());
}

#[tokio::test]
async fn a_daemon_of_another_home_takes_no_living_socket_over() {
    let home = TempDir::new().unwrap();
    let within = |name: &str| {
        let mut places = Places::within(home.path().join(name));
        places.socket = home.path().join("run/control.sock");
        places
    };
    let (first, second) = (within("first"), within("second"));
    let listener = Listener::bind(&first, InstanceLock::acquire(&first).unwrap()).unwrap();
    let error = InstanceLock::acquire(&second).unwrap_err();
    assert_eq!(
        error.in_one_line(),
        format!(
            "another sottod (process {}), with the files in {}, already listens at {}; set SOTTO_HOME to a directory of its own for this one",
            std::process::id(),
            first.data.display(),
            first.socket.display()
        )
    );
    let connected = served_by(&listener, Client::connect(&first, "test")).await;
    connected.unwrap();
}

#[tokio::test]
async fn whose_environment_leads_elsewhere_still_finds_the_daemon_of_this_home() {
    let home = TempDir::new().unwrap();
    let there = Places::within(home.path());
    let listener = Listener::bind(&there, InstanceLock::acquire(&there).unwrap()).unwrap();
    let mut elsewhere = there.clone();
    elsewhere.socket = home.path().join("no/control.sock");
    let connected = served_by(&listener, Client::connect(&elsewhere, "test")).await;
    connected.unwrap();
    let holder = Holder::find(&elsewhere).unwrap();
    assert_eq!(holder.process, Some(std::process::id()));
    assert_eq!(holder.socket.as_ref(), Some(&there.socket));
    drop(listener);
    assert_eq!(Holder::find(&elsewhere), None);
}
