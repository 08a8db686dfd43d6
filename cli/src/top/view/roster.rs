//! The active meeting's roster, or who could be met.

use super::super::meter::meter;
use super::super::state::Screen;
use super::{BOLD, DIM, WHISPER, panel, sign};
use crate::format::table;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use sotto_control::model::{Meeting, Participant, Path, Peer, PresenceState, Stats, Talk, TalkTo};
use unicode_width::UnicodeWidthStr;

/// Cells of a level's bar.
const METER: usize = 12;
/// The widest that a name may be.
const MAX_NAME: usize = 28;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, screen: &Screen) {
    match screen.snapshot.active() {
        Some(meeting) => draw_meeting(frame, area, meeting, &screen.snapshot.talk),
        None => draw_lobby(frame, area, screen),
    }
}

fn draw_meeting(frame: &mut Frame<'_>, area: Rect, meeting: &Meeting, talk: &Talk) {
    let title = Line::from(vec![
        Span::styled(format!(" {} ", meeting.title), BOLD),
        Span::styled(
            format!(
                "{} of {} present ",
                meeting.present(),
                meeting.participants.len()
            ),
            DIM,
        ),
    ]);
    let block = panel(title);
    let inside = block.inner(area);
    let mut people: Vec<&Participant> = meeting.participants.iter().collect();
    // Whoever is present comes first, the user before all; nobody jumps while speaking.
    people.sort_by_key(|one| (!one.you, !one.presence.is_present()));
    let rows = usize::from(inside.height);
    let hidden = people.len().saturating_sub(rows);
    let shown = if hidden > 0 {
        rows.saturating_sub(1)
    } else {
        rows
    };
    let columns = Columns::fit(&people, inside.width.into());
    let mut lines: Vec<Line<'_>> = people
        .iter()
        .take(shown)
        .map(|one| row(one, &columns, talk))
        .collect();
    if hidden > 0 {
        lines.push(Line::styled(format!("   and {} more", hidden + 1), DIM));
    }
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// Which columns there is room for.
struct Columns {
    name: usize,
    meter: bool,
    loss: bool,
    delay: bool,
    path: bool,
}

impl Columns {
    fn fit(people: &[&Participant], width: usize) -> Self {
        let longest = people.iter().map(|one| label(one).width()).max();
        let name = longest.unwrap_or(0).clamp(8, MAX_NAME);
        // Sign and name, then the state, which is always shown.
        let used = 3 + name + 2 + STATE;
        let room = |cells: usize| used + cells <= width;
        Self {
            name,
            meter: room(METER + 2),
            loss: room(METER + 2 + LOSS),
            delay: room(METER + 2 + LOSS + DELAY),
            path: room(METER + 2 + LOSS + DELAY + PATH),
        }
    }
}

/// Width of the column that says where somebody is, or what is closed.
const STATE: usize = 20;
const LOSS: usize = 13;
const DELAY: usize = 14;
const PATH: usize = 12;

fn row<'a>(one: &'a Participant, columns: &Columns, talk: &Talk) -> Line<'a> {
    let present = one.presence.is_present();
    let whisper = whisper_of(one, talk);
    let name = match (whisper, present) {
        (Some(_), _) => BOLD.fg(Color::Magenta),
        (None, true) if one.speaking => BOLD.fg(Color::Green),
        (None, true) => BOLD,
        (None, false) => DIM,
    };
    let mut spans = vec![
        Span::raw(" "),
        sign(&one.presence),
        Span::raw(" "),
        Span::styled(fitted(&label(one), columns.name), name),
        Span::raw("  "),
        state(one, whisper),
    ];
    if !present {
        return Line::from(spans);
    }
    if columns.meter {
        let silent = one.muted && !one.speaking;
        spans.push(if silent {
            Span::raw(" ".repeat(METER))
        } else {
            meter(one.level_dbfs.filter(|_| one.speaking), METER)
        });
    }
    if let Some(stats) = &one.stats {
        spans.extend(network(stats, columns));
    }
    Line::from(spans)
}

fn label(one: &Participant) -> String {
    if one.you {
        format!("{} (you)", one.person.label)
    } else {
        one.person.label.clone()
    }
}

/// What a whisper has to do with this participant.
#[derive(Clone, Copy)]
enum Whisper {
    /// Hears the user's.
    Receives,
    /// Whispers to the user.
    Speaks,
}

fn whisper_of(one: &Participant, talk: &Talk) -> Option<Whisper> {
    let is = |person: &sotto_control::model::Person| person.id == one.person.id;
    if talk.incoming.iter().any(|whisper| is(&whisper.from)) {
        return Some(Whisper::Speaks);
    }
    match &talk.to {
        TalkTo::Whisper { to, .. } if to.iter().any(is) => Some(Whisper::Receives),
        _ => None,
    }
}

