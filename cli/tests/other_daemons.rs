//! Daemons that do not run, start, hang or are of another release.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod support;

use serde_json::Value;
use support::Pretended;
use support::home::{Home, Ran, line, soon};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

#[tokio::test]
async fn without_a_daemon_every_command_says_what_helps() {
    let home = Home::without_daemon();
    for arguments in [
        &["status"][..],
        &["mute"],
        &["top"],
        &["events"],
        &["join", "--wait", "1s"],
    ] {
        let ran = home.run(arguments).await;
        assert_eq!(ran.code, 3, "{arguments:?}");
        assert_eq!(
            ran.err,
            "sotto: the Sotto daemon is not running; start it with 'sotto start'\n"
        );
    }
    let ran = home.run(&["status", "--wait", "200ms"]).await;
    assert_eq!(ran.code, 8);
}

#[tokio::test]
async fn who_waits_for_somebody_waits_for_a_daemon_that_is_starting() {
    let mut home = Home::without_daemon();
    let peers = home.spawn(&["peers", "--wait", "10s"]);
    let invites = home.spawn(&["invites", "--wait", "10s"]);
    home.daemon = Some(Pretended::start(home.directory.path(), "planning"));
    for child in [peers, invites] {
        let ran = Ran::from(soon(child.wait_with_output()).await.unwrap());
        assert_eq!(ran.code, 0, "{}", ran.err);
    }
}

#[tokio::test]
async fn a_daemon_of_another_version_is_said_to_be_one() {
    let home = Home::without_daemon();
    let socket = home.directory.path().join("control.sock");
    let listener = tokio::net::UnixListener::bind(socket).unwrap();
    let answer = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        line(&mut stream).await;
        let refusal = r#"{"jsonrpc":"2.0","id":1,"error":{"code":7,"message":"sottod 9.0.0 speaks version 9 of the control API, the client version 1","data":{"code":"unsupported_version"}}}"#;
        stream
            .get_mut()
            .write_all(format!("{refusal}\n").as_bytes())
            .await
            .unwrap();
    };
    let (ran, ()) = tokio::join!(home.run(&["status"]), answer);
    assert_eq!(ran.code, 5);
    assert_eq!(
        ran.err,
        "sotto: sottod 9.0.0 speaks version 9 of the control API, the client version 1; stop it with 'sotto quit', then start the sottod that came with this program\n"
    );
}

/// What a daemon sends that answers the greeting and then `replies` to what comes, as long as there are some. It
/// listens at once, before anybody waits for it: a command that came first would find no daemon.
fn daemon_of_release_9(home: &Home, replies: &[&str]) -> impl Future<Output = Vec<Value>> {
    daemon_that_then(Then::Hangs, home, replies)
}

/// The behaviour of a daemon that has nothing more to reply.
enum Then {
    Hangs,
    Ends,
}

fn daemon_that_then(then: Then, home: &Home, replies: &[&str]) -> impl Future<Output = Vec<Value>> {
    let socket = home.directory.path().join("control.sock");
    let listener = tokio::net::UnixListener::bind(socket).unwrap();
    let greeting = r#"{"jsonrpc":"2.0","id":1,"result":{"version":"9.0.0","api":1}}"#;
    let replies = [&[greeting], replies].concat().join("\n");
    soon(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut requests = Vec::new();
        for reply in replies.lines() {
            requests.push(serde_json::from_str(&line(&mut stream).await).unwrap());
            let reply = format!("{reply}\n");
            stream.get_mut().write_all(reply.as_bytes()).await.unwrap();
        }
        if matches!(then, Then::Ends) {
            return requests;
        }
        // Whatever is asked further is read and left unanswered until the client has gone.
        let mut rest = String::new();
        while stream.read_line(&mut rest).await.unwrap() > 0 {}
        requests
    })
}

#[tokio::test]
async fn a_daemon_of_another_version_can_be_stopped() {
    let home = Home::without_daemon();
    let done = r#"{"jsonrpc":"2.0","id":2,"result":{}}"#;
    let replies = [done];
    let daemon = daemon_that_then(Then::Ends, &home, &replies);
    let (ran, requests) = tokio::join!(home.run(&["quit"]), daemon);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.out, "The daemon has stopped.\n");
    // Of whichever version of the API it is.
    assert_eq!(requests[0]["params"]["api"], Value::Null);
    assert_eq!(requests[1]["method"], "daemon.quit");
}

#[tokio::test]
async fn a_method_that_another_release_does_not_know_is_explained_by_that() {
    let home = Home::without_daemon();
    let unknown = r#"{"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"there is no method \"audio.mute\"","data":{"code":"unknown_method","hint":"did you mean \"audio.silence\"?"}}}"#;
    let replies = [unknown];
    let daemon = daemon_of_release_9(&home, &replies);
    let (ran, _) = tokio::join!(home.run(&["mute"]), daemon);
    assert_eq!(ran.code, 5);
    assert_eq!(
        ran.err,
        "sotto: there is no method \"audio.mute\"\n  help: the daemon is of release 9.0.0, this program of 0.1.0; stop it with 'sotto quit', then start the sottod of release 0.1.0\n"
    );
}

#[tokio::test]
async fn a_daemon_that_hangs_does_not_make_a_command_hang() {
    let home = Home::without_daemon();
    let (ran, _) = tokio::join!(
        home.run(&["mute", "--json"]),
        daemon_of_release_9(&home, &[])
    );
    assert_eq!(ran.code, 8);
    let own = std::process::id();
    assert_eq!(
        ran.err,
        format!(
            "sotto: the Sotto daemon (process {own}) hangs: it has not answered audio.mute within 10 s; stop it with \
             'kill -9 {own}', then start it again with 'sotto start'\n"
        )
    );
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["error"]["code"], "timeout");
}

#[tokio::test]
async fn a_daemon_that_does_not_end_is_not_said_to_have_stopped() {
    let home = Home::without_daemon();
    let done = r#"{"jsonrpc":"2.0","id":2,"result":{}}"#;
    let replies = [done];
    let daemon = daemon_of_release_9(&home, &replies);
    let (ran, _) = tokio::join!(home.run(&["quit", "--wait", "200ms"]), daemon);
    assert_eq!(ran.code, 8);
    assert_eq!(
        ran.err,
        "sotto: the daemon's end did not happen within 200 ms\n"
    );
}

#[tokio::test]
async fn there_is_nothing_to_stop_twice() {
    let home = Home::without_daemon();
    for command in ["quit", "stop"] {
        let ran = home.run(&[command]).await;
        assert_eq!(ran.code, 3);
        assert_eq!(
            ran.err,
            "sotto: the Sotto daemon is not running: there is nothing to stop\n"
        );
    }
}
