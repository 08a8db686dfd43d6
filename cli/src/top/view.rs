//! The screen as cells.

mod overlay;
mod roster;
mod side;

use super::state::{Holding, Screen};
use crate::format::names;
use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};
use sotto_control::model::{
    IncomingWhisper, Presence, PresenceState, Severity, Status, TalkMode, TalkTo,
};

/// Wide enough for the list of meetings beside a roster with all its columns.
const WIDE: u16 = 114;
/// Width of that list.
const SIDE: u16 = 32;

const DIM: Style = Style::new().fg(Color::DarkGray);
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
/// Whatever is a whisper.
const WHISPER: Style = Style::new().fg(Color::Magenta);

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, screen: &Screen) {
    let talk = &screen.snapshot.talk;
    let whispers = talk.incoming.len().min(2) + usize::from(nobody(screen).is_some());
    let notices = screen.notices.len();
    let [header, incoming, body, told, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(rows(whispers)),
        Constraint::Min(3),
        Constraint::Length(rows(notices)),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    draw_header(frame, header, screen);
    draw_incoming(frame, incoming, nobody(screen), &talk.incoming);
    if body.width >= WIDE {
        let [left, right] =
            Layout::horizontal([Constraint::Min(40), Constraint::Length(SIDE)]).areas(body);
        roster::draw(frame, left, screen);
        side::draw(frame, right, screen);
    } else {
        // The roster keeps the greater part of a low screen.
        let most = (body.height * 2 / 5).max(3);
        let height = side::height(screen).min(most);
        let [above, below] =
            Layout::vertical([Constraint::Min(3), Constraint::Length(height)]).areas(body);
        roster::draw(frame, above, screen);
        side::draw(frame, below, screen);
    }
    draw_notices(frame, told, screen);
    draw_keys(frame, keys, screen);
    if let Some(picker) = &screen.picker {
        overlay::draw(frame, body, screen, picker);
    }
}

fn rows(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// A frame with a title, in the look that all share.
fn panel(title: Line<'_>) -> Block<'_> {
    Block::new()
        .borders(Borders::ALL)
        .border_type(ratatui::widgets::BorderType::Rounded)
        .border_style(DIM)
        .title(title)
}

fn draw_header(frame: &mut Frame<'_>, area: Rect, screen: &Screen) {
    let badge = badge(screen);
    let width = rows(badge.width());
    let [left, right] =
        Layout::horizontal([Constraint::Min(0), Constraint::Length(width)]).areas(area);
    let status = &screen.snapshot.status;
    let mut line = vec![
        Span::styled(" sotto ", BOLD.fg(Color::Cyan)),
        Span::styled(status.you.label.clone(), BOLD),
    ];
    if let Some(presence) = &status.presence {
        line.push(Span::styled("  ", DIM));
        line.push(sign(presence));
        line.push(Span::raw(format!(" {presence}")));
    }
    if let Some(meeting) = &status.meeting {
        line.push(Span::styled(" in ", DIM));
        line.push(Span::styled(meeting.title.clone(), BOLD));
    }
    if status.dnd.on {
        line.push(Span::styled(
            "  do not disturb",
            Style::new().fg(Color::Yellow),
        ));
    }
    frame.render_widget(Line::from(line), left);
    frame.render_widget(Paragraph::new(badge).alignment(Alignment::Right), right);
}

/// Who hears the user, in the corner that the eye finds: there is no open microphone without a visible sign.
fn badge(screen: &Screen) -> Line<'static> {
    let status = &screen.snapshot.status;
    let talk = &screen.snapshot.talk;
    let on = |colour| {
        Style::new()
            .fg(Color::Black)
            .bg(colour)
            .add_modifier(Modifier::BOLD)
    };
    let (text, style) = if !screen.connected {
        ("DAEMON STOPPED".to_owned(), on(Color::Red))
    } else if status.meeting.is_none() {
        ("NO MEETING".to_owned(), DIM)
    } else {
        match &talk.to {
            TalkTo::Whisper { to, .. } if talk.microphone_open => {
                (format!("WHISPER → {}", names(to)), on(Color::Magenta))
            }
            TalkTo::Whisper { to, .. } if talk.mode == TalkMode::Push => {
                let text = format!("PRESS TO WHISPER → {}", names(to));
                (text, on(Color::Yellow))
            }
            TalkTo::Whisper { to, .. } => {
                (format!("MUTED, WHISPER → {}", names(to)), on(Color::Yellow))
            }
            _ if talk.pressed && talk.microphone_open => {
                ("● PRESSED TO TALK".to_owned(), on(Color::Green))
            }
            _ if status.deafened => ("DEAFENED".to_owned(), on(Color::Yellow)),
            _ if talk.muted_but_talking => {
                ("YOU TALK, BUT YOU ARE MUTED".to_owned(), on(Color::Red))
            }
            _ if status.muted => ("MUTED".to_owned(), on(Color::Yellow)),
            TalkTo::Nobody => ("NOBODY HEARS YOU".to_owned(), on(Color::Red)),
            TalkTo::Unknown => ("SPEAKING TO SOME".to_owned(), on(Color::Magenta)),
            _ if talk.microphone_open && status.sound.has_no_microphone() => {
                ("NO MICROPHONE".to_owned(), on(Color::Red))
            }
            TalkTo::Everyone if talk.microphone_open => {
                ("● MICROPHONE OPEN".to_owned(), on(Color::Green))
            }
            TalkTo::Everyone if talk.mode == TalkMode::Push && is_online(status) => {
                ("PRESS TO TALK".to_owned(), on(Color::Yellow))
            }
            // Open, but nothing is sent while the others are away.
            TalkTo::Everyone if is_online(&screen.snapshot.status) => {
                ("NOBODY ELSE IS HERE".to_owned(), on(Color::Yellow))
            }
            TalkTo::Everyone => ("MICROPHONE CLOSED".to_owned(), on(Color::DarkGray)),
        }
    };
    Line::from(Span::styled(format!(" {text} "), style))
}

fn is_online(status: &Status) -> bool {
    status
        .presence
        .is_some_and(|presence| presence.state == PresenceState::Online)
}

/// The sign of a presence.
fn sign(presence: &Presence) -> Span<'static> {
    let (sign, ink) = crate::format::presence_sign(presence);
    let colour = match ink {
        crate::format::Ink::Green => Color::Green,
        crate::format::Ink::Yellow => Color::Yellow,
        crate::format::Ink::Red => Color::Red,
        _ => Color::DarkGray,
    };
    Span::styled(sign, Style::new().fg(colour))
}

/// Why nobody hears the user, and the key that changes it.
fn nobody(screen: &Screen) -> Option<Line<'static>> {
    let because = crate::format::because(&screen.snapshot.talk)?;
    let text = format!(" Nobody hears you: {because}. Press t to speak to all. ");
    let style = BOLD.fg(Color::White).bg(Color::Red);
    screen.connected.then(|| Line::styled(text, style))
}