fn state(one: &Participant, whisper: Option<Whisper>) -> Span<'static> {
    let yellow = Style::new().fg(Color::Yellow);
    let (text, style) = match one.presence.state {
        PresenceState::Offline { .. } if one.declined => ("declined".to_owned(), DIM),
        PresenceState::Offline { reason } => (reason.to_string(), DIM),
        PresenceState::Unknown => ("unknown".to_owned(), DIM),
        _ if one.presence.not_reachable_from_here => ("not reachable".to_owned(), yellow),
        _ if one.deafened => ("deafened".to_owned(), yellow),
        // Who is muted hears it as well.
        PresenceState::Online | PresenceState::Away
            if matches!(whisper, Some(Whisper::Receives)) =>
        {
            ("hears your whisper".to_owned(), WHISPER)
        }
        _ if one.muted && !one.speaking => match one.presence.state {
            PresenceState::Away => ("away, muted".to_owned(), yellow),
            _ => ("muted".to_owned(), yellow),
        },
        PresenceState::Away => ("away".to_owned(), yellow),
        PresenceState::Online => match whisper {
            Some(_) => ("whispers to you".to_owned(), WHISPER),
            None if one.silenced => ("silenced here".to_owned(), yellow),
            None if one.same_room => ("in the same room".to_owned(), yellow),
            None if one.speaking => ("speaking".to_owned(), Style::new().fg(Color::Green)),
            None => (String::new(), Style::new()),
        },
    };
    Span::styled(fitted(&text, STATE), style)
}

fn network(stats: &Stats, columns: &Columns) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    if matches!(stats.path, Path::Probing | Path::None) {
        if columns.loss {
            spans.push(Span::styled("  connecting…", DIM));
        }
        return spans;
    }
    if columns.loss {
        let style = match stats.loss {
            loss if loss >= 0.1 => Style::new().fg(Color::Red),
            loss if loss >= 0.02 => Style::new().fg(Color::Yellow),
            _ => DIM,
        };
        spans.push(Span::styled(
            format!("  {:>5.1} % loss", stats.loss * 100.0),
            style,
        ));
    }
    if columns.delay {
        let style = match stats.delay_ms {
            delay if delay >= 150.0 => Style::new().fg(Color::Red),
            delay if delay >= 80.0 => Style::new().fg(Color::Yellow),
            _ => DIM,
        };
        spans.push(Span::styled(
            format!("  {:>3.0} ms delay", stats.delay_ms),
            style,
        ));
    }
    if columns.path && stats.path == Path::Stream {
        spans.push(Span::styled("  by stream", DIM));
    } else if columns.path
        && let Some(sent) = stats.sent.filter(|sent| sent.copies > 1 || sent.memory)
    {
        // One is sent always; more tell that this colleague loses what we send, in long bursts with a memory. A stream
        // loses nothing.
        let text = match sent.memory {
            false => format!("  {} copies", sent.copies),
            true => format!("  {}+memory", sent.copies),
        };
        spans.push(Span::styled(text, Style::new().fg(Color::Yellow)));
    }
    spans
}

/// The text in exactly so many cells.
fn fitted(text: &str, cells: usize) -> String {
    let width = text.width();
    if width <= cells {
        return format!("{text}{}", " ".repeat(cells - width));
    }
    let cut = table::cut(text, cells);
    let missing = cells.saturating_sub(cut.width());
    format!("{cut}{}", " ".repeat(missing))
}

fn draw_lobby(frame: &mut Frame<'_>, area: Rect, screen: &Screen) {
    let running = || screen.snapshot.peers.iter().filter(|peer| peer.running);
    let block = panel(Line::styled(" Colleagues ", BOLD));
    let mut lines = vec![match running().count() {
        0 => Line::styled(
            " You are in no meeting, and no colleague has been found yet.",
            DIM,
        ),
        _ => Line::styled(
            " You are in no meeting. Start one: sotto meet TITLE NAME…",
            DIM,
        ),
    }];
    lines.push(Line::default());
    lines.extend(running().map(colleague));
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn colleague(peer: &Peer) -> Line<'_> {
    let style = if peer.connected {
        Style::new().fg(Color::Green)
    } else {
        Style::new()
    };
    let address = peer.addresses.first().map_or("", String::as_str);
    Line::from(vec![
        Span::raw(" "),
        Span::styled("●", style),
        Span::raw(" "),
        Span::styled(fitted(&peer.person.label, MAX_NAME), BOLD),
        Span::styled(format!("  {address}"), DIM),
    ])
}

#[cfg(test)]
mod tests {
    use super::fitted;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn a_text_fills_its_cells_exactly_in_any_script() {
        for text in ["", "Anna", "花子さんの長い名前", "Anna Bergström-Lindqvist"] {
            for cells in 1..20 {
                assert_eq!(fitted(text, cells).width(), cells, "{text} in {cells}");
            }
        }
        assert_eq!(fitted("Annabel", 5), "Anna…");
    }
}
