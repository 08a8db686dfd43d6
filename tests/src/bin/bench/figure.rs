//! A figure: what was measured again and again, as a line of a table.

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

    /// Prints it as a line of a table.
    pub(crate) fn print(&self) {
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

/// Prints the head of the table.
pub(crate) fn print_head() {
    println!(
        "| {:58} | {:>7} | {:>7} | {:>7} | {:>7} | {:5} | {:3} | goal |",
        "what", "median", "p95", "least", "most", "unit", "n"
    );
    println!(
        "|{:-<60}|{:-<9}|{:-<9}|{:-<9}|{:-<9}|{:-<7}|{:-<5}|------|",
        "", "", "", "", "", "", ""
    );
}
