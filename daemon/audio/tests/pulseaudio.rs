//! A real PulseAudio server with null sinks, private to each test.
//!
//! The server is found through the environment, which a process with threads must not change. So each test
//! starts a server and runs its other half, which is ignored otherwise, in a process of its own.

#![cfg(all(target_os = "linux", feature = "pulseaudio"))]
// A test's fixtures fail the test by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use sotto_audio::{
    Backend, CaptureRequest, DEFAULT_PERIOD, DeviceError, DeviceSpec, Direction, PlaybackRequest,
    StreamStatus, Wake, devices, open_capture, open_playback,
};

const DEADLINE: Duration = Duration::from_secs(20);

/// A sound server for one test, which ends with it.
struct Server {
    process: Child,
    home: tempfile::TempDir,
}

impl Server {
    /// `None`, with a word about it, where PulseAudio is not installed: it cannot be beside PipeWire's own sound server.
    fn start() -> Option<Self> {
        let installed = Command::new("pulseaudio").arg("--version").output().is_ok();
        if !installed {
            println!("not tested: PulseAudio is not installed");
            return None;
        }
        let home = tempfile::tempdir().unwrap();
        let socket = home.path().join("native");
        let process = Command::new("pulseaudio")
            .args([
                "-n",
                "--daemonize=no",
                "--exit-idle-time=-1",
                "--use-pid-file=no",
            ])
            .args([
                "-L",
                &format!(
                    "module-native-protocol-unix socket={} auth-anonymous=1",
                    socket.display()
                ),
            ])
            .args(["-L", "module-null-sink sink_name=spk rate=48000 channels=2"])
            .args([
                "-L",
                "module-null-sink sink_name=mic_sink rate=48000 channels=1",
            ])
            .args([
                "-L",
                "module-remap-source source_name=vmic master=mic_sink.monitor",
            ])
            .env("HOME", home.path())
            .env("XDG_RUNTIME_DIR", home.path())
            .env_remove("PULSE_SERVER")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { process, home };
        for (kind, name) in [("sink", "spk"), ("source", "vmic")] {
            let begin = Instant::now();
            while !server.pactl(&[&format!("set-default-{kind}"), name]) {
                assert!(begin.elapsed() < DEADLINE, "PulseAudio does not answer");
                std::thread::yield_now();
            }
        }
        Some(server)
    }

    fn address(&self) -> String {
        format!("unix:{}", self.home.path().join("native").display())
    }

    fn pactl(&self, arguments: &[&str]) -> bool {
        Command::new("pactl")
            .args(arguments)
            .env("PULSE_SERVER", self.address())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    /// Runs an ignored test of this file with this server in its environment.
    fn run(&self, name: &str) {
        run(name, &self.address(), self.home.path(), self.process.id());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn run(name: &str, server: &str, home: &Path, process: u32) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", name])
        .env("PULSE_SERVER", server)
        .env("SOTTO_TEST_SERVER_PROCESS", process.to_string())
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", home)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{name}:\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn waker() -> (Wake, Receiver<()>) {
    let (sender, receiver) = sync_channel(1);
    let wake: Wake = Arc::new(move || {
        let _ = sender.try_send(());
    });
    (wake, receiver)
}

fn capture(device: DeviceSpec) -> CaptureRequest {
    CaptureRequest {
        backend: Backend::PulseAudio,
        device,
        period: DEFAULT_PERIOD,
    }
}

fn playback(device: DeviceSpec) -> PlaybackRequest {
    PlaybackRequest {
        backend: Backend::PulseAudio,
        device,
        period: DEFAULT_PERIOD,
    }
}

#[test]
fn a_user_without_a_cookie_is_let_in_all_the_same() {
    if let Some(server) = Server::start() {
        let home = tempfile::tempdir().unwrap();
        let (address, process) = (server.address(), server.process.id());
        run("inside_sound_goes_round", &address, home.path(), process);
        assert!(home.path().join(".config/pulse/cookie").exists());
    }
}

#[test]
fn sound_goes_out_and_comes_back_in_through_pulseaudio() {
    if let Some(server) = Server::start() {
        server.run("inside_sound_goes_round");
    }
}

#[test]
#[ignore = "run by sound_goes_out_and_comes_back_in_through_pulseaudio"]
fn inside_sound_goes_round() {
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
    if let Some(server) = Server::start() {
        server.run("inside_devices_are_listed");
    }
}

#[test]
#[ignore = "run by devices_are_listed_with_defaults_first_and_found_by_name"]
fn inside_devices_are_listed() {
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
fn a_server_that_dies_is_noticed_by_both_streams() {
    if let Some(server) = Server::start() {
        server.run("inside_a_server_dies");
    }
}

#[test]
#[ignore = "run by a_server_that_dies_is_noticed_by_both_streams"]
fn inside_a_server_dies() {
    let (wake, _play_woken) = waker();
    let (speaker, _writer) = open_playback(&playback(DeviceSpec::Default), wake).unwrap();
    let (wake, _woken) = waker();
    let (microphone, _reader) = open_capture(&capture(DeviceSpec::Default), wake).unwrap();
    let server = std::env::var("SOTTO_TEST_SERVER_PROCESS").unwrap();
    assert!(
        Command::new("kill")
            .args(["-KILL", &server])
            .status()
            .unwrap()
            .success()
    );
    let begin = Instant::now();
    while speaker.status() == StreamStatus::Running || microphone.status() == StreamStatus::Running
    {
        assert!(begin.elapsed() < DEADLINE, "{speaker:?} {microphone:?}");
        std::thread::yield_now();
    }
    drop((speaker, microphone));
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
    let home = tempfile::tempdir().unwrap();
    let nowhere: PathBuf = home.path().join("nothing");
    run(
        "inside_no_sound_system",
        &format!("unix:{}", nowhere.display()),
        home.path(),
        0,
    );
}

#[test]
#[ignore = "run by without_a_sound_system_opening_fails_soon_and_says_so"]
fn inside_no_sound_system() {
    for backend in [Backend::Auto, Backend::PulseAudio] {
        let begin = Instant::now();
        let (wake, _woken) = waker();
        let request = CaptureRequest {
            backend,
            device: DeviceSpec::Default,
            period: DEFAULT_PERIOD,
        };
        let error = open_capture(&request, wake).map(|_| ()).unwrap_err();
        println!("{backend}: {error}");
        assert!(begin.elapsed() < Duration::from_secs(6));
        let _ = devices(backend);
        assert!(begin.elapsed() < Duration::from_secs(12));
    }
}
