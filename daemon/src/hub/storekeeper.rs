//! The state on disk, and what must not leave the machine before it is there.
//!
//! A write that fails is repeated, ever more rarely, until it works. As long as a state that others are about to hear of
//! is not on disk, gossip, requests and answers are held back. Otherwise a crash would make this daemon forget what it
//! has told. Voice and what the user sees do not wait.
//!
//! Only so much is held as the others would take at once. What is dropped reaches them by synchronisation, which compares
//! everything that is known.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use sotto_meeting::Output;

use crate::files::{self, FileError};

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

/// Writes a state durably.
type Writer = Box<dyn FnMut(&[u8]) -> Result<(), FileError> + Send>;

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
    attempts: u32,
    retry_at: Instant,
}

/// The keeper of the state on disk.
pub(super) struct Storekeeper {
    /// `None`: nowhere, because something is there that must not be overwritten.
    write: Option<Writer>,
    /// The newest state that is not on disk.
    unsaved: Option<Vec<u8>>,
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
        Self::with_writer(file.map(|file| -> Writer {
            // The state is small, so this is the one place where the hub waits for the disk. The network goes on
            // meanwhile, in another thread.
            Box::new(move |state| {
                tokio::task::block_in_place(|| files::write_atomically(&file, state))
            })
        }))
    }

    fn with_writer(write: Option<Writer>) -> Self {
        Self {
            write,
            unsaved: None,
            failure: None,
            holding: false,
            held: VecDeque::new(),
            missed: false,
            told: None,
        }
    }

    /// Writes a state on which everything depends that follows.
    ///
    /// It is tried at once, whatever failed before: the user did something, perhaps about the disk.
    pub(super) fn store(&mut self, state: Vec<u8>, now: Instant) {
        self.unsaved = Some(state);
        self.holding = true;
        self.attempt(now);
        self.missed |= self.holding;
    }

    /// Writes a state on which nothing depends, or keeps it for the next attempt.
    pub(super) fn store_later(&mut self, state: Vec<u8>, now: Instant) {
        self.unsaved = Some(state);
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

    fn attempt(&mut self, now: Instant) {
        let written = match (&mut self.write, &self.unsaved) {
            (Some(write), Some(state)) => write(state),
            _ => Ok(()),
        };
        match written {
            Ok(()) => {
                self.unsaved = None;
                self.failure = None;
                self.holding = false;
            }
            Err(error) => {
                let attempts = self.failure.as_ref().map_or(0, |failure| failure.attempts);
                let wait = FIRST_WAIT
                    .saturating_mul(1 << attempts.min(10))
                    .min(LONGEST_WAIT);
                tracing::debug!(%error, ?wait, "the state cannot be written");
                self.failure = Some(Failure {
                    error: error.to_string(),
                    attempts: attempts.saturating_add(1),
                    retry_at: now + wait,
                });
            }
        }
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

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use sotto_meeting::{PeerId, Topic, Verdict, VoiceChange};

    use super::*;

    /// Full or not; what was written; the number of attempts.
    type Written = (bool, Vec<Vec<u8>>, u32);

    /// A disk that can be full.
    #[derive(Clone, Default)]
    struct Disk(Arc<Mutex<Written>>);

    impl Disk {
        fn fill(&self, full: bool) {
            self.0.lock().unwrap().0 = full;
        }

        fn written(&self) -> Vec<Vec<u8>> {
            self.0.lock().unwrap().1.clone()
        }

        fn attempts(&self) -> u32 {
            self.0.lock().unwrap().2
        }

        fn keeper(&self) -> Storekeeper {
            let disk = self.0.clone();
            Storekeeper::with_writer(Some(Box::new(move |state| {
                let mut disk = disk.lock().unwrap();
                disk.2 += 1;
                if disk.0 {
                    return Err(FileError::Write {
                        path: "meetings".into(),
                        source: io::Error::from(io::ErrorKind::StorageFull),
                    });
                }
                disk.1.push(state.to_vec());
                Ok(())
            })))
        }
    }

    fn gossip(number: u8) -> Output {
        Output::Publish {
            topic: Topic::lobby(),
            data: vec![number],
        }
    }

    fn answer(id: u64) -> Output {
        Output::Respond { id, data: vec![] }
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_depends_on_a_write_waits_for_it() {
        let (disk, now) = (Disk::default(), Instant::now());
        let mut keeper = disk.keeper();
        disk.fill(true);
        keeper.store(vec![1], now);
        assert_eq!(keeper.pass(gossip(1), now), None);
        assert_eq!(keeper.pass(answer(2), now), None);
        assert!(keeper.release(now).is_empty(), "not yet");
        disk.fill(false);
        keeper.retry(now + SECOND);
        assert_eq!(disk.written(), [[1]]);
        assert_eq!(keeper.release(now + SECOND), [gossip(1), answer(2)]);
        assert_eq!(keeper.pass(gossip(3), now), Some(gossip(3)));
    }

    #[test]
    fn voice_and_what_tells_nobody_anything_do_not_wait() {
        let (disk, now) = (Disk::default(), Instant::now());
        let mut keeper = disk.keeper();
        disk.fill(true);
        keeper.store(vec![1], now);
        for output in [
            Output::Voice(VoiceChange::Leave),
            Output::Release {
                peer: PeerId([1; 32]),
            },
            Output::Verdict {
                receipt: 1,
                verdict: Verdict::Accept,
            },
        ] {
            assert_eq!(keeper.pass(output.clone(), now), Some(output));
        }
    }

    #[test]
    fn nothing_waits_for_a_state_on_which_nothing_depends() {
        let (disk, now) = (Disk::default(), Instant::now());
        let mut keeper = disk.keeper();
        disk.fill(true);
        keeper.store_later(vec![1], now);
        assert_eq!(keeper.pass(gossip(1), now), Some(gossip(1)));
        assert!(!keeper.missed());
        assert!(keeper.problem().is_some(), "the user is told all the same");
    }

    #[test]
    fn the_newest_state_is_written_and_it_holds_what_an_older_one_had() {
        let (disk, now) = (Disk::default(), Instant::now());
        let mut keeper = disk.keeper();
        disk.fill(true);
        keeper.store(vec![1], now);
        assert_eq!(keeper.pass(gossip(1), now), None);
        disk.fill(false);
        keeper.store_later(vec![2], now);
        assert!(disk.written().is_empty(), "it is not time yet");
        keeper.retry(now + SECOND);
        assert_eq!(disk.written(), [[2]]);
        assert_eq!(keeper.release(now + SECOND), [gossip(1)]);
    }

    #[test]
    fn attempts_become_rare_and_never_end() {
        let (disk, start) = (Disk::default(), Instant::now());
        let mut keeper = disk.keeper();
        disk.fill(true);
        keeper.store(vec![1], start);
        for second in 1..=3600 {
            keeper.retry(start + second * SECOND);
        }
        // At 0, 1, 3, 7, 15, 31, and once a minute from then on.
        assert_eq!(disk.attempts(), 6 + (3600 - 31) / 60);
        keeper.store(vec![2], start + 3600 * SECOND);
        assert_eq!(disk.attempts(), 6 + (3600 - 31) / 60 + 1, "at once");
    }

    #[test]
    fn the_user_is_told_once_that_it_fails_and_once_that_it_works() {
        let (disk, now) = (Disk::default(), Instant::now());
        let mut keeper = disk.keeper();
        assert_eq!(keeper.news(), None);
        disk.fill(true);
        keeper.store_later(vec![1], now);
        let Some(News::Fails { text }) = keeper.news() else {
            panic!("not told");
        };
        assert!(text.contains("meetings are not saved"), "{text}");
        assert!(!text.contains("colleagues"), "{text}");
        keeper.retry(now + SECOND);
        assert_eq!(keeper.news(), None, "nothing new");
        keeper.store(vec![2], now);
        let Some(News::Fails { text }) = keeper.news() else {
            panic!("it means more now");
        };
        assert!(text.contains("colleagues"), "{text}");
        disk.fill(false);
        keeper.retry_now(now);
        assert_eq!(keeper.news(), Some(News::Works));
        assert_eq!(keeper.news(), None);
    }

    #[test]
    fn who_asked_for_something_hears_that_it_is_not_saved() {
        let (disk, now) = (Disk::default(), Instant::now());
        let mut keeper = disk.keeper();
        keeper.store(vec![1], now);
        assert!(!keeper.missed());
        disk.fill(true);
        keeper.store(vec![2], now);
        assert!(keeper.missed());
        keeper.forget_missed();
        keeper.store_later(vec![3], now);
        assert!(
            !keeper.missed(),
            "another command, on which nothing depends"
        );
    }

    #[test]
    fn little_is_held_however_long_it_takes() {
        let (disk, start) = (Disk::default(), Instant::now());
        let mut keeper = disk.keeper();
        disk.fill(true);
        keeper.store(vec![1], start);
        for number in 0..200 {
            keeper.pass(gossip(number), start + u32::from(number) * SECOND);
            keeper.pass(answer(number.into()), start + u32::from(number) * SECOND);
        }
        assert_eq!(keeper.held.len(), GOSSIP + DIRECT);
        disk.fill(false);
        let now = start + 199 * SECOND;
        keeper.retry_now(now);
        assert_eq!(keeper.problem(), None);
        let released = keeper.release(now);
        let newest: Vec<Output> = (180..200).map(gossip).collect();
        let mut left = released.clone();
        left.retain(|output| matches!(output, Output::Publish { .. }));
        assert_eq!(left, newest);
        // Of the answers, only those of the last ten seconds.
        assert_eq!(released.len(), GOSSIP + 10);
    }

    #[test]
    fn without_a_file_nothing_is_held_back() {
        let now = Instant::now();
        let mut keeper = Storekeeper::new(None);
        keeper.store(vec![1], now);
        assert!(!keeper.missed());
        assert_eq!(keeper.pass(gossip(1), now), Some(gossip(1)));
        assert_eq!(keeper.news(), None);
    }
}
