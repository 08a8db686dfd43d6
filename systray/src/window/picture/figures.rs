//! How well the network carries a participant's voice: a mark, and the figures behind it.

use std::collections::HashMap;

use sotto_control::model::{Participant, Path, Stats};

use crate::state::{Link, State};

/// The quality of a voice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Quality {
    /// Nothing is known.
    #[default]
    Unknown,
    /// As good as in the room.
    Good,
    /// Heard, with gaps filled or with delay.
    Fair,
    /// Hard to follow.
    Poor,
}

impl Quality {
    /// Returns the words for it; none where there is nothing to say.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Unknown | Self::Good => "",
            Self::Fair => "fair connection",
            Self::Poor => "poor connection",
        }
    }
}

/// Judges the way from a participant: by what was heard of it, not by what was lost and repaired.
pub(super) fn quality(one: &Participant) -> Quality {
    let Some(stats) = one.stats.filter(|_| one.presence.is_present() && !one.you) else {
        return Quality::Unknown;
    };
    match (stats.path, stats.concealed, stats.delay_ms) {
        (Path::None | Path::Probing, ..) => Quality::Unknown,
        (_, 16.., _) => Quality::Poor,
        (_, _, delay) if delay > 400.0 => Quality::Poor,
        (_, 4.., _) | (Path::Stream, ..) => Quality::Fair,
        (_, _, delay) if delay > 150.0 => Quality::Fair,
        _ => Quality::Good,
    }
}

/// Returns the figures of everyone in the active meeting, by id, a line each.
pub(crate) fn figures(state: &State) -> HashMap<String, String> {
    let Link::Up(snapshot) = &state.link else {
        return HashMap::new();
    };
    let roster = snapshot.active().map(|meeting| &meeting.participants);
    let known = roster.into_iter().flatten().filter_map(|one| {
        let figures = in_words(&one.stats?);
        Some((one.person.id.clone(), figures))
    });
    known.collect()
}

fn in_words(stats: &Stats) -> String {
    let way = match stats.path {
        Path::Udp => "directly, by datagrams",
        Path::Stream => "over the encrypted connection: datagrams are blocked",
        Path::Probing => "the way is being probed",
        Path::None => "no way found",
    };
    let mut lines = vec![
        format!("Delay {:.0} ms, {way}", stats.delay_ms),
        format!(
            "Lost on the way {:.1} %, jitter {:.0} ms",
            stats.loss * 100.0,
            stats.jitter_ms
        ),
        format!(
            "In the last second {} ms repaired, {} ms guessed",
            u64::from(stats.recovered) * 10,
            u64::from(stats.concealed) * 10
        ),
    ];
    if let Some(round_trip) = stats.round_trip_ms {
        lines.push(format!("Round trip {round_trip:.1} ms"));
    }
    if let Some(sent) = stats.sent {
        lines.push(format!("Your voice there: lost {:.1} %", sent.loss * 100.0));
    }
    lines.join("\n")
}
