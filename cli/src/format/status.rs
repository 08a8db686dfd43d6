//! The daemon at a glance, and settings.

use super::audio::sound;
use super::dnd::until;
use super::talk::{because, whispers};
use super::{Ink, Style, Table, duration};
use crate::commands::Started;
use sotto_control::model::{NetworkStatus, Severity, Status, TalkMode};
use sotto_control::{Done, SettingReply};
use std::time::Duration;

pub(crate) fn status(status: &Status, style: Style) -> String {
    let mut table = Table::new().indented(2);
    let mut row = |name: &str, text: String| {
        table.row([(Ink::Dim, name.to_owned()), (Ink::Plain, text)]);
    };
    row("meeting", meeting(status, style));
    row("microphone", microphone(status, style));
    for whisper in whispering(status, style) {
        row("whisper", whisper);
    }
    row("sound", sound(&status.sound, style));
    row("network", network(&status.network, style));
    if status.dnd.on {
        row("quiet", format!("do not disturb, {}", until(&status.dnd)));
    }
    match status.invitations {
        0 => {}
        1 => row("invitations", "1; see it with 'sotto invites'".to_owned()),
        many => row(
            "invitations",
            format!("{many}; see them with 'sotto invites'"),
        ),
    }
    let uptime = duration(Duration::from_secs(status.uptime_s));
    row(
        "daemon",
        format!(
            "sottod {}, process {}, running for {uptime}",
            status.version, status.pid
        ),
    );
    let mut text = format!(
        "{}\n{}",
        style.paint(Ink::Bold, &status.you.label),
        table.render(style)
    );
    if status.restart_to_update {
        let (what, help) = update(status);
        text.push_str(&format!("\n{}", style.paint(Ink::Yellow, what)));
        text.push_str(&format!("\n  {}", style.paint(Ink::Dim, help)));
    }
    for warning in &status.warnings {
        let ink = match warning.severity {
            Severity::Error => Ink::Red,
            Severity::Warning => Ink::Yellow,
            Severity::Info => Ink::Plain,
        };
        text.push_str(&format!(
            "\n{}",
            style.paint(ink, format!("! {}", warning.text))
        ));
        if let Some(hint) = &warning.hint {
            text.push_str(&format!("\n  {}", style.paint(Ink::Dim, hint)));
        }
    }
    text
}

/// Says that an update waits for a restart, and how to do that.
fn update(status: &Status) -> (&'static str, &'static str) {
    let what = "! restart to update: another sottod is installed than the one that runs";
    let help = match status.meeting.is_some() {
        true => "'sotto restart', best after the meeting: it interrupts you for some seconds",
        false => "'sotto restart'",
    };
    (what, help)
}

fn meeting(status: &Status, style: Style) -> String {
    let Some(meeting) = &status.meeting else {
        return style.paint(Ink::Dim, "none");
    };
    let presence = status
        .presence
        .map_or_else(String::new, |presence| format!(", {presence}"));
    let by = status
        .joined_by
        .as_ref()
        .map_or_else(String::new, |by| format!(", joined with {by}"));
    let title = style.paint(Ink::Green, &meeting.title);
    format!("{title}{presence}{}", style.paint(Ink::Dim, by))
}

fn microphone(status: &Status, style: Style) -> String {
    if status.deafened {
        return style.paint(Ink::Yellow, "closed: you are deafened");
    }
    let talk = status.talk.as_ref();
    if talk.is_some_and(|talk| talk.pressed && talk.microphone_open) {
        return style.paint(Ink::Green, "open while you press to talk");
    }
    if status.muted && talk.is_some_and(|talk| talk.microphone_open) {
        return style.paint(Ink::Magenta, "open while you hold the whisper");
    }
    if talk.is_some_and(|talk| talk.muted_but_talking) {
        return style.paint(Ink::Red, "closed: you talk, but you are muted");
    }
    if status.muted {
        return style.paint(Ink::Yellow, "closed: you are muted");
    }
    if status.meeting.is_none() {
        return style.paint(Ink::Dim, "closed until you join a meeting");
    }
    if status
        .presence
        .is_some_and(|it| it != sotto_control::model::Presence::online())
    {
        return style.paint(Ink::Yellow, "closed until you are online");
    }
    if status.sound.has_no_microphone() {
        return style.paint(Ink::Red, "closed: there is none that works");
    }
    if talk.is_some_and(|talk| talk.mode == TalkMode::Push && !talk.microphone_open) {
        return style.paint(Ink::Yellow, "closed until you press to talk");
    }
    if talk.is_some_and(|talk| because(talk).is_some()) {
        return style.paint(Ink::Red, "open, but nobody hears you");
    }
    let by = status
        .unmuted_by
        .as_ref()
        .map_or_else(String::new, |by| format!(", by {by}"));
    let open = match talk.map(|talk| talk.mode) {
        Some(TalkMode::Voice) => "open, and sent while you speak",
        _ => "open",
    };
    format!(
        "{}{}",
        style.paint(Ink::Green, open),
        style.paint(Ink::Dim, by)
    )
}

fn whispering(status: &Status, style: Style) -> Vec<String> {
    let talk = status.talk.as_ref().filter(|_| status.meeting.is_some());
    talk.map_or_else(Vec::new, |talk| whispers(talk, style))
}

fn network(network: &NetworkStatus, style: Style) -> String {
    let mut text = format!(
        "{} running, {} connected",
        colleagues(network.running),
        network.connected
    );
    if !network.listening.is_empty() {
        text.push_str(&format!("; at {}", network.listening.join(", ")));
    }
    if !network.interfaces.is_empty() {
        text.push_str(&format!("; on {} only", network.interfaces.join(", ")));
    }
    if let Some(problem) = &network.problem {
        text.push_str(&format!("; {}", style.paint(Ink::Red, problem)));
    }
    if let Some(hint) = &network.hint {
        text.push_str(&format!("; {}", style.paint(Ink::Dim, hint)));
    }
    text
}

fn colleagues(count: usize) -> String {
    match count {
        1 => "1 colleague".to_owned(),
        count => format!("{count} colleagues"),
    }
}

pub(crate) fn settings(values: &[(String, String)], style: Style) -> String {
    let mut table = Table::new();
    for (key, value) in values {
        table.row([(Ink::Dim, key.clone()), (Ink::Plain, value.clone())]);
    }
    table.render(style)
}

pub(crate) fn setting(reply: &SettingReply, style: Style) -> String {
    let SettingReply { key, value, .. } = reply;
    let value = match value.is_empty() {
        true => "not set",
        false => value,
    };
    let mut text = match reply.restart {
        true => format!("{key} is now {value}; sottod reads it when it starts again"),
        false => format!("{key} is now {value}"),
    };
    if let Some(problem) = &reply.not_saved {
        let word = format!("\nUntil sottod ends: it could not be saved, because {problem}");
        text.push_str(&style.paint(Ink::Yellow, word));
    }
    text
}

pub(crate) fn quit(_reply: &Done, _style: Style) -> String {
    "The daemon has stopped.".to_owned()
}

/// Says that the daemon runs.
pub(crate) fn started(started: &Started, _style: Style) -> String {
    let Started { name, process, .. } = started;
    let process = process
        .map(|process| format!(" (process {process})"))
        .unwrap_or_default();
    let already = if started.already { " already" } else { "" };
    let mut text = format!("The daemon runs{already}{process}, as {name}.");
    if started.first {
        text.push_str(
            "\nIt starts with your login from now on; 'sotto service uninstall' changes that.",
        );
    }
    text
}
