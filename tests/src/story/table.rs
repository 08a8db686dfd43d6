//! The table at the end of the story: who heard what of each sentence, and whether that is right.

use std::fmt;

use crate::hearing::Nothing;

/// Worse than this counts as not heard. A quiet machine gives 3.8 to 4.1, and two cores with a dozen busy programs beside
/// the daemons 3.7; the figure leaves room for worse.
pub const WELL: f64 = 2.5;

/// What a listener should hear of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// All of it.
    Everything,
    /// Nothing, for this reason, though listening all the time.
    Nothing(&'static str),
    /// Nothing, because there was no open speaker, for this reason.
    NotListening(&'static str),
}

/// What a listener heard of a sentence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// The sentence, with this PESQ.
    Heard(f64),
    /// It was not found, or could not be recognised.
    NotFound,
    /// Nothing, or as little as this.
    Nothing(Nothing),
    /// There was no daemon to hear with.
    NoDaemon,
}

/// One listener's part in a row of the table.
#[derive(Debug, Clone)]
pub struct Cell {
    /// Who listened.
    pub listener: String,
    /// What should have been heard.
    pub expected: Expected,
    /// What was.
    pub outcome: Outcome,
}

impl Cell {
    /// Whether it is as it should be.
    #[must_use]
    pub fn is_right(&self) -> bool {
        match (self.expected, self.outcome) {
            (Expected::Everything, Outcome::Heard(pesq)) => pesq >= WELL,
            (Expected::Nothing(_), Outcome::Nothing(nothing)) => {
                nothing.is_silence() && nothing.was_listening()
            }
            (Expected::NotListening(_), Outcome::Nothing(nothing)) => nothing.is_silence(),
            (Expected::NotListening(_), Outcome::NoDaemon) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.outcome, self.expected) {
            (Outcome::Heard(pesq), _) => write!(f, "PESQ {pesq:.2}"),
            (Outcome::NotFound, _) => f.write_str("not heard"),
            (Outcome::Nothing(_), Expected::Nothing(why) | Expected::NotListening(why))
                if self.is_right() =>
            {
                write!(f, "nothing ({why})")
            }
            (Outcome::Nothing(nothing), _) => write!(
                f,
                "a trace: {:.0} dBFS, {:.2}; listening {:.0} % of the time",
                nothing.loudest,
                nothing.likeness,
                nothing.recorded * 100.0
            ),
            (Outcome::NoDaemon, _) => f.write_str("nothing (crashed)"),
        }
    }
}

/// One sentence and who heard it.
#[derive(Debug, Clone)]
pub struct Row {
    /// Who spoke, and to whom.
    pub speaker: String,
    /// The words.
    pub text: String,
    /// Everybody else.
    pub cells: Vec<Cell>,
}

impl Row {
    /// Whether everybody heard what they should.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.cells.iter().all(Cell::is_right)
    }
}
