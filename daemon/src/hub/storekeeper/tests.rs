//! Full disks, disks that hang, and what others hear meanwhile.

use std::io;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

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
        let write = move |state: &[u8]| {
            let mut disk = disk.lock().unwrap();
            disk.2 += 1;
            if disk.0 {
                return Err(full());
            }
            disk.1.push(state.to_vec());
            Ok(())
        };
        keeper(LONG, write)
    }
}

fn full() -> FileError {
    FileError::Write {
        path: "meetings".into(),
        source: io::Error::from(io::ErrorKind::StorageFull),
    }
}

/// A keeper whose writes are waited for no longer than `patience`.
fn keeper(
    patience: Duration,
    write: impl Fn(&[u8]) -> Result<(), FileError> + Send + Sync + 'static,
) -> Storekeeper {
    let file = StateFile::with_writer("meetings".into(), patience, Arc::new(write));
    Storekeeper::with_file(Some(file))
}

/// A disk whose every write hangs until the test ends it.
struct HangingDisk {
    begun: Receiver<Vec<u8>>,
    end: Sender<Result<(), FileError>>,
}

impl HangingDisk {
    /// A disk and a keeper that lost patience with its first write, of the state 1, on which everything depends.
    fn with_first_write(now: Instant) -> (Self, Storekeeper) {
        let (begin, begun) = channel();
        let (end, ended) = channel();
        let ended = Mutex::new(ended);
        let write = move |state: &[u8]| {
            begin.send(state.to_vec()).unwrap();
            ended.lock().unwrap().recv().unwrap()
        };
        let mut keeper = keeper(Duration::from_millis(1), write);
        keeper.store(vec![1], now);
        let disk = Self { begun, end };
        assert_eq!(disk.next(), [1]);
        // From here on nothing may wait for the disk: the test would never end.
        keeper.file.as_mut().unwrap().set_patience(Duration::MAX);
        (disk, keeper)
    }

    /// The next state that begins to be written.
    fn next(&self) -> Vec<u8> {
        self.begun.recv_timeout(LONG).unwrap()
    }

    fn is_left_alone(&self) -> bool {
        self.begun.try_recv().is_err()
    }

    /// Ends the write that hangs, and lets the keeper take that in once it is told.
    fn ends(&self, written: Result<(), FileError>, keeper: &mut Storekeeper, now: Instant) {
        self.end.send(written).unwrap();
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(async {
                let told = keeper.answers();
                tokio::time::timeout(LONG, told.notified()).await.unwrap();
            });
        keeper.answered(now);
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
/// Longer than anything takes that does not hang.
const LONG: Duration = Duration::from_secs(30);

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

#[test]
fn a_disk_that_hangs_is_one_that_fails() {
    let now = Instant::now();
    let (_disk, mut keeper) = HangingDisk::with_first_write(now);
    assert!(keeper.missed());
    assert_eq!(
        keeper.problem(),
        Some("cannot write meetings: the disk does not answer")
    );
    assert!(matches!(keeper.news(), Some(News::Fails { .. })));
    assert_eq!(keeper.pass(gossip(1), now), None);
    assert!(keeper.release(now).is_empty());
}

#[test]
fn a_disk_that_hangs_is_not_waited_for_again_and_given_nothing_more() {
    let now = Instant::now();
    let (disk, mut keeper) = HangingDisk::with_first_write(now);
    keeper.store(vec![2], now);
    keeper.store_later(vec![3], now + 3 * SECOND);
    keeper.retry(now + 60 * SECOND);
    keeper.retry_now(now + 60 * SECOND);
    assert!(disk.is_left_alone());
    assert!(keeper.problem().is_some());
}

#[test]
fn once_a_hanging_disk_has_written_everything_that_was_held_goes_out() {
    let now = Instant::now();
    let (disk, mut keeper) = HangingDisk::with_first_write(now);
    assert_eq!(keeper.pass(gossip(1), now), None);
    keeper.news();
    disk.ends(Ok(()), &mut keeper, now);
    assert_eq!(keeper.problem(), None);
    assert_eq!(keeper.news(), Some(News::Works));
    assert_eq!(keeper.release(now), [gossip(1)]);
    assert!(disk.is_left_alone(), "there is nothing newer");
}

#[test]
fn the_newest_state_is_written_when_the_disk_answers() {
    let now = Instant::now();
    let (disk, mut keeper) = HangingDisk::with_first_write(now);
    keeper.store(vec![2], now);
    keeper.store(vec![3], now);
    assert_eq!(keeper.pass(gossip(3), now), None);
    keeper.news();
    disk.ends(Ok(()), &mut keeper, now);
    assert_eq!(disk.next(), [3]);
    assert_eq!(keeper.news(), None, "it may hang again");
    assert!(keeper.release(now).is_empty(), "not yet");
    disk.ends(Ok(()), &mut keeper, now);
    assert_eq!(keeper.news(), Some(News::Works));
    assert_eq!(keeper.release(now), [gossip(3)]);
}

#[test]
fn a_disk_that_fails_after_it_hung_is_tried_again() {
    let now = Instant::now();
    let (disk, mut keeper) = HangingDisk::with_first_write(now);
    assert_eq!(keeper.pass(gossip(1), now), None);
    disk.ends(Err(full()), &mut keeper, now);
    assert!(disk.is_left_alone(), "it is not time yet");
    assert!(keeper.problem().is_some_and(|it| !it.contains("answer")));
    // The answer to the next attempt.
    disk.end.send(Ok(())).unwrap();
    keeper.retry(now + 2 * SECOND);
    assert_eq!(disk.next(), [1]);
    assert_eq!(keeper.release(now + 2 * SECOND), [gossip(1)]);
}

#[test]
fn a_newer_state_is_tried_at_once_after_a_disk_that_hung_and_failed() {
    let now = Instant::now();
    let (disk, mut keeper) = HangingDisk::with_first_write(now);
    keeper.store(vec![2], now);
    disk.end.send(Err(full())).unwrap();
    disk.ends(Ok(()), &mut keeper, now);
    assert_eq!(disk.next(), [2]);
    assert_eq!(keeper.problem(), None);
}
