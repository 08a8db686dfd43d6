//! A packet for each recipient: the frame, and copies of those before it that this recipient may have.

use std::time::Duration;

use super::UplinkStats;
use super::history::{History, REACH};
use super::recipient::Head;
use super::recipients::Recipients;
use super::schedule::Listeners;
use crate::wire::red::{self, Block};
use crate::wire::rtp::{HEADER_LENGTH, PayloadType};
use crate::{
    Destination, FrameLength, MAX_DATAGRAM, MAX_PAYLOAD, SampleCount, Slot, Stream, Timestamp,
};

/// What all recipients together may cost, in bits of RTP payload per second. Copies beyond it are left out,
/// the farthest first; what is left out for one recipient is left out for all.
const BUDGET: usize = 32_000_000;

/// How far back a frame is repeated on demand, in frames: 160 ms, as bits 1 to 16; with short frames what the history
/// has, 155 ms. What is older has had its turn at everybody who does not wait longer than conversation permits.
const fn demanded(length: FrameLength) -> u32 {
    match length {
        FrameLength::Usual => 0x1_fffe,
        FrameLength::Short => !1,
    }
}

/// The distances, in frames, of the earlier frames in a packet: bit `d` stands for distance `d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Distances(u32);

impl Distances {
    fn insert(&mut self, distance: usize) {
        if distance < REACH {
            self.0 |= 1 << distance;
        }
    }

    fn contains(self, distance: usize) -> bool {
        distance < REACH && self.0 & 1 << distance != 0
    }

    /// Takes the farthest out; `false` when there is none.
    fn drop_farthest(&mut self) -> bool {
        let Some(highest) = self.0.checked_ilog2() else {
            return false;
        };
        self.0 &= !(1 << highest);
        true
    }

    /// Farthest first, as frames are ordered in a packet.
    fn iter(self) -> impl Iterator<Item = usize> {
        (1..REACH)
            .rev()
            .filter(move |distance| self.contains(*distance))
    }
}

/// The payload that was put together last, to be used again for recipients that get the same.
#[derive(Debug, Clone, Copy)]
struct Assembled {
    wanted: Distances,
    /// What of that is in it, and the primary as distance 0.
    carried: Distances,
    length: usize,
    payload_type: PayloadType,
    /// How many frames before the primary the oldest frame lies that is new to the recipient.
    oldest_new: usize,
}

/// A frame that was encoded but not sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unsent {
    pub(super) timestamp: Timestamp,
    /// Whether the encoder began anew with it, so that the decoder should.
    pub(super) anew: bool,
    pub(super) listeners: Listeners,
    pub(super) captured: Duration,
}

/// Puts packets together.
pub(super) struct Packets {
    history: History,
    /// A frame that waits for the next, to share a packet.
    waiting: Option<Unsent>,
    /// From how many recipients on a packet carries two frames.
    two_frames_from: usize,
    packet: Box<[u8; MAX_DATAGRAM]>,
}

impl Packets {
    pub(super) fn new(length: FrameLength, two_frames_from: usize) -> Self {
        Self {
            history: History::new(length),
            waiting: None,
            two_frames_from,
            packet: Box::new([0; MAX_DATAGRAM]),
        }
    }

    /// Tells whether these are so many that packets carry two frames.
    pub(super) fn is_crowd(&self, listeners: &Listeners) -> bool {
        listeners.slots.len() >= self.two_frames_from
    }

