//! Devices of every usual rate, format and number of channels: on a real PulseAudio server.

#![cfg(all(target_os = "linux", feature = "pulseaudio"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod pulse;

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Instant;

use pulse::{DEADLINE, Server, capture, playback, plug, waker};
use sotto_audio::{DeviceSpec, open_capture, open_playback};

const HERTZ: f64 = 500.0;

/// How far the tone stands above everything else in a piece, in dB.
fn signal_to_noise(sound: &[f32]) -> f64 {
    let turn = std::f64::consts::TAU * HERTZ / 48_000.0;
    let scale = 2.0 / sound.len() as f64;
    let (mut sine, mut cosine) = (0.0, 0.0);
    for (n, sample) in sound.iter().enumerate() {
        sine += scale * f64::from(*sample) * (turn * n as f64).sin();
        cosine += scale * f64::from(*sample) * (turn * n as f64).cos();
    }
    let (mut signal, mut noise) = (0.0, 1e-12);
    for (n, sample) in sound.iter().enumerate() {
        let fit = sine * (turn * n as f64).sin() + cosine * (turn * n as f64).cos();
        signal += fit * fit;
        noise += (f64::from(*sample) - fit).powi(2);
    }
    10.0 * (signal / noise).log10()
}

#[test]
fn sound_goes_round_through_devices_of_every_form() {
    pulse::run("inside_forms");
}

#[test]
#[ignore = "run by sound_goes_round_through_devices_of_every_form"]
fn inside_forms() {
    let _server = Server::start(&["module-null-sink sink_name=other"]);
    for (format, rate, channels, least) in [
        ("s16le", 44_100, 2, 50.0),
        ("s16le", 48_000, 1, 50.0),
        ("s32le", 96_000, 8, 60.0),
        ("float32le", 16_000, 1, 60.0),
        ("float32le", 48_000, 6, 60.0),
        ("u8", 44_100, 3, 25.0),
    ] {
        let sink = plug(
            "module-null-sink",
            &[
                "sink_name=box",
                &format!("format={format}"),
                &format!("rate={rate}"),
                &format!("channels={channels}"),
            ],
        );
        let request = playback(DeviceSpec::Named("box".to_owned()));
        let (wake, woken) = waker();
        let (speaker, mut writer) = open_playback(&request, wake).unwrap();
        let request = capture(DeviceSpec::Named("box.monitor".to_owned()));
        let (wake, heard) = waker();
        let (microphone, mut reader) = open_capture(&request, wake).unwrap();
        let mut played = 0_u32;
        let mut recorded = Vec::new();
        let mut frame = [0.0; 480];
        let begin = Instant::now();
        while recorded.len() < 3 * 48_000 {
            assert!(begin.elapsed() < DEADLINE, "{speaker:?} {microphone:?}");
            for _ in 0..writer.wanted() {
                let turn = HERTZ / 48_000.0 * f64::from(played % 48_000);
                writer.write(&[(0.25 * (std::f64::consts::TAU * turn).sin()) as f32]);
                played += 1;
            }
            while reader.read(&mut frame).is_some() {
                recorded.extend_from_slice(&frame);
            }
            let _ = woken.recv_timeout(std::time::Duration::from_millis(2));
            let _ = heard.try_recv();
        }
        // The best tenth of a second: a busy machine may tear others.
        let best = recorded
            .chunks_exact(4_800)
            .map(signal_to_noise)
            .fold(f64::MIN, f64::max);
        let (out, back) = (speaker.statistics(), microphone.statistics());
        println!(
            "measured: {format}, {rate} Hz, {channels} channels: {best:.0} dB; opened at {} and {} Hz, {} channels",
            out.rate, back.rate, back.channels
        );
        assert!(
            best > least,
            "{format}, {rate} Hz, {channels}: {best:.1} dB"
        );
        assert_eq!(usize::from(back.channels), channels);
        drop((speaker, microphone));
        sink.unplug();
    }
}

#[test]
fn a_voice_comes_from_the_front_pair_of_many_loudspeakers_alone() {
    pulse::run("inside_front_pair");
}

#[test]
#[ignore = "run by a_voice_comes_from_the_front_pair_of_many_loudspeakers_alone"]
fn inside_front_pair() {
    // Without a map the server numbers eight channels as no box does.
    let map = "channel_map=front-left,front-right,rear-left,rear-right,front-center,lfe,side-left,side-right";
    let sink = format!("module-null-sink sink_name=box rate=48000 channels=8 {map}");
    let _server = Server::start(&[&sink]);
    let mut recorder = Command::new("parec")
        .args(["--device=box.monitor", "--format=float32le", "--raw"])
        .args([
            "--channels=8",
            "--rate=48000",
            "--latency-msec=10",
            "--no-remap",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let request = playback(DeviceSpec::Named("box".to_owned()));
    let (wake, woken) = waker();
    let (speaker, mut writer) = open_playback(&request, wake).unwrap();
    let mut sound = recorder.stdout.take().unwrap();
    let (sender, blocks) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut block = vec![0; 4 * 8 * 4_800];
        while sound.read_exact(&mut block).is_ok() && sender.send(block.clone()).is_ok() {}
    });
    let begin = Instant::now();
    let energies = loop {
        assert!(begin.elapsed() < DEADLINE, "{speaker:?}");
        let wanted = writer.wanted();
        writer.write(&vec![0.25; wanted]);
        let _ = woken.recv_timeout(std::time::Duration::from_millis(20));
        if let Ok(block) = blocks.try_recv() {
            let mut energies = [0.0_f32; 8];
            for (n, sample) in block.as_chunks::<4>().0.iter().enumerate() {
                energies[n % 8] += f32::from_le_bytes(*sample).powi(2);
            }
            if energies[0] > 100.0 {
                break energies;
            }
        }
    };
    recorder.kill().unwrap();
    recorder.wait().unwrap();
    println!("measured: energies of the eight channels {energies:?}");
    assert!((energies[0] - energies[1]).abs() < 0.01 * energies[0]);
    assert!(energies[2..].iter().all(|it| *it == 0.0), "{energies:?}");
}
