//! The ports at which `sottod` is reached when another program has them.
//!
//! Runs real daemons, so it must run where no real network is: in a network namespace that has nothing but loopback.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod support;

use std::process::Stdio;

use sotto_control::StatusGet;
use sotto_control::config::{LISTEN_PORT, MEDIA_PORT};
use sotto_control::model::Status;
use support::{Daemon, soon};
use tokio::io::AsyncReadExt;

const SETTINGS: &str = "[audio]\nbackend = 'null'";

async fn status(daemon: &Daemon) -> Status {
    let client = daemon.ready().await;
    soon(client.call(StatusGet {})).await.unwrap()
}

fn listen_port(status: &Status) -> u16 {
    let (_, port) = status.network.listening[0].rsplit_once(':').unwrap();
    port.parse().unwrap()
}

#[tokio::test]
async fn sottos_own_ports_are_used_unless_they_are_taken_which_is_told() {
    let first = Daemon::start_on("", SETTINGS, None, |_| {});
    let told = status(&first).await;
    assert_eq!(listen_port(&told), LISTEN_PORT);
    assert_eq!(told.network.media_port, Some(MEDIA_PORT));
    assert_eq!(told.warnings, []);

    let mut second = Daemon::start_on("", SETTINGS, None, |command| {
        command.args(["--log", "warn"]).stderr(Stdio::piped());
    });
    let told = status(&second).await;
    let (listen, media) = (listen_port(&told), told.network.media_port.unwrap());
    assert!(listen != LISTEN_PORT && media != MEDIA_PORT);
    let [warning] = told.warnings.as_slice() else {
        panic!("one warning, not {:?}", told.warnings);
    };
    for part in [
        "ports 26606 and 26607 are taken".to_owned(),
        format!("{listen} for connections"),
        format!("{media} for voice"),
    ] {
        assert!(warning.text.contains(&part), "{}", warning.text);
    }
    // Who reads the log alone learns it there.
    let mut log = second.child.stderr.take().unwrap();
    second.terminate().await;
    let mut lines = String::new();
    soon(log.read_to_string(&mut lines)).await.unwrap();
    assert!(lines.contains(&warning.text), "{lines}");
}

#[tokio::test]
async fn a_port_that_was_chosen_and_is_taken_is_an_error() {
    let first = Daemon::start(SETTINGS, None);
    let told = status(&first).await;
    for (key, port) in [
        ("listen_port", listen_port(&told)),
        ("media_port", told.network.media_port.unwrap()),
    ] {
        let chosen = format!("{key} = {port}");
        let mut second = Daemon::start_on(&chosen, SETTINGS, None, |command| {
            command.stderr(Stdio::piped());
        });
        let mut said = String::new();
        let mut log = second.child.stderr.take().unwrap();
        soon(log.read_to_string(&mut said)).await.unwrap();
        let ended = soon(second.child.wait()).await.unwrap();
        assert_eq!(ended.code(), Some(1), "{said}");
        assert!(said.contains(&port.to_string()), "{said}");
        assert!(said.contains(&format!("network.{key}")), "{said}");
    }
}