fn draw_incoming(
    frame: &mut Frame<'_>,
    area: Rect,
    nobody: Option<Line<'static>>,
    whispers: &[IncomingWhisper],
) {
    let lines: Vec<Line<'_>> = nobody
        .into_iter()
        .chain(whispers.iter().map(|whisper| {
            let to = match whisper.also_to.as_slice() {
                [] => "you alone".to_owned(),
                others => format!("you and {}", names(others)),
            };
            let deaf = if whisper.heard {
                ""
            } else {
                ": you are deafened and hear nothing"
            };
            let text = format!(" ◂ {} whispers to {to}{deaf} ", whisper.from.label);
            Line::styled(text, BOLD.fg(Color::White).bg(Color::Magenta))
        }))
        .take(area.height.into())
        .collect();
    frame.render_widget(Paragraph::new(lines), area);
}

fn draw_notices(frame: &mut Frame<'_>, area: Rect, screen: &Screen) {
    let newest = screen.notices.len().saturating_sub(1);
    let lines: Vec<Line<'_>> = screen
        .notices
        .iter()
        .enumerate()
        .map(|(index, notice)| {
            let style = match notice.severity {
                Severity::Error => Style::new().fg(Color::Red),
                Severity::Warning => Style::new().fg(Color::Yellow),
                Severity::Info if index == newest => Style::new(),
                Severity::Info => DIM,
            };
            let mut line = vec![Span::styled(format!(" {}", notice.text), style)];
            if let Some(hint) = &notice.hint {
                line.push(Span::styled(format!("  {hint}"), DIM));
            }
            if let Some(client) = &notice.client {
                line.push(Span::styled(format!("  ({client})"), DIM));
            }
            Line::from(line)
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), area);
}

fn draw_keys(frame: &mut Frame<'_>, area: Rect, screen: &Screen) {
    let status = &screen.snapshot.status;
    if screen.holding != Holding::No {
        let text = if screen.key_releases {
            " Whispering while h is down "
        } else {
            " Whispering. This terminal tells no releases: press any key but h to stop "
        };
        let style = BOLD.fg(Color::White).bg(Color::Magenta);
        frame.render_widget(Line::styled(text, style), area);
        return;
    }
    let away = matches!(
        status.presence.map(|presence| presence.state),
        Some(PresenceState::Away | PresenceState::Offline { .. })
    );
    let pushes = screen.snapshot.talk.mode == TalkMode::Push;
    let keys: &[(&str, &str)] = if !screen.connected {
        &[("q", "quit")]
    } else if let Some(picker) = &screen.picker {
        overlay::keys(picker)
    } else {
        &[
            ("m", if status.muted { "unmute" } else { "mute" }),
            (
                "d",
                if status.deafened {
                    "undeafen"
                } else {
                    "deafen"
                },
            ),
            ("w", "whisper"),
            ("r", "reply"),
            if pushes {
                ("space", "talk")
            } else {
                ("t", "to all")
            },
            ("a", if away { "back" } else { "away" }),
            ("s", "switch"),
            ("j", "join"),
            ("l", "leave"),
            ("q", "quit"),
        ]
    };
    let room = usize::from(area.width);
    let spacious = key_line(keys.iter().copied(), "  ");
    let line = if spacious.width() <= room {
        spacious
    } else {
        let short = keys.iter().map(|(key, what)| (*key, shorter(what)));
        key_line(short, " ")
    };
    frame.render_widget(line, area);
}

/// Returns a shorter word for what a key does, where there is one: 80 columns hold all keys then.
fn shorter(what: &str) -> &str {
    match what {
        "to all" => "all",
        "undeafen" => "hear",
        what => what,
    }
}

fn key_line<'a>(
    keys: impl Iterator<Item = (&'a str, &'a str)>,
    gap: &'static str,
) -> Line<'static> {
    let mut spans = Vec::new();
    for (key, what) in keys {
        spans.push(Span::raw(if spans.is_empty() { " " } else { gap }));
        spans.push(Span::styled(key.to_owned(), BOLD.fg(Color::Cyan)));
        spans.push(Span::styled(format!(" {what}"), DIM));
    }
    Line::from(spans)
}
