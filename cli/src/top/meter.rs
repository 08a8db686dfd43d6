//! A level as a bar.

use ratatui::style::{Color, Style};
use ratatui::text::Span;

/// The quietest level that shows, in decibels relative to full scale.
const FLOOR_DBFS: f32 = -60.0;
/// Speech that is well levelled peaks below this.
const LOUD_DBFS: f32 = -12.0;
/// Close to distortion.
const TOO_LOUD_DBFS: f32 = -3.0;
/// What the bar lies on.
const TRACK: Color = Color::Indexed(236);
/// A cell filled by eighths.
const EIGHTHS: [&str; 8] = [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// A bar of `width` cells for a level in decibels relative to full scale; an empty one for silence.
pub(super) fn meter(level_dbfs: Option<f32>, width: usize) -> Span<'static> {
    let level = level_dbfs
        .filter(|level| level.is_finite())
        .unwrap_or(FLOOR_DBFS);
    let share = ((level - FLOOR_DBFS) / -FLOOR_DBFS).clamp(0.0, 1.0);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss
    )]
    // between 0 and eight times a width of some cells
    let eighths = (share * (width * 8) as f32).round() as usize;
    let mut bar = "█".repeat(eighths / 8);
    if let rest @ 1.. = eighths % 8 {
        bar.push_str(EIGHTHS.get(rest).copied().unwrap_or(" "));
    }
    let filled = eighths.div_ceil(8);
    bar.push_str(&" ".repeat(width.saturating_sub(filled)));
    let colour = match level {
        level if level >= TOO_LOUD_DBFS => Color::Red,
        level if level >= LOUD_DBFS => Color::Yellow,
        _ => Color::Green,
    };
    Span::styled(bar, Style::new().fg(colour).bg(TRACK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_as_wide_as_asked_for_at_every_level() {
        for width in [0, 1, 10] {
            for level in [-200, -60, -59, -31, -30, -12, -1, 0, 20] {
                let bar = meter(Some(level as f32), width);
                assert_eq!(bar.content.chars().count(), width, "{level} dBFS");
            }
        }
        assert_eq!(meter(None, 4).content, "    ");
        assert_eq!(meter(Some(f32::NAN), 4).content, "    ");
        assert_eq!(meter(Some(-30.0), 4).content, "██  ");
        assert_eq!(meter(Some(0.0), 4).content, "████");
    }
}
