//! What waits to be read by a slow reader: bounded, and always the newest.
//!
//! An event replaces a part of the snapshot, so a queued event is worth nothing once a newer one replaces the same part,
//! or a larger one that holds it, and is taken out. What remains is at most one event of each part, the newest notices,
//! and replies, of which there are no more than requests in flight.

use crate::event::{Event, Place};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// How many notices wait; the oldest gives way and is counted.
const MAX_NOTICES: usize = 64;

/// Something to be read.
#[derive(Debug, PartialEq)]
#[allow(clippy::large_enum_variant)] // nearly all of them are events
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
    /// By the order in which they came.
    items: BTreeMap<u64, Item<R>>,
    next: u64,
    /// Where the event stands that replaces a part.
    places: HashMap<Place, u64>,
    /// Where the notices stand.
    notices: VecDeque<u64>,
    missed: u64,
    closed: bool,
}

impl<R> Queue<R> {
    pub(crate) fn new() -> Self {
        Self {
            inner: Mutex::new(Inner {
                items: BTreeMap::new(),
                next: 0,
                places: HashMap::new(),
                notices: VecDeque::new(),
                missed: 0,
                closed: false,
            }),
            changed: Notify::new(),
            ended: Notify::new(),
        }
    }

    /// Adds a reply. The caller bounds how many there can be.
    pub(crate) fn push_reply(&self, reply: R) {
        self.lock().push(Item::Reply(reply));
        self.changed.notify_one();
    }

    /// Adds an event and takes out what it makes worthless.
    pub(crate) fn push_event(&self, event: Event) {
        let mut inner = self.lock();
        if inner.closed {
            return;
        }
        match event.place() {
            Some(place) => {
                inner.take_out(&place);
                let at = inner.push(Item::Event(event));
                inner.places.insert(place, at);
            }
            None if matches!(event, Event::Notice { .. }) => {
                inner.make_room_for_a_notice();
                let at = inner.push(Item::Event(event));
                inner.notices.push_back(at);
            }
            None => return,
        }
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
    fn push(&mut self, item: Item<R>) -> u64 {
        let at = self.next;
        self.next += 1;
        self.items.insert(at, item);
        at
    }

    /// Takes out what an event that replaces `place` makes worthless.
    fn take_out(&mut self, place: &Place) {
        if let Some(at) = self.places.remove(place) {
            self.items.remove(&at);
        }
        if !place.holds_others() {
            return;
        }
        let items = &mut self.items;
        self.places.retain(|other, at| {
            let worthless = place.holds(other);
            if worthless {
                items.remove(at);
            }
            !worthless
        });
    }

    fn make_room_for_a_notice(&mut self) {
        if self.notices.len() >= MAX_NOTICES
            && let Some(oldest) = self.notices.pop_front()
        {
            self.items.remove(&oldest);
            self.missed = self.missed.saturating_add(1);
        }
    }

    fn pop(&mut self) -> Option<Item<R>> {
        let (at, item) = self.items.first_key_value()?;
        let (at, mut place) = (*at, None);
        if let Item::Event(event) = item {
            place = event.place();
            if matches!(event, Event::Notice { .. }) {
                // Told before the notices that remain, because the missing ones are older.
                if self.missed > 0 {
                    let notices = std::mem::take(&mut self.missed);
                    return Some(Item::Event(Event::Missed { notices }));
                }
                self.notices.pop_front();
            }
        }
        if let Some(place) = place {
            self.places.remove(&place);
        }
        self.items.remove(&at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Meeting, Notice, Participant, Peer, Status, Talk};
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

    fn peer(id: &str) -> Event {
        let mut peer = Peer::default();
        peer.person.id = id.to_owned();
        Event::Peer { peer }
    }

    fn participant(meeting: &str, id: &str) -> Event {
        let mut participant = Participant::default();
        participant.person.id = id.to_owned();
        Event::Participant {
            meeting: meeting.to_owned(),
            participant: Box::new(participant),
        }
    }

    fn meeting(id: &str) -> Event {
        let meeting = Meeting {
            id: id.to_owned(),
            ..Meeting::default()
        };
        Event::Meeting { meeting }
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

    #[tokio::test]
    async fn one_person_gives_way_to_the_newest_of_the_same_and_to_the_whole() {
        let queue = Queue::new();
        let whole = Event::Peers { peers: Vec::new() };
        queue.push_event(peer("a"));
        queue.push_event(peer("b"));
        queue.push_event(Event::PeerGone { id: "a".into() });
        queue.push_event(participant("m", "a"));
        let gone = Event::PeerGone { id: "a".into() };
        assert_eq!(
            drain(&queue).await,
            [peer("b"), gone, participant("m", "a")].map(Item::Event)
        );
        let queue = Queue::new();
        queue.push_event(peer("a"));
        queue.push_event(participant("m", "a"));
        queue.push_event(whole.clone());
        queue.push_event(peer("b"));
        assert_eq!(
            drain(&queue).await,
            [participant("m", "a"), whole, peer("b")].map(Item::Event)
        );
    }

    #[tokio::test]
    async fn a_meeting_takes_its_participants_along_and_no_others() {
        let queue = Queue::new();
        queue.push_event(participant("m", "a"));
        queue.push_event(participant("n", "a"));
        queue.push_event(meeting("m"));
        queue.push_event(participant("m", "b"));
        assert_eq!(
            drain(&queue).await,
            [participant("n", "a"), meeting("m"), participant("m", "b")].map(Item::Event)
        );
    }

    proptest! {
        #[test]
        fn the_queue_is_bounded_whatever_comes(kinds in proptest::collection::vec(0..6_u8, 0..500)) {
            let queue: Queue<u32> = Queue::new();
            for (number, kind) in kinds.into_iter().enumerate() {
                queue.push_event(match kind {
                    0 => status(number as u64),
                    1 => Event::Talk { talk: Talk::default() },
                    2 => peer(&(number % 5).to_string()),
                    3 => Event::PeerGone { id: (number % 5).to_string() },
                    4 => participant("m", &(number % 5).to_string()),
                    _ => notice(number),
                });
            }
            let inner = queue.lock();
            prop_assert!(inner.items.len() <= MAX_NOTICES + 2 + 5 + 5);
            prop_assert_eq!(inner.items.len(), inner.places.len() + inner.notices.len());
        }
    }
}
