//! Microphone, loudspeaker and devices.

use super::{Ink, Style, Table};
use sotto_control::model::{
    Device, DeviceChoice, DeviceInUse, Devices, MicrophoneTest, Processing, Sound, SoundState,
    TalkMode, TestProgress, TestStep, TestVerdict,
};
use sotto_control::{AudioReply, SilenceReply, VolumeReply};
use std::time::Duration;

pub(crate) fn audio(reply: &AudioReply, style: Style) -> String {
    match reply {
        AudioReply { deafened: true, .. } => style.paint(
            Ink::Yellow,
            "Deafened: you hear nothing, and nobody hears you.",
        ),
        AudioReply { muted: true, .. } => style.paint(Ink::Yellow, "Muted."),
        AudioReply {
            mode: TalkMode::Push,
            ..
        } => "You are not muted: your microphone is open while you press to talk.".to_owned(),
        AudioReply { .. } => "Your microphone is open while you are in a meeting.".to_owned(),
    }
}

pub(crate) fn volume(reply: &VolumeReply, _style: Style) -> String {
    let VolumeReply { person, percent } = reply;
    match percent {
        0 => format!("You do not hear {} any more.", person.label),
        percent => format!("{} is at {percent} %.", person.label),
    }
}

pub(crate) fn devices(reply: &Devices, style: Style) -> String {
    let mut text = format!("Sound: {}\n", sound(&reply.sound, style));
    if !reply.backend.is_empty() {
        text.push_str(&format!("System: {}\n", reply.backend));
    }
    for (title, list) in [
        ("Microphones", &reply.inputs),
        ("Loudspeakers", &reply.outputs),
    ] {
        text.push_str(&format!("\n{}\n", style.paint(Ink::Bold, title)));
        text.push_str(&device_list(list, style));
        text.push('\n');
    }
    if reply.inputs.iter().any(|it| it.bluetooth && !it.in_use) {
        let word = "\nA Bluetooth headset's microphone is opened only if you choose it by name: its sound drops to telephone quality meanwhile.";
        text.push_str(&style.paint(Ink::Yellow, word));
    }
    text.push_str(&style.paint(
        Ink::Dim,
        "\nChoose with 'sotto devices use NAME', try out with 'sotto devices test'.",
    ));
    text
}

fn device_list(list: &[Device], style: Style) -> String {
    if list.is_empty() {
        return "  none".to_owned();
    }
    let mut table = Table::new().indented(2);
    for device in list {
        let (sign, ink) = if device.in_use {
            ("▸", Ink::Green)
        } else {
            (" ", Ink::Plain)
        };
        table.row([
            (ink, sign.to_owned()),
            (ink, device.name.clone()),
            (Ink::Dim, about(device)),
            (Ink::Dim, device.id.clone()),
        ]);
    }
    table.render(style)
}

/// `default, headset, Bluetooth`
fn about(device: &Device) -> String {
    let mut words = Vec::new();
    if device.in_use {
        words.push("in use");
    }
    if device.default {
        words.push("default");
    }
    words.extend(device.form.as_deref());
    if device.bluetooth {
        words.push("Bluetooth");
    }
    if device.muted_by_system {
        words.push("muted in the system");
    }
    if device.monitor {
        words.push("monitor");
    }
    words.join(", ")
}

/// Sound in one line.
pub(super) fn sound(sound: &Sound, style: Style) -> String {
    let state = match sound.state {
        SoundState::Closed => style.paint(Ink::Dim, "closed until you join a meeting"),
        SoundState::Open => style.paint(Ink::Green, "open"),
        SoundState::Failed => style.paint(Ink::Red, "failed"),
        SoundState::Unavailable => style.paint(Ink::Yellow, "no sound system"),
        SoundState::Unknown => "unknown".to_owned(),
    };
    let mut text = format!(
        "{state}; in {}, out {}",
        device(&sound.input),
        device(&sound.output)
    );
    if let (SoundState::Open, Some(scheduling)) = (sound.state, &sound.scheduling) {
        text.push_str(&style.paint(Ink::Dim, format!("; voice threads {scheduling}")));
    }
    if let Some(profile) = sound.profile.as_deref().filter(|it| *it != "default") {
        text.push_str(&format!("; profile {profile}"));
    }
    if let Some(processing) = &sound.processing {
        text.push_str(&style.paint(Ink::Dim, format!("; {}", self::processing(processing))));
    }
    if let Some(problem) = &sound.problem {
        text.push_str(&format!("; {problem}"));
    }
    if let Some(hint) = &sound.hint {
        text.push_str(&style.paint(Ink::Dim, format!(" ({hint})")));
    }
    text
}

/// What is done to the microphone's sound, in a few words.
fn processing(processing: &Processing) -> String {
    let echo = match (&processing.reason, processing.echo_cancellation) {
        (_, true) => "echo cancelled".to_owned(),
        (Some(reason), false) => format!("no echo cancellation: {reason}"),
        (None, false) => "no echo cancellation".to_owned(),
    };
    let rest = [
        (processing.noise_suppression, "noise suppressed"),
        (processing.gain_control, "level evened"),
        (processing.gate, "silent in pauses"),
    ];
    let rest = rest
        .into_iter()
        .filter(|(on, _)| *on)
        .map(|(_, what)| what.to_owned());
    std::iter::once(echo)
        .chain(rest)
        .collect::<Vec<_>>()
        .join(", ")
}

fn device(device: &DeviceInUse) -> String {
    match (&device.open, device.wanted.as_str()) {
        (Some(open), _) if device.muted_by_system => format!("{open} (muted in the system)"),
        (Some(open), _) => open.clone(),
        (None, "") => "default".to_owned(),
        (None, wanted) => wanted.to_owned(),
    }
}

