//! A real PulseAudio server with null sinks, private to each test.
//!
//! The server is found through the environment, which a process with threads must not change. So each test
//! starts a server and runs its other half, which is ignored otherwise, in a process of its own.

#![cfg(all(target_os = "linux", feature = "pulseaudio"))]
// A test's fixtures fail the test by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod pulse;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pulse::{DEADLINE, Server, capture, playback, waker};
use sotto_audio::{
    Backend, CaptureRequest, DeviceError, DeviceSpec, Direction, StreamStatus, devices,
    open_capture, open_playback,
};

#[test]
fn a_user_without_a_cookie_is_let_in_all_the_same() {
    pulse::run("inside_without_a_cookie");
}

#[test]
#[ignore = "run by a_user_without_a_cookie_is_let_in_all_the_same"]
fn inside_without_a_cookie() {
    let cookie = Path::new(&std::env::var("HOME").unwrap()).join(".config/pulse/cookie");
    let _server = Server::with_defaults(&[]);
    assert!(!cookie.exists());
    sound_goes_round();
    assert!(cookie.exists());
}

#[test]
fn the_cookie_lies_where_the_users_settings_are() {
    pulse::run_with("inside_settings_elsewhere", &["XDG_CONFIG_HOME"]);
}

#[test]
#[ignore = "run by the_cookie_lies_where_the_users_settings_are"]
fn inside_settings_elsewhere() {
    let settings = std::env::var("XDG_CONFIG_HOME").unwrap();
    let _server = Server::with_defaults(&[]);
    sotto_audio::devices(Backend::PulseAudio).unwrap();
    assert!(Path::new(&settings).join("pulse/cookie").exists());
    let home = std::env::var("HOME").unwrap();
    assert!(!Path::new(&home).join(".config").exists());
}

#[test]
fn sound_goes_out_and_comes_back_in_through_pulseaudio() {
    pulse::run("inside_sound_goes_round");
}

#[test]
#[ignore = "run by sound_goes_out_and_comes_back_in_through_pulseaudio"]
fn inside_sound_goes_round() {
    let _server = Server::with_defaults(&[]);
    sound_goes_round();
}

fn sound_goes_round() {
    let (wake, play_woken) = waker();
    let (speaker, mut writer) = open_playback(&playback(DeviceSpec::Default), wake).unwrap();
    let (wake, woken) = waker();
    // The monitor has two channels.
    let (microphone, mut reader) =
        open_capture(&capture(DeviceSpec::Named("spk.monitor".to_owned())), wake).unwrap();

    let player = std::thread::spawn(move || {
        let mut written = 0_u32;
        while written < 3 * 48_000 {
            for n in 0..writer.wanted() as u32 {
                let sample = if written + n >= 48_000 {
                    (f64::from(written + n) * 0.1).sin() * 0.5
                } else {
                    0.0
                };
                writer.write(&[sample as f32]);
            }
            written += 480;
            play_woken.recv_timeout(DEADLINE).unwrap();
        }
        writer
    });
    let mut frame = [0.0; 480];
    let mut sound = Vec::new();
    while sound.len() < 3 * 48_000 {
        match reader.read(&mut frame) {
            Some(lost) => {
                assert_eq!(lost, 0);
                sound.extend_from_slice(&frame);
            }
            None => woken.recv_timeout(DEADLINE).unwrap(),
        }
    }
    let _writer = player.join().unwrap();
    let loud = sound.iter().filter(|sample| sample.abs() > 0.2).count();
    assert!(loud > 24_000, "only {loud} loud samples");
    let peak = sound
        .iter()
        .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    assert!((0.45..0.55).contains(&peak), "peak {peak}");
    assert_eq!(
        (speaker.status(), microphone.status()),
        (StreamStatus::Running, StreamStatus::Running)
    );
    println!(
        "speaker {:?}\nmicrophone {:?}",
        speaker.statistics(),
        microphone.statistics()
    );
    assert!(
        speaker.statistics().block <= 4_800,
        "{:?}",
        speaker.statistics()
    );
    assert!(
        microphone.statistics().block <= 4_800,
        "{:?}",
        microphone.statistics()
    );
}

#[test]
fn devices_are_listed_with_defaults_first_and_found_by_name() {
    pulse::run("inside_devices_are_listed");
}

#[test]
#[ignore = "run by devices_are_listed_with_defaults_first_and_found_by_name"]
fn inside_devices_are_listed() {
    let _server = Server::with_defaults(&[]);
    let found = devices(Backend::Auto).unwrap();
    let microphone = found
        .iter()
        .find(|device| device.direction == Direction::Capture)
        .unwrap();
    assert!(
        microphone.is_default && microphone.id.ends_with("vmic"),
        "{found:#?}"
    );
    let speaker = found
        .iter()
        .find(|device| device.direction == Direction::Playback)
        .unwrap();
    assert!(
        speaker.is_default && speaker.id.ends_with("spk"),
        "{found:#?}"
    );
    assert!(found.iter().any(|device| device.is_monitor));

    let (wake, _woken) = waker();
    let (stream, _reader) =
        open_capture(&capture(DeviceSpec::Named(microphone.id.clone())), wake).unwrap();
    assert_eq!(stream.device().name, microphone.name);
    let (wake, _woken) = waker();
    let missing = open_capture(&capture(DeviceSpec::Named("Jabra".to_owned())), wake);
    assert!(
        matches!(missing, Err(DeviceError::NotFound { .. })),
        "{missing:?}"
    );
}

