//! From mouth to ear.

use super::table::Table;
use super::{Ink, Style};
use sotto_control::model::{Latency, Way};

/// What a stage costs.
type Stage = fn(&Way) -> f32;

/// One row for each stage, one column for each direction.
pub(crate) fn latency(reply: &Latency, style: Style) -> String {
    let name = &reply.person.label;
    let (to, from) = (format!("you to {name}"), format!("{name} to you"));
    let mut table = Table::new().heading(&["", &to, &from]);
    let stages: [(&str, Stage); 7] = [
        ("microphone", |way| way.capture_ms),
        ("frame", |way| way.frame_ms),
        ("processing", |way| way.processing_ms),
        ("codec", |way| way.codec_ms),
        ("network", |way| way.network_ms),
        ("jitter buffer", |way| way.jitter_buffer_ms),
        ("loudspeaker", |way| way.playback_ms),
    ];
    let cell = |way: &Option<Way>, of: Stage, ink| match way {
        Some(way) => (ink, format!("{:.1} ms", of(way))),
        None => (Ink::Dim, "–".to_owned()),
    };
    for (stage, of) in stages {
        table.row([
            (Ink::Dim, stage.to_owned()),
            cell(&reply.to, of, Ink::Plain),
            cell(&reply.from, of, Ink::Plain),
        ]);
    }
    table.row([
        (Ink::Bold, "mouth to ear".to_owned()),
        cell(&reply.to, |way| way.total_ms, Ink::Bold),
        cell(&reply.from, |way| way.total_ms, Ink::Bold),
    ]);
    let chirp = |way: &Option<Way>| way.and_then(|way| way.chirp_ms);
    if chirp(&reply.to).or(chirp(&reply.from)).is_some() {
        let cell = |way| match chirp(way) {
            Some(ms) => (Ink::Bold, format!("{ms:.1} ms")),
            None => (Ink::Dim, "–".to_owned()),
        };
        table.row([
            (Ink::Bold, "by a chirp".to_owned()),
            cell(&reply.to),
            cell(&reply.from),
        ]);
    }
    if reply.to.is_none() && reply.from.is_none() {
        return "Neither of you was heard yet, so nothing was measured.".to_owned();
    }
    let mut text = table.render(style);
    let mut unheard = |whom: &str| {
        let line = format!("Nothing was heard of {whom} yet, so nothing was measured.");
        text.push('\n');
        text.push_str(&style.paint(Ink::Dim, line));
    };
    if reply.to.is_none() {
        unheard("you");
    }
    if reply.from.is_none() {
        unheard(name);
    }
    text
}
