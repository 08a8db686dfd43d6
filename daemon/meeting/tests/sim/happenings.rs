//! What happens, one thing after the other.

use std::cmp::Ordering;
use std::time::Duration;

use sotto_meeting::{DirectError, PeerId, Topic};

use super::Sim;
use super::connections::UPKEEP;
use super::media::{HeardFrame, Link};

/// Something that will happen.
#[derive(Debug)]
pub(crate) enum Happening {
    Wake {
        machine: usize,
        run: u64,
    },
    Heartbeats,
    Frames,
    Upkeep,
    Connected {
        a: (usize, u64),
        b: (usize, u64),
        lobby: bool,
    },
    Subscribed {
        to: (usize, u64),
        peer: PeerId,
        topic: Topic,
    },
    Gossip {
        message: u64,
        to: (usize, u64),
        /// The neighbour that sends it.
        from: usize,
        author: PeerId,
        topic: Topic,
        data: Vec<u8>,
    },
    Request {
        connection: u64,
        from: (usize, u64),
        to: (usize, u64),
        id: u64,
        data: Vec<u8>,
    },
    Response {
        to: (usize, u64),
        from: PeerId,
        id: u64,
        result: Result<Vec<u8>, DirectError>,
    },
    Media {
        from: PeerId,
        to: usize,
        peer: PeerId,
        link: Link,
        frame: Option<HeardFrame>,
    },
}

/// A happening and its moment; the earliest first.
#[derive(Debug)]
pub(crate) struct Scheduled {
    pub(crate) at: Duration,
    pub(crate) order: u64,
    pub(crate) what: Happening,
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Scheduled {}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl Sim {
    /// Lets the next thing happen, if it is due by `end`.
    pub(super) fn step(&mut self, end: Duration) -> bool {
        if self.queue.peek().is_none_or(|next| next.at > end) {
            return false;
        }
        let Some(Scheduled { at, what, .. }) = self.queue.pop() else {
            return false;
        };
        self.now = self.now.max(at);
        match what {
            Happening::Wake { machine, run } => self.wake(machine, run),
            Happening::Heartbeats => self.send_heartbeats(),
            Happening::Frames => self.send_frames(),
            Happening::Upkeep => {
                self.upkeep();
                self.schedule(UPKEEP, Happening::Upkeep);
            }
            Happening::Connected { a, b, lobby } => self.establish(a, b, lobby),
            Happening::Subscribed { to, peer, topic } => self.subscribed(to, peer, topic),
            Happening::Gossip {
                message,
                to,
                from,
                author,
                topic,
                data,
            } => self.receive_gossip(message, to, from, author, topic, data),
            Happening::Request {
                connection,
                from,
                to,
                id,
                data,
            } => self.receive_request(connection, from, to, id, data),
            Happening::Response {
                to,
                from,
                id,
                result,
            } => self.receive_response(to, from, id, result),
            Happening::Media {
                from,
                to,
                peer,
                link,
                frame,
            } => self.receive_media(from, to, peer, &link, frame),
        }
        true
    }

    fn wake(&mut self, machine: usize, run: u64) {
        let now = self.clock_of(super::Host(machine));
        let node = &mut self.machines[machine];
        if node.run == run && node.timer.is_some_and(|timer| timer <= self.now) {
            node.timer = None;
            if node.with_mesh(|mesh| mesh.handle_timeout(now)).is_some() {
                self.drain(machine);
            }
        }
    }

    pub(super) fn delay(&mut self) -> Duration {
        let (least, most) = self.weather.delay;
        let spread = (most - least).as_micros() as u32;
        least + Duration::from_micros(u64::from(self.random(spread)))
    }
}
