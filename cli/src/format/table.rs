//! Columns that line up, whatever script the names are in.

use super::{Ink, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A column is made no narrower than this.
const NARROWEST: usize = 8;

/// Rows of cells. The last column is not padded; a column that is empty everywhere takes no room.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<(Ink, String)>>,
    indent: usize,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Moves every row to the right.
    pub(crate) const fn indented(mut self, columns: usize) -> Self {
        self.indent = columns;
        self
    }

    /// Adds a heading.
    pub(crate) fn heading(mut self, names: &[&str]) -> Self {
        self.rows.push(
            names
                .iter()
                .map(|name| (Ink::Dim, (*name).to_owned()))
                .collect(),
        );
        self
    }

    /// Adds a row of texts with their ink.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = (Ink, String)>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table as text, without a line feed at its end.
    pub(crate) fn render(&self, style: Style) -> String {
        let mut widths: Vec<usize> = Vec::new();
        for row in &self.rows {
            for (column, (_, text)) in row.iter().enumerate() {
                match widths.get_mut(column) {
                    Some(width) => *width = (*width).max(text.width()),
                    None => widths.push(text.width()),
                }
            }
        }
        if let Some(columns) = style.columns() {
            self.fit(&mut widths, columns);
        }
        let lines: Vec<String> = self
            .rows
            .iter()
            .map(|row| self.line(row, &widths, style))
            .collect();
        lines.join("\n")
    }

    /// Makes the widest columns narrower until a line fits, as far as something of each stays.
    fn fit(&self, widths: &mut [usize], columns: usize) {
        let gaps = |widths: &[usize]| {
            let shown = widths.iter().filter(|width| **width > 0).count();
            self.indent + 2 * shown.saturating_sub(1)
        };
        let mut over = (widths.iter().sum::<usize>() + gaps(widths)).saturating_sub(columns);
        while over > 0 {
            let Some(widest) = widths.iter_mut().max().filter(|width| **width > NARROWEST) else {
                return;
            };
            *widest -= 1;
            over -= 1;
        }
    }

    fn line(&self, row: &[(Ink, String)], widths: &[usize], style: Style) -> String {
        let mut line = " ".repeat(self.indent);
        let mut pending = 0;
        for ((ink, text), width) in row.iter().zip(widths) {
            if *width == 0 {
                continue;
            }
            let text = cut(text, *width);
            if !text.is_empty() {
                line.push_str(&" ".repeat(pending));
                line.push_str(&style.paint(*ink, &text));
                pending = 0;
            }
            // Spaces are written only before something, so that no line ends with them.
            pending += width - text.width() + 2;
        }
        line
    }
}

/// Returns as much of a text as so many columns hold; that something is missing is seen.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for character in text.chars() {
        let width = character.width().unwrap_or(0);
        if used + width + 1 > columns {
            break;
        }
        used += width;
        kept.push(character);
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> (Ink, String) {
        (Ink::Plain, text.to_owned())
    }

    #[test]
    fn columns_line_up_for_wide_characters_and_no_line_ends_in_spaces() {
        let mut table = Table::new().indented(1).heading(&["NAME", "", "X"]);
        table.row([plain("花子"), plain(""), plain("here")]);
        table.row([plain("Anna"), plain(""), plain("")]);
        assert_eq!(table.render(Style::PLAIN), " NAME  X\n 花子  here\n Anna");
    }

    #[test]
    fn colour_does_not_move_columns() {
        let mut table = Table::new();
        table.row([(Ink::Green, "a".to_owned()), plain("b")]);
        table.row([plain("long"), plain("c")]);
        let coloured = table.render(Style::COLOURED);
        assert_eq!(coloured, "\x1b[32ma\x1b[0m     b\nlong  c");
    }

    #[test]
    fn a_table_fits_a_terminal_and_shows_that_something_is_missing() {
        let mut table = Table::new();
        table.row([
            plain("Anna"),
            plain("A meeting with a title that goes on and on"),
            plain("192.0.2.1"),
        ]);
        let text = table.render(Style::PLAIN.within(40));
        assert_eq!(text, "Anna  A meeting with a title…  192.0.2.1");
        assert_eq!(cut("陈陈陈", 4), "陈…");
    }
}
