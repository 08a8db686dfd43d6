//! What was recorded of a sentence, and what that is worth.
//!
//! Judging takes seconds of computing. It waits until the story has been told, so that it disturbs neither the sound nor
//! the time that the scripts leave between their sentences.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::table::{Cell, Expected, Outcome, Row};
use crate::colleague::Colleague;
use crate::hearing::{heard_among, nothing_among, recordings};
use crate::speech::Line;
use crate::watch::Opening;

/// How much later than it was said the end of a line may be heard.
const ARRIVING: Duration = Duration::from_millis(400);
/// How much of the recording after a line is waited for.
const RECORDING: Duration = Duration::from_millis(600);

/// A line that has been said and recorded.
pub(super) struct Recorded {
    speaker: String,
    line: Line,
    /// When it began and ended.
    said: (Instant, Instant),
    listeners: Vec<Listener>,
}

struct Listener {
    name: String,
    expected: Expected,
    /// The openings of the speaker until then; `None` where no daemon ran.
    openings: Option<Vec<Opening>>,
}

impl Recorded {
    /// Waits until a line has been said, and recorded by all who listen. `speaker` is who says it to whom, in words.
    pub(super) async fn wait_for(
        says: &Colleague,
        speaker: &str,
        line: &Line,
        listeners: &[(&Colleague, Expected)],
    ) -> Result<Self> {
        says.has_said(line).await?;
        let opened = says.microphone_opened()?;
        let said = (opened + line.start, opened + line.end());
        says.recorded_until(said.1 + RECORDING).await?;
        let listeners = listeners.iter().map(|(listener, expected)| Listener {
            name: listener.name().to_owned(),
            expected: *expected,
            openings: listener.watch().ok().map(|watch| watch.outputs()),
        });
        Ok(Self {
            speaker: speaker.to_owned(),
            line: line.clone(),
            said,
            listeners: listeners.collect(),
        })
    }

    /// Compares what was recorded with what was said.
    pub(super) fn judge(&self) -> Result<Row> {
        let cells = self.listeners.iter().map(|listener| {
            Ok(Cell {
                listener: listener.name.clone(),
                expected: listener.expected,
                outcome: self.outcome(listener)?,
            })
        });
        Ok(Row {
            speaker: self.speaker.clone(),
            text: self.line.clip.text.clone(),
            cells: cells.collect::<Result<_>>()?,
        })
    }

    fn outcome(&self, listener: &Listener) -> Result<Outcome> {
        let Some(openings) = &listener.openings else {
            return Ok(Outcome::NoDaemon);
        };
        let recordings = recordings(openings)?;
        let clip = &self.line.clip;
        Ok(match listener.expected {
            Expected::Everything => heard_among(&recordings, clip)
                .map_or(Outcome::NotFound, |heard| Outcome::Heard(heard.pesq)),
            Expected::Nothing(_) | Expected::NotListening(_) => {
                ensure!(
                    !recordings.is_empty(),
                    "{} recorded nothing at all",
                    listener.name
                );
                let (from, to) = self.said;
                Outcome::Nothing(nothing_among(&recordings, clip, from, to + ARRIVING))
            }
        })
    }
}
