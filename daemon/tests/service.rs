//! `sottod` as a service: what a service manager hears of it, and that it ends in time whatever hangs.
//!
//! Runs real daemons, so it must run where no real network is: in a network namespace that has nothing but loopback.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod support;

use std::process::{Command, Stdio};
use std::time::Duration;

use sotto_control::{AudioDevices, AudioUse, Client, MeetingCreate, StatusGet};
use support::{BEAT, Daemon, StuckSoundServer, soon};

/// The end comes within a second; a sound system that hangs holds up whoever waits for it four times as long. What is
/// between them is for a machine that is busy.
const IN_TIME: Duration = Duration::from_secs(3);

#[tokio::test]
async fn the_service_manager_hears_of_readiness_of_life_and_of_the_end() {
    let mut daemon = Daemon::start("[audio]\nbackend = 'null'", None);
    let ready = daemon.tells("READY=1").await;
    assert_eq!(ready, "READY=1\nSTATUS=idle\n");
    // Ready means that it can be used at once.
    let client = Client::connect(&daemon.places(), "test").await.unwrap();
    let status = client.call(StatusGet {}).await.unwrap();
    assert_eq!(Some(status.pid), daemon.child.id());
    for _ in 0..3 {
        daemon.tells("WATCHDOG=1").await;
    }
    let (status, took) = daemon.terminate().await;
    assert!(status.success(), "{status}");
    assert!(took < IN_TIME, "{took:?}");
    daemon.tells("STOPPING=1").await;
    // It cleans up after itself.
    assert!(!daemon.places().socket.exists());
}

#[tokio::test]
async fn a_service_manager_that_does_not_listen_holds_nothing_up() {
    let mut daemon = Daemon::start("[audio]\nbackend = 'null'", None);
    let client = daemon.ready().await;
    // Its socket takes ten messages (net.unix.max_dgram_qlen); so many beats and more pass unread.
    let begin = tokio::time::Instant::now();
    while begin.elapsed() < 15 * BEAT {
        soon(client.call(StatusGet {})).await.unwrap();
    }
    let (status, took) = daemon.terminate().await;
    assert!(status.success(), "{status}");
    assert!(took < IN_TIME, "{took:?}");
}

#[tokio::test]
async fn a_log_that_nobody_reads_holds_nothing_up() {
    let mut daemon = Daemon::start_with("[audio]\nbackend = 'null'", None, |command| {
        command.args(["--log", "trace"]).stderr(Stdio::piped());
    });
    let client = daemon.ready().await;
    // Every request is logged, and a pipe holds 64 KiB.
    for _ in 0..4000 {
        soon(client.call(StatusGet {})).await.unwrap();
    }
    let (status, took) = daemon.terminate().await;
    assert!(status.success(), "{status}");
    assert!(took < IN_TIME, "{took:?}");
}

#[tokio::test]
async fn a_configuration_that_hangs_is_not_saved_and_holds_nothing_up() {
    let mut daemon = Daemon::start("[audio]\nbackend = 'null'", None);
    let client = daemon.ready().await;
    let config = daemon.places().config;
    // Whoever opens a pipe waits for its other end, as for a disk that hangs.
    std::fs::remove_file(&config).unwrap();
    let pipe = Command::new("mkfifo").arg(&config).status();
    assert!(pipe.unwrap().success());
    let choosing = tokio::spawn({
        let client = client.clone();
        let choice = AudioUse {
            device: "null".to_owned(),
            only: None,
        };
        async move { client.call(choice).await }
    });
    soon(client.call(StatusGet {})).await.unwrap();
    let chosen = soon(choosing).await.unwrap().unwrap();
    let not_saved = chosen.not_saved.unwrap();
    assert!(not_saved.contains("does not answer"), "{not_saved}");
    assert_eq!(chosen.input.unwrap().name, "null");
    let (status, took) = daemon.terminate().await;
    assert!(status.success(), "{status}");
    assert!(took < IN_TIME, "{took:?}");
}

#[tokio::test]
async fn a_sound_system_that_is_asked_for_its_devices_and_hangs_does_not_delay_the_end() {
    let stuck = StuckSoundServer::start();
    let mut daemon = Daemon::start("[audio]\nbackend = 'pulseaudio'", Some(&stuck));
    let client = daemon.ready().await;
    let asking = tokio::spawn({
        let client = client.clone();
        async move { client.call(AudioDevices {}).await }
    });
    // Requests are read in their order: once this one is answered, the other is under way.
    tokio::task::yield_now().await;
    client.call(StatusGet {}).await.unwrap();
    let (status, took) = daemon.terminate().await;
    assert!(status.success(), "{status}");
    assert!(took < IN_TIME, "{took:?}");
    assert!(soon(asking).await.unwrap().is_err());
}

#[tokio::test]
async fn a_device_that_hangs_while_it_is_opened_does_not_delay_the_end() {
    let stuck = StuckSoundServer::start();
    let bao = Daemon::start("name = 'Bao'\n[audio]\nbackend = 'null'", None);
    let mut anna = Daemon::start(
        "name = 'Anna'\n[audio]\nbackend = 'pulseaudio'",
        Some(&stuck),
    );
    let client = anna.ready().await;
    bao.meets(&client).await;
    let meeting = MeetingCreate {
        title: "Planning".into(),
        names: vec!["Bao".into()],
        ..MeetingCreate::default()
    };
    soon(client.call(meeting)).await.unwrap();
    let (status, took) = anna.terminate().await;
    assert!(status.success(), "{status}");
    assert!(took < IN_TIME, "{took:?}");
}
