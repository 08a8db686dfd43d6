//! Colour, where it is wanted.

/// What the place shows that a text is written to: colours or none, and how many columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    colour: bool,
    /// Of a terminal; nothing where lines may be of any length.
    columns: Option<usize>,
}

/// What a text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Plain,
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
    Magenta,
}

impl Style {
    /// No colour at all.
    #[cfg(test)]
    pub(crate) const PLAIN: Self = Self {
        colour: false,
        columns: None,
    };
    /// Colour, whatever the environment says.
    #[cfg(test)]
    pub(crate) const COLOURED: Self = Self {
        colour: true,
        columns: None,
    };

    /// Colour on a terminal, unless NO_COLOR (no-color.org) or a terminal that cannot says otherwise.
    pub(crate) fn for_stream(is_terminal: bool) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let size = is_terminal.then(crossterm::terminal::size);
        Self {
            colour: is_terminal && !refused && !dumb,
            columns: match size {
                Some(Ok((columns @ 1.., _))) => Some(columns.into()),
                _ => None,
            },
        }
    }

    /// Returns the columns that a line should fit into, if it matters.
    pub(crate) const fn columns(self) -> Option<usize> {
        self.columns
    }

    /// The same with lines of at most so many columns.
    #[cfg(test)]
    pub(crate) const fn within(self, columns: usize) -> Self {
        Self {
            columns: Some(columns),
            ..self
        }
    }

    /// The text in this ink.
    pub(crate) fn paint(self, ink: Ink, text: impl AsRef<str>) -> String {
        let text = text.as_ref();
        let code = match ink {
            Ink::Plain => return text.to_owned(),
            Ink::Bold => "1",
            Ink::Dim => "2",
            Ink::Red => "31",
            Ink::Green => "32",
            Ink::Yellow => "33",
            Ink::Magenta => "35",
        };
        if self.colour && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}
