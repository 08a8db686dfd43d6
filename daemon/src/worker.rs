//! Work that may hang, on a thread of its own.
//!
//! A disk can hang instead of failing: a stalled network file system, a dying drive. Whoever waits for it waits a bounded
//! time here, and is woken when the work ends after all.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::time::Duration;

use tokio::sync::Notify;

/// One piece of work at a time, each on a thread of its own. `T` is what it comes to.
///
/// Work that hangs is left alone when its worker is dropped: it ends with the program at the latest.
#[derive(Debug)]
pub(crate) struct Worker<T> {
    name: &'static str,
    under_way: Option<Receiver<T>>,
    ended: Arc<Notify>,
}

impl<T: Send + 'static> Worker<T> {
    /// Has nothing to do. The threads are called `name`.
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            under_way: None,
            ended: Arc::default(),
        }
    }

    /// Returns what is notified at the end of each piece of work.
    pub(crate) fn ended(&self) -> Arc<Notify> {
        Arc::clone(&self.ended)
    }

    /// Returns whether a piece of work has not been given back yet.
    pub(crate) fn is_busy(&self) -> bool {
        self.under_way.is_some()
    }

    /// Begins `work`.
    ///
    /// # Errors
    ///
    /// If another is under way, or the system gives no thread.
    pub(crate) fn begin(&mut self, work: impl FnOnce() -> T + Send + 'static) -> io::Result<()> {
        if self.is_busy() {
            return Err(io::Error::from(io::ErrorKind::ResourceBusy));
        }
        let (give, given) = sync_channel(1);
        let ended = Arc::clone(&self.ended);
        std::thread::Builder::new()
            .name(self.name.to_owned())
            .spawn(move || {
                // Dropped last, after a panic too, so that the end is told when there is something to take.
                let _ended = Ended(ended);
                let give = give;
                // There is room for one, and nobody to give it to once the worker is dropped.
                let _ = give.try_send(work());
            })?;
        self.under_way = Some(given);
        Ok(())
    }

    /// Returns what the work came to, and waits for it no longer than `patience`. `None` if it is still under way, or
    /// nothing is.
    ///
    /// # Errors
    ///
    /// If the work came to no end of its own.
    pub(crate) fn wait(&mut self, patience: Duration) -> Option<io::Result<T>> {
        let given = self.under_way.as_ref()?;
        let outcome = match given.try_recv() {
            // The other tasks go on meanwhile, in another thread.
            Err(TryRecvError::Empty) if !patience.is_zero() => {
                tokio::task::block_in_place(|| given.recv_timeout(patience))
            }
            Err(TryRecvError::Empty) => Err(RecvTimeoutError::Timeout),
            Err(TryRecvError::Disconnected) => Err(RecvTimeoutError::Disconnected),
            Ok(outcome) => Ok(outcome),
        };
        let outcome = match outcome {
            Ok(outcome) => Ok(outcome),
            Err(RecvTimeoutError::Timeout) => return None,
            Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("the thread failed")),
        };
        self.under_way = None;
        Some(outcome)
    }
}

/// Tells of the end of the work when it is dropped.
struct Ended(Arc<Notify>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    /// Longer than anything takes that does not hang.
    const LONG: Duration = Duration::from_secs(30);

    async fn end_of<T: Send + 'static>(worker: &Worker<T>) {
        tokio::time::timeout(LONG, worker.ended().notified_owned())
            .await
            .expect("within the deadline");
    }

    #[test]
    fn work_that_is_done_in_time_is_given_back_once() {
        let mut worker = Worker::new("test");
        worker.begin(|| 7).unwrap();
        assert_eq!(worker.wait(LONG).unwrap().unwrap(), 7);
        assert!(worker.wait(LONG).is_none(), "nothing is under way");
        assert!(!worker.is_busy());
    }

    #[tokio::test]
    async fn the_end_of_work_that_hung_wakes_whoever_cares() {
        let (resume, resumed) = channel::<u32>();
        let mut worker = Worker::new("test");
        worker.begin(move || resumed.recv().unwrap()).unwrap();
        assert!(worker.wait(Duration::ZERO).is_none());
        assert!(worker.is_busy());
        let refused = worker.begin(|| 0).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ResourceBusy);
        resume.send(7).unwrap();
        end_of(&worker).await;
        assert_eq!(worker.wait(Duration::ZERO).unwrap().unwrap(), 7);
    }

    #[test]
    fn patience_ends() {
        let (_resume, resumed) = channel::<u32>();
        let mut worker = Worker::new("test");
        worker.begin(move || resumed.recv()).unwrap();
        assert!(worker.wait(Duration::from_millis(1)).is_none());
    }

    #[tokio::test]
    async fn work_that_panics_is_not_waited_for_for_ever() {
        let mut worker = Worker::<u32>::new("test");
        worker.begin(|| panic!("on purpose")).unwrap();
        end_of(&worker).await;
        assert!(worker.wait(Duration::ZERO).unwrap().is_err());
        assert!(!worker.is_busy());
    }
}
