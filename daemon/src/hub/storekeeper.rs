//! The state on disk, and what must not leave the machine before it is there.
//!
//! A write that fails is repeated, ever more rarely, until it works. As long as a state that others are about to hear of
//! is not on disk, gossip, requests and answers are held back. Otherwise a crash would make this daemon forget what it
//! has told. Voice and what the user sees do not wait.
//!
//! A disk that does not answer soon has failed as well. It is not waited for again until the write that it owes has
//! ended; then the newest state is written next.
//!
//! Only so much is held as the others would take at once. What is dropped reaches them by synchronisation, which compares
//! everything that is known.

mod state_file;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sotto_meeting::Output;
use tokio::sync::Notify;

use crate::files::FileError;
use state_file::{State, StateFile};

/// The wait after the first failure; it doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Gossip held at most. Others take twenty records of one author at once.
const GOSSIP: usize = 20;
/// Requests and answers held at most.
const DIRECT: usize = 64;
/// A request or an answer is not waited for any longer than this.
const DIRECT_FOR: Duration = Duration::from_secs(10);

/// A change in how saving goes, in words for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    /// Nothing is saved for now.
    Fails {
        /// The reason, and what it means.
        text: String,
    },
    /// Everything is saved again.
    Works,
}

/// Attempts that failed since the last that worked.
#[derive(Debug)]
struct Failure {
    error: String,
    /// The disk has not answered the last of them.
    no_answer: bool,
    attempts: u32,
    retry_at: Instant,
}

/// The keeper of the state on disk.
pub(super) struct Storekeeper {
    /// `None`: nowhere, because something is there that must not be overwritten.
    file: Option<StateFile>,
    /// The newest state that is not on disk.
    unsaved: Option<State>,
    failure: Option<Failure>,
    /// Others may not hear of the unsaved state.
    holding: bool,
    held: VecDeque<(Instant, Output)>,
    /// A state that others were to hear of could not be written since [`Self::forget_missed`].
    missed: bool,
    /// What the user was told last; `None`: that all is well.
    told: Option<String>,
}

impl Storekeeper {
    /// Returns a keeper that writes to `file`. Without one, nothing is written and nothing is held back.
    pub(super) fn new(file: Option<PathBuf>) -> Self {
        Self::with_file(file.map(StateFile::new))
    }

    fn with_file(file: Option<StateFile>) -> Self {
        Self {
            file,
            unsaved: None,
            failure: None,
            holding: false,
            held: VecDeque::new(),
            missed: false,
            told: None,
        }
    }

    /// Returns what is notified when a write has ended, in time or late. [`Self::answered`] is to be called then.
    pub(super) fn answers(&self) -> Arc<Notify> {
        self.file
            .as_ref()
            .map(StateFile::answers)
            .unwrap_or_default()
    }

    /// Waits less for the disk from now on: the daemon stops.
    pub(super) fn hurry(&mut self) {
        if let Some(file) = &mut self.file {
            file.hurry();
        }
    }

    /// Writes a state on which everything depends that follows.
    ///
    /// It is tried at once, whatever failed before: the user did something, perhaps about the disk.
    pub(super) fn store(&mut self, state: Vec<u8>, now: Instant) {
        self.unsaved = Some(state.into());
        self.holding = true;
        self.attempt(now);
        self.missed |= self.holding;
    }

    /// Writes a state on which nothing depends, or keeps it for the next attempt.
    pub(super) fn store_later(&mut self, state: Vec<u8>, now: Instant) {
        self.unsaved = Some(state.into());
        if self.is_due(now) {
            self.attempt(now);
        }
    }

    /// Tries again if it is time to.
    pub(super) fn retry(&mut self, now: Instant) {
        if self.failure.is_some() && self.is_due(now) {
            self.attempt(now);
        }
    }

    /// Tries again if something could not be written, whether or not it is time to.
    pub(super) fn retry_now(&mut self, now: Instant) {
        if self.failure.is_some() {
            self.attempt(now);
        }
    }

    fn is_due(&self, now: Instant) -> bool {
        self.failure
            .as_ref()
            .is_none_or(|failure| failure.retry_at <= now)
    }

    /// Takes in the end of a write that had not ended in time. A state that has become known since is written next.
    pub(super) fn answered(&mut self, now: Instant) {
        if let Some(state) = self.take_answer(Duration::ZERO, now)
            && self.unsaved.is_some()
            && !self.is_newest(&state)
        {
            self.attempt(now);
        }
    }

