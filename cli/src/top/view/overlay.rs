//! A list that is open over the screen.

use super::super::picker::{Choice, Picker};
use super::super::state::Screen;
use super::{BOLD, DIM, WHISPER, panel, rows};
use ratatui::Frame;
use ratatui::layout::{Constraint, Flex, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};

/// Width of an open list.
const WIDTH: u16 = 46;

/// What keys do while it is open.
pub(super) const fn keys(picker: &Picker) -> &'static [(&'static str, &'static str)] {
    match picker {
        Picker::Whisper { .. } => &[
            ("↑↓", "move"),
            ("space", "choose"),
            ("enter", "whisper until t"),
            ("h", "hold"),
            ("esc", "back"),
        ],
        Picker::Switch { .. } => &[("↑↓", "move"), ("enter", "switch"), ("esc", "back")],
        Picker::Join { .. } => &[("↑↓", "move"), ("enter", "join"), ("esc", "back")],
        Picker::Leave => &[("y", "leave"), ("n", "stay")],
    }
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, screen: &Screen, picker: &Picker) {
    let choices = picker.choices(&screen.snapshot);
    let position = picker.position(&screen.snapshot);
    let title = match picker {
        Picker::Whisper { .. } => " Whisper to ",
        Picker::Switch { .. } => " Switch to ",
        Picker::Join { .. } => " Join ",
        Picker::Leave => " Leave ",
    };
    let lines: Vec<Line<'_>> = match picker {
        Picker::Leave => leaving(screen),
        _ if choices.is_empty() => vec![Line::styled(" nobody is left to choose", DIM)],
        picker => choices
            .iter()
            .enumerate()
            .map(|(index, one)| choice(one, picker, Some(index) == position))
            .collect(),
    };
    let accent = match picker {
        Picker::Whisper { .. } => WHISPER,
        Picker::Leave => Style::new().fg(Color::Yellow),
        Picker::Switch { .. } | Picker::Join { .. } => Style::new().fg(Color::Cyan),
    };
    let block = panel(Line::styled(title, BOLD)).border_style(accent);
    let place = centred(area, rows(lines.len() + 2));
    let visible = usize::from(place.height.saturating_sub(2));
    // The cursor's line stays in view.
    let above = position.map_or(0, |position| (position + 1).saturating_sub(visible));
    frame.render_widget(Clear, place);
    frame.render_widget(
        Paragraph::new(lines).block(block).scroll((rows(above), 0)),
        place,
    );
}

fn leaving(screen: &Screen) -> Vec<Line<'static>> {
    let title = screen
        .snapshot
        .active()
        .map_or_else(String::new, |meeting| meeting.title.clone());
    vec![
        Line::styled(format!(" Leave {title}?"), BOLD),
        Line::styled(" It goes on without you. y leaves, n stays.", DIM),
    ]
}

fn choice<'a>(choice: &'a Choice, picker: &Picker, under_cursor: bool) -> Line<'a> {
    let mut spans = Vec::new();
    if let Picker::Whisper { chosen, .. } = picker {
        spans.push(if chosen.contains(&choice.id) {
            Span::styled(" ◉ ", WHISPER)
        } else {
            Span::styled(" ○ ", DIM)
        });
    } else {
        spans.push(Span::raw(" "));
    }
    spans.push(Span::styled(choice.label.as_str(), BOLD));
    spans.push(Span::styled(format!("  {}", choice.remark), DIM));
    let line = Line::from(spans);
    if under_cursor {
        line.patch_style(Style::new().add_modifier(Modifier::REVERSED))
    } else {
        line
    }
}

fn centred(area: Rect, height: u16) -> Rect {
    let [row] = Layout::vertical([Constraint::Length(height.min(area.height))])
        .flex(Flex::Center)
        .areas(area);
    let [place] = Layout::horizontal([Constraint::Length(WIDTH.min(area.width))])
        .flex(Flex::Center)
        .areas(row);
    place
}