    /// Remembers a frame whose bytes `encode` writes; it carries a memory of the past or not. `None` when it fails.
    pub(super) fn remember(
        &mut self,
        timestamp: Timestamp,
        listeners: Listeners,
        memory: bool,
        encode: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> Option<()> {
        self.history.add(timestamp, listeners, memory, encode)
    }

    /// Forgets that `slot` ever heard anything: somebody else may have it, or somebody who begins without a past.
    pub(super) fn forget(&mut self, slot: Slot) {
        self.history.remove(slot);
    }

    /// Takes a peer that is gone out of those who hear what waits.
    pub(super) fn remove(&mut self, slot: Slot) {
        self.history.remove(slot);
        if let Some(waiting) = &mut self.waiting {
            waiting.listeners.slots.remove(slot);
        }
    }

    /// Sends a frame, alone or together with the one before, or lets it wait for the one after. `ends` tells that none
    /// follows.
    pub(super) fn push(
        &mut self,
        frame: Unsent,
        ends: bool,
        recipients: &mut Recipients,
        stats: &mut UplinkStats,
        send: &mut impl FnMut(Destination, &[u8]),
    ) {
        let waiting = self.waiting.take();
        let partner = waiting.filter(|waiting| waiting.listeners == frame.listeners && !frame.anew);
        if let (Some(waiting), None) = (waiting, partner) {
            self.send(waiting, None, recipients, stats, send);
        }
        if self.is_crowd(&frame.listeners) && partner.is_none() && !ends {
            self.waiting = Some(frame);
        } else {
            self.send(frame, partner, recipients, stats, send);
        }
    }

    /// Sends a frame that waited for a partner in vain.
    pub(super) fn flush(
        &mut self,
        recipients: &mut Recipients,
        stats: &mut UplinkStats,
        send: &mut impl FnMut(Destination, &[u8]),
    ) {
        if let Some(waiting) = self.waiting.take() {
            self.send(waiting, None, recipients, stats, send);
        }
    }

    /// Sends `frame` to everyone it is for; `older` is the frame before it, if that was not sent yet.
    fn send(
        &mut self,
        frame: Unsent,
        older: Option<Unsent>,
        recipients: &mut Recipients,
        stats: &mut UplinkStats,
        send: &mut impl FnMut(Destination, &[u8]),
    ) {
        let Self {
            history, packet, ..
        } = self;
        let length = history.frame_length();
        let stream = frame.listeners.stream;
        let anew = older.map_or(frame.anew, |older| older.anew);
        let older = older.map(|older| older.timestamp);
        let copies = allowed_copies(
            history,
            frame.timestamp,
            frame.listeners.slots.len(),
            older.is_some(),
        );
        let mut assembled: Option<Assembled> = None;
        for slot in frame.listeners.slots.iter() {
            let Some(recipient) = recipients.linked(slot) else {
                continue;
            };
            let distances = recipient.ladder.distances();
            let tries = recipient.ladder.tries();
            let Some((link, destination)) = recipient.ready() else {
                continue;
            };
            let missing = if tries == 0 {
                Distances::default()
            } else {
                Distances(
                    link.log(stream).missing(frame.timestamp, length, tries) & demanded(length),
                )
            };
            let wish = Wish {
                missing,
                distances,
                copies,
            };
            let wanted = select(history, &frame, older, wish, slot, stream);
            let payload = match assembled.filter(|made| made.wanted == wanted) {
                Some(made) => made,
                None => {
                    let Some(made) = assemble(history, &frame, wanted, older, packet) else {
                        stats.failures += 1;
                        continue;
                    };
                    *assembled.insert(made)
                }
            };
            let first = history.before(frame.timestamp, payload.oldest_new);
            let marker = anew || link.resumes(stream, first, length);
            let sealed = link.seal(
                Head {
                    stream,
                    marker,
                    payload_type: payload.payload_type,
                    timestamp: frame.timestamp,
                    carried: payload.carried.0,
                    captured: frame.captured,
                },
                &mut packet[..HEADER_LENGTH + payload.length],
                |bytes| {
                    stats.packets += 1;
                    stats.bytes += bytes.len() as u64;
                    send(destination, bytes);
                },
            );
            if !sealed {
                stats.failures += 1;
            }
            recipient.repeated += (payload.carried.0 & missing.0).count_ones();
        }
    }
}

/// How many frames beyond the new ones a packet may carry within the budget.
fn allowed_copies(history: &History, timestamp: Timestamp, recipients: usize, two: bool) -> usize {
    let frame = history
        .get(timestamp)
        .map_or(1, |frame| frame.copy().len() + 4);
    let new = if two { 2 } else { 1 };
    let packets = history.frame_length().per_second() as usize / new * recipients.max(1);
    let frames = BUDGET / 8 / packets / frame;
    frames.saturating_sub(new)
}

/// Which earlier frames a recipient would be helped by.
#[derive(Debug, Clone, Copy)]
struct Wish {
    /// Those that it is known to have missed.
    missing: Distances,
    /// Those that its ladder repeats in every packet, by their distance in packets.
    distances: &'static [u8],
    /// How many frames may be repeated in all.
    copies: usize,
}

/// Which earlier frames `slot` gets: it must have been in their audience.
fn select(
    history: &History,
    frame: &Unsent,
    older: Option<Timestamp>,
    wish: Wish,
    slot: Slot,
    stream: Stream,
) -> Distances {
    let Wish {
        missing,
        distances,
        mut copies,
    } = wish;
    let mut wanted = Distances::default();
    let mut want = |distance: usize| {
        let back = history.before(frame.timestamp, distance);
        let granted = history
            .get(back)
            .is_some_and(|earlier| earlier.is_for(slot, stream));
        if granted {
            wanted.insert(distance);
        }
        granted
    };
    if older.is_some() {
        want(1);
    }
    // What is known to be missing comes first: nothing else in the packet is worth as much.
    for distance in missing.iter() {
        if copies > 0 && want(distance) {
            copies -= 1;
        }
    }
    for distance in distances.iter().map(|distance| usize::from(*distance)) {
        // A distance counts packets that may be lost; with two frames in each, both are repeated.
        let frames = if older.is_some() {
            2 * distance..=2 * distance + 1
        } else {
            distance..=distance
        };
        for distance in frames {
            if copies > 0 && want(distance) {
                copies -= 1;
            }
        }
    }
    wanted
}

/// Writes the payload behind the space for the header. Copies that do not fit are left out.
fn assemble(
    history: &History,
    frame: &Unsent,
    wanted: Distances,
    older: Option<Timestamp>,
    packet: &mut [u8; MAX_DATAGRAM],
) -> Option<Assembled> {
    let primary = history.get(frame.timestamp)?.bytes();
    let payload = &mut packet[HEADER_LENGTH..HEADER_LENGTH + MAX_PAYLOAD];
    let mut distances = wanted;
    loop {
        let mut blocks = [Block {
            offset: SampleCount::ZERO,
            frame: &[],
        }; red::MAX_BLOCKS];
        let mut count = 0;
        for distance in distances.iter().take(red::MAX_BLOCKS - 1) {
            let back = history.before(frame.timestamp, distance);
            if let Some(earlier) = history.get(back) {
                blocks[count] = Block {
                    offset: frame.timestamp.since(back),
                    frame: earlier.copy(),
                };
                count += 1;
            }
        }
        let written = if count == 0 {
            payload.get_mut(..primary.len()).map(|place| {
                place.copy_from_slice(primary);
                (primary.len(), PayloadType::Opus)
            })
        } else {
            red::write(payload, &blocks[..count], primary).map(|length| (length, PayloadType::Red))
        };
        if let Some((length, payload_type)) = written {
            return Some(Assembled {
                wanted,
                carried: Distances(distances.0 | 1),
                length,
                payload_type,
                oldest_new: usize::from(older.is_some() && distances.contains(1)),
            });
        }
        if !distances.drop_farthest() {
            return None;
        }
    }
}
