//! What the network does to each voice.

use super::table::Table;
use super::{Ink, Style};
use sotto_control::MeetingReply;
use sotto_control::model::{Participant, Path, Stats};

/// One row for each colleague that is present: their voice on its way here, and the user's on its way there.
pub(crate) fn stats(reply: &MeetingReply, style: Style) -> String {
    let heard = [
        "", "path", "heard", "loss", "jitter", "delay", "repaired", "guessed", "sent", "loss",
        "copies", "repeated",
    ];
    let mut table = Table::new().heading(&heard);
    let mut any = false;
    for one in &reply.meeting.participants {
        if let Some(stats) = one.stats {
            any = true;
            table.row(row(one, &stats));
        }
    }
    if any {
        table.render(style)
    } else {
        "Nobody else is present in the meeting that you are in.".to_owned()
    }
}

fn row(one: &Participant, stats: &Stats) -> Vec<(Ink, String)> {
    let path = match (stats.path, stats.round_trip_ms) {
        (Path::Udp, Some(round_trip)) => format!("udp {round_trip:.1} ms"),
        (Path::Udp, None) => "udp".to_owned(),
        (Path::Stream, Some(round_trip)) => format!("stream {round_trip:.1} ms"),
        (Path::Stream, None) => "stream".to_owned(),
        (Path::Probing, _) => "probing".to_owned(),
        (Path::None, _) => "none".to_owned(),
    };
    let mut cells = vec![
        (Ink::Bold, one.person.label.clone()),
        (Ink::Plain, path),
        (Ink::Plain, format!("{:.0} kbit/s", stats.kbps)),
        (loss_ink(stats.loss), per_cent(stats.loss)),
        (Ink::Plain, format!("{:.1} ms", stats.jitter_ms)),
        (
            Ink::Plain,
            format!("{:.0} ms (goal {:.0})", stats.delay_ms, stats.target_ms),
        ),
        (Ink::Plain, stats.recovered.to_string()),
        (
            if stats.concealed > 2 {
                Ink::Yellow
            } else {
                Ink::Plain
            },
            guessed(stats),
        ),
    ];
    match stats.sent {
        Some(sent) => {
            let burst = if sent.longest_burst > 1 {
                format!("up to {} in a row", sent.longest_burst)
            } else {
                String::new()
            };
            cells.extend([
                (Ink::Plain, burst),
                (loss_ink(sent.loss), per_cent(sent.loss)),
                (
                    Ink::Plain,
                    format!(
                        "{}, to {} ms{}",
                        sent.copies,
                        u32::from(sent.farthest) * 10,
                        if sent.memory { ", memory" } else { "" }
                    ),
                ),
                (Ink::Plain, sent.repeated.to_string()),
            ]);
        }
        None => cells.push((Ink::Dim, "nothing".to_owned())),
    }
    cells
}

fn guessed(stats: &Stats) -> String {
    let guessed = stats.concealed.saturating_sub(stats.recalled);
    match stats.recalled {
        0 => guessed.to_string(),
        recalled => format!("{guessed} (and {recalled} coarse)"),
    }
}

fn loss_ink(loss: f32) -> Ink {
    if loss >= 0.02 {
        Ink::Yellow
    } else {
        Ink::Plain
    }
}

fn per_cent(share: f32) -> String {
    format!("{:.1} %", share * 100.0)
}
