//! The state of agreement with one peer.

use std::net::SocketAddr;
use std::time::Duration;

use super::half::Half;
use super::{DEADLINE, FIRST_WAIT, LONGEST_WAIT};

/// One peer.
#[derive(Debug)]
pub(super) struct Pair {
    /// The latest generation offered by either side.
    generation: u64,
    mine: Option<Half>,
    theirs: Option<Half>,
    address: Option<SocketAddr>,
    linked_since: Option<Duration>,
    /// Some generation has been handed to the voice machines.
    was_linked: bool,
    /// SSRCs that I allotted in the generation before: its packets are still opened for 2 s.
    before: Option<[u32; 2]>,
    /// When the next offer is due; `None` while one is under way, or nothing is to be offered.
    due: Option<Duration>,
    attempts: u32,
    deadline: Duration,
}

impl Pair {
    /// Nothing agreed; generations begin after `generation`.
    pub(super) fn new(generation: u64) -> Self {
        Self {
            generation,
            mine: None,
            theirs: None,
            address: None,
            linked_since: None,
            was_linked: false,
            before: None,
            due: None,
            attempts: 0,
            deadline: Duration::ZERO,
        }
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn mine(&self) -> Option<&Half> {
        self.mine.as_ref()
    }

    pub(super) fn set_mine(&mut self, half: Half) {
        self.mine = Some(half);
    }

    /// Since when the current generation is complete.
    pub(super) fn linked_since(&self) -> Option<Duration> {
        self.linked_since
    }

    /// Whether the voice machines hold keys of any generation.
    pub(super) fn was_linked(&self) -> bool {
        self.was_linked
    }

    /// The SSRCs allotted to this peer that may still be in use.
    pub(super) fn allotted(&self) -> impl Iterator<Item = u32> {
        let now = self
            .mine
            .as_ref()
            .map(|half| [half.open_ssrc, half.whisper_ssrc]);
        now.into_iter().chain(self.before).flatten()
    }

    /// Whether this generation is already complete with another half: the peer has restarted and forgotten it.
    pub(super) fn contradicts(&self, generation: u64, theirs: &Half) -> bool {
        self.generation == generation && self.theirs.as_ref().is_some_and(|known| known != theirs)
    }

    /// Starts a new generation, to be offered after `wait` unless the peer offers one first.
    pub(super) fn begin(&mut self, now: Duration, wait: Duration) {
        self.go_past(self.generation, now, wait);
        self.attempts = 0;
        self.deadline = now.saturating_add(DEADLINE);
    }

    /// Starts the generation after `generation`.
    pub(super) fn go_past(&mut self, generation: u64, now: Duration, wait: Duration) {
        self.raise(generation.max(self.generation).saturating_add(1));
        self.due = Some(now.saturating_add(wait));
    }

    /// Moves to `generation`, if that is a later one; its halves are not there yet.
    pub(super) fn raise(&mut self, generation: u64) {
        if generation <= self.generation {
            return;
        }
        self.generation = generation;
        if let (Some(_), Some(half)) = (self.linked_since.take(), &self.mine) {
            self.before = Some([half.open_ssrc, half.whisper_ssrc]);
        }
        self.mine = None;
        self.theirs = None;
        self.address = None;
    }

    /// The other half is there. Returns both, mine first, if that is news.
    pub(super) fn link(
        &mut self,
        theirs: Half,
        address: SocketAddr,
        now: Duration,
    ) -> Option<(Half, Half)> {
        self.due = None;
        self.attempts = 0;
        let known = self.theirs.as_ref() == Some(&theirs) && self.address == Some(address);
        let mine = self.mine.clone()?;
        if known {
            return None;
        }
        self.theirs = Some(theirs.clone());
        self.address = Some(address);
        self.linked_since = Some(now);
        self.was_linked = true;
        Some((mine, theirs))
    }

    /// An offer is under way.
    pub(super) fn sent(&mut self) {
        self.due = None;
    }

    /// Nothing is offered until something happens.
    pub(super) fn rest(&mut self) {
        self.due = None;
    }

    /// The last offer failed: tries again later, until the deadline.
    pub(super) fn retry(&mut self, now: Duration) {
        let wait = FIRST_WAIT
            .saturating_mul(1 << self.attempts.min(8))
            .min(LONGEST_WAIT);
        self.attempts = self.attempts.saturating_add(1);
        let again = now.saturating_add(wait);
        self.due = (again <= self.deadline).then_some(again);
    }

    pub(super) fn is_due(&self, now: Duration) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    pub(super) fn due(&self) -> Option<Duration> {
        self.due
    }
}
