//! Devices of a real PulseAudio server that the thread which uses them attends to itself.

#![cfg(all(target_os = "linux", feature = "pulseaudio"))]
// A test's fixtures fail the test by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod pulse;

use std::sync::Arc;
use std::time::{Duration, Instant};

use pulse::{DEADLINE, Server, capture, pactl, playback, plug, waker};
use sotto_audio::{
    CaptureReader, CaptureRequest, CaptureStream, DeviceError, DeviceSpec, PlaybackRequest,
    PlaybackStream, PlaybackWriter, StreamStatus, Wake, open_capture, open_playback,
};

/// A server with two loudspeakers and a microphone.
fn server() -> Server {
    Server::with_defaults(&["module-null-sink sink_name=other rate=48000 channels=2"])
}

fn nobody() -> Wake {
    Arc::new(|| panic!("who attends to a device is not woken by it"))
}

fn microphone(device: &str) -> (CaptureStream, CaptureReader) {
    let request = CaptureRequest {
        attended: true,
        ..capture(DeviceSpec::Named(device.to_owned()))
    };
    open_capture(&request, nobody()).unwrap()
}

/// The default loudspeaker.
fn loudspeaker() -> (PlaybackStream, PlaybackWriter) {
    let request = PlaybackRequest {
        attended: true,
        ..playback(DeviceSpec::Default)
    };
    open_playback(&request, nobody()).unwrap()
}

#[test]
fn sound_goes_round_where_voice_threads_attend_to_the_devices() {
    pulse::run("inside_attended");
}

#[test]
#[ignore = "run by sound_goes_round_where_voice_threads_attend_to_the_devices"]
fn inside_attended() {
    let _server = server();
    let (speaker, mut writer) = loudspeaker();
    let (microphone, mut reader) = microphone("spk.monitor");
    assert!(writer.descriptor().is_some() && reader.descriptor().is_some());

    let begin = Instant::now();
    let (mut written, mut sound) = (0_u32, Vec::new());
    let mut frame = [0.0; 480];
    let mut most = 0;
    while sound.len() < 2 * 48_000 {
        assert!(begin.elapsed() < DEADLINE, "{speaker:?} {microphone:?}");
        writer.attend();
        let wanted = writer.wanted();
        if written > 0 {
            most = most.max(wanted);
        }
        let tone = (0..wanted as u32).map(|n| (f64::from(written + n) * 0.1).sin() as f32 * 0.5);
        let tone: Vec<f32> = tone.collect();
        writer.write(&tone);
        written += wanted as u32;
        reader.attend();
        while let Some(lost) = reader.read(&mut frame) {
            assert_eq!(lost, 0);
            sound.extend_from_slice(&frame);
        }
        std::thread::yield_now();
    }
    // A sine has no sample that its neighbours do not tell, wherever it was cut into blocks.
    let from = sound.iter().position(|it| it.abs() > 0.2).unwrap() + 480;
    let curve = 2.0 * 0.1_f32.cos();
    let broken = sound[from..]
        .windows(3)
        .filter(|it| (it[0] + it[2] - curve * it[1]).abs() > 0.01)
        .count();
    let told = speaker.statistics();
    // On a machine that stands still for a moment it breaks off, and says so.
    assert!(
        broken as u64 <= 8 * told.interruptions,
        "{broken} breaks: {told:?}"
    );
    assert!(sound.len() > from + 48_000, "sound from {from} on");
    assert_eq!(microphone.status(), StreamStatus::Running);
}

#[test]
fn what_an_attended_loudspeaker_missed_is_not_kept_as_delay() {
    pulse::run("inside_attended_late");
}

