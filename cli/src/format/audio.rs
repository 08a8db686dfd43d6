//! Microphone, loudspeaker and devices.

use super::{Ink, Style, Table};
use sotto_control::model::{Device, DeviceInUse, Devices, Processing, Sound, SoundState};
use sotto_control::{AudioReply, VolumeReply};

pub(crate) fn audio(reply: &AudioReply, style: Style) -> String {
    match reply {
        AudioReply { deafened: true, .. } => style.paint(
            Ink::Yellow,
            "Deafened: you hear nothing, and nobody hears you.",
        ),
        AudioReply { muted: true, .. } => style.paint(Ink::Yellow, "Muted."),
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
    let lists = [
        ("Microphones", &reply.inputs, &reply.sound.input),
        ("Loudspeakers", &reply.outputs, &reply.sound.output),
    ];
    for (title, list, used) in lists {
        text.push_str(&format!("\n{}\n", style.paint(Ink::Bold, title)));
        text.push_str(&device_list(list, used, style));
        text.push('\n');
    }
    text.push_str(&style.paint(
        Ink::Dim,
        "\nChoose with 'sotto config set audio.input ID' and 'audio.output'.",
    ));
    text
}

fn device_list(list: &[Device], used: &DeviceInUse, style: Style) -> String {
    if list.is_empty() {
        return "  none".to_owned();
    }
    let mut table = Table::new().indented(2);
    for device in list {
        let open = used.open.as_deref() == Some(device.name.as_str())
            || used.open.as_deref() == Some(device.id.as_str());
        let (sign, ink) = if open {
            ("▸", Ink::Green)
        } else {
            (" ", Ink::Plain)
        };
        let default = if device.default { "default" } else { "" };
        table.row([
            (ink, sign.to_owned()),
            (ink, device.name.clone()),
            (Ink::Dim, default.to_owned()),
            (Ink::Dim, device.id.clone()),
        ]);
    }
    table.render(style)
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
        (Some(open), _) => open.clone(),
        (None, "") => "default".to_owned(),
        (None, wanted) => wanted.to_owned(),
    }
}
