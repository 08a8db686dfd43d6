//! What echo cancellation, noise suppression, level control and speech detection are worth, in rooms and among noises
//! that are made here.
//!
//! `cargo bench -p sotto-voice --bench processing [-- SECTION]`, with `echo`, `double`, `loop`, `noise`, `level`, `speech`
//! or `cost`. The speech is Debian's spoken prompts from alsa-utils. Everything but `cost` runs on a virtual clock and
//! comes out the same every time.

mod cost;
mod echo;
mod scene;
mod speech;

use std::process::ExitCode;
use std::time::Duration;

use scene::{SECOND, db, scaled, speech_level};
use sotto_instruments::Chance;
use sotto_voice::{
    Audience, FRAME_SAMPLES, Processor, ProcessorSettings, Slot, SlotSet, Uplink, UplinkCommand,
    UplinkEvent, VoiceConfig, voice_pair,
};

pub(crate) const ECHO: ProcessorSettings = ProcessorSettings {
    echo_cancellation: true,
    noise_suppression: false,
    gain_control: false,
};
const NOISE: ProcessorSettings = ProcessorSettings {
    echo_cancellation: false,
    noise_suppression: true,
    gain_control: false,
};
const LEVEL: ProcessorSettings = ProcessorSettings {
    echo_cancellation: false,
    noise_suppression: false,
    gain_control: true,
};
pub(crate) const ALL: ProcessorSettings = ProcessorSettings {
    echo_cancellation: true,
    noise_suppression: true,
    gain_control: true,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--test") {
        return ExitCode::SUCCESS;
    }
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-'));
    let section = |name: &str| wanted.is_none_or(|wanted| wanted == name);
    let (Some(far), Some(near)) = (speech::far(40), speech::near(40)) else {
        eprintln!("no spoken prompts in /usr/share/sounds/alsa: install alsa-utils");
        return ExitCode::FAILURE;
    };
    if section("echo") {
        echo::alone();
    }
    if section("double") {
        echo::double_talk();
    }
    if section("loop") {
        echo::howling();
    }
    if section("noise") {
        noise(&near);
    }
    if section("level") {
        level(&near);
    }
    if section("speech") {
        detection(&near);
    }
    if section("cost") {
        cost::report(&far, &near);
    }
    ExitCode::SUCCESS
}

/// A fan: low-passed noise at `level` dBFS.
pub(crate) fn fan(length: usize, level: f64, seed: u32) -> Vec<f32> {
    let mut chance = Chance::new(seed.into());
    let mut state = 0.0;
    let noise: Vec<f32> = (0..length)
        .map(|_| {
            state += 0.15 * (chance.sample() - state);
            state
        })
        .collect();
    scaled(&noise, level - db(&noise))
}

fn process(settings: ProcessorSettings, captured: &[f32]) -> Vec<f32> {
    let mut processor = Processor::new(settings);
    let delay = processor.blur().delay.length();
    let mut sent = Vec::with_capacity(captured.len());
    for frame in captured.chunks_exact(FRAME_SAMPLES) {
        let mut sound: [f32; FRAME_SAMPLES] = std::array::from_fn(|n| frame[n]);
        processor.process(&mut sound, &[0.0; FRAME_SAMPLES]);
        sent.extend(sound);
    }
    sent.drain(..delay);
    sent.resize(captured.len(), 0.0);
    sent
}

