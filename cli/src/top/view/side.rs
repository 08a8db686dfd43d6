//! Meetings and invitations, beside the roster or below it.

use super::super::state::Screen;
use super::{BOLD, DIM, panel, rows};
use crate::format::names;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use sotto_control::model::{Invitation, Meeting};

/// How many rows meetings take where they stand below the roster.
const MOST_BELOW: usize = 4;

/// How many rows this takes below the roster.
pub(super) fn height(screen: &Screen) -> u16 {
    let meetings = screen.snapshot.meetings.len().clamp(1, MOST_BELOW);
    let invitations = screen.snapshot.invitations.len().min(2);
    let frame_of_invitations = if invitations > 0 { 2 } else { 0 };
    rows(meetings + 2 + 2 * invitations + frame_of_invitations)
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, screen: &Screen) {
    let invitations = &screen.snapshot.invitations;
    let wanted = match invitations.len() {
        0 => 0,
        // Where there is room for one list only, it is the one that waits for an answer.
        _ if area.height < 6 => area.height,
        count => rows(2 * count + 2).min(area.height - 3),
    };
    let [above, below] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(wanted)]).areas(area);
    let meetings: Vec<Line<'_>> = match screen.snapshot.meetings.as_slice() {
        [] => vec![Line::styled(" none", DIM)],
        meetings => meetings.iter().map(meeting).collect(),
    };
    let block = panel(Line::styled(" Meetings ", BOLD));
    if above.height > 0 {
        frame.render_widget(Paragraph::new(meetings).block(block), above);
    }
    if wanted > 0 {
        let lines: Vec<Line<'_>> = invitations.iter().flat_map(invitation).collect();
        let block = panel(Line::styled(" Invitations ", BOLD.fg(Color::Cyan)))
            .border_style(Style::new().fg(Color::Cyan));
        frame.render_widget(Paragraph::new(lines).block(block), below);
    }
}

fn meeting(meeting: &Meeting) -> Line<'_> {
    let (sign, style) = if meeting.active {
        (" ▸ ", BOLD.fg(Color::Green))
    } else {
        ("   ", Style::new())
    };
    let count = format!("  {}/{}", meeting.present(), meeting.participants.len());
    Line::from(vec![
        Span::styled(sign, style),
        Span::styled(meeting.title.as_str(), style),
        Span::styled(count, DIM),
    ])
}

fn invitation(invitation: &Invitation) -> [Line<'_>; 2] {
    [
        Line::styled(format!(" {}", invitation.meeting.title), BOLD),
        Line::styled(format!("   from {}", names(&invitation.from)), DIM),
    ]
}
