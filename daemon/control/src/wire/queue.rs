//! What waits to be read by a slow reader: bounded, and always the newest.
//!
//! An event replaces a whole part of the snapshot, so a queued event of the same part is worth nothing once a newer
//! one arrives and is taken out. What remains is at most one event of each part, the newest notices, and replies, of
//! which there are no more than requests in flight.

use crate::event::Event;
use crate::model::Notice;
use std::collections::VecDeque;
use std::mem::discriminant;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// How many notices wait; the oldest gives way and is counted.
const MAX_NOTICES: usize = 64;

/// Something to be read.
#[derive(Debug, PartialEq)]
#[allow(clippy::large_enum_variant)] // some seventy wait at most, nearly all of them events
pub(crate) enum Item<R> {
    Reply(R),
    Event(Event),
}

/// A queue for one reader.
#[derive(Debug)]
pub(crate) struct Queue<R> {
    inner: Mutex<Inner<R>>,
    /// For the one reader.
    changed: Notify,
    /// For everyone who waits for the end.
    ended: Notify,
}

#[derive(Debug)]
struct Inner<R> {
    items: VecDeque<Item<R>>,
    missed: u64,
    closed: bool,
}

impl<R> Queue<R> {
    pub(crate) fn new() -> Self {
        Self {
            inner: Mutex::new(Inner {
                items: VecDeque::new(),
                missed: 0,
                closed: false,
            }),
            changed: Notify::new(),
            ended: Notify::new(),
        }
    }

    /// Adds a reply. The caller bounds how many there can be.
    pub(crate) fn push_reply(&self, reply: R) {
        self.lock().items.push_back(Item::Reply(reply));
        self.changed.notify_one();
    }

    /// Adds an event and takes out what it makes worthless.
    pub(crate) fn push_event(&self, event: Event) {
        let mut inner = self.lock();
        if inner.closed {
            return;
        }
        match &event {
            Event::Notice { .. } => inner.make_room_for_a_notice(),
            Event::Snapshot { .. } => inner.items.retain(
                |item| !matches!(item, Item::Event(event) if !matches!(event, Event::Notice { .. })),
            ),
            Event::Unknown => return,
            part => {
                let kind = discriminant(part);
                inner
                    .items
                    .retain(|item| !matches!(item, Item::Event(event) if discriminant(event) == kind));
            }
        }
        inner.items.push_back(Item::Event(event));
        drop(inner);
        self.changed.notify_one();
    }

    /// Ends the queue: what is in it can still be read.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
        self.ended.notify_waiters();
    }

    /// Waits until the queue is closed.
    pub(crate) async fn closed(&self) {
        let ended = self.ended.notified();
        tokio::pin!(ended);
        // Registered before looking, so that a close in between is not missed.
        ended.as_mut().enable();
        if !self.is_closed() {
            ended.await;
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// The next item; `None` once the queue is closed and empty. Cancel safe; for one reader.
    pub(crate) async fn next(&self) -> Option<Item<R>> {
        loop {
            {
                let mut inner = self.lock();
                if let Some(item) = inner.pop() {
                    return Some(item);
                }
                if inner.closed {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<R>> {
        // No code panics while it holds this lock; what is behind it is whole in any case.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R> Inner<R> {
    fn make_room_for_a_notice(&mut self) {
        let is_notice = |item: &Item<R>| matches!(item, Item::Event(Event::Notice { .. }));
        if self.items.iter().filter(|item| is_notice(item)).count() < MAX_NOTICES {
            return;
        }
        if let Some(oldest) = self.items.iter().position(is_notice) {
            self.items.remove(oldest);
            self.missed = self.missed.saturating_add(1);
        }
    }

    fn pop(&mut self) -> Option<Item<R>> {
        // Told before the notices that remain, because the missing ones are older.
        let next_is_notice = matches!(
            self.items.front(),
            Some(Item::Event(Event::Notice {
                notice: Notice { .. }
            }))
        );
        if self.missed > 0 && next_is_notice {
            let notices = std::mem::take(&mut self.missed);
            return Some(Item::Event(Event::Missed { notices }));
        }
        self.items.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Status, Talk};
    use proptest::prelude::*;

    fn notice(number: usize) -> Event {
        Event::Notice {
            notice: Notice {
                text: number.to_string(),
                ..Notice::default()
            },
        }
    }

    fn status(uptime_s: u64) -> Event {
        Event::Status {
            status: Box::new(Status {
                uptime_s,
                ..Status::default()
            }),
        }
    }

    async fn drain(queue: &Queue<u32>) -> Vec<Item<u32>> {
        queue.close();
        let mut items = Vec::new();
        while let Some(item) = queue.next().await {
            items.push(item);
        }
        items
    }

    #[tokio::test]
    async fn a_slow_reader_gets_the_newest_of_each_part_in_order() {
        let queue = Queue::new();
        queue.push_event(status(1));
        queue.push_reply(7);
        queue.push_event(Event::Talk {
            talk: Talk::default(),
        });
        queue.push_event(status(2));
        let items = drain(&queue).await;
        assert_eq!(
            items,
            [
                Item::Reply(7),
                Item::Event(Event::Talk {
                    talk: Talk::default()
                }),
                Item::Event(status(2)),
            ]
        );
    }

    #[tokio::test]
    async fn lost_notices_are_counted_and_told_before_the_rest() {
        let queue = Queue::new();
        for number in 0..MAX_NOTICES + 3 {
            queue.push_event(notice(number));
        }
        let items = drain(&queue).await;
        assert_eq!(items.len(), MAX_NOTICES + 1);
        assert_eq!(items[0], Item::Event(Event::Missed { notices: 3 }));
        assert_eq!(items[1], Item::Event(notice(3)));
    }

    #[tokio::test]
    async fn a_snapshot_makes_older_parts_worthless_but_not_notices() {
        let queue: Queue<u32> = Queue::new();
        queue.push_event(status(1));
        queue.push_event(notice(1));
        let snapshot = Event::Snapshot {
            snapshot: Box::default(),
        };
        queue.push_event(snapshot.clone());
        assert_eq!(
            drain(&queue).await,
            [Item::Event(notice(1)), Item::Event(snapshot)]
        );
    }

    proptest! {
        #[test]
        fn the_queue_is_bounded_whatever_comes(kinds in proptest::collection::vec(0..3_u8, 0..500)) {
            let queue: Queue<u32> = Queue::new();
            for (number, kind) in kinds.into_iter().enumerate() {
                queue.push_event(match kind {
                    0 => status(number as u64),
                    1 => Event::Talk { talk: Talk::default() },
                    _ => notice(number),
                });
            }
            prop_assert!(queue.lock().items.len() <= MAX_NOTICES + 2);
        }
    }
}