#[test]
#[ignore = "run by what_an_attended_loudspeaker_missed_is_not_kept_as_delay"]
fn inside_attended_late() {
    let _server = server();
    let (speaker, mut writer) = loudspeaker();
    // This one has a thread of its own: it is the clock.
    let (wake, woken) = waker();
    let (_microphone, mut reader) = open_capture(&capture(DeviceSpec::Default), wake).unwrap();
    let mut frame = [0.0; 480];
    let begin = Instant::now();
    let (mut captured, mut written, mut missed) = (0, 0, 0);
    // A second with attention, 200 ms without, and a second with it again, by the microphone's time.
    while captured < 2 * 48_000 + 9_600 {
        assert!(begin.elapsed() < DEADLINE);
        if !(48_000..57_600).contains(&captured) {
            writer.attend();
            missed += writer.take_missed();
            let wanted = writer.wanted();
            written += wanted;
            writer.write(&vec![0.1; wanted]);
        }
        while let Some(lost) = reader.read(&mut frame) {
            captured += 480 + lost as usize;
        }
        let _ = woken.recv_timeout(Duration::from_millis(1));
    }
    assert!((7_200..24_000).contains(&missed), "{missed} missed");
    let told = speaker.statistics();
    assert!(
        told.interruptions > 0 && told.samples_lost > 7_000,
        "{told:?}"
    );
    // It has played for as long as the microphone has heard.
    let played = written + missed;
    assert!(played.abs_diff(captured) < 9_600, "{played} of {captured}");
}

#[test]
fn an_attended_device_closes_though_its_end_is_still_held() {
    pulse::run("inside_attended_closed");
}

#[test]
#[ignore = "run by an_attended_device_closes_though_its_end_is_still_held"]
fn inside_attended_closed() {
    let _server = server();
    let open = || pactl(&["list", "short", "source-outputs"]).lines().count();
    let before = open();
    let (microphone, mut reader) = microphone("vmic");
    assert_eq!(open(), before + 1);
    drop(microphone);
    let begin = Instant::now();
    while open() > before {
        assert!(begin.elapsed() < DEADLINE, "the microphone is still open");
    }
    // Whoever holds the end reads what is left, and nothing else happens.
    reader.attend();
    while reader.read(&mut [0.0; 480]).is_some() {}
}

#[test]
fn an_attended_loudspeaker_is_taken_along_when_the_default_moves() {
    pulse::run("inside_attended_moved");
}

#[test]
#[ignore = "run by an_attended_loudspeaker_is_taken_along_when_the_default_moves"]
fn inside_attended_moved() {
    let _server = server();
    let (speaker, mut writer) = loudspeaker();
    let begin = Instant::now();
    let mut play_until = |what: &str, there: &dyn Fn(&PlaybackStream) -> bool| {
        while !there(&speaker) {
            assert!(begin.elapsed() < DEADLINE, "never {what}: {speaker:?}");
            writer.attend();
            let wanted = writer.wanted();
            writer.write(&vec![0.1; wanted]);
            std::thread::yield_now();
        }
    };
    play_until("played", &|it| it.statistics().blocks > 20);
    pactl(&["set-default-sink", "other"]);
    play_until("moved", &|it| it.device().id == "pulseaudio:other");
    let before = speaker.statistics().blocks;
    play_until("played on", &|it| it.statistics().blocks > before + 20);
    assert_eq!(speaker.status(), StreamStatus::Running);
}

#[test]
fn an_attended_microphone_that_is_unplugged_says_so() {
    pulse::run("inside_attended_unplugged");
}

#[test]
#[ignore = "run by an_attended_microphone_that_is_unplugged_says_so"]
fn inside_attended_unplugged() {
    let _server = server();
    let headset = plug(
        "module-null-source",
        &["source_name=headset", "rate=48000", "channels=1"],
    );
    let (stream, mut reader) = microphone("headset");
    headset.unplug();
    let begin = Instant::now();
    while stream.status() == StreamStatus::Running {
        assert!(begin.elapsed() < DEADLINE, "{stream:?}");
        reader.attend();
        std::thread::yield_now();
    }
    let StreamStatus::Failed(error) = stream.status() else {
        panic!("{stream:?}");
    };
    assert!(matches!(error, DeviceError::Lost { .. }), "{error}");
    // Well before it would count as stalled.
    assert!(begin.elapsed() < Duration::from_secs(2), "{error}");
}