pub(crate) fn mixed(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

fn noise(near: &[f32]) {
    println!("\nA fan: PESQ-WB over 10-20 s, and the noise in pauses against speech");
    println!(
        "{:10} {:>10} {:>10} {:>14} {:>14}",
        "SNR dB", "captured", "sent", "SNR captured", "SNR sent"
    );
    let range = 10 * SECOND..20 * SECOND;
    for snr in [0.0, 5.0, 10.0, 15.0, 20.0, 60.0] {
        let captured = mixed(near, &fan(near.len(), -26.0 - snr, 7));
        let sent = process(NOISE, &captured);
        let clean = &near[range.clone()];
        let ratio = |sound: &[f32]| {
            let (mut speech, mut pause) = (Vec::new(), Vec::new());
            for (clean, sound) in clean.chunks(480).zip(sound[range.clone()].chunks(480)) {
                match db(clean) {
                    level if level > -35.0 => speech.extend_from_slice(sound),
                    level if level < -90.0 => pause.extend_from_slice(sound),
                    _ => {}
                }
            }
            db(&speech) - db(&pause)
        };
        println!(
            "{snr:10} {:10.2} {:10.2} {:14.1} {:14.1}",
            speech::pesq(clean, &captured[range.clone()]),
            speech::pesq(clean, &sent[range.clone()]),
            ratio(&captured),
            ratio(&sent)
        );
    }
}

fn level(near: &[f32]) {
    println!("\nLevel control: gain in dB, and the level of speech as sent in dBFS");
    println!(
        "{:22} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>7}",
        "talker", "1st word", "0-2 s", "2-4 s", "4-8 s", "8-15 s", "30-40 s", "level", "peak"
    );
    for (name, level) in [
        ("very quiet, -50 dBFS", -50.0),
        ("quiet, -42 dBFS", -42.0),
        ("usual, -26 dBFS", -26.0),
        ("loud, -14 dBFS", -14.0),
    ] {
        let captured = scaled(near, level + 26.0);
        let captured: Vec<f32> = captured
            .iter()
            .map(|sample| sample.clamp(-1.0, 1.0))
            .collect();
        let sent = process(LEVEL, &captured);
        let gain = |from: f64, to: f64| {
            let range = (from * SECOND as f64) as usize..(to * SECOND as f64) as usize;
            db(&sent[range.clone()]) - db(&captured[range])
        };
        let peak = sent
            .iter()
            .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        println!(
            "{name:22} {:8.1} {:8.1} {:8.1} {:8.1} {:8.1} {:8.1} {:8.1} {peak:7.2}",
            gain(0.3, 0.9),
            gain(0.0, 2.0),
            gain(2.0, 4.0),
            gain(4.0, 8.0),
            gain(8.0, 15.0),
            gain(30.0, 40.0),
            speech_level(&sent[30 * SECOND..]),
        );
    }
}

/// Whether the uplink takes each frame for speech.
fn judged(settings: Option<ProcessorSettings>, captured: &[f32]) -> Option<Vec<bool>> {
    let (mut uplink, _downlink): (Uplink, _) = voice_pair(&VoiceConfig::new([1; 32])).ok()?;
    let everyone: SlotSet = [Slot::new(0)].into_iter().collect();
    for command in [
        UplinkCommand::Processing(settings.map(Processor::new)),
        UplinkCommand::Microphone {
            at: None,
            open: true,
        },
        UplinkCommand::Audience {
            at: None,
            audience: Audience::Open(everyone),
        },
    ] {
        uplink.command(command).ok()?;
    }
    let mut speaking = false;
    let mut judged = Vec::new();
    for (index, frame) in captured.chunks_exact(FRAME_SAMPLES).enumerate() {
        let frame: &[f32; FRAME_SAMPLES] = frame.try_into().ok()?;
        uplink.capture(
            frame,
            Duration::from_millis(10 * index as u64),
            &mut |_, _| (),
        );
        while let Some(event) = uplink.poll_event() {
            if let UplinkEvent::Speaking { speaking: now, .. } = event {
                speaking = now;
            }
        }
        judged.push(speaking);
    }
    Some(judged)
}

/// Six strokes a second, each a burst of some milliseconds.
fn keyboard(length: usize) -> Vec<f32> {
    let mut chance = Chance::new(11);
    let mut sound = vec![0.0; length];
    let mut at = 0;
    while at < length {
        let peak = 0.1 + 0.2 * chance.sample().abs();
        for n in 0..1200.min(length - at) {
            sound[at + n] += peak * chance.sample() * (-(n as f32) / 200.0).exp();
        }
        at += 4000 + (chance.sample().abs() * 8000.0) as usize;
    }
    sound
}

fn detection(near: &[f32]) {
    println!(
        "\nSpeech detection, % of frames: found where there is speech, false where there is none for 400 ms"
    );
    println!("{:34} {:>16} {:>16}", "", "energy alone", "with detector");
    println!(
        "{:34} {:>7} {:>8} {:>7} {:>8}",
        "", "found", "false", "found", "false"
    );
    let length = near.len();
    let quiet: Vec<f32> = vec![0.0; length];
    let mut starting = fan(length, -40.0, 13);
    starting[..10 * SECOND]
        .iter_mut()
        .for_each(|sample| *sample *= 0.03);
    let cases: Vec<(&str, &[f32], Vec<f32>)> = vec![
        ("speech in quiet", near, fan(length, -75.0, 1)),
        ("speech, fan, 20 dB", near, fan(length, -46.0, 1)),
        ("speech, fan, 10 dB", near, fan(length, -36.0, 2)),
        ("speech, fan, 5 dB", near, fan(length, -31.0, 3)),
        ("speech, fan, 0 dB", near, fan(length, -26.0, 4)),
        ("speech and keyboard", near, keyboard(length)),
        ("keyboard alone", &quiet, keyboard(length)),
        ("a fan that starts after 10 s", &quiet, starting),
    ];
    let spoken = |sound: &[f32]| -> Vec<bool> {
        sound
            .chunks_exact(480)
            .map(|frame| db(frame) > -45.0)
            .collect()
    };
    for (name, speech, noise) in cases {
        let captured = mixed(speech, &noise);
        let truth = spoken(speech);
        print!("{name:34}");
        let with = ProcessorSettings {
            gain_control: true,
            ..NOISE
        };
        for settings in [None, Some(with)] {
            let Some(judged) = judged(settings, &captured) else {
                println!(" no uplink");
                return;
            };
            let (mut found, mut speech, mut wrong, mut pauses) = (0, 0, 0, 0);
            for index in 200..truth.len() {
                if truth[index] {
                    speech += 1;
                    // What is processed comes up to two frames later.
                    found +=
                        u32::from(judged[index] || judged.get(index + 2).copied().unwrap_or(false));
                } else if !truth[index.saturating_sub(40)..=(index + 3).min(truth.len() - 1)]
                    .contains(&true)
                {
                    pauses += 1;
                    wrong += u32::from(judged[index]);
                }
            }
            let share = |part: u32, all: u32| 100.0 * f64::from(part) / f64::from(all.max(1));
            print!(" {:7.1} {:8.1}", share(found, speech), share(wrong, pauses));
        }
        println!();
    }
}