    /// Begins to write the newest state, and waits for it unless the disk has not answered before. Only one write is
    /// under way at a time.
    fn attempt(&mut self, now: Instant) {
        self.take_answer(Duration::ZERO, now);
        let Some(state) = &self.unsaved else {
            return;
        };
        let Some(file) = &mut self.file else {
            return self.saved();
        };
        if file.is_busy() {
            return;
        }
        if let Err(error) = file.begin(state) {
            return self.failed(&error, now);
        }
        let (patience, no_answer) = (file.patience(), file.no_answer());
        let waits = !self.failure.as_ref().is_some_and(|it| it.no_answer);
        if waits && self.take_answer(patience, now).is_none() {
            self.failed(&no_answer, now);
        }
    }

    /// Takes in the end of the write that is under way, if it comes within `patience`, and returns what was written.
    fn take_answer(&mut self, patience: Duration, now: Instant) -> Option<State> {
        let (state, written) = self.file.as_mut()?.answer(patience)?;
        match written {
            Ok(()) if self.is_newest(&state) => self.saved(),
            Ok(()) => {}
            Err(error) => self.failed(&error, now),
        }
        Some(state)
    }

    fn is_newest(&self, state: &State) -> bool {
        self.unsaved
            .as_ref()
            .is_some_and(|newest| Arc::ptr_eq(newest, state))
    }

    fn saved(&mut self) {
        self.unsaved = None;
        self.failure = None;
        self.holding = false;
    }

    fn failed(&mut self, error: &FileError, now: Instant) {
        let attempts = self.failure.as_ref().map_or(0, |failure| failure.attempts);
        let wait = FIRST_WAIT
            .saturating_mul(1 << attempts.min(10))
            .min(LONGEST_WAIT);
        tracing::debug!(%error, ?wait, "the state cannot be written");
        self.failure = Some(Failure {
            error: error.to_string(),
            no_answer: matches!(error, FileError::NoAnswer { .. }),
            attempts: attempts.saturating_add(1),
            retry_at: now + wait,
        });
    }

    /// Returns the reason why the newest state is not on disk.
    pub(super) fn problem(&self) -> Option<&str> {
        self.failure.as_ref().map(|failure| failure.error.as_str())
    }

    /// Returns whether others may not hear of the newest state yet.
    pub(super) fn is_holding(&self) -> bool {
        self.holding
    }

    /// Returns whether a state that others were to hear of could not be written since [`Self::forget_missed`].
    pub(super) fn missed(&self) -> bool {
        self.missed
    }

    /// Begins to look anew for such a state.
    pub(super) fn forget_missed(&mut self) {
        self.missed = false;
    }

    /// Returns `output` if it may be carried out now; otherwise it is held.
    pub(super) fn pass(&mut self, output: Output, now: Instant) -> Option<Output> {
        if !self.holding || !speaks(&output) {
            return Some(output);
        }
        let is_gossip = |output: &Output| matches!(output, Output::Publish { .. });
        let (gossip, most) = match is_gossip(&output) {
            true => (true, GOSSIP),
            false => (false, DIRECT),
        };
        let alike = |(_, held): &(Instant, Output)| is_gossip(held) == gossip;
        if self.held.iter().filter(|held| alike(held)).count() >= most
            && let Some(oldest) = self.held.iter().position(alike)
        {
            self.held.remove(oldest);
        }
        self.held.push_back((now, output));
        None
    }

    /// Returns what was held and may go now, in its order. Questions and answers that nobody waits for any more are
    /// dropped.
    pub(super) fn release(&mut self, now: Instant) -> Vec<Output> {
        if self.holding {
            return Vec::new();
        }
        std::mem::take(&mut self.held)
            .into_iter()
            .filter(|(since, output)| {
                matches!(output, Output::Publish { .. })
                    || now.saturating_duration_since(*since) < DIRECT_FOR
            })
            .map(|(_, output)| output)
            .collect()
    }

    /// Returns what the user is to be told, once for each change.
    pub(super) fn news(&mut self) -> Option<News> {
        let text = self.failure.as_ref().map(|failure| {
            let mut text = format!("your meetings are not saved: {}", failure.error);
            if self.holding {
                text.push_str("; your colleagues hear of nothing that you do before they are");
            }
            text
        });
        if text == self.told {
            return None;
        }
        self.told.clone_from(&text);
        Some(match text {
            Some(text) => News::Fails { text },
            None => News::Works,
        })
    }
}

/// Returns whether an output tells other peers something.
fn speaks(output: &Output) -> bool {
    matches!(
        output,
        Output::Publish { .. } | Output::Request { .. } | Output::Respond { .. }
    )
}
