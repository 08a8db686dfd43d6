//! A figure: what was measured again and again, as a line of a table.

use anyhow::{Result, ensure};

/// Something that was measured several times.
#[derive(Debug)]
pub(crate) struct Figure {
    what: String,
    unit: &'static str,
    goal: &'static str,
    values: Vec<f64>,
}

impl Figure {
    /// `values` in `unit`; `goal` is what the design asks for, in words.
    pub(crate) fn new(
        what: impl Into<String>,
        unit: &'static str,
        goal: &'static str,
        mut values: Vec<f64>,
    ) -> Self {
        values.sort_by(f64::total_cmp);
        Self {
            what: what.into(),
            unit,
            goal,
            values,
        }
    }

    /// The value that a share of all stays at or below: the nearest rank, so that the 95th percentile of ten is the
    /// largest.
    fn at(&self, share: f64) -> f64 {
        let rank = (share * self.values.len() as f64).ceil() as usize;
        self.values
            .get(rank.saturating_sub(1))
            .copied()
            .unwrap_or(f64::NAN)
    }

    fn shown(&self, value: f64) -> String {
        if value.abs() < 10.0 {
            format!("{value:.2}")
        } else {
            format!("{value:.1}")
        }
    }

    fn print(&self) {
        println!(
            "| {:58} | {:>7} | {:>7} | {:>7} | {:>7} | {:5} | {:3} | {} |",
            self.what,
            self.shown(self.at(0.5)),
            self.shown(self.at(0.95)),
            self.shown(self.at(0.0)),
            self.shown(self.at(1.0)),
            self.unit,
            self.values.len(),
            self.goal,
        );
    }
}

/// The table of figures, printed line by line: a measurement that fails takes nothing with it that was measured before.
#[derive(Debug)]
pub(crate) struct Table {
    failures: Vec<String>,
}

impl Table {
    /// Prints the head.
    pub(crate) fn begin() -> Self {
        println!(
            "| {:58} | {:>7} | {:>7} | {:>7} | {:>7} | {:5} | {:3} | goal |",
            "what", "median", "p95", "least", "most", "unit", "n"
        );
        println!(
            "|{:-<60}|{:-<9}|{:-<9}|{:-<9}|{:-<9}|{:-<7}|{:-<5}|------|",
            "", "", "", "", "", "", ""
        );
        Self {
            failures: Vec::new(),
        }
    }

    /// Prints a line, unless nothing was measured.
    pub(crate) fn add(&mut self, figure: Figure) {
        if !figure.values.is_empty() {
            figure.print();
        }
    }

    /// Prints several lines.
    pub(crate) fn extend(&mut self, figures: impl IntoIterator<Item = Figure>) {
        for figure in figures {
            self.add(figure);
        }
    }

    /// What came of one measurement, if it came to something; a failure is told at once and at the end.
    pub(crate) fn or_failed<T>(&mut self, what: &str, outcome: Result<T>) -> Option<T> {
        outcome
            .inspect_err(|error| {
                eprintln!("({what} failed: {error:#})");
                self.failures.push(format!("{what}: {error:#}"));
            })
            .ok()
    }

    /// Ends the table.
    ///
    /// # Errors
    ///
    /// When a measurement failed.
    pub(crate) fn end(self) -> Result<()> {
        ensure!(
            self.failures.is_empty(),
            "not everything could be measured:\n  {}",
            self.failures.join("\n  ")
        );
        Ok(())
    }
}