#[test]
fn a_server_that_dies_is_noticed_by_every_stream() {
    pulse::run("inside_a_server_dies");
}

#[test]
#[ignore = "run by a_server_that_dies_is_noticed_by_every_stream"]
fn inside_a_server_dies() {
    let server = Server::with_defaults(&[]);
    let (wake, _play_woken) = waker();
    let (speaker, _writer) = open_playback(&playback(DeviceSpec::Default), wake).unwrap();
    let (wake, _woken) = waker();
    let (microphone, _reader) = open_capture(&capture(DeviceSpec::Default), wake).unwrap();
    let request = CaptureRequest {
        attended: true,
        ..capture(DeviceSpec::Default)
    };
    let (attended, mut end) = open_capture(&request, Arc::new(|| ())).unwrap();
    server.kill();
    let begin = Instant::now();
    while [speaker.status(), microphone.status(), attended.status()]
        .contains(&StreamStatus::Running)
    {
        assert!(
            begin.elapsed() < DEADLINE,
            "{speaker:?} {microphone:?} {attended:?}"
        );
        end.attend();
        std::thread::yield_now();
    }
    drop((speaker, microphone, attended));
    assert!(
        begin.elapsed() < DEADLINE,
        "closing took {:?}",
        begin.elapsed()
    );
    let (wake, _woken) = waker();
    assert!(open_capture(&capture(DeviceSpec::Default), wake).is_err());
}

#[test]
fn without_a_sound_system_opening_fails_soon_and_says_so() {
    // No server is started where the environment says that one is.
    pulse::run("inside_no_sound_system");
}

#[test]
#[ignore = "run by without_a_sound_system_opening_fails_soon_and_says_so"]
fn inside_no_sound_system() {
    for backend in [Backend::Auto, Backend::PulseAudio] {
        let begin = Instant::now();
        let (wake, _woken) = waker();
        let request = CaptureRequest {
            backend,
            ..capture(DeviceSpec::Default)
        };
        let error = open_capture(&request, wake).map(|_| ()).unwrap_err();
        println!("{backend}: {error}");
        assert!(begin.elapsed() < Duration::from_secs(6));
        let _ = devices(backend);
        assert!(begin.elapsed() < Duration::from_secs(12));
    }
}

#[test]
fn the_server_that_is_named_is_used_and_no_other() {
    pulse::run("inside_named_servers");
}

#[test]
#[ignore = "run by the_server_that_is_named_is_used_and_no_other"]
fn inside_named_servers() {
    let home = PathBuf::from(std::env::var("HOME").unwrap());
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .unwrap()
        .port();
    let network =
        format!("module-native-protocol-tcp listen=127.0.0.1 port={port} auth-anonymous=1");
    // The one that is named is where nobody would look for it.
    let _server = Server::start(&["module-null-sink sink_name=named", &network]);
    let socket = home.join("native");
    let path = socket.display();
    let conf = home.join(".config/pulse/client.conf");
    std::fs::create_dir_all(conf.parent().unwrap()).unwrap();
    let found = |variables: &[(&str, String)]| -> String {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "--nocapture", "inside_one_name"]);
        for variable in ["PULSE_SERVER", "XDG_RUNTIME_DIR"] {
            command.env_remove(variable);
        }
        let said = command.envs(variables.iter().cloned()).output().unwrap();
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let line = said.lines().find_map(|line| line.strip_prefix("found: "));
        line.unwrap_or(&said).to_owned()
    };
    for server in [
        format!("unix:{path}"),
        path.to_string(),
        format!("tcp:127.0.0.1:{port}"),
        format!("127.0.0.1:{port}"),
        format!("{{another machine}}unix:/nowhere tcp4:localhost:{port}"),
        format!("unix:/nowhere {path}"),
    ] {
        assert_eq!(
            found(&[("PULSE_SERVER", server.clone())]),
            "named",
            "{server}"
        );
    }
    let runtime = ("PULSE_RUNTIME_PATH", home.display().to_string());
    assert_eq!(found(std::slice::from_ref(&runtime)), "named");
    std::fs::write(&conf, format!("default-server = unix:{path}\n")).unwrap();
    assert_eq!(found(&[]), "named");
    // Nothing stands in for a server that does not answer, also where any sound system would do.
    std::fs::write(&conf, "default-server = unix:/nowhere\n").unwrap();
    let error = found(&[runtime]);
    assert!(error.contains("/nowhere"), "{error}");
}

#[test]
#[ignore = "run by the_server_that_is_named_is_used_and_no_other"]
fn inside_one_name() {
    match devices(Backend::Auto) {
        Ok(devices) => {
            let loudspeaker = devices
                .iter()
                .find(|device| device.direction == Direction::Playback)
                .unwrap();
            println!(
                "found: {}",
                loudspeaker.id.trim_start_matches("pulseaudio:")
            );
        }
        Err(error) => println!("found: {error}"),
    }
}