pub(crate) fn silence(reply: &SilenceReply, _style: Style) -> String {
    let SilenceReply { person, silenced } = reply;
    if *silenced {
        format!(
            "{0} is not played here any more; ask {0} to silence you too.",
            person.label
        )
    } else {
        format!("{} is played here again.", person.label)
    }
}

pub(crate) fn device_choice(reply: &DeviceChoice, style: Style) -> String {
    let mut lines = Vec::new();
    for (what, device) in [("microphone", &reply.input), ("loudspeaker", &reply.output)] {
        let Some(device) = device else { continue };
        lines.push(match device.name.as_str() {
            "default" => format!("The {what} is what the system uses by default."),
            "null" => format!("There is no {what}: silence in its place."),
            name => format!("The {what} is {}.", style.paint(Ink::Bold, name)),
        });
    }
    if reply.input.as_ref().is_some_and(|input| input.bluetooth) {
        lines.push(style.paint(Ink::Yellow, BLUETOOTH));
    }
    if let Some(reason) = &reply.not_saved {
        let until = format!("Until sottod starts again: {reason}.");
        lines.push(style.paint(Ink::Yellow, until));
    }
    lines.join("\n")
}

/// What choosing a Bluetooth headset's microphone costs.
const BLUETOOTH: &str =
    "A Bluetooth headset's sound drops to telephone quality while its microphone is open.";

pub(crate) fn microphone_test(reply: &MicrophoneTest, style: Style) -> String {
    let good = (Ink::Green, "The microphone works well.");
    tested(reply, judged(reply.verdict, good), style)
}

/// What somebody is told who wanted to hear themselves.
pub(crate) fn echo_test(reply: &MicrophoneTest, style: Style) -> String {
    let good = match reply.output_problem {
        Some(_) => (
            Ink::Yellow,
            "The microphone works well, but you could not hear yourself.",
        ),
        None => (Ink::Green, "This is what your colleagues hear."),
    };
    let verdict = match reply.verdict {
        TestVerdict::Silent => (
            Ink::Red,
            "Nothing was heard: is the microphone muted in the system, or the wrong one? See 'sotto devices'.",
        ),
        verdict => judged(verdict, good),
    };
    tested(reply, verdict, style)
}

/// A verdict, and the figures that it rests on.
fn tested(reply: &MicrophoneTest, (ink, verdict): (Ink, &str), style: Style) -> String {
    let mut table = Table::new().indented(2);
    let mut row = |name: &str, text: String| {
        table.row([(Ink::Dim, name.to_owned()), (Ink::Plain, text)]);
    };
    row("microphone", reply.input.clone());
    match (&reply.output, &reply.output_problem) {
        (_, Some(problem)) => row("loudspeaker", style.paint(Ink::Yellow, problem)),
        (Some(output), None) => row("loudspeaker", output.clone()),
        (None, None) => {}
    }
    row("loudest", format!("{:.0} dBFS", reply.peak_dbfs));
    row("speech", format!("{:.0} dBFS", reply.speech_dbfs));
    row("noise", format!("{:.0} dBFS", reply.noise_dbfs));
    if reply.clipped_samples > 0 {
        row("clipped", format!("{} samples", reply.clipped_samples));
    }
    if let Some(processing) = &reply.processing {
        row("processing", self::processing(processing));
    }
    if let Some(delay) = reply.delay_ms {
        row(
            "delay",
            format!("{delay} ms from your mouth to your ear, without a network"),
        );
    }
    format!("{}\n{}", style.paint(ink, verdict), table.render(style))
}

/// A verdict in words, and its colour; `good` is what a good microphone means to whoever asked.
const fn judged(verdict: TestVerdict, good: (Ink, &'static str)) -> (Ink, &'static str) {
    match verdict {
        TestVerdict::Good => good,
        TestVerdict::Silent => (
            Ink::Red,
            "The microphone gives nothing at all: it is muted in the system, or it is the wrong one; see 'sotto devices'.",
        ),
        TestVerdict::NoSpeech => (
            Ink::Yellow,
            "Only noise was heard. If you spoke, it is the wrong microphone; see 'sotto devices'.",
        ),
        TestVerdict::Faint => (
            Ink::Yellow,
            "You are quiet: turn the microphone up in the system's sound settings, or come closer.",
        ),
        TestVerdict::Clipped => (
            Ink::Red,
            "You are too loud: it distorts; turn the microphone down in the system's sound settings.",
        ),
        TestVerdict::Noisy => (
            Ink::Yellow,
            "There is much noise: another microphone, or a quieter place, would help.",
        ),
        TestVerdict::Unknown => (Ink::Plain, "It was tested."),
    }
}

/// How a test goes, in one line of one length.
pub(crate) fn test_progress(test: &TestProgress) -> String {
    let seconds = Duration::from_millis(test.remaining_ms).as_secs_f32();
    match test.step {
        TestStep::Sound => "Playing a sound".to_owned(),
        TestStep::Listening => {
            let level = test.level_dbfs.unwrap_or(-100.0);
            // A cell for every 2 dB above −60.
            let cells = ((level.clamp(-60.0, 0.0) + 60.0) / 2.0).round();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 30
            let bar = "█".repeat(cells as usize);
            format!("Speak now, {seconds:.1} s  {bar:<30} {level:4.0} dBFS")
        }
        TestStep::PlayingBack => format!("Playing what was heard, {seconds:.1} s"),
        TestStep::Unknown => "Testing".to_owned(),
    }
}
